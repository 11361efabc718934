from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import F, Q

from participants.models import Membership, Mentorship, User
from research.models import NoteVersion, ResearchNote


def notes_to_gather(user: User | AnonymousUser) -> models.QuerySet[ResearchNote]:
    """Shared notes the person may mark passages in: all for staff, those of the organisations they mentor else."""
    notes = ResearchNote.objects.visible_to(user).shared()
    if not user.is_authenticated or user.is_staff:
        return notes
    mentored = Mentorship.objects.live().filter(mentor__user=user)
    return notes.filter(membership__in=mentored.values("membership"))


class PassageQuerySet(models.QuerySet["Passage"]):
    def visible_to(self, user: User | AnonymousUser) -> PassageQuerySet:
        """Passages of notes the person gathers from. With a note that is private or deleted now, its words go too."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(version__note__in=notes_to_gather(user)).exclude(version__audience=ResearchNote.Audience.ME)

    def present(self) -> PassageQuerySet:
        return self.filter(removed_at=None)

    def for_list(self) -> PassageQuerySet:
        """With the note, whose it is, who marked it and its themes."""
        return self.select_related(
            "version__note__membership__cohort",
            "version__note__membership__organisation",
            "version__note__phase",
            "marked_by",
        ).prefetch_related("themes")


class Passage(models.Model):
    """Words that staff or a mentor marked in one version of a shared note: later edits of the note change nothing."""

    version = models.ForeignKey(NoteVersion, models.PROTECT, related_name="passages")
    start = models.PositiveIntegerField(help_text="In code points of the version's text.")
    end = models.PositiveIntegerField(help_text="Where the words end, not among them.")
    themes = models.ManyToManyField("findings.Theme", blank=True, related_name="passages")
    memo = models.TextField(blank=True, help_text="What whoever marked it thought. Never published.")
    marked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    marked_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True, help_text="When the mark was taken off.")

    objects = PassageQuerySet.as_manager()

    class Meta:
        ordering = ["version", "start", "pk"]
        constraints = [
            models.CheckConstraint(name="passage_has_words", condition=Q(start__lt=F("end"))),
            # The same form sent twice marks once.
            models.UniqueConstraint(
                name="passage_marked_once",
                fields=["version", "start", "end", "marked_by"],
                condition=Q(removed_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"Words from a note of {self.version.note.membership}"

    @property
    def quote(self) -> str:
        """The words themselves."""
        return self.version.body[self.start : self.end]

    @property
    def note(self) -> ResearchNote:
        return self.version.note

    @property
    def membership(self) -> Membership:
        return self.version.note.membership

    @property
    def is_of_now(self) -> bool:
        """Whether the note still has the text it was marked in."""
        return self.version.number == self.version.note.version

    @property
    def may_be_quoted(self) -> bool:
        """Whether a finding may rest on it; if not, it is there to be read and counted."""
        note = self.version.note
        return note.may_be_quoted and not note.is_draft and note.deleted_at is None
