from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from participants.models import User
from research import filing
from research.models.attachments import ALT_LIMIT

from .headings import USUAL

# What is said of a picture, and changed by staff; its file is not.
SAID = ("alt", "caption", "credit", "after", "position")


class FindingPictureQuerySet(models.QuerySet["FindingPicture"]):
    def present(self) -> FindingPictureQuerySet:
        return self.filter(removed_at=None)


class FindingPicture(models.Model):
    """A picture in a finding. Its file never changes; what is said of it belongs to the words that are agreed to."""

    finding = models.ForeignKey("findings.Finding", models.CASCADE, related_name="pictures")
    alt = models.CharField(
        "description",
        max_length=ALT_LIMIT,
        blank=True,
        help_text="What it shows, in words, for those who do not see it. It is not published without.",
    )
    caption = models.CharField(max_length=300, blank=True, help_text="Stands below it.")
    credit = models.CharField(max_length=200, help_text="Whose picture it is; stands below it.")
    after = models.CharField(
        "stands after",
        max_length=12,
        choices=list(USUAL.items()),
        blank=True,
        help_text="The part of the text it belongs to; without one it stands before the text.",
    )
    position = models.PositiveSmallIntegerField("place", default=0, help_text="Among several in one place.")
    stored_as = models.CharField(max_length=40, unique=True, editable=False)
    sha256 = models.CharField(max_length=64, editable=False)
    size = models.PositiveIntegerField(editable=False, help_text="Bytes.")
    width = models.PositiveIntegerField(editable=False, help_text="Pixels.")
    height = models.PositiveIntegerField(editable=False)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, editable=False, related_name="+")
    added_at = models.DateTimeField(editable=False)
    removed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    removed_at = models.DateTimeField(null=True, editable=False)

    objects = FindingPictureQuerySet.as_manager()

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(removed_at=None, removed_by=None) | Q(removed_at__isnull=False, removed_by__isnull=False),
                name="picture_removed_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return self.alt or self.caption or f"Picture {self.pk}"

    @property
    def mark(self) -> str:
        """SHA-256 of what is said of it: a change goes in only on top of what its writer saw."""
        said = [str(getattr(self, name)) for name in SAID]
        return hashlib.sha256("\0".join(said).encode()).hexdigest()

    def content(self) -> dict[str, Any]:
        """What a release keeps of it: the file by its SHA-256."""
        named = ("alt", "caption", "credit", "after", "width", "height", "sha256")
        return {"id": self.pk, **{name: getattr(self, name) for name in named}}

    def hindrances(self) -> list[str]:
        """Why it cannot be published, a sentence each."""
        which = f"“{self.caption}”" if self.caption else f"of {self.credit}"
        reasons = []
        if not self.alt.strip():
            reasons.append(f"The picture {which} has no description: say in words what it shows.")
        if not filing.is_there(self.stored_as):
            reasons.append(f"The file of the picture {which} is missing: take it off and add it again.")
        return reasons

    def take_off(self, by: User, now: datetime) -> None:
        """Out of the working copy; what is published stays as it is. Doing so twice changes nothing."""
        if self.removed_at is None:
            self.removed_at, self.removed_by = now, by
            self.save(update_fields=["removed_at", "removed_by"])

    take_off.alters_data = True  # type: ignore[attr-defined]
