from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from participants.models import Membership, User
from research.models import NoteVersion, ResearchNote

from .permission import Permission


class ExcerptQuerySet(models.QuerySet["Excerpt"]):
    def present(self) -> ExcerptQuerySet:
        return self.filter(withdrawn_at=None).with_voices()

    def with_voices(self) -> ExcerptQuerySet:
        """Each with its note, who wrote it, and every answer."""
        return self.select_related(
            "version__note__membership__organisation", "version__note__phase", "version__author"
        ).prefetch_related("permissions__by", "permissions__link")

    def left_out(self) -> ExcerptQuerySet:
        """Those that only a voice kept out, and that its yes would bring back."""
        return self.filter(withdrawn_because__in=[Excerpt.Why.REFUSED, Excerpt.Why.SILENCE])

    def closed(self) -> ExcerptQuerySet:
        """Those still in a finding whose note may not be quoted any more."""
        return self.filter(withdrawn_at=None).exclude(
            Q(version__note__may_be_quoted=True, version__note__deleted_at=None)
            & ~Q(version__note__audience=ResearchNote.Audience.ME)
        )


class Excerpt(models.Model):
    """A passage of a note's version that a finding rests on: later edits of the note never change it.

    It is published when its organisation and who wrote it have each said yes to its very words.
    """

    class Why(models.TextChoices):
        STAFF = "staff", "taken out by staff"
        REFUSED = "refused", "refused"
        SILENCE = "silence", "not answered in time"
        CLOSED = "closed", "its note may no longer be quoted"

    finding = models.ForeignKey("findings.Finding", models.PROTECT, related_name="excerpts")
    version = models.ForeignKey(NoteVersion, models.PROTECT, related_name="excerpts")
    quote = models.TextField(help_text="Word for word from the note.")
    wording = models.TextField(
        blank=True, help_text="The organisation's own words in its place, where it wanted others."
    )
    is_counter = models.BooleanField("counter-example", default=False, help_text="Speaks against the finding.")
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+")
    asked_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="When its words were asked about.")
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_because = models.CharField(max_length=8, choices=Why, blank=True)

    objects = ExcerptQuerySet.as_manager()

    # What stands in the working copy for words that are no longer anybody's to read.
    GONE = "[Words of a note that may no longer be quoted]"

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"Words from a note of {self.version.note.membership}"

    def clean(self) -> None:
        if self.quote not in self.version.body:
            raise ValidationError("These words are not in that version of the note.")
        if self.finding_id and self.version.note.membership.cohort_id != self.finding.cohort_id:
            raise ValidationError("This note belongs to another cohort.")
        # One that is there already must not keep the finding from being saved: `hindrances` keeps it from the public.
        if self.pk is None and not self.may_be_quoted:
            raise ValidationError("This note may not be quoted.")

    @property
    def may_be_quoted(self) -> bool:
        note = self.version.note
        return note.may_be_quoted and not note.is_draft and note.deleted_at is None

    @property
    def membership(self) -> Membership:
        return self.version.note.membership

    @property
    def words(self) -> str:
        """What would be published."""
        return self.wording or self.quote

    @property
    def mark(self) -> str:
        """SHA-256 of its words: what a yes is to."""
        return hashlib.sha256(self.words.encode()).hexdigest()

    @property
    def writer(self) -> User | None:
        """Who wrote the words, as long as they can be asked. Of somebody who is gone, the organisation speaks alone."""
        author = self.version.author
        return author if author is not None and author.is_active else None

    @property
    def voices(self) -> list[str]:
        """Who has to say yes."""
        return [Permission.Voice.ORGANISATION, *([Permission.Voice.WRITER] if self.writer else [])]

    def said(self, voice: str) -> Permission | None:
        """The latest answer of this voice."""
        return next((row for row in reversed(self.permissions.all()) if row.voice == voice), None)

    def is_open_to(self, voice: str) -> bool:
        """Whether this voice has still to answer for the words as they stand."""
        said = self.said(voice)
        return said is None or said.words != self.words

    @property
    def is_open(self) -> bool:
        """Whether any voice has still to answer for the words as they stand."""
        return any(map(self.is_open_to, self.voices))

    def has_yes(self, voice: str) -> bool:
        said = self.said(voice)
        return said is not None and said.answer == Permission.Answer.YES and said.words == self.words

    @property
    def is_agreed(self) -> bool:
        return all(self.has_yes(voice) for voice in self.voices)

    @property
    def proposal(self) -> str:
        """Other words the organisation asked for, while they are not taken over."""
        said = self.said(Permission.Voice.ORGANISATION)
        return said.proposal if said and said.answer == Permission.Answer.CHANGE and said.words == self.words else ""

    def hindrances(self) -> list[str]:
        """Why its words cannot be published, a sentence each."""
        whose = self.membership
        if not self.may_be_quoted:
            # Not which words: they may be private now.
            return [f"A note of {whose} that it quotes may no longer be quoted."]
        reasons = []
        for voice in self.voices:
            who = str(whose) if voice == Permission.Voice.ORGANISATION else "Who wrote it"
            said = self.said(voice)
            short = f"“{self.words[:60]}{'…' if len(self.words) > 60 else ''}”"
            if said is None:
                reasons.append(f"{who} has not answered for the excerpt {short} of {whose}.")
            elif said.words != self.words:
                reasons.append(f"{who} answered for other words than the excerpt {short} of {whose} has now.")
            elif said.answer == Permission.Answer.CHANGE:
                reasons.append(f"{who} wants other words for the excerpt {short} of {whose}.")
            elif said.answer == Permission.Answer.NO:
                reasons.append(f"{who} refused the excerpt {short} of {whose}.")
        return reasons

    def content(self) -> dict[str, Any]:
        note = self.version.note
        return {
            "id": self.pk,
            "quote": self.words if self.may_be_quoted else self.GONE,
            "is_reworded": bool(self.wording),
            "is_counter": self.is_counter,
            "organisation": note.membership.name,
            "organisation_slug": note.membership.organisation.slug,
            "phase": str(note.phase) if note.phase else "",
        }


def readable_by(excerpts: Iterable[Excerpt], memberships: Iterable[Membership]) -> list[Excerpt]:
    """Those that people of these organisations may read before they are published: their own, and what is agreed."""
    own = set(memberships)
    return [excerpt for excerpt in excerpts if excerpt.membership in own or excerpt.is_agreed]
