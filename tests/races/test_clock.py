"""Four clocks at once, each a process of its own: every letter goes once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from datetime import datetime
from email import message_from_bytes
from pathlib import Path

import pytest
from django.db import connection, connections

from correspondence.ledger import message_id_of
from correspondence.models import Letter
from tests.factories import LONDON, a_cohort, a_membership, a_participant, a_workshop

HOME = Path(__file__).resolve().parents[2]
CLOCKS = 4
PEOPLE = 60
MOMENT = "2018-05-15T09:00"

# Waits for the signal, so that all four begin together, then ticks three times.
TICKER = """
import sys, time
from pathlib import Path
import django
django.setup()
from correspondence.management.commands.send_due_letters import moment
from correspondence.clock import tick
Path(sys.argv[1], "ready-" + sys.argv[2]).touch()
while not Path(sys.argv[1], "go").exists():
    time.sleep(0.002)
for _ in range(3):
    tick(moment(sys.argv[3]))
"""


def database_url() -> str:
    """The test database, for another process."""
    settings = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{settings['NAME']}"
    user = settings["USER"] + (f":{settings['PASSWORD']}" if settings["PASSWORD"] else "")
    return f"postgres://{user}@{settings['HOST']}:{settings['PORT'] or 5432}/{settings['NAME']}"


def arrived(folder: Path) -> Counter[str]:
    """Message-IDs in the letters that the four have put down, with how often each is there."""
    parts = [part for path in folder.glob("*.log") for part in path.read_bytes().split(b"-" * 79) if part.strip()]
    return Counter(str(message_from_bytes(part.strip())["Message-ID"]) for part in parts)


def run_clocks(folder: Path, script: str) -> None:
    env = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "lgr6.settings",
        "REHEARSAL": "true",
        "SECRET_KEY": "only-for-the-test-suite-0123456789-abcdefghijklmnopqrstuvwxyz",
        "DATABASE_URL": database_url(),
        "REDIS_URL": "",
        "EMAIL_URL": f"filemail:///{folder}",
    }
    clocks = [
        subprocess.Popen([sys.executable, "-c", script, str(folder), str(number), MOMENT], cwd=HOME, env=env)
        for number in range(CLOCKS)
    ]
    try:
        while len(list(folder.glob("ready-*"))) < CLOCKS:
            assert all(clock.poll() is None for clock in clocks), "a clock did not start"
        (folder / "go").touch()
        assert [clock.wait(timeout=120) for clock in clocks] == [0] * CLOCKS
    finally:
        for clock in clocks:
            clock.kill()
            clock.wait()


@pytest.fixture
def cohort(transactional_db):
    cohort = a_cohort()
    a_workshop(
        cohort,
        3,
        starts_at=datetime(2018, 5, 22, 10, tzinfo=LONDON),
        ends_at=datetime(2018, 5, 22, 16, tzinfo=LONDON),
    )
    membership = a_membership(cohort)
    for number in range(PEOPLE):
        a_participant(membership, email=f"clock{number}@sample.example")
    connections.close_all()
    return cohort


def test_four_clocks_at_once_send_every_letter_once(cohort, tmp_path):
    run_clocks(tmp_path, TICKER)

    letters = list(Letter.objects.all())
    assert {letter.state for letter in letters} == {Letter.State.SENT}
    assert arrived(tmp_path) == Counter({message_id_of(letter.key): 1 for letter in letters})
    assert len(letters) == PEOPLE


def test_without_the_claim_four_clocks_would_send_some_letters_more_than_once(cohort, tmp_path):
    """The negative control: each clock takes what is due without claiming it and keeps no state."""
    careless = TICKER.replace(
        "for _ in range(3):",
        """
from correspondence import handing_over, ledger
def take(now, limit=ledger.BATCH):
    taken = list(ledger.Letter.objects.filter(state="planned"))
    time.sleep(0.5)
    return taken
ledger.claim = take
def settle_all(letters, before, after, **fields):
    keys = {letter.pk for letter in letters}
    ledger.Letter.objects.filter(pk__in=keys).update(state=after)
    return keys
ledger.settle_all = settle_all
for _ in range(1):""",
    )

    run_clocks(tmp_path, careless)

    assert max(arrived(tmp_path).values()) > 1
