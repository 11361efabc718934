"""Jobs of the queue. It only carries "there may be work": the ledger knows what the work is."""

import logging
from threading import Event, Lock, Thread
from typing import Any

from celery import shared_task
from django.conf import settings
from django.db import connections, transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from . import carriers, clock, handing_over, ledger
from .following import unwanted

log = logging.getLogger(__name__)


@shared_task
def tick() -> None:
    clock.tick(timezone.now())


@shared_task
def hand_out() -> None:
    handing_over.hand_out(timezone.now(), unwanted)


@shared_task
def sweep() -> None:
    ledger.sweep(timezone.now())


def nudge() -> None:
    """Asks for a hand-out once the transaction is committed. Without a queue the next tick does it."""
    transaction.on_commit(_nudge, robust=True)


def _nudge() -> None:
    if settings.CELERY_TASK_ALWAYS_EAGER and not carriers.is_remote():
        # Nothing to wait for: the mail room shows the letter on the next page.
        hand_out.delay()
    else:
        messenger.call()


class Messenger:
    """Takes the word of a job to the queue in a thread, so that no request ever waits for Redis, nor for the job itself
    where there is no Redis. Any number of calls while it is on its way are one more way."""

    def __init__(self, job: Any) -> None:
        self.job = job
        self.lock, self.called, self.is_away = Lock(), Event(), False

    def call(self) -> None:
        with self.lock:
            self.called.set()
            if self.is_away:
                return
            self.is_away = True
        # Not a daemon: a process that ends lets a letter in hand come to its end.
        Thread(target=self.go, name="messenger").start()

    def go(self) -> None:
        try:
            while self.goes_on():
                try:
                    self.job.delay()
                except OperationalError as error:
                    log.warning("queue unavailable, the clock will see to %s: %s", self.job.name, error)
                except Exception:
                    log.exception("no %s; the clock will see to it", self.job.name)
        finally:
            connections.close_all()

    def goes_on(self) -> bool:
        with self.lock:
            self.is_away = self.called.is_set()
            self.called.clear()
            return self.is_away


messenger = Messenger(hand_out)
