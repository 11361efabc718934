"""Processes that hand letters over and are killed: at every step by name, and four of them at any moment.

The mail server is the only judge: it counts what arrived, by Message-ID. The points at which a process ends itself are
put into the child from here; the portal's own code has no such switch.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
from django.db import connections
from django.utils import timezone

from correspondence import ledger
from correspondence.handing_over import LEASE
from correspondence.ledger import CLAIM_LEASE
from correspondence.models import Letter
from tests.correspondence.sink import Sink
from tests.correspondence.test_ledger import intend
from tests.races.test_clock import HOME, database_url

State = Letter.State

# Hands out until nothing is left; ends itself, as if killed, at the step it is told.
DRAINER = """
import os, sys, time
import django
django.setup()
from django.utils import timezone
from correspondence import carriers, handing_over, ledger

def dies(module, name, before=False, after=False):
    real = getattr(module, name)
    def killed(*args, **kwargs):
        if before:
            os._exit(9)
        result = real(*args, **kwargs)
        if after:
            os._exit(9)
        return result
    setattr(module, name, killed)

step = sys.argv[1]
SMTP = carriers.SMTPCarrier
points = {
    "before_claim": (ledger, "claim", True), "after_claim": (ledger, "claim", False),
    "after_connect": (SMTP, "open", False), "after_rcpt": (SMTP, "envelope", False),
    "after_marker": (SMTP, "deliver", True), "after_250": (SMTP, "deliver", False),
}
if step == "after_commit":
    digest = handing_over.Round.digest
    def killed(self, report, order):
        if report.answer:
            os._exit(9)
        digest(self, report, order)
    handing_over.Round.digest = killed
elif step in points:
    module, name, before = points[step]
    dies(module, name, before=before, after=not before)
exec(os.environ.get("ALSO", ""))
nobody = lambda letters, now: set()
while True:
    handing_over.hand_out(timezone.now(), nobody)
    if step == "on":
        time.sleep(0.02)
        continue
    break
"""


@pytest.fixture
def sink(transactional_db):
    connections.close_all()
    with Sink() as sink:
        yield sink


def drainer(sink: Sink, step: str = "", **environment: str) -> subprocess.Popen:
    env = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "lgr6.settings",
        "REHEARSAL": "true",
        "SECRET_KEY": "only-for-the-test-suite-0123456789-abcdefghijklmnopqrstuvwxyz",
        "DATABASE_URL": database_url(),
        "REDIS_URL": "",
        "EMAIL_URL": f"smtp://127.0.0.1:{sink.port}",
        **environment,
    }
    return subprocess.Popen([sys.executable, "-c", DRAINER, step], cwd=HOME, env=env)


def write(number: int) -> list[str]:
    """Letters due now; their Message-IDs."""
    intents = [intend(f"pat{index}@sample.example", due_at=timezone.now()) for index in range(number)]
    ledger.write(intents)
    return [ledger.message_id_of(one.key) for one in intents]


def after_the_leases() -> None:
    """What the sweep and the next hand-out do a minute later, with the leases of the dead run out."""
    Letter.objects.filter(state=State.CLAIMED).update(held_until=timezone.now() - CLAIM_LEASE)
    Letter.objects.filter(state=State.SENDING).update(held_until=timezone.now() - LEASE)


@pytest.mark.parametrize(
    ("step", "then", "arrivals"),
    [
        ("before_claim", State.PLANNED, 0),
        ("after_claim", State.CLAIMED, 0),
        ("after_connect", State.CLAIMED, 0),
        ("after_rcpt", State.CLAIMED, 0),
        ("after_marker", State.SENDING, 0),
        ("after_250", State.SENDING, 1),
        ("after_commit", State.SENT, 1),
    ],
)
def test_a_process_killed_at_a_step_leaves_no_letter_twice_and_none_lost(sink, step, then, arrivals):
    [message_id] = write(1)

    assert drainer(sink, step).wait(timeout=60) == 9
    assert (Letter.objects.get().state, sink.arrived[message_id]) == (then, arrivals)

    after_the_leases()
    assert drainer(sink).wait(timeout=60) == 0

    letter = Letter.objects.get()
    if then == State.SENDING:
        # The one moment nobody can decide: shown to staff, and not sent again on a guess.
        assert (letter.state, sink.arrived[message_id]) == (State.IN_DOUBT, arrivals)
    else:
        assert (letter.state, sink.arrived[message_id]) == (State.SENT, 1)


def test_sent_again_on_a_guess_a_letter_would_arrive_twice(sink):
    """The negative control: the sweep takes what was being sent for unsent."""
    [message_id] = write(1)
    drainer(sink, "after_250").wait(timeout=60)
    after_the_leases()
    careless = (
        "sweep = ledger.sweep\n"
        "def blind(now):\n"
        "    ledger.Letter.objects.filter(state='sending').update(state='planned', held_until=None)\n"
        "    sweep(now)\n"
        "ledger.sweep = blind"
    )

    assert drainer(sink, ALSO=careless).wait(timeout=60) == 0

    assert sink.arrived[message_id] == 2


def test_four_processes_that_are_killed_now_and_then_send_no_letter_twice_and_lose_none(sink):
    message_ids = write(200)
    sink.script.before_answer = lambda recipient: time.sleep(0.02)
    # Leases of the dead run out while one watches; a second is short enough to doubt the living now and then, too.
    short = (
        "from datetime import timedelta\n"
        "ledger.CLAIM_LEASE = handing_over.CLAIM_LEASE = timedelta(seconds=2)\n"
        "ledger.LEASE = handing_over.LEASE = timedelta(seconds=1)"
    )
    drainers = [drainer(sink, "on", ALSO=short) for _ in range(4)]
    kills = 0
    try:
        until = time.monotonic() + 40
        while not settled() and time.monotonic() < until:
            time.sleep(0.25)
            if sink.arrived and kills < 6:
                victim = kills % 4
                drainers[victim].send_signal(signal.SIGKILL)
                drainers[victim].wait()
                drainers[victim] = drainer(sink, "on", ALSO=short)
                kills += 1
    finally:
        for process in drainers:
            process.kill()
            process.wait()
    Letter.objects.filter(state=State.SENDING).update(held_until=timezone.now())
    ledger.sweep(timezone.now())

    states = dict(Letter.objects.values_list("message_id", "state"))
    assert kills > 0
    assert {message_id: count for message_id, count in sink.arrived.items() if count > 1} == {}
    assert set(states) == set(message_ids)
    assert set(states.values()) <= {State.SENT, State.IN_DOUBT}
    assert [one for one, state in states.items() if state == State.SENT and not sink.arrived[one]] == []


def settled() -> bool:
    return not Letter.objects.filter(state__in=[State.PLANNED, State.CLAIMED, State.RETRY]).exists()
