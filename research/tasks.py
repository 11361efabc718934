"""Jobs of the queue."""

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from correspondence.tasks import Messenger

from .attaching import forget_removed
from .locking import seal_locked
from .packing import forget_lapsed, pack_waiting


@shared_task
def seal_notes() -> int:
    return seal_locked(timezone.now())


@shared_task
def forget_removed_files() -> int:
    return forget_removed(timezone.now())


@shared_task
def pack_archives() -> int:
    return pack_waiting(timezone.now())


@shared_task
def forget_archives() -> int:
    return forget_lapsed(timezone.now())


messenger = Messenger(pack_archives)


def pack_soon() -> None:
    """Asks for a worker once the transaction is committed. Without a queue the clock does it, within a minute."""
    transaction.on_commit(messenger.call, robust=True)
