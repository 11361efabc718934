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

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.quote[:80]

    def clean(self) -> None:
        note = self.version.note
        if self.quote not in self.version.body:
            raise ValidationError({"quote": "These words are not in that version of the note."})
        if not note.may_be_quoted or note.is_draft or note.deleted_at:
            raise ValidationError({"version": "This note may not be quoted."})
        if self.finding_id and note.membership.cohort_id != self.finding.cohort_id:
            raise ValidationError({"version": "This note belongs to another cohort."})

    def content(self) -> dict[str, str]:
        note = self.version.note
        return {
            "quote": self.quote,
            "organisation": note.membership.name,
            "organisation_slug": note.membership.organisation.slug,
            "phase": str(note.phase) if note.phase else "",
        }
