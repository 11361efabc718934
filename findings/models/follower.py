from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.urls import reverse

from correspondence.models import new_token


class FollowerQuerySet(models.QuerySet["Follower"]):
    def confirmed(self) -> FollowerQuerySet:
        return self.filter(confirmed_at__isnull=False)


class Follower(models.Model):
    """An address that is told when one finding is corrected or withdrawn. Who leaves is forgotten."""

    CONFIRM_WITHIN = timedelta(days=7)

    finding = models.ForeignKey("findings.Finding", models.PROTECT, related_name="followers")
    address = models.EmailField(max_length=320, help_text="In small letters.")
    # Two keys: who was forwarded a letter holds the one to leave with, and must not be able to follow by it.
    confirm_key = models.CharField(max_length=64, unique=True, default=new_token, editable=False)
    leave_key = models.CharField(max_length=64, unique=True, default=new_token, editable=False)
    asked_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    # What the reader has been told of, or has seen: “release 2”, “withdrawn 2018-05-14”.
    told = models.CharField(max_length=40, blank=True)

    objects = FollowerQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at"]
        constraints = [models.UniqueConstraint(fields=["finding", "address"], name="follower_once_a_finding")]

    def __str__(self) -> str:
        return f"{self.address} follows {self.finding}"

    def can_confirm(self, now: datetime) -> bool:
        return self.confirmed_at is None and now < self.asked_at + self.CONFIRM_WITHIN

    def confirm_url(self) -> str:
        return settings.PORTAL_URL + reverse("findings:follow_confirm", args=[self.confirm_key])

    def leave_url(self) -> str:
        return settings.PORTAL_URL + reverse("findings:follow_leave", args=[self.leave_key])
