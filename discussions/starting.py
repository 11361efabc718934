"""Starting a topic: a thread, the topic on it and the first word, all or nothing."""

from datetime import datetime

from django.db import transaction

from participants.models import Cohort, Membership, User

from .models import Discussion, Topic


@transaction.atomic
def start_topic(
    cohort: Cohort, membership: Membership | None, title: str, body: str, author: User, now: datetime
) -> Topic:
    """A topic for the whole cohort, or for one organisation in it."""
    topic = Topic.objects.create(
        cohort=cohort,
        membership=membership,
        title=title,
        discussion=Discussion.objects.create(),
        started_by=author,
        created_at=now,
    )
    topic.discussion.add(author, body, now)
    return topic
