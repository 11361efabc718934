"""Jobs of the queue."""

from celery import shared_task
from django.utils import timezone

from .attaching import forget_removed
from .locking import seal_locked


@shared_task
def seal_notes() -> int:
    return seal_locked(timezone.now())


@shared_task
def forget_removed_files() -> int:
    return forget_removed(timezone.now())
