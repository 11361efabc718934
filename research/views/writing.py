from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from participants.guards import SignedIn, cohort_page
from participants.models import Cohort, Membership, Mentorship, User

from ..attaching import files_of
from ..forms import NoteForm, fresh
from ..locking import standing
from ..models import Kind, NoteVersion, ResearchNote
from ..payload import read_change, read_text, too_long
from ..saving import (
    BODY_LIMIT,
    Change,
    NoSuchNote,
    Outcome,
    Refused,
    count_save,
    memberships_to_write_for,
    refuse_what_does_not_fit,
    save_note,
)
from ..widening import is_wider
from .notes import note_or_404
from .together import conflict_of


@cohort_page
@require_safe
def note_new(request: SignedIn, cohort: Cohort) -> HttpResponse:
    """Gives a new note its name and opens the editor; nothing is stored before the first save."""
    if not memberships_to_write_for(request.user, cohort).exists():
        raise Http404
    address = reverse("research:note_edit", args=[cohort.slug, uuid.uuid4()])
    query = request.GET.urlencode()
    return redirect(f"{address}?{query}" if query else address)


@cohort_page
@require_http_methods(["GET", "HEAD", "POST"])
def note_edit(request: SignedIn, cohort: Cohort, pk: uuid.UUID) -> HttpResponse:
    now = timezone.now()
    note, memberships = note_to_write(request.user, cohort, pk, now)
    if (note.deleted_at or note.is_locked(now)) and request.method != "POST":
        return redirect(note)
    form = NoteForm(
        request.POST if request.method == "POST" else None,
        note=note,
        user=request.user,
        cohort=cohort,
        memberships=memberships,
        initial=initial_of(note, request.GET, cohort, now),
    )
    if form.is_bound and (outcome := take(request, cohort, note, form, now)):
        if outcome.kept is None:
            return saved(request, note, outcome.note, form)
        if outcome.is_locked:
            return put_aside(request, outcome)
        return show_conflict(request, cohort, memberships, outcome)
    return show_editor(request, cohort, note, memberships, form, status=form.status)


def take(request: SignedIn, cohort: Cohort, note: ResearchNote, form: NoteForm, now: datetime) -> Outcome | None:
    """Saves what the form asks for; none where it cannot be taken, and then the form says why."""
    if not form.is_valid():
        return None
    change = form.change(request.POST.get("share", ""))
    try:
        count_save(request.user, now)
        if is_unconfirmed(request, note, change):
            refuse_what_does_not_fit(note, change, request.user, now, is_locked=False)
            change = replace(change, fields={**change.fields, "audience": note.audience})
        return save_note(note.pk, cohort, change, request.user, now)
    except NoSuchNote as error:
        raise Http404 from error
    except Refused as refusal:
        form.refuse(refusal)
        return None


def is_unconfirmed(request: SignedIn, note: ResearchNote, change: Change) -> bool:
    """Whether more people could read the note, and nobody has said yes to that with the names before their eyes.

    The text is saved first, for the readers it has; the next page asks.
    """
    return (
        is_wider(change.fields["audience"], note.audience)
        and request.POST.get("confirmed") != change.fields["audience"]
    )


def note_to_write(user: User, cohort: Cohort, pk: uuid.UUID, now: datetime) -> tuple[ResearchNote, list[Membership]]:
    """The note and whom it may be written for; a new one, not stored yet, where there is none.

    Raises Http404 for a note that is not the person's to read, PermissionDenied for one they may only read.
    """
    if ResearchNote.objects.filter(pk=pk).exists():
        note = note_or_404(user, cohort, pk, now)
        if not note.is_kept_by(user):
            raise PermissionDenied
        return note, [note.membership]
    memberships = list(memberships_to_write_for(user, cohort))
    if not memberships:
        raise Http404
    return ResearchNote(uuid=pk, membership=memberships[0], author=user, created_at=now, updated_at=now), memberships


def initial_of(note: ResearchNote, query: Any, cohort: Cohort, now: datetime) -> dict[str, Any]:
    """What the form shows first; for a new note, the address may name phase and kind, else the open phase it is."""
    initial = {
        name: getattr(note, name) for name in ("title", "body", "kind", "happened_on", "audience", "may_be_quoted")
    }
    initial |= {"save_id": uuid.uuid4(), "base_version": note.version}
    initial |= {"phase": note.phase.number if note.phase else "", "experiment": note.experiment_id or ""}
    if note.version == 0:
        today = timezone.localdate(now)
        numbers = {str(phase.number): phase.is_open(today) for phase in cohort.phases.all()}
        is_open = next((number for number, opened in numbers.items() if opened), "")
        initial["phase"] = query.get("phase") if query.get("phase") in numbers else is_open
        initial["kind"] = query.get("kind") if query.get("kind") in Kind.values else note.kind
        initial["experiment"] = query.get("experiment", "")
    return initial


def saved(request: SignedIn, before: ResearchNote, note: ResearchNote, form: NoteForm) -> HttpResponse:
    note.refresh_from_db()
    asked = form.change(request.POST.get("share", "")).fields["audience"]
    narrowed = is_wider(before.audience, note.audience)
    messages.success(request, f"Saved. {note.readers}.{' Whoever read it until now has read it.' if narrowed else ''}")
    if is_wider(asked, note.audience):
        address = reverse("research:note_readers", args=[note.membership.cohort.slug, note.pk])
        return redirect(f"{address}?audience={asked}")
    return redirect(note)


def put_aside(request: SignedIn, outcome: Outcome) -> HttpResponse:
    """A text that came after the lock is kept; the note's page offers to add what is new of it."""
    messages.warning(request, "The note was locked before your text came. Nothing is lost: see below.")
    return redirect(f"{outcome.note.get_absolute_url()}#addenda")


def show_conflict(request: SignedIn, cohort: Cohort, memberships: list[Membership], outcome: Outcome) -> HttpResponse:
    """Both texts side by side; what was typed stays in the editor, as a change to the version that stands now."""
    note = outcome.note
    data = fresh(request.POST, outcome.version)
    form = NoteForm(data, note=note, user=request.user, cohort=cohort, memberships=memberships)
    return show_editor(request, cohort, note, memberships, form, status=409, kept=outcome.kept)


def show_editor(
    request: SignedIn,
    cohort: Cohort,
    note: ResearchNote,
    memberships: list[Membership],
    form: NoteForm,
    status: int,
    kept: NoteVersion | None = None,
) -> HttpResponse:
    now = timezone.now()
    mentors = Mentorship.objects.live().filter(membership=note.membership).select_related("mentor__user")
    context = {
        "cohort": cohort,
        "here": "notes",
        "note": note,
        "form": form,
        "phases": form.phases.values(),
        "chosen_phase": form.chosen_phase,
        "membership": memberships[0] if len(memberships) == 1 else None,
        "mentors": [mentorship.mentor.user for mentorship in mentors],
        "conflict": conflict_of(note, kept) if kept else None,
        "lock": standing(note, now),
        "files": files_of(note, request.user, now),
        "body_limit": BODY_LIMIT,
    }
    return render(request, "research/note_edit.html", context, status=status)


@cohort_page
@require_POST
def note_preview(request: SignedIn, cohort: Cohort) -> HttpResponse:
    """The typed Markdown as it will be read."""
    text = request.POST.get("text", "")
    if len(text) > BODY_LIMIT:
        return HttpResponse(too_long(), status=413, content_type="text/plain; charset=utf-8")
    try:
        read_text("text", text)
    except Refused as refusal:
        return HttpResponse(refusal.message, status=422, content_type="text/plain; charset=utf-8")
    return render(request, "research/note_preview.html", {"text": text})


@login_not_required  # answers 401 itself: a redirect to the sign-in page would look like a saved note
def note_save(request: HttpRequest, cohort_slug: str, pk: uuid.UUID) -> JsonResponse:
    """Saves a note for a script: always answers JSON, never a redirect (the codes are told in docs/architecture.md)."""
    try:
        return answer_save(request, cohort_slug, pk, timezone.now())
    except Refused as refusal:
        fields = {refusal.name: refusal.message}
        return JsonResponse({"error": refusal.message, "fields": fields}, status=refusal.status, headers=wait(refusal))
    except NoSuchNote:
        return JsonResponse({"error": "There is no such note."}, status=404)
    except (OperationalError, InterfaceError):
        message = "The portal cannot save just now. Keep the text and try again."
        return JsonResponse({"error": message}, status=503, headers={"Retry-After": "5"})


def answer_save(request: HttpRequest, cohort_slug: str, pk: uuid.UUID, now: datetime) -> JsonResponse:
    if not request.user.is_authenticated:
        return JsonResponse({"error": "You are signed out. Sign in, then save again."}, status=401)
    if request.headers.get("X-Person", str(request.user.pk)) != str(request.user.pk):
        # The page was opened by somebody who is not signed in here any more: their text must not become another's.
        return JsonResponse({"error": "Somebody else is signed in here now. Sign in, then save again."}, status=401)
    cohort = Cohort.objects.visible_to(request.user).filter(slug=cohort_slug).first()
    if cohort is None:
        raise NoSuchNote
    if not memberships_to_write_for(request.user, cohort).exists():
        return JsonResponse({"error": "Notes are written by people of the cohort's organisations."}, status=403)
    if request.method != "POST":
        return JsonResponse({"error": "Save with POST."}, status=405, headers={"Allow": "POST"})
    count_save(request.user, now)
    outcome = save_note(pk, cohort, read_change(request, cohort), request.user, now)
    if outcome.kept is None:
        return JsonResponse({"version": outcome.version})
    note = outcome.note
    answer = {"version": outcome.version, "title": note.title, "body": note.body, "conflict": outcome.kept.pk}
    if outcome.is_locked:
        answer |= {"locked": True, "error": "This note is locked. Your text is kept: add what is new as an addendum."}
    return JsonResponse(answer, status=409)


def wait(refusal: Refused) -> dict[str, str]:
    return {"Retry-After": "60"} if refusal.status == 429 else {}
