"""Jobs of the queue."""

from celery import shared_task
from django.utils import timezone

from . import consent, following, publishing


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
