from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models

from participants.models import Membership


class ReviewLink(models.Model):
    """A key to one finding for somebody without an account, who answers for an organisation or for what they wrote.

    The key itself is in their letter alone; here is its hash.
    """

    LASTS = timedelta(days=14)

    finding = models.ForeignKey("findings.Finding", models.PROTECT, related_name="review_links")
    # Whom its holder speaks for.
    membership = models.ForeignKey(Membership, models.PROTECT, null=True, blank=True, related_name="+")
    writer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    name = models.CharField(max_length=200)
    email = models.EmailField(max_length=320)
    mark = models.CharField(max_length=64, unique=True, editable=False, help_text="SHA-256 of the key.")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+")
    made_at = models.DateTimeField(editable=False)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-made_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="review_link_speaks_for_one",
                condition=models.Q(membership__isnull=False, writer=None)
                | models.Q(membership=None, writer__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} (by link)"

    @staticmethod
    def mark_of(key: str) -> str:
        return hashlib.sha256(key.encode()).hexdigest()

    @property
    def speaks_for(self) -> str:
        return str(self.membership) if self.membership else f"what {self.name} wrote"

    def is_open(self, now: datetime) -> bool:
        return self.revoked_at is None and now < self.expires_at

    def revoke(self, now: datetime) -> None:
        """From now on it opens nothing. What was answered by it stays."""
        self.revoked_at = self.revoked_at or now
        self.save(update_fields=["revoked_at"])

    revoke.alters_data = True  # type: ignore[attr-defined]
