from typing import Any
from uuid import UUID

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
from ..forms import CommentForm, NoteFilter
from ..models import NoteVersion, ResearchNote, name_kinds

NOTES_A_PAGE = 20
VERSIONS_A_PAGE = 50


def note_or_404(user: User, cohort: Cohort, pk: UUID) -> ResearchNote:
    """A note of the cohort that the person may read; a deleted one for those who may put it back."""
    related = ("membership__cohort", "membership__organisation", "author", "phase", "experiment")
    readable = ResearchNote.objects.visible_to(user).filter(membership__cohort=cohort).select_related(*related)
    note = get_object_or_404(readable, pk=pk)
    if note.deleted_at and not note.can_be_put_back_by(user):
        raise Http404
    return note


@cohort_page
@require_safe
def note_list(request: SignedIn, cohort: Cohort) -> HttpResponse:
    form = NoteFilter(request.GET, cohort=cohort, user=request.user)
    readable = ResearchNote.objects.visible_to(request.user).present().filter(membership__cohort=cohort)
    page = Paginator(form.narrow(readable).for_list(), NOTES_A_PAGE).get_page(request.GET.get("page"))
    kinds = dict(form.kinds)
    for note in page:
        note.kind_name = kinds[note.kind]
    context = {
        "cohort": cohort,
        "here": "notes",
        "form": form,
        "page": page,
        "is_narrowed": bool(form.asked),
        "can_write": form.can_write,
    }
    return render(request, "research/note_list.html", context)


@cohort_page
@require_safe
def note_detail(request: SignedIn, cohort: Cohort, pk: UUID) -> HttpResponse:
    note = note_or_404(request.user, cohort, pk)
    return show_note(request, note, CommentForm())


def show_note(request: SignedIn, note: ResearchNote, comment_form: CommentForm, status: int = 200) -> HttpResponse:
    name_kinds([note], note.membership.cohort)
    comments = note.discussion.comments.select_related("author") if note.discussion else []
    context = {
        "cohort": note.membership.cohort,
        "here": "notes",
        "note": note,
        "comments": comments,
        "comment_form": comment_form,
        "can_edit": note.can_be_edited_by(request.user),
        "files": files_of(note, request.user, timezone.now()),
    }
    return render(request, "research/note_detail.html", context, status=status)


@cohort_page
@require_POST
def note_comment(request: SignedIn, cohort: Cohort, pk: UUID) -> HttpResponse:
    note = note_or_404(request.user, cohort, pk)
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
    note = note_or_404(request.user, cohort, pk)
    if not note.can_be_edited_by(request.user):
        raise PermissionDenied
    note.delete_softly(timezone.now())
    messages.success(request, "The note is deleted: nobody finds or reads it any more. You can put it back here.")
    return redirect(note)


@cohort_page
@require_POST
def note_put_back(request: SignedIn, cohort: Cohort, pk: UUID) -> HttpResponse:
    note = note_or_404(request.user, cohort, pk)
    if not note.can_be_put_back_by(request.user):
        raise PermissionDenied
    note.put_back()
    messages.success(request, "The note is back, with every version, for the same readers as before.")
    return redirect(note)


@cohort_page
@require_safe
def note_history(request: SignedIn, cohort: Cohort, pk: UUID) -> HttpResponse:
    note = note_or_404(request.user, cohort, pk)
    if not note.is_kept_by(request.user):
        raise PermissionDenied
    versions = NoteVersion.objects.visible_to(request.user).filter(note=note).select_related("author")
    context = {
        "cohort": cohort,
        "here": "notes",
        "note": note,
        "page": Paginator(versions.defer("body"), VERSIONS_A_PAGE).get_page(request.GET.get("page")),
        "shown": version_asked_for(request, versions),
    }
    return render(request, "research/note_history.html", context)


def version_asked_for(request: SignedIn, versions: Any) -> NoteVersion | None:
    """The version that `?version=` names by number, or `?kept=` by id. Raises Http404 for one that is not there."""
    wanted = {"number": request.GET.get("version"), "pk": request.GET.get("kept")}
    for name, value in wanted.items():
        if value:
            if not (value.isascii() and value.isdecimal()) or len(value) > 18:
                raise Http404
            return get_object_or_404(versions, **{name: int(value)})
    return None


@require_safe
def drafts_download(request: SignedIn) -> HttpResponse:
    """One's own private drafts, as Markdown: they stay with the person when a seat ends."""
    drafts = ResearchNote.objects.drafts_of(request.user).select_related("membership__cohort", "phase")
    text = render_to_string("research/drafts_download.md", {"drafts": drafts}, using="plaintext")
    response = HttpResponse(text, content_type="text/markdown; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="drafts.md"'
    return response
