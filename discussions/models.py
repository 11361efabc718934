"""Topics of the exchange and the threads of comments that other apps hang on their own things."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Count, Exists, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse

from participants.models import Cohort, Membership, Seat, User


class Discussion(models.Model):
    """A thread of comments. Whoever points at it owns the permission to read it."""

    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"Discussion {self.pk}"

    def add(self, author: User, body: str, now: datetime) -> Comment:
        return Comment.objects.create(discussion=self, author=author, body=body, created_at=now)

    add.alters_data = True  # type: ignore[attr-defined]


class Comment(models.Model):
    """What one person said in a thread; taken back, its place stays and its text goes from view."""

    discussion = models.ForeignKey(Discussion, models.PROTECT, related_name="comments")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="comments")
    body = models.TextField()
    created_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="withdrawn_comments"
    )

    class Meta:
        ordering = ["created_at", "pk"]

    def __str__(self) -> str:
        return f"{self.author}, {self.created_at:%d.%m.%Y %H:%M}"

    @property
    def is_taken_back_by_author(self) -> bool:
        return self.withdrawn_at is not None and self.withdrawn_by_id == self.author_id

    def withdraw(self, by: User, now: datetime) -> None:
        """Takes the words from view. What staff took back, its author cannot put back."""
        self.withdrawn_at, self.withdrawn_by = now, by
        self.save(update_fields=["withdrawn_at", "withdrawn_by"])

    withdraw.alters_data = True  # type: ignore[attr-defined]

    def put_back(self) -> None:
        self.withdrawn_at = self.withdrawn_by = None
        self.save(update_fields=["withdrawn_at", "withdrawn_by"])

    put_back.alters_data = True  # type: ignore[attr-defined]


class TopicQuerySet(models.QuerySet["Topic"]):
    def visible_to(self, user: User | AnonymousUser) -> TopicQuerySet:
        """Topics of the person's cohort and of their own organisation; staff read every organisation's, too."""
        if not user.is_authenticated:
            return self.none()
        if user.is_staff:
            return self
        return self.filter(
            Q(
                Exists(Seat.objects.live().filter(user=user, membership__cohort=OuterRef("cohort"))),
                membership=None,
            )
            | Exists(Seat.objects.live().filter(user=user, membership=OuterRef("membership")))
        )

    def with_last_word(self) -> TopicQuerySet:
        """Adds comment_count, last_at and last_by (a name); pinned topics first, then what is talked about now."""
        words = Comment.objects.filter(discussion=OuterRef("discussion"), withdrawn_at=None)
        last = words.order_by("-created_at", "-pk")
        return self.annotate(
            comment_count=Count("discussion__comments", filter=Q(discussion__comments__withdrawn_at=None)),
            last_at=Coalesce(Subquery(last.values("created_at")[:1]), "created_at"),
            last_by=Subquery(last.values("author__name")[:1]),
        ).order_by("-is_pinned", "-last_at", "-pk")


class Topic(models.Model):
    """Something the cohort, or one organisation in it, talks about."""

    cohort = models.ForeignKey(Cohort, models.PROTECT, related_name="topics")
    membership = models.ForeignKey(
        Membership, models.PROTECT, null=True, blank=True, related_name="topics", help_text="Empty: the whole cohort."
    )
    title = models.CharField(max_length=160)
    discussion = models.OneToOneField(Discussion, models.PROTECT, related_name="topic")
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="topics")
    created_at = models.DateTimeField()
    is_pinned = models.BooleanField(default=False)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = TopicQuerySet.as_manager()

    class Meta:
        ordering = ["-is_pinned", "-created_at"]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("discussions:topic_detail", args=[self.cohort.slug, self.pk])

    @property
    def takes_replies(self) -> bool:
        """Not when staff closed it, nor once the cohort talks elsewhere: then it can only be read."""
        return self.closed_at is None and not self.cohort.collaboration_url
