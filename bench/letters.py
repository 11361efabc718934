"""Letters: how fast 100,000 reminders are planned, and handed to a mail server by two processes, in how much memory.

`python -m bench.letters` measures; with `drain` or `bare` it is one of the two processes: says "ready", begins at a
line of its standard input, and prints what it did.
"""

import json
import os
import resource
import smtplib
import statistics
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from . import Line
from .places import HOME, free_port
from .sink import counting

LETTERS = 100_000
OLD = 1_000_000  # letters that went, in the ledger before
BARE = 10_000
WORKERS = 2
ROUNDS = 9
WANTED_PLANNED = {"sqlite": 2_000, "postgresql": 5_000}
WANTED_RATE = 500
WANTED_NEXT_MS = 10
# From a fifth of the time to the end of it: what more memory counts as flat.
WANTED_GROWTH_MB = 30
# A Monday in summer at five past nine in London, when the reminder of the next Monday's workshop is due.
NOW = datetime(2018, 5, 14, 8, 5, tzinfo=UTC)


def measure() -> dict[str, Any]:
    """Plans and hands over; the database of the settings is empty, and its mail server counts."""
    import django

    django.setup()
    from django.db import connection

    from correspondence import reminders
    from correspondence.models import Letter

    invite_everybody()
    keep_old_letters()
    watch = Watch()
    started = time.perf_counter()
    planned = reminders.plan(NOW)
    planning = time.perf_counter() - started
    planning_growth = watch.growth()
    # What the clock does every minute after: it plans again, and finds nothing new.
    started = time.perf_counter()
    again = reminders.plan(NOW)
    planning_again = time.perf_counter() - started
    next_due = next_due_ms()
    connection.close()
    drained = with_workers("drain")
    with counting(free_port()) as sink:
        bare = with_workers("bare", str(sink["port"]))
    fresh = Letter.objects.filter(due_at__gte=NOW - timedelta(days=1))
    return {
        "database": connection.vendor,
        "planned": planned,
        "planned_again": again,
        "sent": drained["number"],
        "states": sorted({*fresh.values_list("state", flat=True)}),
        "planning_seconds": round(planning, 2),
        "planning_again_seconds": round(planning_again, 2),
        "planned_per_second": round(planned / planning),
        "drained_per_second": round(drained["number"] / drained["seconds"]),
        "bare_per_second": round(bare["number"] / bare["seconds"]),
        "next_due_ms": round(next_due, 1),
        "growth_mb": {"planning": planning_growth, "handing over": drained["growth_mb"]},
    }


def lines(figures: dict[str, Any]) -> list[Line]:
    """`received` and `different` are the sink's count."""
    found = []
    for vendor, wanted in WANTED_PLANNED.items():
        if vendor not in figures:
            found.append(Line(f"letters on {vendor}", figures["left_out"], "measured", False))
            continue
        row = figures[vendor]
        rate, drained = row["planned_per_second"], row["drained_per_second"]
        ratio = drained / row["bare_per_second"]
        found += [
            Line(f"{LETTERS} letters planned a second on {vendor}", str(rate), f"≥ {wanted}", rate >= wanted),
            Line(
                f"handed over a second by {WORKERS} processes on {vendor}",
                f"{drained} ({ratio:.2f} of bare smtplib's)",
                f"≥ {WANTED_RATE}",
                drained >= WANTED_RATE,
            ),
            Line(
                f"letters that arrived on {vendor}, and different ones among them",
                f"{row['received']}, {row['different']}",
                "all, once",
                row["received"] == row["different"] == LETTERS,
            ),
            Line(
                f"the next letter due on {vendor}, with {OLD} old ones",
                f"{row['next_due_ms']} ms",
                f"< {WANTED_NEXT_MS} ms",
                row["next_due_ms"] < WANTED_NEXT_MS,
            ),
        ]
        for deed, growth in row["growth_mb"].items():
            what = f"more memory while {deed} on {vendor}"
            found.append(Line(what, f"{growth:+.1f} MB", f"≤ {WANTED_GROWTH_MB} MB", growth <= WANTED_GROWTH_MB))
    return found


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
    for start in range(0, LETTERS, 1000):
        people = User.objects.bulk_create(
            [
                User(email=f"person{number}@bench.example", name=f"Person {number}")
                for number in range(start, start + 1000)
            ]
        )
        Seat.objects.bulk_create(
            [
                Seat(
                    membership=memberships[number % 18],
                    user=person,
                    started_at=NOW - timedelta(days=100),
                )
                for number, person in enumerate(people)
            ]
        )


def keep_old_letters() -> None:
    """One letter that went two years ago, OLD times."""
    from django.db import connection

    from correspondence.ledger import Intent, write
    from correspondence.models import Letter

    long_ago = NOW - timedelta(days=700)
    write([Intent("old", "old", "0", "old@bench.example", "Old", "Old.\n", due_at=long_ago)])
    old = Letter.objects.get(kind="old")
    Letter.objects.filter(pk=old.pk).update(state=Letter.State.SENT, sent_at=long_ago)
    names = [field.column for field in Letter._meta.fields if not field.primary_key]
    values = ["key || '-' || n" if name == "key" else f'"{name}"' for name in names]
    quoted = ", ".join(f'"{name}"' for name in names)
    numbers = f"WITH RECURSIVE counter(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counter WHERE n < {OLD - 1}) "
    select = f'SELECT {", ".join(values)} FROM "{Letter._meta.db_table}", counter WHERE kind = %s'
    insert = f'INSERT INTO "{Letter._meta.db_table}" ({quoted}) '
    with connection.cursor() as cursor:
        # SQLite wants WITH before INSERT or inside the SELECT: inside suits both.
        cursor.execute(f"{insert}{numbers}{select}", ["old"])
        cursor.execute("ANALYZE")


def next_due_ms() -> float:
    """What a claim of the next letter takes, the query and its marking."""
    from django.db import transaction

    from correspondence import ledger

    times = []
    for _ in range(ROUNDS):
        with transaction.atomic():
            started = time.perf_counter()
            if len(ledger.claim(NOW, 1)) != 1:
                raise RuntimeError("No letter was due.")
            times.append(1000 * (time.perf_counter() - started))
            transaction.set_rollback(True)
    return statistics.median(times)


def with_workers(deed: str, *arguments: str) -> dict[str, Any]:
    """Lets WORKERS processes do it at once, from the moment all are ready."""
    command = [sys.executable, "-m", "bench.letters", deed, *arguments]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    workers = [subprocess.Popen(command, cwd=HOME, **pipes) for _ in range(WORKERS)]  # type: ignore[call-overload]  # of **pipes
    for worker in workers:
        worker.stdout.readline()
    started = time.perf_counter()
    for worker in workers:
        worker.stdin.write("go\n")
        worker.stdin.flush()
    done = [json.loads(worker.communicate(timeout=1800)[0].splitlines()[-1]) for worker in workers]
    seconds = time.perf_counter() - started
    growth = max(each["growth_mb"] for each in done)
    return {"seconds": seconds, "number": sum(each["number"] for each in done), "growth_mb": growth}


def drain() -> dict[str, Any]:
    """Hands over as a worker does, until nothing is due."""
    from correspondence import handing_over
    from correspondence.following import unwanted

    ready()
    watch = Watch()
    number = handing_over.hand_out(NOW, unwanted)
    return {"number": number, "growth_mb": watch.growth()}


def bare(port: int) -> dict[str, Any]:
    """One of the letters, again and again, by smtplib alone over one connection."""
    from correspondence.carriers import message_of
    from correspondence.models import Letter

    letter = Letter.objects.filter(kind="workshop_in_7_days").latest("pk")
    message, written = message_of(letter)
    text = written.as_bytes(linesep="\r\n")
    ready()
    watch = Watch()
    with smtplib.SMTP("127.0.0.1", port) as smtp:
        for _ in range(BARE):
            smtp.sendmail(message.from_email, [letter.address], text)
    return {"number": BARE, "growth_mb": watch.growth()}


def ready() -> None:
    print("ready", flush=True)
    sys.stdin.readline()


class Watch(threading.Thread):
    """Looks at the process's memory every quarter of a second."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.sizes = [memory_mb()]
        self.over = threading.Event()
        self.start()

    def run(self) -> None:
        while not self.over.wait(0.25):
            self.sizes.append(memory_mb())

    def growth(self) -> float:
        """Ends it; megabytes from a fifth of the time to the end."""
        self.over.set()
        self.join(timeout=10)
        return round(self.sizes[-1] - self.sizes[len(self.sizes) // 5], 1)


def memory_mb() -> float:
    """What the process holds now; at its height so far where the system tells only that."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    except OSError:
        unit = 2**20 if sys.platform == "darwin" else 2**10
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def main() -> None:
    if len(sys.argv) == 1:
        figures = measure()
    else:
        import django

        django.setup()
        figures = drain() if sys.argv[1] == "drain" else bare(int(sys.argv[2]))
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
