"""Search over 100,000 notes: a page of what is found, as one person may read it, beside plain LIKE on the same rows."""

import json
import random
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate, islice
from typing import Any

from . import Line

NOTES = 100_000
COMMENTS = 20_000
WORDS_A_NOTE = 80
ORGANISATIONS = 20
BATCH = 2_000
ROUNDS = 9
WANTED_MS = {"sqlite": 300, "postgresql": 100}
NOW = datetime(2018, 5, 14, 11, 0, tzinfo=UTC)
# What is asked for, and the word in the notes that answers it, with the share of notes that have it.
QUESTIONS = {
    "lanterns": ("lantern", 0.0002),
    "heritages": ("heritage", 0.01),
    "visitor's": ("visitors", 0.2),
    "galleries museums": ("museum gallery", 0.1),
}


def measure() -> dict[str, Any]:
    """The database of the settings is empty but for its tables."""
    import django

    django.setup()
    from django.db import connection

    reader = fill()
    settle()
    rows = []
    for question in QUESTIONS:
        ways = {
            "page": page_of(reader, question),
            "search": search_of(reader, question),
            "like": like_of(reader, question),
        }
        times: dict[str, list[float]] = {name: [] for name in ways}
        found = {name: way() for name, way in ways.items()}
        for _ in range(ROUNDS):
            # Side by side, a round at a time: what else the machine does falls on all.
            for name, way in ways.items():
                if name == "like" and len(times[name]) >= 3:
                    continue
                started = time.perf_counter()
                way()
                times[name].append(1000 * (time.perf_counter() - started))
        middle = {name: round(statistics.median(values), 1) for name, values in times.items()}
        rows.append({"question": question, "found": found, "milliseconds": middle})
    return {"database": connection.vendor, "notes": NOTES, "comments": COMMENTS, "rows": rows}


def lines(figures: dict[str, Any]) -> list[Line]:
    found = []
    for vendor, wanted in WANTED_MS.items():
        if vendor not in figures:
            found.append(Line(f"search on {vendor}", figures["left_out"], f"≤ {wanted} ms", False))
            continue
        for row in figures[vendor]["rows"]:
            spent = row["milliseconds"]
            what = f"search on {vendor}: “{row['question']}”, {row['found']['search']} found"
            figure = f"{spent['page']} ms the page, {spent['search']} ms the question (LIKE {spent['like']} ms)"
            found.append(Line(what, figure, f"page ≤ {wanted} ms", spent["page"] <= wanted))
    return found


def page_of(reader: Any, question: str) -> Callable[[], int]:
    """The page as a browser gets it; answers how many rows stand on it."""
    from django.test import Client

    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(reader, backend="django.contrib.auth.backends.ModelBackend")

    def ask() -> int:
        answer = client.get("/cohorts/bench/notes/", {"q": question})
        if answer.status_code != 200:
            raise RuntimeError(f"The page answered {answer.status_code}.")
        return answer.content.decode().count('class="note-row ')

    return ask


def search_of(reader: Any, question: str) -> Callable[[], int]:
    """How many there are, and the first twenty in their order, with the passages where the words stand."""
    from research.searching import Found

    def ask() -> int:
        found = Found(readable(reader), question)
        _ = found[:20]
        return len(found)

    return ask


def like_of(reader: Any, question: str) -> Callable[[], int]:
    """The same for the words as they stand in the notes, by LIKE in title and body, the newest first."""
    from django.db.models import Q

    def ask() -> int:
        found = readable(reader)
        for word in QUESTIONS[question][0].split():
            found = found.filter(Q(title__icontains=word) | Q(body__icontains=word))
        list(found.order_by("-updated_at", "pk").values("pk")[:20])
        return found.count()

    return ask


def readable(reader: Any) -> Any:
    from research.models import ResearchNote

    return ResearchNote.objects.visible_to(reader).present().filter(membership__cohort__slug="bench")


def fill() -> Any:
    """Notes of twenty organisations, half of them shared with the cohort; answers a person seated in one."""
    from discussions.models import Comment, Discussion, SearchEntry
    from discussions.words import stems
    from participants.models import Cohort, Membership, Organisation, Seat, User
    from research.models import ResearchNote

    Place = SearchEntry.Place
    cohort = Cohort.objects.create(slug="bench", number=6, title="Bench", status=Cohort.Status.RUNNING)
    seats = []
    for number in range(ORGANISATIONS):
        organisation = Organisation.objects.create(name=f"Museum {number}", slug=f"museum-{number}")
        membership = Membership.objects.create(cohort=cohort, organisation=organisation, name=organisation.name)
        user = User.objects.create_user(email=f"person{number}@sample.example", name=f"Person {number}")
        seats.append(Seat.objects.create(user=user, membership=membership, started_at=NOW - timedelta(days=90)))
    texts = sample_texts()
    for start in range(0, NOTES, BATCH):
        threads = Discussion.objects.bulk_create([Discussion() for _ in range(BATCH)])
        notes, entries, comments = [], [], []
        for number, thread in enumerate(threads, start):
            title, body = next(texts)
            seat = seats[number % ORGANISATIONS]
            moment = NOW - timedelta(minutes=number)
            notes.append(
                ResearchNote(
                    membership=seat.membership,
                    author=seat.user,
                    title=title,
                    body=body,
                    audience="cohort" if number % 40 < 20 else "organisation",
                    version=1,
                    discussion=thread,
                    created_at=moment,
                    updated_at=moment,
                )
            )
            entries.append(SearchEntry(discussion=thread, place=Place.TITLE, words=" ".join(stems(title))))
            said = " ".join(stems(f"{title}\n{body}"))
            entries.append(SearchEntry(discussion=thread, place=Place.TEXT, words=said))
            if number % (NOTES // COMMENTS) == 0:
                comments.append(Comment(discussion=thread, author=seat.user, body=body[:200], created_at=moment))
        ResearchNote.objects.bulk_create(notes)
        entries += [
            SearchEntry(
                discussion_id=comment.discussion_id,
                comment=comment,
                place=Place.COMMENT,
                words=" ".join(stems(comment.body)),
            )
            for comment in Comment.objects.bulk_create(comments)
        ]
        SearchEntry.objects.bulk_create(entries)
    return seats[0].user


def sample_texts() -> Iterator[tuple[str, str]]:
    """Titles and bodies of made-up words, some frequent and most rare, as in a language; always the same."""
    dice = random.Random(6)
    sounds = [a + b for a in "bdfgklmnprstvw" for b in ("a", "e", "i", "o", "u")]
    words = ["".join(dice.choices(sounds, k=dice.randint(2, 4))) for _ in range(12_000)]
    weights = list(accumulate(1 / rank for rank in range(1, len(words) + 1)))
    while True:
        drawn = iter(dice.choices(words, cum_weights=weights, k=WORDS_A_NOTE + 5))
        title = list(islice(drawn, 5))
        body = list(drawn)
        for answer, share in QUESTIONS.values():
            if dice.random() < share:
                # One in ten has it in the title.
                place = title if dice.random() < 0.1 else body
                place[dice.randrange(len(place))] = answer
        yield " ".join(title).capitalize(), " ".join(body).capitalize() + "."


def settle() -> None:
    """What a database does by itself in quiet hours."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


def main() -> None:
    print(json.dumps(measure()))


if __name__ == "__main__":
    main()
