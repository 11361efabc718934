"""Jobs of the queue."""

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from correspondence.tasks import Messenger

from .printing import ask_for_missing, forget_outdated, print_waiting


@shared_task
def print_reports() -> int:
    now = timezone.now()
    ask_for_missing(now)
    printed = print_waiting(now)
    forget_outdated()
    return printed


messenger = Messenger(print_reports)


def print_soon() -> None:
    """Asks for a worker once the transaction is committed. Without a queue the clock does it, within a minute."""
    transaction.on_commit(messenger.call, robust=True)
