"""The notes people write, who may read them, and every text a note ever had."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Min, Q, QuerySet
from django.db.models.functions import Left
from django.urls import reverse

from correspondence.wallclock import within_reason
from discussions.models import Comment, Discussion, SearchEntry
from participants.models import Cohort, Membership, Mentorship, Seat, User

from .experiments import Experiment
from .phases import Kind, ResearchPhase, kinds_of

OPENING = 320  # characters of a note that a list shows
# How long a deleted note waits where its organisation can put it back. Then staff still can: nothing is erased.
WAITS = timedelta(days=30)


class ResearchNoteQuerySet(models.QuerySet["ResearchNote"]):
    def visible_to(self, user: User | AnonymousUser) -> ResearchNoteQuerySet:
        """Notes the person may read.

        Audience "me": the author alone, staff included in the refusal. "organisation": people with a live seat
        there, its mentors, staff. "cohort": everyone seated in the cohort as well. A mentor reads shared notes
        of the organisations they mentor and no others.
        """
        if not user.is_authenticated:
            return self.none()
        own = Q(author=user, audience=ResearchNote.Audience.ME)
        shared = ~Q(audience=ResearchNote.Audience.ME)
        if user.is_staff:
            return self.filter(own | shared)
        seats = Seat.objects.live().filter(user=user)
        mentorships = Mentorship.objects.live().filter(mentor__user=user)
        same_organisation = Q(membership__in=seats.values("membership"))
        same_cohort = Q(membership__cohort__in=seats.values("membership__cohort"))
        mentored = Q(membership__in=mentorships.values("membership"))
        return self.filter(
            own | (shared & (same_organisation | mentored)) | (Q(audience=ResearchNote.Audience.COHORT) & same_cohort)
        )

    def kept_by(self, user: User) -> ResearchNoteQuerySet:
        """Notes that are the person's to change, deleted ones too: the rule of `ResearchNote.is_kept_by`."""
        seats = Seat.objects.live().filter(user=user)
        own = Q(author=user) | ~Q(audience=ResearchNote.Audience.ME)
        return self.filter(own, membership__in=seats.values("membership"))

    def waiting(self, now: datetime) -> ResearchNoteQuerySet:
        """Deleted notes that can still be put back by those whose they are; a private one for as long as it takes."""
        return self.filter(
            Q(deleted_at__gt=now - WAITS) | Q(audience=ResearchNote.Audience.ME, deleted_at__isnull=False)
        )

    def drafts_of(self, user: User) -> ResearchNoteQuerySet:
        """Private drafts: they stay with the person, also when their seat has ended."""
        return self.present().filter(author=user, audience=ResearchNote.Audience.ME)

    def present(self) -> ResearchNoteQuerySet:
        return self.filter(deleted_at=None)

    def shared(self) -> ResearchNoteQuerySet:
        """Notes that someone beside the author may read."""
        return self.present().exclude(audience=ResearchNote.Audience.ME)

    def for_list(self) -> ResearchNoteQuerySet:
        """With what a row shows, own drafts first, then the latest; the text as its `opening` only."""
        first = models.Case(models.When(audience=ResearchNote.Audience.ME, then=0), default=1)
        return (
            self.select_related("membership__cohort", "membership__organisation", "author", "phase")
            .annotate(opening=Left("body", OPENING))
            .defer("body")
            .order_by(first, "-updated_at", "pk")
        )

    def matching(self, sought: list[str]) -> ResearchNoteQuerySet:
        """Notes that have all the stems (discussions/words.py) in title and text, or in one comment."""
        if not sought:
            return self.none()
        entries = SearchEntry.objects.filter(words__has=" ".join(sought))
        return self.filter(discussion__in=entries.values("discussion"))

    def ranked(self, sought: list[str]) -> QuerySet[ResearchNote, dict[str, Any]]:
        """The same notes as `pk` and `place`: found in titles, in texts, in comments; of each the newest first.

        Only what ranking needs, so that the texts of all that is found stay on the disk.
        """
        if not sought:
            return self.none().values("pk")
        return (
            self.filter(discussion__search_entries__words__has=" ".join(sought))
            .values("pk", "updated_at")
            .annotate(place=Min("discussion__search_entries__place"))
            .order_by("place", "-updated_at", "pk")
        )


class ResearchNote(models.Model):
    """What somebody noticed, tried, or thinks. It stays with the organisation; while private, with its author."""

    class Audience(models.TextChoices):
        ME = "me", "Only me"
        ORGANISATION = "organisation", "My organisation, our mentor and Culture24"
        COHORT = "cohort", "The whole cohort"

    uuid = models.UUIDField(primary_key=True, default=uuid.uuid4)
    membership = models.ForeignKey(Membership, models.PROTECT, related_name="notes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="notes")
    title = models.CharField(max_length=200, blank=True)
    body = models.TextField(blank=True, help_text="Markdown.")
    kind = models.CharField(max_length=12, choices=Kind, default=Kind.REFLECTION)
    phase = models.ForeignKey(ResearchPhase, models.PROTECT, null=True, blank=True, related_name="notes")
    experiment = models.ForeignKey(Experiment, models.PROTECT, null=True, blank=True, related_name="notes")
    happened_on = models.DateField(validators=[within_reason], null=True, blank=True)
    audience = models.CharField(max_length=12, choices=Audience, default=Audience.ME)
    may_be_quoted = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=0, help_text="Grows by one with each accepted save.")
    discussion = models.OneToOneField(Discussion, models.PROTECT, null=True, related_name="note")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    shared_at = models.DateTimeField(null=True, blank=True, help_text="When somebody else could first read it.")
    deleted_at = models.DateTimeField(null=True, blank=True)
    deleted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")

    objects = ResearchNoteQuerySet.as_manager()

    # Filled by name_kinds, and by searching.Found, for pages that show them.
    kind_name = ""
    marked_title = passage = ""
    comment: Comment | None = None

    class Meta:
        ordering = ["-updated_at"]
        indexes = [
            models.Index(name="note_by_organisation", fields=["membership", "-updated_at"]),
            models.Index(name="note_by_phase", fields=["phase", "membership"]),
            # PostgreSQL alone: who may read what search found is read from the index, not from among the texts.
            models.Index(
                name="note_by_thread",
                fields=["discussion"],
                include=["uuid", "membership", "author", "audience", "updated_at", "deleted_at"],
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="note_deleted_by_somebody",
                condition=Q(deleted_at=None, deleted_by=None) | Q(deleted_at__isnull=False, deleted_by__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return self.title or "Untitled note"

    def get_absolute_url(self) -> str:
        return reverse("research:note_detail", args=[self.membership.cohort.slug, self.uuid])

    @property
    def readers(self) -> str:
        """Who may read it, in words."""
        if self.audience == self.Audience.ME:
            return "Only its author can read it"
        if self.audience == self.Audience.ORGANISATION:
            return f"{self.membership.name}, its mentor and programme staff can read it"
        return "Everyone in the cohort can read it"

    @property
    def is_draft(self) -> bool:
        return self.audience == self.Audience.ME

    def is_kept_by(self, user: User) -> bool:
        """Whether it is theirs to change: the author's while seated there; once shared, anyone's seated there."""
        if self.is_draft and user != self.author:
            return False
        return Seat.objects.live().filter(user=user, membership=self.membership).exists()

    def can_be_edited_by(self, user: User) -> bool:
        return self.deleted_at is None and self.is_kept_by(user)

    @property
    def waits_until(self) -> datetime | None:
        """Until when a deleted note can be put back by those whose it is; a private one has no end."""
        return None if self.deleted_at is None or self.is_draft else self.deleted_at + WAITS

    def can_be_put_back_by(self, user: User, now: datetime) -> bool:
        """Theirs, for 30 days; a private draft for ever, since nobody else could put it back."""
        if self.deleted_at is None or not self.is_kept_by(user):
            return False
        return self.waits_until is None or now < self.waits_until

    def is_locked(self, now: datetime) -> bool:
        """Whether its words are fixed: what was shared, from 72 hours after the end of its phase.

        Worked out from the phase's dates and what staff unlocked, whether or not the clock has set the seal. A draft
        that nobody else ever read does not lock; it cannot be shared in a locked phase.
        """
        if self.shared_at is None or self.phase is None or not self.phase.is_locked(now):
            return False
        return not self.unlocks.in_force(now).exists()

    def can_become(self, audience: str, user: User) -> bool:
        """Only its author can make a note private: it would vanish from everyone else's sight."""
        return audience != self.Audience.ME or user == self.author

    def can_be_commented_by(self, user: User) -> bool:
        """Anyone who may read a shared note; who that is, `visible_to` says."""
        return not self.is_draft and self.deleted_at is None and self.discussion_id is not None

    def delete_softly(self, now: datetime, by: User) -> None:
        """Takes the note out of every list; it can be put back, and no version is lost."""
        self.deleted_at, self.deleted_by = now, by
        self.save(update_fields=["deleted_at", "deleted_by"])

    delete_softly.alters_data = True  # type: ignore[attr-defined]

    def put_back(self) -> None:
        self.deleted_at = self.deleted_by = None
        self.save(update_fields=["deleted_at", "deleted_by"])

    put_back.alters_data = True  # type: ignore[attr-defined]


def name_kinds(notes: Iterable[ResearchNote], cohort: Cohort) -> None:
    """Gives every note its `kind_name`: what its cohort calls that kind. One query."""
    names = dict(kinds_of(cohort))
    for note in notes:
        note.kind_name = names[note.kind]


class NoteVersionQuerySet(models.QuerySet["NoteVersion"]):
    def visible_to(self, user: User | AnonymousUser) -> NoteVersionQuerySet:
        """Versions of notes the person may read; what was saved while private, its writer alone, even once shared."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(note__in=ResearchNote.objects.visible_to(user)).filter(
            Q(author=user) | ~Q(audience=ResearchNote.Audience.ME)
        )


class NoteVersion(models.Model):
    """The text of a note as one save brought it. Never changed, never removed."""

    note = models.ForeignKey(ResearchNote, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(null=True, help_text="Empty for a text that lost a conflict and is kept.")
    save_id = models.UUIDField(help_text="The client's name for the save: a repeat is answered, not stored again.")
    base_version = models.PositiveIntegerField()
    is_autosave = models.BooleanField(default=False, help_text="Saved by the editor itself, not at the writer's word.")
    is_late = models.BooleanField(default=False, help_text="Kept because the note was locked when it came.")
    title = models.CharField(max_length=200, blank=True)
    body = models.TextField(blank=True)
    audience = models.CharField(
        max_length=12,
        choices=ResearchNote.Audience,
        default=ResearchNote.Audience.ME,
        help_text="Who could read the note with this save: a private beginning stays private when the note is shared.",
    )
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    objects = NoteVersionQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["note", "save_id"], name="save_stored_once"),
            models.UniqueConstraint(fields=["note", "number"], name="version_number_once"),
        ]

    def __str__(self) -> str:
        return f"Version {self.number}" if self.number else "Kept copy"

    @property
    def is_conflict(self) -> bool:
        return self.number is None
