"""Nobody waits for a letter to go: the word is taken to the queue, or to the mail server, beside the request."""

from __future__ import annotations

import time

import pytest
from django.db import connections
from django.utils import timezone

from correspondence import ledger, tasks
from correspondence.models import Letter
from tests.correspondence.sink import Sink
from tests.correspondence.test_ledger import intend


@pytest.fixture
def sink(transactional_db, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    with Sink() as sink:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", sink.port
        yield sink


def until(holds, seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.02)
    return False


def is_back() -> bool:
    return not tasks.messenger.is_away


def test_without_a_queue_a_request_does_not_wait_for_the_mail_server(sink):
    sink.script.before_answer = lambda recipient: time.sleep(1)
    ledger.write([intend(due_at=timezone.now())])
    started = time.monotonic()

    tasks.nudge()

    assert time.monotonic() - started < 0.5
    assert until(Letter.objects.filter(state="sent").exists)
    assert until(is_back)


def test_a_letter_written_while_the_messenger_is_away_goes_too(sink):
    sink.script.before_answer = lambda recipient: time.sleep(0.3)
    for number in range(5):
        ledger.write([intend(f"pat{number}@sample.example", due_at=timezone.now())])
        tasks.nudge()
        time.sleep(0.1)

    assert until(lambda: Letter.objects.filter(state="sent").count() == 5)
    assert until(is_back)
    assert set(sink.arrived.values()) == {1}


def test_a_job_that_fails_neither_fails_the_request_nor_keeps_the_next_from_being_done(sink, monkeypatch):
    def breaks():
        raise RuntimeError("no")

    monkeypatch.setattr(tasks.hand_out, "delay", breaks)
    tasks.nudge()
    assert until(is_back)
    monkeypatch.undo()
    ledger.write([intend(due_at=timezone.now())])

    tasks.nudge()

    assert until(Letter.objects.filter(state="sent").exists)
    assert until(is_back)
    connections.close_all()
