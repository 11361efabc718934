"""Times that mentors offer, the sessions held in them, and what was agreed."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse

from participants.models import Membership, Mentor, Mentorship, Seat, User


class SlotQuerySet(models.QuerySet["Slot"]):
    def visible_to(self, user: User | AnonymousUser) -> SlotQuerySet:
        """A mentor's own times; for people with a seat, the times of their organisation's mentors; all for staff."""
        if not user.is_authenticated:
            return self.none()
        if user.is_staff:
            return self
        seats = Seat.objects.live().filter(user=user)
        return self.filter(
            Q(mentor__user=user, mentor__ended_at=None)
            | Exists(
                Mentorship.objects.live().filter(
                    mentor=OuterRef("mentor"), membership__in=seats.values("membership")
                )
            )
        )

    def bookable(self, now: datetime) -> SlotQuerySet:
        """Times that can be booked now: offered, far enough ahead, and free."""
        return self.filter(withdrawn_at=None, starts_at__gt=now + Slot.NOTICE).exclude(
            Exists(MentoringSession.objects.live().filter(slot=OuterRef("pk")))
        )


class Slot(models.Model):
    """A time a mentor offers."""

    # How long before the start a time can still be booked, and by an organisation moved or cancelled (Q8).
    NOTICE = timedelta(hours=24)
    CANCEL_NOTICE = timedelta(hours=12)

    mentor = models.ForeignKey(Mentor, models.PROTECT, related_name="slots")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    join_url = models.URLField("link to join", blank=True, help_text="Shown to those who booked, and to nobody else.")
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = SlotQuerySet.as_manager()

    class Meta:
        ordering = ["starts_at"]
        constraints = [
            models.CheckConstraint(
                name="slot_ends_after_start",
                condition=Q(ends_at__gt=F("starts_at")),
                violation_error_message="The time must end after it starts.",
            ),
            models.UniqueConstraint(
                fields=["mentor", "starts_at"],
                condition=Q(withdrawn_at=None),
                name="slot_offered_once",
                violation_error_message="This time is offered already.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.mentor.user}, {self.starts_at:%d.%m.%Y %H:%M}"


class MentoringSessionQuerySet(models.QuerySet["MentoringSession"]):
    def live(self) -> MentoringSessionQuerySet:
        """Sessions that hold their time: booked or held."""
        return self.filter(state__in=MentoringSession.LIVE)

    def visible_to(self, user: User | AnonymousUser) -> MentoringSessionQuerySet:
        """Sessions of the person's organisation, the mentor's own, all for staff."""
        if not user.is_authenticated:
            return self.none()
        if user.is_staff:
            return self
        return self.filter(
            Q(mentor__user=user, mentor__ended_at=None)
            | Exists(Seat.objects.live().filter(user=user, membership=OuterRef("membership")))
        )


class MentoringSession(models.Model):
    """A time booked by an organisation. It carries its own times, so the database can refuse an overlap."""

    class State(models.TextChoices):
        BOOKED = "booked", "booked"
        HELD = "held", "held"
        NO_SHOW = "no_show", "nobody came"
        CANCELLED = "cancelled", "cancelled"

    LIVE = [State.BOOKED, State.HELD]

    slot = models.ForeignKey(Slot, models.PROTECT, related_name="sessions")
    mentor = models.ForeignKey(Mentor, models.PROTECT, related_name="sessions")
    membership = models.ForeignKey(Membership, models.PROTECT, related_name="sessions")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False, help_text="Its name in calendars, for life.")
    sequence = models.PositiveIntegerField(default=0, editable=False)
    state = models.CharField(max_length=10, choices=State, default=State.BOOKED)
    wish = models.TextField("what we would like to talk about", blank=True)
    booked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="booked_sessions")
    booked_at = models.DateTimeField()
    cancelled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="cancelled_sessions"
    )
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancelled_because = models.CharField(max_length=250, blank=True)
    record = models.TextField("shared record", blank=True, help_text="The organisation reads it. Markdown.")
    recorded_at = models.DateTimeField(null=True, blank=True)

    objects = MentoringSessionQuerySet.as_manager()

    class Meta:
        ordering = ["starts_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["slot"], condition=Q(state__in=["booked", "held"]), name="one_live_session_a_slot"
            ),
            models.CheckConstraint(name="session_ends_after_start", condition=Q(ends_at__gt=F("starts_at"))),
        ]

    def __str__(self) -> str:
        return f"{self.membership} with {self.mentor.user}, {self.starts_at:%d.%m.%Y %H:%M}"

    def get_absolute_url(self) -> str:
        return reverse("mentoring:session_detail", args=[self.membership.cohort.slug, self.pk])

    @property
    def is_live(self) -> bool:
        return self.state in self.LIVE

    def is_led_by(self, user: User | AnonymousUser) -> bool:
        return bool(user.is_authenticated) and self.mentor.ended_at is None and self.mentor.user_id == user.pk


class Remark(models.Model):
    """What a mentor notes about a session for mentors alone: the organisation never sees it."""

    session = models.ForeignKey(MentoringSession, models.PROTECT, related_name="remarks")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    body = models.TextField()
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["created_at", "pk"]

    def __str__(self) -> str:
        return f"{self.author}, {self.created_at:%d.%m.%Y}"


class FollowUpQuerySet(models.QuerySet["FollowUp"]):
    def visible_to(self, user: User | AnonymousUser) -> FollowUpQuerySet:
        """What was agreed with organisations whose inside page the person may open."""
        return self.filter(membership__in=Membership.objects.visible_to(user))

    def open(self) -> FollowUpQuerySet:
        return self.filter(done_at=None)


class FollowUp(models.Model):
    """Something agreed in a session, with who does it and by when."""

    session = models.ForeignKey(MentoringSession, models.PROTECT, related_name="follow_ups")
    membership = models.ForeignKey(Membership, models.PROTECT, related_name="follow_ups")
    text = models.CharField(max_length=250)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="follow_ups")
    due_on = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)

    objects = FollowUpQuerySet.as_manager()

    class Meta:
        ordering = [F("due_on").asc(nulls_last=True), "pk"]

    def __str__(self) -> str:
        return self.text

    def is_late(self, today: date) -> bool:
        return self.done_at is None and self.due_on is not None and self.due_on < today

    def tick(self, now: datetime) -> None:
        self.done_at = now
        self.save(update_fields=["done_at"])

    tick.alters_data = True  # type: ignore[attr-defined]

    def reopen(self) -> None:
        self.done_at = None
        self.save(update_fields=["done_at"])

    reopen.alters_data = True  # type: ignore[attr-defined]
