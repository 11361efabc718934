"""What fixes the words of a note when its phase is over, and what may still be said under them."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from correspondence.wallclock import in_london

from .notes import NoteVersion, ResearchNote


class Seal(models.Model):
    """What a locked note said, as a hash. Written once by the clock; never changed, never removed."""

    note = models.ForeignKey(ResearchNote, models.PROTECT, related_name="seals")
    version = models.PositiveIntegerField(help_text="The version that was sealed.")
    content_hash = models.CharField(max_length=64, help_text="SHA-256 of what it said, see research/locking.py.")
    closes_on = models.DateField(help_text="The phase's last day when the seal was set.")
    locked_at = models.DateTimeField()

    class Meta:
        ordering = ["-locked_at", "-pk"]
        get_latest_by = ["locked_at", "pk"]

    def __str__(self) -> str:
        return f"Version {self.version}, {self.content_hash[:12]}"


class UnlockQuerySet(models.QuerySet["Unlock"]):
    def in_force(self, now: datetime) -> UnlockQuerySet:
        return self.filter(unlocked_at__lte=now, relocks_at__gt=now)


class Unlock(models.Model):
    """Staff opened a locked note for a while, and why: its author reads the reason. It ends by itself."""

    note = models.ForeignKey(ResearchNote, models.PROTECT, related_name="unlocks")
    unlocked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    unlocked_at = models.DateTimeField()
    reason = models.CharField(max_length=250)
    relocks_at = models.DateTimeField()

    objects = UnlockQuerySet.as_manager()

    class Meta:
        ordering = ["-unlocked_at", "-pk"]
        constraints = [
            models.CheckConstraint(name="unlock_ends_after_start", condition=Q(relocks_at__gt=F("unlocked_at"))),
            models.CheckConstraint(name="unlock_has_a_reason", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return self.reason


class Addendum(models.Model):
    """Words added under a locked note, with their date. Never changed, never removed."""

    note = models.ForeignKey(ResearchNote, models.PROTECT, related_name="addenda")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    save_id = models.UUIDField(help_text="The form's name for it: pressed twice, it is added once.")
    late_text = models.ForeignKey(
        NoteVersion, models.PROTECT, null=True, related_name="addenda", help_text="The text it was taken from."
    )
    created_at = models.DateTimeField()
    body = models.TextField()

    class Meta:
        verbose_name_plural = "addenda"
        ordering = ["created_at", "pk"]
        constraints = [models.UniqueConstraint(fields=["note", "save_id"], name="addendum_stored_once")]

    def __str__(self) -> str:
        return f"{self.author}, {in_london(self.created_at)}"
