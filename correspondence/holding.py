"""Mail that is held. A database that was put back, or is a copy, does not know what went out: it sends nothing.

A tick or a hand-out first asks whether this is still the database it was. PostgreSQL can tell by itself: a restore
makes new tables, a new cluster or a new timeline. A SQLite database is a file: a number in it is counted up together
with one in a file beside it, and an older database has the lower one (docs/decisions/0015).
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction

from .models import Heartbeat, Hold, Letter

RESTORED = "This is not the database the portal last sent from: it was restored or copied."
IN_DOUBT = "Mail was held: this letter may have gone out before."


def active_hold() -> Hold | None:
    return Hold.objects.filter(released_at=None).first()


def hold(now: datetime, because: str, *, is_restore: bool = False) -> Hold:
    """Nothing goes from now on, but for codes that people wait for at their screens."""
    held, _ = Hold.objects.get_or_create(released_at=None, defaults={"since": now, "because": because})
    if is_restore and not held.is_restore:
        held.since, held.because, held.is_restore = now, because, True
        held.save(update_fields=["since", "because", "is_restore"])
    return held


def doubt(held: Hold) -> int:
    """After a restore, what was due before it may have gone out then, whenever it was written; how many letters."""
    if not held.is_restore:
        return 0
    waiting = [*Letter.UNFINISHED, Letter.State.HELD, Letter.State.QUEUED]
    due = Letter.objects.filter(state__in=waiting, due_at__lte=held.since)
    return due.update(state=Letter.State.IN_DOUBT, held_until=None, answer=IN_DOUBT)


def let_go(now: datetime) -> bool:
    """Ends the hold. What is in doubt stays so, for a person to decide; False when nothing was held."""
    with transaction.atomic():
        for held in Hold.objects.filter(released_at=None):
            doubt(held)
        return bool(Hold.objects.filter(released_at=None).update(released_at=now))


def watch(now: datetime) -> bool:
    """Holds all mail when this is not the database it was at the last look; whether mail is held."""
    if settings.HOLD_AFTER_RESTORE:
        look(now)
    held = active_hold()
    if held:
        doubt(held)
    return held is not None


def look(now: datetime) -> None:
    with transaction.atomic():
        Heartbeat.objects.get_or_create(name="ledger", defaults={"at": now})
        seen = Heartbeat.objects.select_for_update().get(name="ledger")
        mark, is_restored = of_postgres(seen.mark) if connection.vendor == "postgresql" else of_file(seen.mark)
        if is_restored:
            hold(now, RESTORED, is_restore=True)
        Heartbeat.objects.filter(name="ledger").update(at=now, mark=mark)
    if connection.vendor == "sqlite":
        # After the commit: a process that dies between leaves a file that is behind, which means nothing.
        new = count_file().with_name(f"{count_file().name}.{os.getpid()}")
        new.write_text(mark, encoding="ascii")
        new.replace(count_file())


def of_postgres(mark: str) -> tuple[str, bool]:
    """Which database this is, and whether that is another than `mark`, which is empty at first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT concat_ws('/', (SELECT system_identifier FROM pg_control_system()),"
            " (SELECT timeline_id FROM pg_control_checkpoint()),"
            " (SELECT oid FROM pg_database WHERE datname = current_database()), %s::regclass::oid)",
            [Letter._meta.db_table],
        )
        (found,) = cursor.fetchone()
    return found, mark not in ("", found)


def of_file(mark: str) -> tuple[str, bool]:
    """The next number, and whether the file beside the database counts higher than `mark`, or is gone."""
    counted = int(mark or 0)
    try:
        beside = int(count_file().read_text(encoding="ascii"))
    except (FileNotFoundError, ValueError):
        beside = None
    is_restored = counted > 0 if beside is None else beside > counted
    return str(max(counted, beside or 0) + 1), is_restored


def count_file() -> Path:
    database = Path(str(connection.settings_dict["NAME"]))
    return database.with_name(database.name + "-mark")
