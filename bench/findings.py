"""The list of findings and its search, at 100 findings and at 10,000: time of the page when no answer is kept."""

import json
import statistics
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from . import Line

FEW, MANY = 100, 10_000
BATCH = 500
ROUNDS = 15
WANTED_TIMES = 1.5
NOW = datetime(2018, 10, 1, 11, 0, tzinfo=UTC)
THEMES = 4
# However many findings there are, so many have the rare word, the oldest of them. One in two has the common word, and
# one in two of each theme: of FEW findings too every page is full, so that both sides show as much.
RARE = 15
PAGES = {
    "the list": "/findings/",
    "one theme": "/findings/?theme=theme-3",
    "search, a rare word": "/findings/?q=lanterns",
    "search, a common word": "/findings/?q=galleries",
    "search, a common word, with a theme": "/findings/?q=galleries&theme=theme-3",
}


def measure() -> dict[str, Any]:
    """The database of the settings is empty but for its tables."""
    import django

    django.setup()
    from participants.models import Cohort

    cohort = Cohort.objects.create(slug="bench", number=6, title="Bench", status=Cohort.Status.RUNNING)
    publish(cohort, range(FEW))
    few = times()
    publish(cohort, range(FEW, MANY))
    many = times()
    return {"rows": [{"page": page, "few_ms": few[page], "many_ms": many[page]} for page in PAGES]}


def lines(figures: dict[str, Any]) -> list[Line]:
    found = []
    for vendor in ("sqlite", "postgresql"):
        if vendor not in figures:
            found.append(Line(f"findings on {vendor}", figures["left_out"], f"≤ {WANTED_TIMES}", False))
            continue
        for row in figures[vendor]["rows"]:
            ratio = row["many_ms"] / row["few_ms"]
            what = f"{row['page']} on {vendor}: time with {MANY} findings over {FEW}"
            figure = f"{ratio:.2f} ({row['many_ms']:.1f}/{row['few_ms']:.1f} ms)"
            found.append(Line(what, figure, f"≤ {WANTED_TIMES}", ratio <= WANTED_TIMES))
    return found


def times() -> dict[str, float]:
    """Milliseconds of each page, the middle of ROUNDS; what is counted once for many pages is counted before."""
    from django.db import connection
    from django.test import Client

    from findings.views.reading import FINDINGS_A_PAGE

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    client = Client(headers={"host": "127.0.0.1"})
    spent: dict[str, list[float]] = {page: [] for page in PAGES}
    for turn in range(ROUNDS + 1):
        for page, path in PAGES.items():
            # Each turn another address, so that the shop window's memory never answers.
            started = time.perf_counter()
            answer = client.get(f"{path}{'&' if '?' in path else '?'}turn={turn}")
            if answer.status_code != 200 or answer.content.count(b"<article") != FINDINGS_A_PAGE:
                raise RuntimeError(f"{path} answered {answer.status_code}, or not with a full page.")
            if turn:
                spent[page].append(1000 * (time.perf_counter() - started))
    return {page: statistics.median(values) for page, values in spent.items()}


def publish(cohort: Any, numbers: range) -> None:
    """Published findings of the whole cohort, each with a release, its facets and its words of search."""
    from django.db import transaction

    from findings.models import Finding, Release

    for start in range(numbers.start, numbers.stop, BATCH):
        some = range(start, min(start + BATCH, numbers.stop))
        with transaction.atomic():
            findings = Finding.objects.bulk_create(
                [
                    Finding(
                        cohort=cohort,
                        slug=f"bench-{number}",
                        title=title_of(number),
                        summary="A sample of what was learned.",
                        learned="Sample text. " * 40,
                    )
                    for number in some
                ]
            )
            for number, finding in zip(some, findings, strict=True):
                content = {**finding.content(), "themes": [f"Theme {number % THEMES}"]}
                at = NOW + timedelta(minutes=number)
                release = Release.objects.create(finding=finding, number=1, content=content, published_at=at)
                release.make_findable()
                Finding.objects.filter(pk=finding.pk).update(
                    state=Finding.State.PUBLISHED, current=release, published_at=at
                )


def title_of(number: int) -> str:
    words = [f"Finding {number}: people film what is theirs"]
    if number < RARE:
        words.append("by lantern")
    if number // THEMES % 2 == 0:
        words.append("in the gallery")
    return " ".join(words)


if __name__ == "__main__":
    print(json.dumps(measure()))
