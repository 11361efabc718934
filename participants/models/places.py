"""The places people hold in a cohort: a seat in an organisation, a mentor's role, and for whom."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from correspondence.wallclock import within_reason


class Standing(models.TextChoices):
    """Where an organisation stands in a cohort. One that has withdrawn gives its people no place."""

    CONFIRMED = "confirmed", "confirmed"
    JOINED_LATE = "late", "joined late"
    WITHDRAWN = "withdrawn", "withdrawn"


class SeatQuerySet(models.QuerySet["Seat"]):
    def live(self) -> SeatQuerySet:
        """Seats that open doors: not ended, and the organisation has not left."""
        return self.filter(ended_at=None).exclude(membership__status=Standing.WITHDRAWN)


class Seat(models.Model):
    """A person's place in an organisation of a cohort, so that a successor inherits what stays with it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="seats")
    membership = models.ForeignKey("participants.Membership", models.PROTECT, related_name="seats")
    started_at = models.DateTimeField(validators=[within_reason])
    ended_at = models.DateTimeField(validators=[within_reason], null=True, blank=True)

    objects = SeatQuerySet.as_manager()

    class Meta:
        ordering = ["started_at"]
        constraints = [
            models.UniqueConstraint(fields=["user", "membership"], condition=Q(ended_at=None), name="seat_held_once"),
            models.CheckConstraint(
                name="seat_ends_after_start", condition=Q(ended_at__gte=F("started_at")) | Q(ended_at=None)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} at {self.membership}"

    def end(self, now: datetime) -> None:
        """Closes the seat: access ends with this call, notes stay with the organisation."""
        self.ended_at = now
        self.save(update_fields=["ended_at"])

    end.alters_data = True  # type: ignore[attr-defined]


class MentorQuerySet(models.QuerySet["Mentor"]):
    def live(self) -> MentorQuerySet:
        return self.filter(ended_at=None)


class Mentor(models.Model):
    """A person who mentors in a cohort, and whom they come from."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="mentor_roles")
    cohort = models.ForeignKey("participants.Cohort", models.PROTECT, related_name="mentors")
    affiliation = models.CharField(max_length=200, blank=True)
    started_at = models.DateTimeField(validators=[within_reason])
    ended_at = models.DateTimeField(validators=[within_reason], null=True, blank=True)

    objects = MentorQuerySet.as_manager()

    class Meta:
        ordering = ["user__name"]
        constraints = [
            models.UniqueConstraint(fields=["user", "cohort"], name="mentor_once_a_cohort"),
            models.CheckConstraint(
                name="mentor_ends_after_start", condition=Q(ended_at__gte=F("started_at")) | Q(ended_at=None)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.affiliation})" if self.affiliation else str(self.user)

    def end(self, now: datetime) -> None:
        """Closes the role: what the mentor read of organisations closes with this call, records stay."""
        self.ended_at = now
        self.save(update_fields=["ended_at"])

    end.alters_data = True  # type: ignore[attr-defined]


class MentorshipQuerySet(models.QuerySet["Mentorship"]):
    def live(self) -> MentorshipQuerySet:
        return self.filter(ended_at=None, mentor__ended_at=None).exclude(membership__status=Standing.WITHDRAWN)


class Mentorship(models.Model):
    """A mentor for an organisation: decides whose notes the mentor reads."""

    mentor = models.ForeignKey(Mentor, models.PROTECT, related_name="mentorships")
    membership = models.ForeignKey("participants.Membership", models.PROTECT, related_name="mentorships")
    started_at = models.DateTimeField(validators=[within_reason])
    ended_at = models.DateTimeField(validators=[within_reason], null=True, blank=True)

    objects = MentorshipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["mentor", "membership"], condition=Q(ended_at=None), name="mentorship_held_once"
            ),
            models.CheckConstraint(
                name="mentorship_ends_after_start", condition=Q(ended_at__gte=F("started_at")) | Q(ended_at=None)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.mentor} for {self.membership}"

    def end(self, now: datetime) -> None:
        """Ends the mentoring of one organisation: its notes close to the mentor with this call."""
        self.ended_at = now
        self.save(update_fields=["ended_at"])

    end.alters_data = True  # type: ignore[attr-defined]
