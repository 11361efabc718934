"""Files of a note: adding them by form and by script, reading them, describing them, taking them off."""

from __future__ import annotations

import logging
import uuid
from datetime import datetime

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from participants.guards import SignedIn, cohort_page
from participants.models import Cohort

from .. import filing
from ..attaching import FILE_LIMIT, MEGABYTE, PICTURES, Upload, attach, count_upload, files_of
from ..forms import DescriptionForm, QuickNoteForm
from ..models import Attachment, ResearchNote
from ..payload import read_save_id, read_text
from ..saving import Change, NoSuchNote, Refused, memberships_to_write_for, save_note
from .notes import note_or_404

logger = logging.getLogger(__name__)

# A file is never a page of the portal, whatever a browser makes of it.
FILE_HEADERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, no-store",
    "X-Robots-Tag": "noindex",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Accept-Ranges": "none",
}


def note_to_add_to(request: SignedIn, cohort: Cohort, pk: uuid.UUID) -> ResearchNote:
    """A note whose files the person may change: not once it is locked."""
    now = timezone.now()
    note = note_or_404(request.user, cohort, pk, now)
    if not note.can_be_edited_by(request.user) or note.is_locked(now):
        raise PermissionDenied
    return note


@cohort_page
@require_http_methods(["GET", "HEAD", "POST"])
def note_attachments(request: SignedIn, cohort: Cohort, pk: uuid.UUID) -> HttpResponse:
    """The files of one note, to add to and to describe; here a plain form does all that the script does."""
    note, now = note_to_add_to(request, cohort, pk), timezone.now()
    if request.method != "POST":
        return show_attachments(request, note, now)
    refusals, added = take_files(request, cohort, pk, now)
    if added:
        messages.success(request, f"{added} file{'s are' if added > 1 else ' is'} on the note now.")
    if not refusals:
        return redirect("research:note_attachments", cohort.slug, pk)
    return show_attachments(request, note, now, refusals)


def take_files(
    request: SignedIn, cohort: Cohort, pk: uuid.UUID, now: datetime
) -> tuple[list[tuple[str, Refused]], int]:
    """Hangs the files of a form on the note, each for itself: what was refused, by name, and how many were taken."""
    refusals: list[tuple[str, Refused]] = []
    files = request.FILES.getlist("file")
    if not files:
        return [("", Refused("file", "Choose a picture or a document first."))], 0
    for number, file in enumerate(files):
        try:
            count_upload(request.user, now)
            # The form has one name for all its files; each gets its own from it, the same when the form comes twice.
            upload_id = uuid.uuid5(read_save_id(request.POST.get("upload_id")), str(number))
            attach(pk, cohort, Upload(upload_id, file), request.user, now)
        except NoSuchNote as error:
            raise Http404 from error
        except Refused as refusal:
            refusals.append((file.name or "", refusal))
    return refusals, len(files) - len(refusals)


def show_attachments(
    request: SignedIn, note: ResearchNote, now: datetime, refusals: list[tuple[str, Refused]] | None = None
) -> HttpResponse:
    context = {
        "cohort": note.membership.cohort,
        "here": "notes",
        "note": note,
        "files": files_of(note, request.user, now),
        "refusals": refusals or [],
    }
    status = max((refusal.status for _, refusal in refusals), default=200) if refusals else 200
    return render(request, "research/note_attachments.html", context, status=status)


@login_not_required  # answers 401 itself, as note_save does
def attachment_save(request: HttpRequest, cohort_slug: str, pk: uuid.UUID) -> JsonResponse:
    """Hangs one file on a note for a script: always answers JSON, never a redirect."""
    try:
        return answer_upload(request, cohort_slug, pk, timezone.now())
    except Refused as refusal:
        headers = {"Retry-After": "60"} if refusal.status in (429, 503) else {}
        return JsonResponse({"error": refusal.message}, status=refusal.status, headers=headers)
    except NoSuchNote:
        return JsonResponse({"error": "There is no such note."}, status=404)
    except (OperationalError, InterfaceError):
        message = "The portal cannot keep the file just now. Try again in a moment."
        return JsonResponse({"error": message}, status=503, headers={"Retry-After": "5"})


def answer_upload(request: HttpRequest, cohort_slug: str, pk: uuid.UUID, now: datetime) -> JsonResponse:
    if not request.user.is_authenticated:
        return JsonResponse({"error": "You are signed out. Sign in, then try again."}, status=401)
    cohort = Cohort.objects.visible_to(request.user).filter(slug=cohort_slug).first()
    if cohort is None:
        raise NoSuchNote
    if not memberships_to_write_for(request.user, cohort).exists():
        return JsonResponse({"error": "Notes are written by people of the cohort's organisations."}, status=403)
    if request.method != "POST":
        return JsonResponse({"error": "Send the file with POST."}, status=405, headers={"Allow": "POST"})
    count_upload(request.user, now)
    attachment = attach(pk, cohort, read_upload(request), request.user, now)
    return JsonResponse(told(attachment))


def read_upload(request: HttpRequest) -> Upload:
    """Raises Refused for a request that is not one file with its name."""
    files = request.FILES.getlist("file")
    if len(files) != 1:
        raise Refused("file", "Send one file at a time.")
    upload_id = read_save_id(request.POST.get("upload_id"))
    alt, organisation = (read_text(name, request.POST.get(name, "")) for name in ("alt", "organisation"))
    return Upload(upload_id, files[0], alt, organisation)


def told(attachment: Attachment) -> dict[str, object]:
    """A file as a script is told of it."""
    return {
        "id": attachment.pk,
        "name": attachment.name,
        "url": attachment.get_absolute_url(),
        "content_type": attachment.content_type,
        "size": attachment.size,
        "width": attachment.width,
        "height": attachment.height,
        "alt": attachment.alt,
    }


@cohort_page
@require_safe
def attachment_detail(request: SignedIn, cohort: Cohort, pk: uuid.UUID, file_pk: uuid.UUID) -> HttpResponse:
    """The file itself, for whoever may read its note at this moment."""
    note = note_or_404(request.user, cohort, pk, timezone.now())
    attachment = get_object_or_404(Attachment.objects.visible_to(request.user), note=note, pk=file_pk)
    try:
        content = filing.read(attachment.stored_as)
    except OSError:
        logger.exception("A file of a note cannot be read from FILES_DIR")
        return HttpResponse("This file cannot be read just now.", status=503, content_type="text/plain; charset=utf-8")
    disposition = content_disposition_header(not attachment.is_picture, attachment.name) or "inline"
    headers = {**FILE_HEADERS, "Content-Disposition": disposition}
    return HttpResponse(content, content_type=attachment.content_type, headers=headers)


@cohort_page
@require_POST
def attachment_describe(request: SignedIn, cohort: Cohort, pk: uuid.UUID, file_pk: uuid.UUID) -> HttpResponse:
    note = note_to_add_to(request, cohort, pk)
    attachment = get_object_or_404(note.attachments.present(), pk=file_pk)
    form = DescriptionForm(request.POST)
    if not form.is_valid():
        return answered(request, note, str(form.errors["alt"][0]), status=422)
    attachment.describe(form.cleaned_data["alt"])
    return answered(request, note, "The description is saved." if attachment.alt else "The description is empty now.")


@cohort_page
@require_POST
def attachment_remove(request: SignedIn, cohort: Cohort, pk: uuid.UUID, file_pk: uuid.UUID) -> HttpResponse:
    note = note_to_add_to(request, cohort, pk)
    attachment = get_object_or_404(Attachment.objects.visible_to(request.user), note=note, pk=file_pk)
    attachment.take_off(request.user, timezone.now())
    return answered(request, note, f"{attachment} is off the note. It can be put back for 30 days.")


@cohort_page
@require_POST
def attachment_put_back(request: SignedIn, cohort: Cohort, pk: uuid.UUID, file_pk: uuid.UUID) -> HttpResponse:
    note, now = note_to_add_to(request, cohort, pk), timezone.now()
    attachment = get_object_or_404(Attachment.objects.to_put_back(request.user, now), note=note, pk=file_pk)
    attachment.put_back()
    return answered(request, note, f"{attachment} is on the note again.")


def answered(request: SignedIn, note: ResearchNote, words: str, status: int = 200) -> HttpResponse:
    """The outcome of a small deed: JSON for a script, the page of the note's files for a form."""
    if "application/json" in request.headers.get("Accept", ""):
        return JsonResponse({"said" if status == 200 else "error": words}, status=status)
    (messages.success if status == 200 else messages.error)(request, words)
    return redirect("research:note_attachments", note.membership.cohort.slug, note.pk)


@cohort_page
@require_http_methods(["GET", "HEAD", "POST"])
def note_quick(request: SignedIn, cohort: Cohort) -> HttpResponse:
    """A picture and one line: a private note of the open phase, on a phone between two meetings."""
    memberships, now = list(memberships_to_write_for(request.user, cohort)), timezone.now()
    if not memberships:
        raise Http404
    names = {name: uuid.uuid4() for name in ("note_id", "save_id")}
    data, files = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = QuickNoteForm(data, files, memberships=memberships, initial=names)
    if form.is_valid():
        try:
            note = keep_quickly(request, cohort, form, now)
        except NoSuchNote as error:
            raise Http404 from error
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, "Kept. Only you can read it until you share it.")
            return redirect(note)
    context = {"cohort": cohort, "here": "notes", "form": form, "accept": PICTURES, "megabytes": FILE_LIMIT // MEGABYTE}
    return render(request, "research/note_quick.html", context, status=form.status)


def keep_quickly(request: SignedIn, cohort: Cohort, form: QuickNoteForm, now: datetime) -> ResearchNote:
    """The line as a note, and its picture; sent again after a fault, it goes on where it stopped.

    Raises NoSuchNote or Refused.
    """
    count_upload(request.user, now)
    asked = form.cleaned_data
    open_phase = next((phase for phase in cohort.phases.all() if phase.is_open(timezone.localdate(now))), None)
    change = Change(
        save_id=asked["save_id"],
        base_version=0,
        title=asked["line"],
        body="",
        fields={"phase": open_phase, "happened_on": timezone.localdate(now)},
        organisation=asked.get("organisation", ""),
    )
    upload = Upload(asked["save_id"], asked["file"], organisation=asked.get("organisation", ""), must_be_picture=True)
    # The picture first: it is what may be refused.
    attachment = attach(asked["note_id"], cohort, upload, request.user, now)
    save_note(asked["note_id"], cohort, change, request.user, now)
    return attachment.note
