"""The desk for research. Staff read what is shared, and never a draft: not in a list, a search, a count of names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone

from correspondence.desk import Desk, Rows, is_confirmed, read_only

from .models import Attachment, Experiment, Framing, KindLabel, Prompt, ResearchNote, ResearchPhase


class PromptInline(Rows):
    """Questions that help somebody start writing."""

    model = Prompt


@admin.register(ResearchPhase)
class ResearchPhaseAdmin(Desk):
    """The stretches of research. Their dates do not depend on those of workshops."""

    ordering = ("cohort", "number")
    list_display = ("__str__", "cohort", "opens_on", "closes_on", "notes_shared")
    list_filter = ("cohort",)
    search_fields = ("name", "cohort__title")
    autocomplete_fields = ("cohort",)
    list_select_related = ("cohort",)
    date_hierarchy = "opens_on"
    fields = ("cohort", "number", "name", "where", "brief", "opens_on", "closes_on")
    inlines = (PromptInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ResearchPhase]:
        shared = Q(notes__deleted_at=None) & ~Q(notes__audience=ResearchNote.Audience.ME)
        return super().get_queryset(request).annotate(shared=Count("notes", filter=shared))

    def get_readonly_fields(self, request: HttpRequest, obj: ResearchPhase | None = None) -> tuple[str, ...]:
        return ("cohort",) if obj else ()

    @admin.display(description="notes shared", ordering="shared")
    def notes_shared(self, phase: Any) -> int:
        return phase.shared


@admin.register(KindLabel)
class KindLabelAdmin(Desk):
    """What a cohort calls the kinds of note, where it differs."""

    list_display = ("label", "kind", "cohort")
    list_filter = ("cohort",)
    search_fields = ("label",)
    autocomplete_fields = ("cohort",)
    list_select_related = ("cohort",)


@read_only
class FramingInline(Rows):
    """How question and hunch grew."""

    model = Framing
    fields = ("created_at", "author", "question", "hunch")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Framing]:
        return super().get_queryset(request).select_related("author")


@admin.register(Experiment)
class ExperimentAdmin(Desk):
    """What organisations try. They write it themselves; staff read it."""

    list_display = ("title", "membership", "cohort", "outcome", "created_at")
    list_filter = ("membership__cohort", "outcome", ("membership", admin.RelatedOnlyFieldListFilter))
    search_fields = ("title", "membership__name", "framings__question")
    list_select_related = ("membership__cohort",)
    date_hierarchy = "created_at"
    fields = (
        "title",
        "membership",
        "outcome",
        "small_experiment",
        "what_we_saw",
        "what_we_changed",
        "what_next",
        "created_at",
    )
    inlines = (FramingInline,)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Experiment | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Experiment | None = None) -> bool:
        return False

    @admin.display(description="cohort", ordering="membership__cohort")
    def cohort(self, experiment: Experiment) -> str:
        return str(experiment.membership.cohort)


@read_only
class AttachmentInline(Rows):
    """Pictures and documents of the note, to be read. What was taken off while it was private is not for staff."""

    model = Attachment
    fk_name = "note"
    verbose_name_plural = "photos and files"
    fields = ("file", "alt", "content_type", "size", "scanned", "added_by", "added_at", "removed_at")
    readonly_fields = ("file", "scanned")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Attachment]:
        files = super().get_queryset(request).filter(removed_in_private=False)
        return files.select_related("added_by", "note__membership__cohort")

    @admin.display(description="file")
    def file(self, attachment: Attachment) -> str:
        return render_to_string("admin/research/researchnote/file.html", {"attachment": attachment})

    @admin.display(description="viruses")
    def scanned(self, attachment: Attachment) -> str:
        return "none found" if attachment.scanned_at else "not scanned"


class DeletedFilter(admin.SimpleListFilter):
    """Deleted notes are out of the list unless asked for; there they can be put back."""

    title = "deleted"
    parameter_name = "deleted"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "deleted")]

    def choices(self, changelist: Any) -> Iterator[Any]:
        there, deleted = super().choices(changelist)
        yield {**there, "display": "there"}
        yield deleted

    def queryset(self, request: HttpRequest, queryset: QuerySet[ResearchNote]) -> QuerySet[ResearchNote]:
        return queryset.filter(deleted_at__isnull=self.value() != "yes")


@admin.register(ResearchNote)
class ResearchNoteAdmin(Desk):
    """Shared notes, to be read. Whose they are writes them; nothing is deleted for good."""

    list_display = ("__str__", "membership", "phase", "kind", "author", "readers", "may_be_quoted", "updated_at")
    list_filter = (
        "membership__cohort",
        ("membership", admin.RelatedOnlyFieldListFilter),
        ("phase", admin.RelatedOnlyFieldListFilter),
        "kind",
        "may_be_quoted",
        DeletedFilter,
    )
    search_fields = ("title", "body")
    search_help_text = "Words in title or text."
    list_select_related = ("membership__cohort", "phase", "author")
    date_hierarchy = "updated_at"
    fields = (
        "title",
        "text",
        "membership",
        "author",
        "kind",
        "phase",
        "experiment",
        "happened_on",
        "audience",
        "may_be_quoted",
        "version",
        "shared_at",
        "updated_at",
        "deleted_at",
    )
    inlines = (AttachmentInline,)
    actions = ("delete_softly", "put_back")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ResearchNote]:
        """Every page of this desk starts from here, autocomplete, history and actions included."""
        return ResearchNote.objects.visible_to(request.user).exclude(audience=ResearchNote.Audience.ME)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: ResearchNote | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ResearchNote | None = None) -> bool:
        return False

    def has_moderate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("research.change_researchnote")

    @admin.display(description="read by", ordering="audience")
    def readers(self, note: ResearchNote) -> str:
        return "the cohort" if note.audience == ResearchNote.Audience.COHORT else "its organisation"

    @admin.display(description="text")
    def text(self, note: ResearchNote) -> str:
        return render_to_string("admin/research/researchnote/text.html", {"note": note})

    @admin.action(description="Delete (can be put back) …", permissions=["moderate"])
    def delete_softly(self, request: HttpRequest, queryset: QuerySet[ResearchNote]) -> HttpResponse | None:
        return self.moderate(
            request,
            queryset.filter(deleted_at=None),
            deed="delete_softly",
            done="deleted",
            title="Delete these notes?",
            consequences=[
                "They go from every list, for the organisation and its mentor too. No letter says so.",
                "Nothing is lost: they and every version stay here, and can be put back.",
            ],
            button="Delete the notes",
        )

    @admin.action(description="Put back …", permissions=["moderate"])
    def put_back(self, request: HttpRequest, queryset: QuerySet[ResearchNote]) -> HttpResponse | None:
        return self.moderate(
            request,
            queryset.exclude(deleted_at=None),
            deed="put_back",
            done="put back",
            title="Put these notes back?",
            consequences=["Everyone who could read them before can read them again."],
            button="Put back",
        )

    def moderate(
        self, request: HttpRequest, queryset: QuerySet[ResearchNote], *, deed: str, done: str, **asked: Any
    ) -> HttpResponse | None:
        notes = list(queryset.select_related("membership"))
        if not notes or self.too_many(request, len(notes)):
            self.message_user(request, "There is nothing to change about these.", messages.WARNING)
            return None
        if not is_confirmed(request):
            about = [{"pk": note.pk, "name": f"{note}, {note.membership}"} for note in notes]
            return self.ask_first(request, about=about, **asked)
        now = timezone.now()
        with transaction.atomic():
            for note in notes:
                note.delete_softly(now) if deed == "delete_softly" else note.put_back()
                self.log_change(request, note, f"{done.capitalize()} by staff.")
        self.message_user(request, f"{len(notes)} {done}.")
        return None
