from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q

from participants.models import Cohort, Membership, Seat, User

from .notes import ResearchNote

LINE_LIMIT = 280  # characters


class UsTooQuerySet(models.QuerySet["UsToo"]):
    def visible_to(self, user: User | AnonymousUser) -> UsTooQuerySet:
        """Said under notes the person may read."""
        if not user.is_authenticated:
            return self.none()
        return self.present().filter(note__in=ResearchNote.objects.visible_to(user).shared())

    def present(self) -> UsTooQuerySet:
        return self.filter(removed_at=None)


class UsToo(models.Model):
    """One line under a peer's note: another organisation of the cohort met the same thing, and contributes."""

    note = models.ForeignKey(ResearchNote, models.PROTECT, related_name="us_toos")
    membership = models.ForeignKey(Membership, models.PROTECT, related_name="us_toos")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    line = models.CharField(max_length=LINE_LIMIT)
    said_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)
    removed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")

    objects = UsTooQuerySet.as_manager()

    class Meta:
        verbose_name = "us too"
        verbose_name_plural = "us toos"
        ordering = ["said_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["note", "membership"], condition=Q(removed_at=None), name="us_too_once_an_organisation"
            ),
            models.CheckConstraint(
                condition=Q(removed_at=None, removed_by=None) | Q(removed_at__isnull=False, removed_by__isnull=False),
                name="us_too_removed_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"Us too, {self.membership}"

    def can_be_removed_by(self, user: User) -> bool:
        return user.is_staff or user == self.author

    def remove(self, by: User, now: datetime) -> None:
        """Nobody reads it any more; the organisation can say another. Doing so twice changes nothing."""
        if self.removed_at is None:
            self.removed_at, self.removed_by = now, by
            self.save(update_fields=["removed_at", "removed_by"])

    remove.alters_data = True  # type: ignore[attr-defined]


def may_join(note: ResearchNote, user: User) -> list[Membership]:
    """Organisations the person may say "us too" for: theirs, in the note's cohort, other than the note's own, that
    have not said so yet. The cohort must be running; that the person reads the note is the caller's to know."""
    cohort = note.membership.cohort
    if note.is_draft or note.deleted_at is not None or cohort.status != Cohort.Status.RUNNING:
        return []
    seated = Seat.objects.live().filter(user=user, membership__cohort=cohort)
    said = UsToo.objects.present().filter(note=note)
    return list(
        Membership.objects.filter(pk__in=seated.values("membership"))
        .exclude(pk=note.membership_id)
        .exclude(pk__in=said.values("membership"))
        .select_related("organisation")
    )
