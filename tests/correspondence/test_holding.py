"""A database that was restored or copied sends nothing until staff say so."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection

from correspondence import holding, ledger
from correspondence.handing_over import hand_out
from correspondence.models import Heartbeat, Hold, Letter
from tests.correspondence.test_ledger import intend, wanted
from tests.factories import NOW
from tests.postbox import Postbox

State = Letter.State
LATER = NOW + timedelta(hours=1)


@pytest.fixture(autouse=True)
def _live(db, settings, tmp_path, monkeypatch):
    """A portal that is live: it has handed a letter over from this very database."""
    settings.EMAIL_BACKEND = "tests.postbox.Postbox"
    settings.HOLD_AFTER_RESTORE = True
    monkeypatch.setattr(holding, "count_file", lambda: tmp_path / "portal.sqlite3-mark")
    Postbox.clear()
    ledger.write([intend("first@sample.example")])
    assert hand_out(NOW, wanted) == 1
    Postbox.clear()


def restore() -> None:
    """What a backup of an hour ago looks like to the portal: another database, or a lower number in it."""
    older = {"postgresql": "7000/1/1/1", "sqlite": "0"}[connection.vendor]
    Heartbeat.objects.filter(name="ledger").update(mark=older)


def test_the_same_database_goes_on_sending():
    ledger.write([intend()])

    assert [hand_out(LATER, wanted) for _ in range(3)] == [1, 0, 0]
    assert not Hold.objects.exists()


def test_a_restored_database_sends_nothing_and_what_was_due_is_in_doubt():
    ledger.write([intend(), intend("coming@sample.example", due_at=LATER + timedelta(minutes=5))])
    restore()

    sent = [hand_out(LATER + timedelta(minutes=10 * step), wanted) for step in range(3)]

    assert (sent, Postbox.arrived) == ([0, 0, 0], [])
    assert Letter.objects.get(address="pat@sample.example").state == State.IN_DOUBT
    assert Letter.objects.get(address="coming@sample.example").state == State.PLANNED
    assert Hold.objects.get().because == holding.RESTORED


def test_without_the_look_at_the_database_the_letters_would_go_again(settings):
    """The negative control."""
    settings.HOLD_AFTER_RESTORE = False
    ledger.write([intend()])
    restore()

    assert hand_out(LATER, wanted) == 1


def test_a_reminder_written_only_after_the_restore_is_in_doubt_if_it_was_due_before():
    restore()
    hand_out(LATER, wanted)
    ledger.write([intend(due_at=LATER - timedelta(minutes=1))])

    hand_out(LATER + timedelta(minutes=1), wanted)
    holding.let_go(LATER + timedelta(minutes=2))

    assert Letter.objects.get(address="pat@sample.example").state == State.IN_DOUBT


def test_after_the_release_what_fell_due_meanwhile_goes_and_what_is_in_doubt_stays():
    ledger.write([intend(), intend("coming@sample.example", due_at=LATER + timedelta(minutes=5))])
    restore()
    hand_out(LATER, wanted)

    assert holding.let_go(LATER + timedelta(minutes=10))
    assert hand_out(LATER + timedelta(minutes=10), wanted) == 1

    assert [message.to for message in Postbox.arrived] == [["coming@sample.example"]]
    assert not holding.let_go(LATER + timedelta(minutes=11))


def test_staff_who_need_a_code_to_get_in_and_release_get_it():
    restore()
    hand_out(LATER, wanted)
    ledger.write([intend("staff@sample.example", is_secret=True, body="Code", due_at=LATER)])
    Letter.objects.filter(is_secret=True).update(
        created_at=LATER + timedelta(seconds=1), due_at=LATER + timedelta(seconds=1)
    )

    assert hand_out(LATER + timedelta(seconds=2), wanted) == 1
    assert [message.to for message in Postbox.arrived] == [["staff@sample.example"]]


def test_mail_that_staff_stopped_by_hand_goes_when_they_release_it():
    holding.hold(NOW, "Stopped.")
    ledger.write([intend()])
    assert hand_out(LATER, wanted) == 0

    holding.let_go(LATER)

    assert hand_out(LATER, wanted) == 1


def test_the_command_holds_a_copy_that_cannot_be_told_from_the_original():
    call_command("hold_due_letters", stdout=StringIO())

    assert Hold.objects.get(released_at=None).is_restore


@pytest.mark.sqlite
def test_a_copy_of_the_file_without_its_mark_is_held():
    """On SQLite alone: the number beside the file is its mark."""
    holding.count_file().unlink()

    assert holding.watch(LATER)


@pytest.mark.sqlite
def test_a_copy_that_was_put_back_over_the_file_is_held(tmp_path):
    """On SQLite alone. The copy is a real one, made and put back as docs/operations.md says."""
    live, copy = tmp_path / "live.sqlite3", tmp_path / "copy.sqlite3"
    with sqlite3.connect(live) as database:
        database.execute("CREATE TABLE beat (mark text)")
        database.execute("INSERT INTO beat VALUES ('')")

    def tick(path: Path) -> bool:
        with sqlite3.connect(path) as database:
            (mark,) = database.execute("SELECT mark FROM beat").fetchone()
            mark, is_restored = holding.of_file(mark)
            database.execute("UPDATE beat SET mark = ?", [mark])
        holding.count_file().write_text(mark)
        return is_restored

    holding.count_file().unlink()
    before = [tick(live) for _ in range(3)]
    sqlite3.connect(live).execute("VACUUM INTO ?", [str(copy)])
    after = [tick(live) for _ in range(3)]
    live.write_bytes(copy.read_bytes())

    assert (before, after, tick(live)) == ([False] * 3, [False] * 3, True)


@pytest.mark.postgres
def test_a_dump_restored_beside_the_original_is_another_database():
    """On PostgreSQL alone: the same table made anew, as a restore does."""
    mark, _ = holding.of_postgres("")
    assert holding.of_postgres(mark) == (mark, False)

    with connection.cursor() as cursor:
        table = Letter._meta.db_table
        cursor.execute(f"ALTER TABLE {table} RENAME TO old_letters")
        cursor.execute(f"CREATE TABLE {table} (LIKE old_letters)")

    assert holding.of_postgres(mark)[1]
