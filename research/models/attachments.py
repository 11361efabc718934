"""Pictures and documents hung on notes: who may read them, and what became of them."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q
from django.urls import reverse

from participants.models import User

from .notes import ResearchNote

ALT_LIMIT = 300  # characters of a picture's description
# How long a file that was taken off a note can be put back.
KEPT_AFTER_REMOVAL = timedelta(days=30)


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    def visible_to(self, user: User | AnonymousUser) -> AttachmentQuerySet:
        """Files of notes the person may read; one that was taken off is nobody's to read until it is put back."""
        return self.present().filter(note__in=ResearchNote.objects.visible_to(user))

    def present(self) -> AttachmentQuerySet:
        return self.filter(removed_at=None)

    def to_put_back(self, user: User, now: datetime) -> AttachmentQuerySet:
        """Files taken off in the last 30 days, of notes the person may read.

        What was taken off a private note stays with whoever did so: sharing the note must not bring it to light.
        """
        return self.filter(
            Q(removed_in_private=False) | Q(removed_by=user),
            note__in=ResearchNote.objects.visible_to(user),
            removed_at__gt=now - KEPT_AFTER_REMOVAL,
        )


class Attachment(models.Model):
    """A picture or document hung on a note; it stays with the note and is read by whoever may read the note."""

    uuid = models.UUIDField(primary_key=True, default=uuid.uuid4)
    note = models.ForeignKey(ResearchNote, models.PROTECT, related_name="attachments")
    upload_id = models.UUIDField(help_text="The client's name for the upload: a repeat is answered, not stored again.")
    stored_as = models.CharField(max_length=40, unique=True, help_text="The file's random name in FILES_DIR.")
    name = models.CharField(max_length=120, help_text="Rebuilt from the name it came with.")
    alt = models.CharField("description", max_length=ALT_LIMIT, blank=True, help_text="What a picture shows, in words.")
    content_type = models.CharField(max_length=100, help_text="By its content, not by its name.")
    size = models.PositiveIntegerField(help_text="Bytes.")
    sha256 = models.CharField(max_length=64)
    width = models.PositiveIntegerField(null=True, blank=True, help_text="Pixels; pictures only.")
    height = models.PositiveIntegerField(null=True, blank=True)
    scanned_at = models.DateTimeField(null=True, blank=True, help_text="When a virus scanner passed it, if one is set.")
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    added_at = models.DateTimeField()
    removed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    removed_at = models.DateTimeField(null=True, blank=True)
    removed_in_private = models.BooleanField(default=False, help_text="The note was a private draft at that moment.")

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        ordering = ["added_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["note", "upload_id"], name="upload_stored_once"),
            models.CheckConstraint(
                condition=Q(removed_at=None, removed_by=None) | Q(removed_at__isnull=False, removed_by__isnull=False),
                name="attachment_removed_by_someone",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("research:attachment_detail", args=[self.note.membership.cohort.slug, self.note_id, self.pk])

    @property
    def is_picture(self) -> bool:
        return self.content_type.startswith("image/")

    @property
    def may_be_shown(self) -> bool:
        """Whether a finding may show it: as the note may be quoted, so may its pictures be shown."""
        return self.is_picture and self.removed_at is None and self.note.may_be_quoted

    def describe(self, alt: str) -> None:
        self.alt = alt
        self.save(update_fields=["alt"])

    describe.alters_data = True  # type: ignore[attr-defined]

    def take_off(self, user: User, now: datetime) -> None:
        """Nobody finds or reads it any more; for 30 days it can be put back. Doing so twice changes nothing."""
        if self.removed_at is None:
            self.removed_at, self.removed_by, self.removed_in_private = now, user, self.note.is_draft
            self.save(update_fields=["removed_at", "removed_by", "removed_in_private"])

    take_off.alters_data = True  # type: ignore[attr-defined]

    def put_back(self) -> None:
        self.removed_at, self.removed_by, self.removed_in_private = None, None, False
        self.save(update_fields=["removed_at", "removed_by", "removed_in_private"])

    put_back.alters_data = True  # type: ignore[attr-defined]
