"""Jobs of the queue."""

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from correspondence.tasks import Messenger

from . import consent, following, publishing
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


@shared_task
def keep_consent() -> None:
    """What silence and closed notes mean for excerpts; then what is due is published, and followers are told."""
    now = timezone.now()
    consent.close_unquotable(now)
    consent.leave_out_silent(now)
    consent.remind_reviewers(now)
    publishing.publish_due(now)
    following.tell_followers(now)
    following.forget_unconfirmed(now)
