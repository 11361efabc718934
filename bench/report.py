"""A report of 18 findings, each of some two pages, as a PDF: from the click of “Publish” to the file on the disk."""

import json
import resource
import statistics
import tempfile
import time
from datetime import UTC, datetime
from typing import Any

from . import Line

FINDINGS = 18
ROUNDS = 3
WANTED_SECONDS = 10
NOW = datetime(2018, 10, 1, 11, 0, tzinfo=UTC)
SENTENCE = "what we thought would travel was not what people passed on to each other after they had been here"


def measure() -> dict[str, Any]:
    """The database of the settings is empty but for its tables."""
    import django

    django.setup()
    from django.conf import settings

    from findings import printing
    from findings.models import Printing
    from research import filing

    with tempfile.TemporaryDirectory(prefix="portal-bench-") as folder:
        settings.FILES_DIR = folder
        report = fill()
        times, files = [], set()
        for _ in range(ROUNDS):
            started = time.perf_counter()
            printing.ask(report.edition, NOW)
            printing.print_waiting(NOW)
            times.append(time.perf_counter() - started)
            made = Printing.objects.get()
            if made.state != Printing.State.READY:
                return {"left_out": f"not made: {made.get_trouble_display()}"}
            files.add(made.stored_as)
            # Made anew in each round.
            filing.throw_away(made.stored_as)
    return {
        "findings": FINDINGS,
        "pages": made.pages,
        "bytes": made.size,
        "seconds": [round(seconds, 2) for seconds in times],
        "different_files": len(files),
        "most_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def lines(figures: dict[str, Any]) -> list[Line]:
    what = f"report of {FINDINGS} findings as PDF"
    if "left_out" in figures:
        return [Line(what, figures["left_out"], f"< {WANTED_SECONDS} s", False)]
    first, others = figures["seconds"][0], statistics.median(figures["seconds"][1:])
    figure = f"{first} s the first time, {others} s later; {figures['pages']} pages, {figures['bytes'] // 1024} KB"
    return [
        Line(what, figure, f"< {WANTED_SECONDS} s", first < WANTED_SECONDS),
        Line("different files among those made", str(figures["different_files"]), "1", figures["different_files"] == 1),
    ]


def fill() -> Any:
    """A published report of findings with all six headings, a list and quotations; answers it."""
    from findings.models import Finding, Report, ReportChapter
    from findings.models.headings import SECTIONS
    from participants.models import Cohort, Membership, Organisation

    cohort = Cohort.objects.create(slug="bench", number=6, title="Bench", status=Cohort.Status.RUNNING)
    report = Report.objects.create(cohort=cohort, slug="bench", title="A report to measure", foreword=prose(0))
    for number in range(FINDINGS):
        organisation = Organisation.objects.create(name=f"Museum {number}", slug=f"museum-{number}")
        Membership.objects.create(cohort=cohort, organisation=organisation, name=organisation.name)
        texts = {key: prose(number + place) for place, key in enumerate(SECTIONS)}
        finding = Finding.objects.create(
            cohort=cohort, slug=f"bench-{number}", title=f"Finding {number}: {sentence(number)}", summary="S.", **texts
        )
        # About no single organisation, so that nobody has to be asked.
        finding.publish(NOW, None)
        ReportChapter.objects.create(report=report, finding=finding, position=number)
    report.publish(NOW, None)
    return report


def sentence(seed: int) -> str:
    words = SENTENCE.split()
    return " ".join(words[seed % len(words) :] + words[: seed % len(words)])


def prose(seed: int) -> str:
    """Some hundred words of Markdown."""
    points = "\n".join(f"- {sentence(seed + n)}" for n in range(3))
    return f"{sentence(seed).capitalize()}. **{sentence(seed + 4)}.**\n\n{points}\n\n> {sentence(seed + 9)}\n"


def main() -> None:
    print(json.dumps(measure()))


if __name__ == "__main__":
    main()
