from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from participants.guards import SignedIn, cohort_page
from participants.models import Cohort, User

from ..attaching import files_of
from ..forms import PARAGRAPH_LIMIT, AddendumForm, CommentForm, NoteFilter, UsTooForm
from ..locking import add_addendum, late_texts, standing, what_is_new
from ..models import NoteVersion, ResearchNote, UsToo, may_join, name_kinds
from ..searching import Found

NOTES_A_PAGE = 20


def note_or_404(user: User, cohort: Cohort, pk: UUID, now: datetime) -> ResearchNote:
    """A note of the cohort that the person may read; a deleted one for those who may put it back."""
    related = (
        "membership__cohort",
        "membership__organisation",
        "author",
        "phase__cohort",
        "experiment__membership__cohort",
        "deleted_by",
    )
    readable = ResearchNote.objects.visible_to(user).filter(membership__cohort=cohort).select_related(*related)
    note = get_object_or_404(readable, pk=pk)
    if note.deleted_at and not note.can_be_put_back_by(user, now):
        raise Http404
    return note


def note_to_change(request: SignedIn, cohort: Cohort, pk: UUID) -> ResearchNote:
    """A note of those whose it is. Raises Http404, or PermissionDenied for mere readers."""
    note = note_or_404(request.user, cohort, pk, timezone.now())
    if not note.is_kept_by(request.user):
        raise PermissionDenied
    return note


@cohort_page
@require_safe
def note_list(request: SignedIn, cohort: Cohort) -> HttpResponse:
    form = NoteFilter(request.GET, cohort=cohort, user=request.user)
    readable = ResearchNote.objects.visible_to(request.user).present().filter(membership__cohort=cohort)
    notes = form.narrow(readable)
    question = form.asked.get("q", "")
    found = Found(notes, question) if question else None
    listed: Any = notes.for_list() if found is None else found
    page = Paginator(listed, NOTES_A_PAGE).get_page(request.GET.get("page"))
    kinds = dict(form.kinds)
    for note in page:
        note.kind_name = kinds[note.kind]
    context = {
        "cohort": cohort,
        "here": "notes",
        "form": form,
        "page": page,
        "question": question,
        "found": found,
        "is_narrowed": bool(form.asked),
        "can_write": form.can_write,
    }
    return render(request, "research/note_list.html", context)


@cohort_page
@require_safe
def note_detail(request: SignedIn, cohort: Cohort, pk: UUID) -> HttpResponse:
    return show_note(request, note_or_404(request.user, cohort, pk, timezone.now()), CommentForm())


def show_note(
    request: SignedIn,
    note: ResearchNote,
    comment_form: CommentForm,
    addendum_form: AddendumForm | None = None,
    status: int = 200,
    us_too_form: UsTooForm | None = None,
) -> HttpResponse:
    now = timezone.now()
    lock = standing(note, now)
    can_edit = note.can_be_edited_by(request.user)
    late = late_texts(note, request.user).first() if lock.state == "locked" and can_edit else None
    if addendum_form is None and lock.state == "locked" and can_edit:
        addendum_form = AddendumForm(None, note=note, user=request.user, initial=addendum_for(note, late))
    joining = may_join(note, request.user)
    if us_too_form is None and joining:
        us_too_form = UsTooForm(None, memberships=joining)
    name_kinds([note], note.membership.cohort)
    comments = list(note.discussion.comments.select_related("author")) if note.discussion else []
    context = {
        "cohort": note.membership.cohort,
        "here": "notes",
        "note": note,
        "comments": comments,
        "comment_form": comment_form,
        "can_edit": can_edit,
        "lock": lock,
        "late": late,
        "reads_card": note.experiment_id is not None and can_edit,
        "addenda": note.addenda.select_related("author"),
        "addendum_form": addendum_form,
        "files": files_of(note, request.user, now),
        "us_toos": UsToo.objects.visible_to(request.user).filter(note=note).select_related("membership", "author"),
        "us_too_form": us_too_form,
    }
    response = render(request, "research/note_detail.html", context, status=status)
    if request.method == "GET" and note.discussion and comments:
        note.discussion.mark_read(request.user, comments[-1].created_at)
    return response


def addendum_for(note: ResearchNote, late: NoteVersion | None) -> dict[str, Any]:
    """What the form of an addendum begins with: what is new in a text that came after the lock."""
    new = what_is_new(late, note)[:PARAGRAPH_LIMIT] if late else ""
    return {"save_id": uuid4(), "late_text": late.pk if late else None, "body": new}


@cohort_page
@require_POST
def note_comment(request: SignedIn, cohort: Cohort, pk: UUID) -> HttpResponse:
    note = note_or_404(request.user, cohort, pk, timezone.now())
    if note.discussion is None or not note.can_be_commented_by(request.user):
        raise PermissionDenied
    form = CommentForm(request.POST)
    if not form.is_valid():
        return show_note(request, note, form, status=422)
    comment = note.discussion.add(request.user, form.cleaned_data["body"], timezone.now())
    messages.success(request, "Your comment is there for everyone who can read the note.")
    return redirect(f"{note.get_absolute_url()}#comment-{comment.pk}")


@cohort_page
@require_POST
def note_delete(request: SignedIn, cohort: Cohort, pk: UUID) -> HttpResponse:
    note = note_or_404(request.user, cohort, pk, timezone.now())
    if not note.can_be_edited_by(request.user):
        raise PermissionDenied
    note.delete_softly(timezone.now(), request.user)
    messages.success(request, "The note is deleted: nobody finds or reads it any more. You can put it back here.")
    return redirect(note)


@cohort_page
@require_POST
def note_put_back(request: SignedIn, cohort: Cohort, pk: UUID) -> HttpResponse:
    note = note_or_404(request.user, cohort, pk, timezone.now())
    if not note.can_be_put_back_by(request.user, timezone.now()):
        raise PermissionDenied
    note.put_back()
    messages.success(request, "The note is back, with every version, for the same readers as before.")
    return redirect(note)


@cohort_page
@require_POST
def note_addendum(request: SignedIn, cohort: Cohort, pk: UUID) -> HttpResponse:
    """Words under a locked note. One that is open is changed instead."""
    now = timezone.now()
    note = note_or_404(request.user, cohort, pk, now)
    if not note.can_be_edited_by(request.user):
        raise PermissionDenied
    form = AddendumForm(request.POST, note=note, user=request.user)
    if not note.is_locked(now):
        messages.warning(request, "This note is open: change it instead. What you typed is in the box below.")
        return show_note(request, note, CommentForm(), form, status=409)
    if not form.is_valid():
        return show_note(request, note, CommentForm(), form, status=422)
    asked = form.cleaned_data
    added = add_addendum(note, request.user, asked["body"], asked["save_id"], now, asked["late_text"])
    messages.success(request, "Your addendum is there for everyone who can read the note.")
    return redirect(f"{note.get_absolute_url()}#addendum-{added.pk}")


@cohort_page
@require_safe
def note_deleted_list(request: SignedIn, cohort: Cohort) -> HttpResponse:
    """What was deleted and can still be put back: the organisation's notes, and one's own drafts."""
    now = timezone.now()
    kept = ResearchNote.objects.visible_to(request.user).kept_by(request.user).filter(membership__cohort=cohort)
    deleted = kept.waiting(now).for_list().select_related("deleted_by").order_by("-deleted_at", "pk")
    page = Paginator(deleted, NOTES_A_PAGE).get_page(request.GET.get("page"))
    name_kinds(page, cohort)
    return render(request, "research/note_deleted_list.html", {"cohort": cohort, "here": "notes", "page": page})


@require_safe
def drafts_download(request: SignedIn) -> HttpResponse:
    """One's own private drafts, as Markdown: they stay with the person when a seat ends."""
    drafts = ResearchNote.objects.drafts_of(request.user).select_related("membership__cohort", "phase")
    text = render_to_string("research/drafts_download.md", {"drafts": drafts}, using="plaintext")
    response = HttpResponse(text, content_type="text/markdown; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="drafts.md"'
    return response
