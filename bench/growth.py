"""Pages inside as the programme grows: "my programme" and the note list at 1, 10 and 100 times the rehearsal's rows."""

import copy
import json
import sqlite3
import statistics
import sys
import time
import uuid
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

from . import Line

SIZES = (1, 10, 100)
ROUNDS = 7
REQUESTS = 5
WANTED_QUERIES = 12
WANTED_SLOWDOWN = 2
WHO = "participant@rehearsal.example"


def measure(folder: Path) -> list[dict[str, Any]]:
    """A row a page. The database of the settings is the rehearsal's, and is not changed."""
    import django

    django.setup()
    from django.db import connection

    first = connection.settings_dict["NAME"]
    databases = {size: duplicate(first, folder / f"rows-{size}.sqlite3") for size in SIZES}
    rows = {}
    for size, path in databases.items():
        use(path)
        multiply(size - 1)
        rows[size] = count_rows()
    clients = {size: signed_in(path) for size, path in databases.items()}
    pages = {"/my/": "/my/", "note list": note_list_path()}
    times: dict[tuple[str, int], list[float]] = {(name, size): [] for name in pages for size in SIZES}
    queries: dict[tuple[str, int], int] = {}
    for _ in range(ROUNDS):
        # Size beside size, a round at a time: what else the machine does falls on all.
        for size, path in databases.items():
            use(path)
            for name, page in pages.items():
                # Once uncounted, to bring the file's pages into memory; and to count its queries.
                queries[name, size] = queries_of(clients[size], page)
                times[name, size].append(seconds_of(clients[size], page))
    return [
        {
            "page": name,
            "rows": rows,
            "queries": {size: queries[name, size] for size in SIZES},
            "milliseconds": {size: round(1000 * statistics.median(times[name, size]), 1) for size in SIZES},
            "slowdown": round(slowdown(times, name), 2),
        }
        for name in pages
    ]


def lines(figures: dict[str, Any]) -> list[Line]:
    found = []
    for row in figures["rows"]:
        # JSON has made text of the sizes.
        sizes = [str(size) for size in SIZES]
        queries = [row["queries"][size] for size in sizes]
        times = ", ".join(f"{row['milliseconds'][size]}" for size in sizes)
        what = f"{row['page']}: queries at {', '.join(sizes)}× rows"
        met = max(queries) <= WANTED_QUERIES
        found.append(Line(what, ", ".join(map(str, queries)), f"≤ {WANTED_QUERIES}", met))
        what = f"{row['page']}: time at {sizes[-1]}× over 1× ({times} ms)"
        found.append(Line(what, f"{row['slowdown']:.2f}", f"≤ {WANTED_SLOWDOWN}", row["slowdown"] <= WANTED_SLOWDOWN))
    return found


def slowdown(times: dict[tuple[str, int], list[float]], name: str) -> float:
    """The time at the largest size over the time at the smallest, round by round."""
    return statistics.median(
        large / small for large, small in zip(times[name, SIZES[-1]], times[name, SIZES[0]], strict=True)
    )


def duplicate(source: str, target: Path) -> Path:
    """SQLite's own copy of a database: right also while it is written to."""
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
    return target


def use(path: Path) -> None:
    from django.db import connection

    connection.close()
    connection.settings_dict["NAME"] = str(path)


def signed_in(path: Path) -> Any:
    from django.test import Client

    from participants.models import User

    use(path)
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(User.objects.get(email=WHO), backend="django.contrib.auth.backends.ModelBackend")
    return client


def note_list_path() -> str:
    from participants.models import Seat

    seat = Seat.objects.select_related("membership__cohort").get(user__email=WHO)
    return f"/cohorts/{seat.membership.cohort.slug}/notes/"


def queries_of(client: Any, page: str) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        answer = client.get(page)
    if answer.status_code != 200:
        raise RuntimeError(f"{page} answered {answer.status_code}")
    return len(queries)


def seconds_of(client: Any, page: str) -> float:
    """The median of a few requests."""
    times = []
    for _ in range(REQUESTS):
        started = time.perf_counter()
        client.get(page)
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def multiply(more: int) -> None:
    """Adds `more` copies of every row that grows with the years: cohorts, people, notes, talk, sessions, letters.

    A copied organisation takes part in a copied cohort, as a programme grows; content stays with its organisation and
    author, so that the lists of one person grow as much as the tables do.
    """
    if not more:
        return
    from correspondence.models import Letter
    from discussions.models import Comment, Discussion, Topic
    from mentoring.models import FollowUp, MentoringSession, Slot
    from participants.models import Cohort, Membership, Organisation, Seat, User
    from research.models import CardVersion, Experiment, Framing, NoteVersion, ResearchNote, ResearchPhase
    from workshops.models import Workshop

    cohorts = copies(Cohort.objects.all(), more, numbered("slug"))
    copies(Workshop.objects.all(), more, cohort=cohorts)
    copies(ResearchPhase.objects.all(), more, cohort=cohorts)
    organisations = copies(Organisation.objects.all(), more, numbered("name", "slug"))
    memberships = copies(Membership.objects.all(), more, cohort=cohorts, organisation=organisations)
    users = copies(User.objects.all(), more, numbered("email", before=True), fresh_tokens)
    copies(Seat.objects.all(), more, user=users, membership=memberships)

    discussions = copies(Discussion.objects.all(), more)
    experiments = copies(Experiment.objects.all(), more)
    copies(Framing.objects.all(), more, experiment=experiments)
    copies(CardVersion.objects.all(), more, experiment=experiments)
    notes = copies(ResearchNote.objects.all(), more, earlier("created_at", "updated_at"), discussion=discussions)
    copies(NoteVersion.objects.all(), more, note=notes)
    copies(Topic.objects.all(), more, earlier("created_at"), discussion=discussions)
    copies(Comment.objects.all(), more, discussion=discussions)

    sessions = list(MentoringSession.objects.all())
    # Copies of sessions lie in the past, each set wholly before the one after it: no mentor is in two at once.
    apart = timedelta(days=1)
    moments = [moment for slot in Slot.objects.all() for moment in (slot.starts_at, slot.ends_at)]
    moments += [moment for session in sessions for moment in (session.starts_at, session.ends_at)]
    if moments:
        apart += max(moments) - min(moments)
    slots = copies(Slot.objects.all(), more, earlier("starts_at", "ends_at", by=apart))
    held = copies(sessions, more, earlier("starts_at", "ends_at", by=apart), fresh_uid, slot=slots)
    copies(FollowUp.objects.all(), more, session=held)
    copies(Letter.objects.all(), more, numbered("key"))


Twins = dict[tuple[Any, int], Any]


def copies(rows: Iterable[Any], more: int, *changes: Callable[[Any, int], None], **twins: Twins) -> Twins:
    """Saves `more` copies of each row and answers them by (key of the original, number of the copy).

    `changes` make a copy differ where it must; `twins` say which relations of a copy point to copies too.
    """
    from django.db.models.base import ModelState

    made: Twins = {}
    for row in rows:
        for number in range(1, more + 1):
            twin = copy.copy(row)
            twin._state = ModelState()
            twin.pk = uuid.uuid4() if isinstance(row.pk, uuid.UUID) else None
            for change in changes:
                change(twin, number)
            for name, others in twins.items():
                original = getattr(row, f"{name}_id")
                if original is not None:
                    setattr(twin, name, others[original, number])
            made[row.pk, number] = twin
    if made:
        model = type(next(iter(made.values())))
        model._default_manager.bulk_create(made.values(), batch_size=500)
    return made


def numbered(*fields: str, before: bool = False) -> Callable[[Any, int], None]:
    """A change that puts the copy's number after the fields' text, or before it."""

    def change(row: Any, number: int) -> None:
        for field in fields:
            text = getattr(row, field)
            setattr(row, field, f"{number}.{text}" if before else f"{text}-{number}")

    return change


def earlier(*fields: str, by: timedelta = timedelta(hours=7)) -> Callable[[Any, int], None]:
    """A change that moves the moments of copy number n back by n times as much."""

    def change(row: Any, number: int) -> None:
        for field in fields:
            setattr(row, field, getattr(row, field) - number * by)

    return change


def fresh_uid(row: Any, number: int) -> None:
    row.uid = uuid.uuid4()


def fresh_tokens(row: Any, number: int) -> None:
    """A new value in every unique field with a default: tokens."""
    for field in row._meta.fields:
        if field.unique and not field.primary_key and field.has_default():
            setattr(row, field.attname, field.get_default())


def count_rows() -> int:
    """All rows of the portal's own tables."""
    from django.apps import apps

    own = ("correspondence", "participants", "discussions", "workshops", "research", "mentoring", "findings")
    return sum(model._default_manager.count() for app in own for model in apps.get_app_config(app).get_models())


def main() -> None:
    print(json.dumps({"rows": measure(Path(sys.argv[1]))}))


if __name__ == "__main__":
    main()
