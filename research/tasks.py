"""Jobs of the queue."""

from celery import shared_task
from django.utils import timezone

from .locking import seal_locked


@shared_task
def seal_notes() -> int:
    return seal_locked(timezone.now())
