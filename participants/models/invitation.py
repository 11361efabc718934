"""Offers of a place, each to one address."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.urls import reverse

from correspondence.models import new_token
from correspondence.wallclock import within_reason

from .cohorts import Cohort, Membership


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open(self, now: datetime) -> InvitationQuerySet:
        return self.filter(accepted_at=None, cancelled_at=None, expires_at__gt=now)


class Invitation(models.Model):
    """An offer of a seat in an organisation, or of a mentor's role, to one address."""

    LASTS = timedelta(days=14)

    class State(models.TextChoices):
        OPEN = "open", "open"
        ACCEPTED = "accepted", "accepted"
        EXPIRED = "expired", "expired"
        CANCELLED = "cancelled", "cancelled"

    email = models.EmailField()
    name = models.CharField(max_length=120, blank=True)
    cohort = models.ForeignKey(Cohort, models.PROTECT, related_name="invitations")
    membership = models.ForeignKey(
        Membership, models.PROTECT, null=True, blank=True, related_name="invitations", help_text="Empty: as a mentor."
    )
    affiliation = models.CharField(max_length=200, blank=True, help_text="Whom a mentor comes from.")
    token = models.CharField(max_length=64, unique=True, default=new_token, editable=False)
    renewals = models.PositiveSmallIntegerField(default=0, editable=False)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(validators=[within_reason])
    accepted_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                F("cohort"),
                F("membership"),
                condition=Q(accepted_at=None, cancelled_at=None, membership__isnull=False),
                name="invitation_to_seat_once",
            ),
            models.UniqueConstraint(
                Lower("email"),
                F("cohort"),
                condition=Q(accepted_at=None, cancelled_at=None, membership=None),
                name="invitation_to_mentor_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} to {self.membership or 'mentor'} in {self.cohort}"

    def get_absolute_url(self) -> str:
        return reverse("participants:invitation_accept", args=[self.token])

    def state_at(self, now: datetime) -> Invitation.State:
        if self.accepted_at:
            return self.State.ACCEPTED
        if self.cancelled_at:
            return self.State.CANCELLED
        return self.State.EXPIRED if self.expires_at <= now else self.State.OPEN
