"""A passage: marked, given themes, taken off and put back, taken into a finding."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from participants.guards import SignedIn
from participants.models import Cohort, User
from research.models import NoteVersion, ResearchNote

from ..forms_gathering import PassageChangeForm, PassageForm, TakeForm, ThemesForm
from ..gathering import begin, mark, one_way, take, theme_named
from ..guards import gathering_page
from ..models import Passage, Theme, notes_to_gather
from ..writing import held
from .gathering import show_marks


def passage_or_404(user: User, cohort: Cohort, pk: int, *, only_present: bool = True) -> Passage:
    known = Passage.objects.visible_to(user).filter(version__note__membership__cohort=cohort)
    return get_object_or_404((known.present() if only_present else known).for_list(), pk=pk)


def version_or_404(user: User, note: ResearchNote, number: str) -> NoteVersion:
    """A version of the note that was shared when it was saved: the one asked for, or the one that stands."""
    shared = NoteVersion.objects.visible_to(user).filter(note=note).exclude(audience=ResearchNote.Audience.ME)
    wanted = int(number) if number.isascii() and number.isdigit() and len(number) < 9 else note.version
    version = get_object_or_404(shared, number=wanted)
    version.note = note
    return version


@gathering_page
@require_http_methods(["GET", "HEAD", "POST"])
def passage_new(request: SignedIn, cohort: Cohort, pk: UUID) -> HttpResponse:
    """One note to mark words in: `?start=&end=`, in code points of its text, are words chosen already."""
    related = ("membership__cohort", "membership__organisation", "author", "phase")
    notes = notes_to_gather(request.user).filter(membership__cohort=cohort).select_related(*related)
    note = get_object_or_404(notes, pk=pk)
    asked = request.POST if request.method == "POST" else request.GET
    version = version_or_404(request.user, note, asked.get("version", ""))
    if request.method != "POST":
        return show(request, version, PassageForm(None, version=version, initial=chosen(request, version)))
    form = PassageForm(request.POST, version=version)
    if not form.is_valid():
        return show(request, version, form, status=422)
    given = form.cleaned_data
    try:
        themes = themes_of(form, cohort)
        mark(version, given["start"], given["end"], themes, given["memo"], request.user, timezone.now())
    except ValidationError as refused:
        form.add_error("new_theme", refused)
        return show(request, version, form, status=422)
    messages.success(request, "Marked. Mark more, or go back to the notes.")
    return redirect(page_of(version))


def page_of(version: NoteVersion) -> str:
    path = reverse("findings:passage_new", args=[version.note.membership.cohort.slug, version.note_id])
    return path if version.number == version.note.version else f"{path}?version={version.number}"


def chosen(request: SignedIn, version: NoteVersion) -> dict[str, Any]:
    """What the form begins with: the words between two places of the text, where these make sense."""
    text, places = one_way(version.body), (request.GET.get("start", ""), request.GET.get("end", ""))
    if not all(place.isascii() and place.isdigit() and len(place) < 9 for place in places):
        return {}
    start, end = map(int, places)
    words = text[start:end]
    return {"words": words.strip(), "start": start + len(words) - len(words.lstrip())} if words.strip() else {}


def themes_of(form: ThemesForm, cohort: Cohort) -> list[Theme]:
    """The themes ticked, with the new one if one was named. Raises ValidationError."""
    new = form.cleaned_data["new_theme"]
    return [*form.cleaned_data["themes"], *([theme_named(cohort, new)] if new else [])]


def show(request: SignedIn, version: NoteVersion, form: PassageForm, status: int = 200) -> HttpResponse:
    note = version.note
    passages = list(Passage.objects.visible_to(request.user).filter(version__note=note).for_list())
    show_marks(note, version.body, version.number or 0, [passage for passage in passages if not passage.removed_at])
    context = {
        "cohort": note.membership.cohort,
        "here": "gather",
        "note": note,
        "version": version,
        "form": form,
        "taken_off": [row for row in passages if row.removed_at and row.marked_by == request.user],
        "is_old": version.number != note.version,
    }
    return render(request, "findings/passage_new.html", context, status=status)


@gathering_page
@require_http_methods(["GET", "HEAD", "POST"])
def passage_edit(request: SignedIn, cohort: Cohort, pk: int) -> HttpResponse:
    passage = passage_or_404(request.user, cohort, pk)
    if not (request.user.is_staff or passage.marked_by == request.user):
        raise PermissionDenied
    form = PassageChangeForm(request.POST if request.method == "POST" else None, passage=passage, user=request.user)
    status = 200
    if form.is_bound and form.is_valid():
        try:
            return changed(request, passage, form)
        except ValidationError as refused:
            form.add_error(None, refused)
            status = 409 if form.is_stale else 422
    elif form.is_bound:
        status = 422
    context = {"cohort": cohort, "here": "gather", "passage": passage, "form": form}
    return render(request, "findings/passage_edit.html", context, status=status)


def changed(request: SignedIn, passage: Passage, form: PassageChangeForm) -> HttpResponse:
    """Saves what was typed. Raises ValidationError for a memo that is another one by now."""
    with transaction.atomic():
        themes = held(themes_of(form, passage.membership.cohort))
        passage.refresh_from_db(fields=["memo"], from_queryset=Passage.objects.select_for_update())
        if form.is_stale:
            raise ValidationError(f"The memo was changed in another window. It says now: “{passage.memo}”")
        passage.themes.set(themes)
        if "memo" in form.fields:
            passage.memo = form.cleaned_data["memo"]
            passage.save(update_fields=["memo"])
    messages.success(request, "Saved.")
    return redirect("findings:passage_list", passage.membership.cohort.slug)


@gathering_page
@require_POST
def passage_remove(request: SignedIn, cohort: Cohort, pk: int) -> HttpResponse:
    """Takes one's own mark off; it waits on the note's page to be put back."""
    passage = own_passage(request.user, cohort, pk)
    if passage.removed_at is None:
        passage.removed_at = timezone.now()
        passage.save(update_fields=["removed_at"])
    messages.success(request, "The mark is off. You can put it back below.")
    return redirect(f"{page_of(passage.version)}#taken-off")


@gathering_page
@require_POST
def passage_put_back(request: SignedIn, cohort: Cohort, pk: int) -> HttpResponse:
    passage = own_passage(request.user, cohort, pk)
    same = Passage.objects.present().filter(
        version=passage.version, start=passage.start, end=passage.end, marked_by=request.user
    )
    if passage.removed_at and not same.exists():
        passage.removed_at = None
        passage.save(update_fields=["removed_at"])
    messages.success(request, "The mark is back, with its themes and memo.")
    return redirect(page_of(passage.version))


def own_passage(user: User, cohort: Cohort, pk: int) -> Passage:
    passage = passage_or_404(user, cohort, pk, only_present=False)
    if passage.marked_by != user:
        raise PermissionDenied
    return passage


@gathering_page
@require_http_methods(["GET", "HEAD", "POST"])
def passage_take(request: SignedIn, cohort: Cohort, pk: int) -> HttpResponse:
    """Takes a passage into a finding, or begins one with it: staff only."""
    if not request.user.is_staff:
        raise Http404
    passage = passage_or_404(request.user, cohort, pk)
    form, status = TakeForm(request.POST if request.method == "POST" else None, cohort=cohort), 200
    if form.is_bound and form.is_valid():
        given = form.cleaned_data
        try:
            finding = given["finding"]
            if finding:
                take(passage, finding, request.user, timezone.now())
            else:
                finding = begin(passage, given["title"], request.user, timezone.now())
        except ValidationError as refused:
            form.add_error(None, refused)
            status = 409
        else:
            messages.success(request, f"Taken into “{finding}”. {passage.membership} is asked before it is published.")
            return redirect("admin:findings_finding_change", finding.pk)
    elif form.is_bound:
        status = 422
    context = {"cohort": cohort, "here": "gather", "passage": passage, "form": form}
    return render(request, "findings/passage_take.html", context, status=status)
