"""Letters: how fast 10,000 reminders are planned and handed to a mail server, and in how much memory."""

import json
import os
import resource
import sqlite3
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from . import Line

LETTERS = 10_000
MARKS = (1_000, 5_000, 10_000)
WANTED_RATE = 200
# From the first mark to the last: what more memory counts as flat.
WANTED_GROWTH_MB = 30
# A Monday in summer at five past nine in London, when the reminder of the next Monday's workshop is due.
NOW = datetime(2018, 5, 14, 8, 5, tzinfo=UTC)


def measure() -> dict[str, Any]:
    """Plans and hands over; the database of the settings is empty, and its mail server counts."""
    import django

    django.setup()
    from correspondence import clock, reminders
    from correspondence.models import Letter

    invite_everybody()
    before = memory_mb()
    started = time.perf_counter()
    planned = reminders.plan(NOW)
    planned_at = time.perf_counter()
    watch = Watch()
    watch.start()
    # What the clock does every minute: it plans again, finds nothing new, and hands out.
    sent = clock.tick(NOW).sent
    ended = time.perf_counter()
    watch.end(sent)
    marks = watch.marks
    growth = marks[MARKS[-1]] - marks[MARKS[0]] if len(marks) == len(MARKS) else float("nan")
    rate = sent / (ended - started)
    states = sorted({*Letter.objects.values_list("state", flat=True)})
    return {
        "planned": planned,
        "sent": sent,
        "states": states,
        "planning_seconds": round(planned_at - started, 2),
        "handing_over_seconds": round(ended - planned_at, 2),
        "letters_per_second": round(rate),
        "memory_mb": {"before": round(before, 1), **{str(mark): round(size, 1) for mark, size in marks.items()}},
        "growth_mb": round(growth, 1),
    }


def lines(figures: dict[str, Any]) -> list[Line]:
    """`received` and `different` are the sink's count."""
    rate, growth = figures["letters_per_second"], figures["growth_mb"]
    arrived = (figures["received"], figures["different"])
    return [
        Line("letters planned and handed over a second", str(rate), f"≥ {WANTED_RATE}", rate >= WANTED_RATE),
        Line(
            f"letters of {LETTERS} that arrived, and different ones among them",
            "{}, {}".format(*arrived),
            "all, once",
            arrived == (LETTERS, LETTERS),
        ),
        Line(
            f"memory from letter {MARKS[0]} to {MARKS[-1]}",
            f"{growth:+.1f} MB",
            f"≤ {WANTED_GROWTH_MB} MB",
            growth <= WANTED_GROWTH_MB,
        ),
    ]


def invite_everybody() -> None:
    """A running cohort whose workshop is in seven days, and LETTERS people with a seat who have not said no."""
    from participants.models import Cohort, Membership, Organisation, Seat, User
    from workshops.models import Workshop

    cohort = Cohort.objects.create(slug="bench", title="Bench", status=Cohort.Status.RUNNING)
    Workshop.objects.create(
        cohort=cohort,
        number=1,
        starts_at=NOW + timedelta(days=7, hours=1),
        ends_at=NOW + timedelta(days=7, hours=7),
        venue="Bench",
    )
    organisations = Organisation.objects.bulk_create(
        [Organisation(name=f"Bench {number}", slug=f"bench-{number}") for number in range(18)]
    )
    memberships = Membership.objects.bulk_create(
        [Membership(cohort=cohort, organisation=organisation, name=organisation.name) for organisation in organisations]
    )
    people = User.objects.bulk_create(
        [User(email=f"person{number}@bench.example", name=f"Person {number}") for number in range(LETTERS)],
        batch_size=1000,
    )
    Seat.objects.bulk_create(
        [
            Seat(membership=memberships[number % 18], user=person, started_at=NOW - timedelta(days=100))
            for number, person in enumerate(people)
        ],
        batch_size=1000,
    )


class Watch(threading.Thread):
    """Notes the process's memory when so many letters are sent, reading the database beside the one that writes."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        from django.conf import settings

        self.path = settings.DATABASES["default"]["NAME"]
        self.marks: dict[int, float] = {}
        self.over = threading.Event()

    def run(self) -> None:
        database = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=5)
        while not self.over.wait(0.25):
            (sent,) = database.execute("SELECT count(*) FROM correspondence_letter WHERE state = 'sent'").fetchone()
            self.note(sent)
        database.close()

    def note(self, sent: int) -> None:
        for mark in MARKS:
            if sent >= mark and mark not in self.marks:
                self.marks[mark] = memory_mb()

    def end(self, sent: int) -> None:
        self.over.set()
        self.join(timeout=10)
        self.note(sent)


def memory_mb() -> float:
    """What the process holds now; at its height so far where the system tells only that."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    except OSError:
        unit = 2**20 if sys.platform == "darwin" else 2**10
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def main() -> None:
    print(json.dumps(measure()))


if __name__ == "__main__":
    main()
