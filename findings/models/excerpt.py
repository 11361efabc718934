from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models

from research.models import NoteVersion


class ExcerptQuerySet(models.QuerySet["Excerpt"]):
    def present(self) -> ExcerptQuerySet:
        return self.filter(withdrawn_at=None).select_related(
            "version__note__membership__organisation", "version__note__phase"
        )


class Excerpt(models.Model):
    """A passage of a note's version that a finding rests on: later edits of the note never change it."""

    finding = models.ForeignKey("findings.Finding", models.PROTECT, related_name="excerpts")
    version = models.ForeignKey(NoteVersion, models.PROTECT, related_name="excerpts")
    quote = models.TextField(help_text="Word for word from the note.")
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, blank=True)

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

    def content(self) -> dict[str, str]:
        note = self.version.note
        return {
            "quote": self.quote if self.may_be_quoted else self.GONE,
            "organisation": note.membership.name,
            "organisation_slug": note.membership.organisation.slug,
            "phase": str(note.phase) if note.phase else "",
        }
