"""What a finding rests on, who answered for it and what was published, on its page at the desk."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join

from correspondence.desk import Rows, read_only
from correspondence.wallclock import DAY, in_london

from ..models import Agreement, Excerpt, Release


class ExcerptInline(Rows):
    """The words the finding rests on. Taken out, they go from the working copy; what is published stays as it is."""

    model = Excerpt
    fields = ("words", "note", "is_counter", "answers", "withdrawn")
    readonly_fields = ("words", "note", "answers", "withdrawn")
    verbose_name_plural = "excerpts: tick “Delete” and save to take one out"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Excerpt]:
        rows = super().get_queryset(request).select_related("finding")
        return rows.with_voices()  # type: ignore[attr-defined]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and not (obj and obj.is_scheduled)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_change_permission(request, obj)

    @admin.display(description="words")
    def words(self, excerpt: Excerpt) -> str:
        return "(The note is private now.)" if excerpt.version.note.is_draft else excerpt.words

    @admin.display(description="from")
    def note(self, excerpt: Excerpt) -> str:
        note = excerpt.version.note
        if note.is_draft:
            return f"a note of {note.membership} that is private now"
        later = " (edited since)" if note.version != excerpt.version.number else ""
        return f"“{note}”, {note.membership}, version {excerpt.version.number}{later}"

    @admin.display(description="answers")
    def answers(self, excerpt: Excerpt) -> str:
        said = format_html_join("", "<p>{}</p>", ((str(row),) for row in excerpt.permissions.all()))
        if not excerpt.proposal:
            return said or "–"
        url = reverse("admin:findings_finding_reword", args=[excerpt.finding_id, excerpt.pk])
        return said + format_html('<p>Wanted: “{}” <a href="{}">Take these words over …</a></p>', excerpt.proposal, url)

    @admin.display(description="left out")
    def withdrawn(self, excerpt: Excerpt) -> str:
        if excerpt.withdrawn_at is None:
            return "–"
        return f"{excerpt.get_withdrawn_because_display() or 'taken out'}, {in_london(excerpt.withdrawn_at, DAY)}"


@read_only
class AgreementInline(Rows):
    """Who was asked, what they said, and every answer before."""

    model = Agreement
    fields = ("membership", "said", "speaker", "answered_at", "remark", "before")
    readonly_fields = ("said", "speaker", "before")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Agreement]:
        rows = super().get_queryset(request).select_related("membership", "answered_by", "answered_by_link", "finding")
        return rows.prefetch_related("history__by", "history__link")

    @admin.display(description="answer")
    def said(self, agreement: Agreement) -> str:
        return agreement.get_answer_display() or "not answered"

    @admin.display(description="every answer")
    def before(self, agreement: Agreement) -> str:
        return format_html_join("", "<p>{}</p>", ((str(record),) for record in agreement.history.all())) or "–"


@read_only
class ReleaseInline(Rows):
    """What was published, and when."""

    model = Release
    fields = ("number", "published_at", "published_by", "what_changed")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Release]:
        return super().get_queryset(request).select_related("published_by", "finding")
