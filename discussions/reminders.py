"""Who hears of what is new in the exchange."""

from datetime import datetime

from django.db.models import QuerySet

from correspondence.models import Choice
from participants.models import Cohort, User

from .digests import Places, digest_reminder
from .models import Comment, Topic


class Topics:
    """Messages in topics: for everyone in the cohort, or in the one organisation, and for staff."""

    def comments(self, since: datetime, now: datetime) -> QuerySet[Comment]:
        return Comment.objects.filter(
            discussion__topic__cohort__status=Cohort.Status.RUNNING,
            created_at__gt=since,
            created_at__lte=now,
            withdrawn_at=None,
        ).select_related("author", "discussion__topic")

    def concerned(self, comments: list[Comment]) -> dict[int, set[int]]:
        topics = {comment.pk: comment.discussion.topic for comment in comments}
        places = Places(topic.cohort_id for topic in topics.values())
        return {
            pk: places.staff
            | (places.membership[topic.membership_id] if topic.membership_id else places.cohort[topic.cohort_id])
            for pk, topic in topics.items()
        }

    def readable(self, user: User, threads: set[int]) -> dict[int, tuple[str, str]]:
        topics = Topic.objects.visible_to(user).filter(discussion__in=threads).select_related("cohort")
        return {topic.discussion_id: (topic.title, topic.get_absolute_url()) for topic in topics}


REMINDERS = [
    digest_reminder(
        kind="exchange",
        label="New in the exchange",
        template="discussions/email/exchange",
        source=Topics(),
        usual=Choice.Pace.DAILY,
    ),
]
