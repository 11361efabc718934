"""Jobs of the queue."""

from celery import shared_task
from django.utils import timezone

from .models import purge_needs


@shared_task
def forget_needs() -> int:
    return purge_needs(timezone.now())
