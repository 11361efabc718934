"""Notes as one file to take away: who asked for it, how far it is, and whether it may still be handed out."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q
from django.urls import reverse

from discussions.models import Comment
from participants.models import Membership, User

from .. import filing
from .attachments import Attachment
from .notes import ResearchNote, ResearchNoteQuerySet

# How long an archive can be fetched.
KEPT = timedelta(days=7)


class ArchiveQuerySet(models.QuerySet["Archive"]):
    def visible_to(self, user: User | AnonymousUser) -> ArchiveQuerySet:
        """Only those the person asked for: staff see nobody else's either."""
        return self.filter(asked_by=user) if user.is_authenticated else self.none()

    def current(self, now: datetime) -> ArchiveQuerySet:
        """Those whose time is not over, whether or not the clock has swept."""
        return self.filter(Q(lapses_at=None) | Q(lapses_at__gt=now))

    def unfinished(self) -> ArchiveQuerySet:
        return self.filter(state__in=Archive.UNFINISHED)

    def to_take_in_hand(self, now: datetime) -> ArchiveQuerySet:
        """Those that wait, and those whose worker has died."""
        return self.filter(Q(state=Archive.State.WAITING) | Q(state=Archive.State.PACKING, held_until__lte=now))


class Archive(models.Model):
    """A person's own notes, or those an organisation shared, as one ZIP for whoever asked for it."""

    class State(models.TextChoices):
        WAITING = "waiting", "waiting"
        PACKING = "packing", "being packed"
        READY = "ready", "ready"
        FAILED = "failed", "not packed"

    class Trouble(models.TextChoices):
        NO_ROOM = "room", "no room left"
        NOTHING = "nothing", "no note left to read"
        STOPPED = "stopped", "stopped in the middle, more than once"
        BROKEN = "broken", "a fault"

    UNFINISHED = [State.WAITING, State.PACKING]

    uuid = models.UUIDField(primary_key=True, default=uuid.uuid4)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="archives")
    membership = models.ForeignKey(
        Membership, models.CASCADE, null=True, related_name="+", help_text="Whose shared notes; empty: the asker's own."
    )
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    trouble = models.CharField(max_length=10, choices=Trouble, blank=True)
    done = models.PositiveIntegerField(default=0, help_text="Notes packed so far.")
    total = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    held_until = models.DateTimeField(null=True, help_text="A worker that is silent for longer has died.")
    stored_as = models.CharField(max_length=60, blank=True, help_text="The file's name in FILES_DIR, new at each try.")
    size = models.PositiveBigIntegerField(default=0, help_text="Bytes.")
    file_count = models.PositiveIntegerField(default=0, help_text="Photos and files in it.")
    begun_at = models.DateTimeField(null=True, help_text="When the notes in it were first looked at.")
    made_at = models.DateTimeField(null=True)
    lapses_at = models.DateTimeField(null=True)
    # What is in it, so that it is not handed out once any of this is closed to the one who asked.
    notes = models.ManyToManyField(ResearchNote, related_name="+")
    files = models.ManyToManyField(Attachment, related_name="+")

    objects = ArchiveQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["asked_by"],
                condition=Q(state__in=["waiting", "packing"]),
                name="one_archive_under_way_a_person",
            ),
            # One in the whole portal: letters never find every worker busy with archives.
            models.UniqueConstraint(
                fields=["state"], condition=Q(state="packing"), name="one_archive_packed_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"Notes of {self.membership or self.asked_by}"

    def get_absolute_url(self) -> str:
        return reverse("research:archive_detail", args=[self.pk])

    @property
    def is_under_way(self) -> bool:
        return self.state in self.UNFINISHED

    @property
    def standing(self) -> str:
        """Its state; of one that was ready also "closed" (not all of it may be read any more) or "gone" (no file)."""
        if self.state != self.State.READY:
            return self.state
        if self.holds_what_is_closed():
            return "closed"
        return self.State.READY.value if filing.is_there(self.stored_as) else "gone"

    def holds_what_is_closed(self) -> bool:
        """Whether the one who asked may no longer read all of it: a note, a file, or a comment that was taken back."""
        readable = ResearchNote.objects.visible_to(self.asked_by).present()
        withdrawn = Comment.objects.filter(withdrawn_at__gte=self.begun_at)
        return (
            self.notes.exclude(pk__in=readable.values("pk")).exists()
            or self.files.exclude(removed_at=None).exists()
            or self.notes.filter(discussion__comments__in=withdrawn).exists()
        )


def notes_to_take(user: User, membership: Membership | None) -> ResearchNoteQuerySet:
    """The notes the person may read, of their own hand, drafts included; or those the organisation has shared."""
    readable = ResearchNote.objects.visible_to(user).present()
    return readable.filter(author=user) if membership is None else readable.shared().filter(membership=membership)
