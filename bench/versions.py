"""A note with 1,000 versions beside one with few: what its page, its editor and its history cost."""

import json
import statistics
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from . import Line
from .growth import queries_of

MANY = 1_000
# Page by page: where it stands, and how few versions it is compared with. The history is one that fills its first page.
PAGES = {"note": ("", 3), "editor": ("edit/", 3), "history": ("versions/", 25)}
ROUNDS = 15
WANTED_RATIO = 1.5
NOW = datetime(2018, 5, 14, 11, 0, tzinfo=UTC)


def measure() -> dict[str, Any]:
    """The database of the settings is empty but for its tables."""
    import django

    django.setup()
    from django.db import connection

    client, notes = fill()
    rows = []
    for name, (end, few) in PAGES.items():
        addresses = {size: f"/cohorts/bench/notes/{notes[size]}/{end}" for size in (few, MANY)}
        client.get(addresses[few])  # what only the first request of a process asks for
        queries = {size: queries_of(client, address) for size, address in addresses.items()}
        times: dict[int, list[float]] = {size: [] for size in addresses}
        for _ in range(ROUNDS):
            # Side by side: what else the machine does falls on both.
            for size, address in addresses.items():
                started = time.perf_counter()
                client.get(address)
                times[size].append(time.perf_counter() - started)
        ratio = statistics.median(many / few for many, few in zip(times[MANY], times[few], strict=True))
        middle = {size: round(1000 * statistics.median(values), 1) for size, values in times.items()}
        rows.append({"page": name, "queries": queries, "milliseconds": middle, "ratio": round(ratio, 2)})
    return {"database": connection.vendor, "rows": rows}


def lines(figures: dict[str, Any]) -> list[Line]:
    found = []
    for vendor in ("sqlite", "postgresql"):
        if vendor not in figures:
            found.append(Line(f"versions on {vendor}", figures["left_out"], f"≤ {WANTED_RATIO}", False))
            continue
        for row in figures[vendor]["rows"]:
            # JSON has made text of the sizes.
            spent, queries = row["milliseconds"], row["queries"]
            few, many = sorted(spent, key=int)
            what = f"{row['page']} on {vendor}: {many} versions over {few} ({spent[many]}, {spent[few]} ms)"
            found.append(Line(what, f"{row['ratio']:.2f}", f"≤ {WANTED_RATIO}", row["ratio"] <= WANTED_RATIO))
            what = f"{row['page']} on {vendor}: queries"
            found.append(Line(what, f"{queries[many]}, {queries[few]}", "as many", queries[many] == queries[few]))
    return found


def fill() -> tuple[Any, dict[int, uuid.UUID]]:
    """Somebody signed in, and their notes; one version every quarter of an hour, each its own in the history."""
    from django.test import Client

    from participants.models import Cohort, Membership, Organisation, Seat, User
    from research.models import NoteVersion
    from research.saving import Change, save_note

    cohort = Cohort.objects.create(slug="bench", number=6, title="Bench", status=Cohort.Status.RUNNING)
    organisation = Organisation.objects.create(name="Museum", slug="museum")
    membership = Membership.objects.create(cohort=cohort, organisation=organisation, name="Museum")
    user = User.objects.create_user(email="person@sample.example", name="Person")
    Seat.objects.create(user=user, membership=membership, started_at=NOW - timedelta(days=90))
    text = "We moved the label and watched forty visitors. " * 40
    notes = {}
    for size in {few for _, few in PAGES.values()} | {MANY}:
        notes[size] = uuid.uuid4()
        for number in range(size):
            change = Change(uuid.uuid4(), number, "A note", f"{text}{number}", {"audience": "organisation"})
            save_note(notes[size], cohort, change, user, NOW + timedelta(minutes=15 * number))
        if NoteVersion.objects.filter(note=notes[size]).count() != size:
            raise RuntimeError("Not every version was kept.")
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client, notes


def main() -> None:
    print(json.dumps(measure()))


if __name__ == "__main__":
    main()
