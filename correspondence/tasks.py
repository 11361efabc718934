"""Jobs of the queue. It only carries "there may be work": the ledger knows what the work is."""

import logging

from celery import shared_task
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from . import clock, ledger
from .reminders import unwanted

log = logging.getLogger(__name__)


@shared_task
def tick() -> None:
    clock.tick(timezone.now())


@shared_task
def hand_out() -> None:
    ledger.hand_out(timezone.now(), unwanted)


def nudge() -> None:
    """Asks for a hand-out once the transaction is committed. Without a queue the next tick does it."""
    transaction.on_commit(_nudge, robust=True)


def _nudge() -> None:
    try:
        hand_out.delay()
    except OperationalError as error:
        log.warning("queue unavailable, the clock will hand out: %s", error)
