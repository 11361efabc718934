"""The days the cohort meets, what is planned for them, and who comes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse

from correspondence.wallclock import within_reason
from participants.models import Cohort, Seat, User


class Workshop(models.Model):
    """A day the cohort meets. Its date may not be known yet."""

    class State(models.TextChoices):
        PLANNED = "planned", "planned"
        CANCELLED = "cancelled", "cancelled"

    cohort = models.ForeignKey(Cohort, models.PROTECT, related_name="workshops")
    number = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=200, blank=True)
    starts_at = models.DateTimeField(
        validators=[within_reason], null=True, blank=True, help_text="Europe/London. Empty: date to be confirmed."
    )
    ends_at = models.DateTimeField(validators=[within_reason], null=True, blank=True)
    length = models.CharField(max_length=60, blank=True, help_text="In words, as announced: “full day”.")
    venue = models.CharField(max_length=200, blank=True)
    address = models.TextField(blank=True)
    getting_there = models.TextField(blank=True, help_text="Markdown.")
    join_url = models.URLField("link to join online", blank=True)
    introduction = models.TextField(blank=True, help_text="Markdown.")
    state = models.CharField(max_length=10, choices=State, default=State.PLANNED)
    cancelled_because = models.CharField(max_length=250, blank=True)
    sequence = models.PositiveIntegerField(
        default=0, editable=False, help_text="Grows with each change of time, place or state: calendars see it."
    )
    changed_at = models.DateTimeField(
        "last changed", null=True, blank=True, editable=False, help_text="Its time, place or state."
    )

    # A full day, where only the start is known.
    ASSUMED_LENGTH = timedelta(hours=8)
    WHEN_AND_WHERE = ("starts_at", "ends_at", "venue", "address", "join_url")

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(
                fields=["cohort", "number"],
                name="workshop_number_once",
                violation_error_message="There is a workshop with this number in the cohort.",
            ),
            models.CheckConstraint(
                name="workshop_ends_after_start",
                condition=Q(ends_at__gt=F("starts_at")) | Q(ends_at=None),
                violation_error_message="The workshop must end after it starts.",
            ),
        ]

    def __str__(self) -> str:
        return f"Workshop {self.number}: {self.title}" if self.title else f"Workshop {self.number}"

    def get_absolute_url(self) -> str:
        return reverse("workshops:workshop_detail", args=[self.cohort.slug, self.number])

    @property
    def is_cancelled(self) -> bool:
        return self.state == self.State.CANCELLED

    @property
    def assumed_end(self) -> datetime | None:
        """The end, or eight hours after the start where only the start is known; None without a date."""
        if self.ends_at or not self.starts_at:
            return self.ends_at
        return self.starts_at + self.ASSUMED_LENGTH

    @property
    def place(self) -> str:
        """Where it is, in one line; empty where nobody knows yet. A link to join is never part of it."""
        online = "Online: the link is on the workshop’s page" if self.join_url else ""
        return ", ".join(part.strip() for part in [self.venue, *self.address.splitlines()] if part.strip()) or online

    @property
    def as_calendars_see_it(self) -> tuple[datetime | None, datetime | None, str]:
        """When and where: calendars and people are told when this changes."""
        return self.starts_at, self.ends_at, self.place

    def move(self, now: datetime, **when_and_where: Any) -> None:
        """Another time, another place, or both: any of `WHEN_AND_WHERE`; the others stay. Calendars see what changed.

        A start of None takes the date away. ValueError when the workshop would end too early, or is cancelled.
        """
        before = self.as_calendars_see_it
        starts_at, ends_at = when_and_where.get("starts_at", before[0]), when_and_where.get("ends_at", before[1])
        if self.is_cancelled and (starts_at, ends_at) != before[:2]:
            raise ValueError("A cancelled workshop has no time.")
        if ends_at and (starts_at is None or ends_at <= starts_at):
            raise ValueError("The workshop must end after it starts.")
        for name in self.WHEN_AND_WHERE:
            setattr(self, name, when_and_where.get(name, getattr(self, name)))
        if self.as_calendars_see_it != before and not self.is_cancelled:
            self.sequence, self.changed_at = self.sequence + 1, now
        self.save(update_fields=[*self.WHEN_AND_WHERE, "sequence", "changed_at"])

    move.alters_data = True  # type: ignore[attr-defined]

    def cancel(self, because: str, now: datetime) -> None:
        """Calls the workshop off. Its page stays, with the reason; calendars see it."""
        if not self.is_cancelled:
            self.state, self.cancelled_because = self.State.CANCELLED, because
            self.sequence, self.changed_at = self.sequence + 1, now
            self.save(update_fields=["state", "cancelled_because", "sequence", "changed_at"])

    cancel.alters_data = True  # type: ignore[attr-defined]

    def takes_replies(self, now: datetime) -> bool:
        """Replies are taken until the workshop starts, and while its date is open."""
        return not self.is_cancelled and (self.starts_at is None or now < self.starts_at)

    def is_over(self, now: datetime) -> bool:
        return self.assumed_end is not None and self.assumed_end <= now


class AgendaItem(models.Model):
    """One entry of a workshop's day."""

    workshop = models.ForeignKey(Workshop, models.CASCADE, related_name="agenda")
    starts = models.TimeField(help_text="London wall-clock time.")
    title = models.CharField(max_length=200)
    detail = models.TextField(blank=True)

    class Meta:
        ordering = ["starts", "pk"]

    def __str__(self) -> str:
        return f"{self.starts:%H:%M} {self.title}"


class Material(models.Model):
    """Something to read or use for a workshop, by its address."""

    workshop = models.ForeignKey(Workshop, models.CASCADE, related_name="materials")
    title = models.CharField(max_length=200)
    url = models.URLField()
    note = models.CharField(max_length=250, blank=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.title


class AttendanceQuerySet(models.QuerySet["Attendance"]):
    def coming(self) -> AttendanceQuerySet:
        """Those who said yes or maybe and still have a live seat in the cohort."""
        return self.filter(
            Exists(Seat.objects.live().filter(user=OuterRef("user"), membership__cohort=OuterRef("workshop__cohort"))),
            reply__in=[Attendance.Reply.YES, Attendance.Reply.MAYBE],
        )

    def with_needs(self) -> AttendanceQuerySet:
        return self.exclude(access_needs="", dietary_needs="")


class Attendance(models.Model):
    """One person and one workshop: what they answered, what they need, and whether they came."""

    class Reply(models.TextChoices):
        YES = "yes", "Yes, I will come"
        MAYBE = "maybe", "Maybe"
        NO = "no", "No, I cannot come"

    class Presence(models.TextChoices):
        ATTENDED = "attended", "attended"
        APOLOGIES = "apologies", "sent apologies"
        COLLEAGUE = "colleague", "sent a colleague"
        NO_WORD = "no_word", "no word"

    workshop = models.ForeignKey(Workshop, models.PROTECT, related_name="attendances")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="attendances")
    reply = models.CharField(max_length=5, choices=Reply, blank=True)
    replied_at = models.DateTimeField(null=True, blank=True)
    access_needs = models.CharField(max_length=500, blank=True)
    dietary_needs = models.CharField(max_length=500, blank=True)
    presence = models.CharField(max_length=10, choices=Presence, blank=True)

    NEEDS_KEPT = timedelta(days=30)

    objects = AttendanceQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workshop", "user"], name="attendance_once")]

    def __str__(self) -> str:
        return f"{self.user}, {self.workshop}: {self.reply or 'no reply'}"


def record_reply(
    workshop: Workshop, user: User, reply: str, access_needs: str, dietary_needs: str, now: datetime
) -> Attendance:
    """Keeps the person's answer; a later one replaces it. Refuses with ValueError once replies are closed."""
    if not workshop.takes_replies(now):
        raise ValueError("Replies are closed.")
    attendance, _ = Attendance.objects.update_or_create(
        workshop=workshop,
        user=user,
        defaults={
            "reply": reply,
            "replied_at": now,
            "access_needs": access_needs,
            "dietary_needs": dietary_needs,
        },
    )
    return attendance


def purge_needs(now: datetime) -> int:
    """Forgets access and dietary needs 30 days after the workshop, or once it is off without a date. How many rows."""
    passed = now - Attendance.NEEDS_KEPT
    return (
        Attendance.objects.with_needs()
        .filter(
            Q(workshop__ends_at__lte=passed)
            | Q(workshop__ends_at=None, workshop__starts_at__lte=passed - Workshop.ASSUMED_LENGTH)
            | Q(workshop__starts_at=None, workshop__state=Workshop.State.CANCELLED)
        )
        .update(access_needs="", dietary_needs="")
    )
