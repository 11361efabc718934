"""The desk for research. Staff read what is shared, and never a draft: not in a list, a search, a count of names."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone

from correspondence.desk import Because, Desk, Rows, is_confirmed, read_only, say_first, sentences
from correspondence.to_come import effects_in_words
from correspondence.wallclock import in_london, local_day
from discussions.words import wanted
from participants.models import Cohort, User

from .locking import UNLOCKED_FOR, seal_holds, unlock_note
from .models import (
    Addendum,
    Attachment,
    CardVersion,
    Experiment,
    Framing,
    KindLabel,
    Prompt,
    ResearchNote,
    ResearchPhase,
    Seal,
    Unlock,
)


class PromptInline(Rows):
    """Questions that help somebody start writing."""

    model = Prompt


class PhaseForm(forms.ModelForm):
    """A phase; before letters about it move or stop, it says which, and to how many people."""

    told = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        before = ResearchPhase.objects.select_related("cohort").filter(pk=self.instance.pk).first()
        if not self.errors and before is not None and {"opens_on", "closes_on"} & set(self.changed_data):
            self.ask(before, cleaned, timezone.now())
        return cleaned

    def ask(self, before: ResearchPhase, cleaned: dict[str, Any], now: datetime) -> None:
        """What was said stands in the form, so that what changed meanwhile is said anew."""
        after = copy.copy(before)
        after.opens_on, after.closes_on = cleaned.get("opens_on"), cleaned.get("closes_on")
        letters = letters_moved(before, after, now)
        if not letters:
            return
        lines = sentences("admin/research/researchphase/told.txt", {"letters": letters})
        say_first(self, cleaned, lines)


def letters_moved(before: ResearchPhase, after: ResearchPhase, now: datetime) -> list[str]:
    """What becomes of the letters to come about a phase with other dates, in sentences."""
    if before.cohort.status != Cohort.Status.RUNNING:
        return []
    has_letters = after.opens_on and after.closes_on and after.closes_on >= local_day(now)
    return effects_in_words(before, after if has_letters else None, now)


@admin.register(ResearchPhase)
class ResearchPhaseAdmin(Desk):
    """The stretches of research. Their dates do not depend on those of workshops."""

    form = PhaseForm
    ordering = ("cohort", "number")
    list_display = ("__str__", "cohort", "opens_on", "closes_on", "locks", "notes_shared")
    list_filter = ("cohort",)
    search_fields = ("name", "cohort__title")
    autocomplete_fields = ("cohort",)
    list_select_related = ("cohort",)
    date_hierarchy = "opens_on"
    fields = ("cohort", "number", "name", "where", "brief", "opens_on", "closes_on", "locks", "told")
    inlines = (PromptInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ResearchPhase]:
        shared = Q(notes__deleted_at=None) & ~Q(notes__audience=ResearchNote.Audience.ME)
        return super().get_queryset(request).annotate(shared=Count("notes", filter=shared))

    def get_readonly_fields(self, request: HttpRequest, obj: ResearchPhase | None = None) -> tuple[str, ...]:
        return ("cohort", "locks") if obj else ("locks",)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> Any:
        """Says which letters stop with it."""
        phase = self.get_object(request, object_id)
        now = timezone.now()
        is_heard_of = phase is not None and phase.cohort.status == Cohort.Status.RUNNING
        letters = effects_in_words(phase, None, now) if is_heard_of else []
        return super().delete_view(request, object_id, {**(extra_context or {}), "letters": letters})

    @admin.display(description="notes lock")
    def locks(self, phase: ResearchPhase) -> str:
        return render_to_string("admin/research/researchphase/locks.html", {"phase": phase, "now": timezone.now()})

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


@read_only
class CardVersionInline(Rows):
    """Every save of the card, box by box."""

    model = CardVersion
    fields = ("created_at", "author", "number", "words")
    readonly_fields = ("words",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[CardVersion]:
        return super().get_queryset(request).select_related("author")

    @admin.display(description="what it said")
    def words(self, version: CardVersion) -> str:
        return render_to_string("admin/research/experiment/boxes.html", {"boxes": version.boxes.items()})


@admin.register(Experiment)
@read_only
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
    inlines = (FramingInline, CardVersionInline)

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


class Unlocking(Because):
    """Why a note is opened, and for how long."""

    hours = forms.IntegerField(
        label="For how many hours",
        min_value=1,
        max_value=24 * 14,
        initial=int(UNLOCKED_FOR.total_seconds() // 3600),
        help_text="Then it locks again by itself.",
    )


@read_only
class SealInline(Rows):
    """What the note said when it was locked, as a hash."""

    model = Seal
    fields = ("locked_at", "version", "content_hash")


@read_only
class UnlockInline(Rows):
    """Who opened it, until when and why."""

    model = Unlock
    fields = ("unlocked_at", "unlocked_by", "relocks_at", "reason")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Unlock]:
        return super().get_queryset(request).select_related("unlocked_by")


@read_only
class AddendumInline(Rows):
    """What was added under the note after its lock."""

    model = Addendum
    fields = ("created_at", "author", "body")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Addendum]:
        return super().get_queryset(request).select_related("author")


@admin.register(ResearchNote)
@read_only
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
    # What is searched, `get_search_results` says; without a field there is no box.
    search_fields = ("title",)
    search_help_text = "Words in title, text or comments."
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
        "deleted_by",
    )
    inlines = (AttachmentInline, AddendumInline, SealInline, UnlockInline)
    actions = ("unlock", "check_the_seal", "delete_softly", "put_back")

    @admin.action(description="Unlock …", permissions=["moderate"])
    def unlock(self, request: HttpRequest, queryset: QuerySet[ResearchNote]) -> HttpResponse | None:
        now = timezone.now()
        notes = [note for note in queryset.select_related("membership__cohort", "author") if note.is_locked(now)]
        if not notes or self.too_many(request, len(notes)):
            self.message_user(request, "None of these is locked.", messages.WARNING)
            return None
        form = Unlocking(request.POST if is_confirmed(request) else None)
        if not form.is_valid():
            return self.ask_first(
                request,
                title="Unlock these notes?",
                consequences=[
                    "Their organisations can change them again, for as long as you say. Then they lock by themselves.",
                    "Their authors get a letter with your reason; it stands on the note's page, for its organisation.",
                    "What they said when they were locked stays sealed, and every version is kept.",
                ],
                button="Unlock the notes",
                about=[{"pk": note.pk, "name": f"{note}, {note.membership}"} for note in notes],
                form=form,
            )
        by, reason = cast(User, request.user), form.cleaned_data["because"]
        until = now + timedelta(hours=form.cleaned_data["hours"])
        with transaction.atomic():
            opened = [note for note in notes if unlock_note(note, by, reason, now, until)]
            for note in opened:
                self.log_change(request, note, f"Unlocked until {in_london(until)}: {reason}")
        self.message_user(request, f"{len(opened)} unlocked.")
        return None

    @admin.action(description="Check the seal", permissions=["view"])
    def check_the_seal(self, request: HttpRequest, queryset: QuerySet[ResearchNote]) -> HttpResponse | None:
        if self.too_many(request, queryset.count()):
            return None
        words = {True: "as locked", False: "differs from what was locked", None: "not sealed"}
        checked = [
            (note, seal_holds(note))
            for note in queryset.select_related("membership", "phase").prefetch_related("seals", "attachments")
        ]
        counts = [sum(holds is found for _, holds in checked) for found in words]
        return self.ask_first(
            request,
            title="Are they as they were locked?",
            consequences=[f"{number} {said}." for number, said in zip(counts, words.values(), strict=True) if number],
            button="",
            about=[
                {"pk": note.pk, "name": f"{note}, {note.membership}: {words[holds]}"}
                for note, holds in sorted(checked, key=lambda pair: (pair[1] is not False, str(pair[0])))
            ],
        )

    def get_queryset(self, request: HttpRequest) -> QuerySet[ResearchNote]:
        """Every page of this desk starts from here, autocomplete, history and actions included."""
        return ResearchNote.objects.visible_to(request.user).exclude(audience=ResearchNote.Audience.ME)

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[QuerySet[ResearchNote], bool]:
        """As people inside find them; the queryset has no drafts to find."""
        return (queryset.matching(wanted(search_term)) if search_term.strip() else queryset), False

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
                "Nothing is lost: their organisation can put them back for 30 days, staff for as long as they exist.",
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
                note.delete_softly(now, cast(User, request.user)) if deed == "delete_softly" else note.put_back()
                self.log_change(request, note, f"{done.capitalize()} by staff.")
        self.message_user(request, f"{len(notes)} {done}.")
        return None
