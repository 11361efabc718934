import uuid
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from participants.guards import SignedIn, cohort_page
from participants.models import Cohort

from ..differences import compare
from ..forms import RestoreForm
from ..history import page_of
from ..models import NoteVersion, ResearchNote
from ..saving import Change, NoSuchNote, Refused, save_note
from .notes import note_to_change

LARGEST_ID = 2**63 - 1


def versions_of(request: SignedIn, cohort: Cohort, pk: uuid.UUID) -> tuple[ResearchNote, QuerySet[NoteVersion]]:
    """A note and its versions, for those whose it is. Raises Http404, or PermissionDenied for mere readers."""
    note = note_to_change(request, cohort, pk)
    return note, NoteVersion.objects.visible_to(request.user).filter(note=note).select_related("author")


@cohort_page
@require_safe
def note_history(request: SignedIn, cohort: Cohort, pk: uuid.UUID) -> HttpResponse:
    note, versions = versions_of(request, cohort, pk)
    below = id_asked_for(request, "below")
    page = page_of(versions, below)
    shown = version_asked_for(request, versions)
    before, after = (id_asked_for(request, name) for name in ("before", "after"))
    elsewhere = {pk for pk in (before, after) if pk} - {stretch.latest.pk for stretch in page.stretches}
    context = {
        "cohort": cohort,
        "here": "notes",
        "note": note,
        "count": versions.count(),
        "page": page,
        "below": below,
        "opened": id_asked_for(request, "open"),
        "shown": shown,
        "can_restore": can_be_restored(request, note),
        "before": before or (page.stretches[1].latest.pk if len(page.stretches) > 1 else None),
        "after": after or (page.stretches[0].latest.pk if page.stretches else None),
        "chosen": versions.filter(pk__in=elsewhere).defer("body"),
    }
    return render(request, "research/note_history.html", context)


def id_asked_for(request: SignedIn, name: str) -> int | None:
    """The number in the query. Raises Http404 for what is none."""
    value = request.GET.get(name)
    if not value:
        return None
    if not (value.isascii() and value.isdecimal()) or len(value) > 18 or int(value) > LARGEST_ID:
        raise Http404
    return int(value)


def version_asked_for(request: SignedIn, versions: QuerySet[NoteVersion]) -> NoteVersion | None:
    """The version that `?version=` names by number, or `?kept=` by id. Raises Http404 for one that is not there."""
    for name, field in (("version", "number"), ("kept", "pk")):
        if wanted := id_asked_for(request, name):
            return get_object_or_404(versions, **{field: wanted})
    return None


def can_be_restored(request: SignedIn, note: ResearchNote) -> bool:
    return note.can_be_edited_by(request.user) and not note.is_locked(timezone.now())


@cohort_page
@require_safe
def note_compare(request: SignedIn, cohort: Cohort, pk: uuid.UUID) -> HttpResponse:
    """Two versions as one text, the older first, whichever way round they were chosen."""
    note, versions = versions_of(request, cohort, pk)
    wanted = [id_asked_for(request, name) for name in ("before", "after")]
    if None in wanted or wanted[0] == wanted[1]:
        messages.warning(request, "Choose two different versions to compare.")
        return redirect("research:note_history", cohort.slug, note.pk)
    older, newer = sorted((get_object_or_404(versions, pk=pk) for pk in wanted), key=lambda version: version.pk)
    context = {
        "cohort": cohort,
        "here": "notes",
        "note": note,
        "older": older,
        "newer": newer,
        "pair": [older, newer],
        "titles": compare(older.title, newer.title),
        "bodies": compare(older.body, newer.body),
        "can_restore": can_be_restored(request, note),
    }
    return render(request, "research/note_compare.html", context)


@cohort_page
@require_http_methods(["GET", "HEAD", "POST"])
def note_restore(request: SignedIn, cohort: Cohort, pk: uuid.UUID, version_pk: int) -> HttpResponse:
    """Asks, then saves an earlier text as the newest version, for the readers the note has now."""
    note, versions = versions_of(request, cohort, pk)
    if version_pk > LARGEST_ID:
        raise Http404
    version = get_object_or_404(versions, pk=version_pk)
    if not can_be_restored(request, note):
        messages.warning(request, "This note cannot be changed now, so nothing was restored.")
        return redirect(note)
    if request.method != "POST":
        return ask_to_restore(request, note, version)
    form = RestoreForm(request.POST)
    if not form.is_valid():
        return ask_to_restore(request, note, version, status=422)
    change = Change(form.cleaned_data["save_id"], form.cleaned_data["base_version"], version.title, version.body)
    try:
        outcome = save_note(note.pk, cohort, change, request.user, timezone.now())
    except NoSuchNote as error:
        raise Http404 from error
    except Refused as refusal:
        return ask_to_restore(request, note, version, status=refusal.status, refusal=refusal.message)
    if outcome.kept:
        return ask_to_restore(request, outcome.note, version, status=409)
    messages.success(request, f"The note reads as in {str(version).lower()} again, as version {outcome.version}.")
    return redirect(note)


def ask_to_restore(
    request: SignedIn, note: ResearchNote, version: NoteVersion, status: int = 200, refusal: str = ""
) -> HttpResponse:
    context: dict[str, Any] = {
        "cohort": note.membership.cohort,
        "here": "notes",
        "note": note,
        "version": version,
        "form": RestoreForm(initial={"save_id": uuid.uuid4(), "base_version": note.version}),
        "titles": compare(note.title, version.title),
        "bodies": compare(note.body, version.body),
        "opens_private": version.audience == ResearchNote.Audience.ME and not note.is_draft,
        "is_stale": status == 409,
        "refusal": refusal,
        "history": reverse("research:note_history", args=[note.membership.cohort.slug, note.pk]),
    }
    return render(request, "research/note_restore.html", context, status=status)
