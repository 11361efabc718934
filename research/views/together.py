"""Two people in one note: who else is there, and what differs between their texts."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from participants.guards import SignedIn, cohort_page
from participants.models import Cohort

from ..differences import compare
from ..models import NoteVersion, ResearchNote
from ..presence import look_in
from .notes import note_to_change


@cohort_page
@require_POST
def note_presence(request: SignedIn, cohort: Cohort, pk: UUID) -> JsonResponse:
    """Says that this person has the note open, and who else has."""
    note = note_to_change(request, cohort, pk)
    return JsonResponse({"others": look_in(note.pk, request.user, timezone.now())})


@cohort_page
@require_safe
def note_conflict(request: SignedIn, cohort: Cohort, pk: UUID, kept: int) -> HttpResponse:
    """The text that was put aside beside the one that stands: a piece of the editor's page."""
    note = note_to_change(request, cohort, pk)
    versions = NoteVersion.objects.visible_to(request.user).filter(note=note, number=None)
    return render(request, "research/note_conflict.html", conflict_of(note, get_object_or_404(versions, pk=kept)))


def conflict_of(note: ResearchNote, kept: NoteVersion) -> dict[str, Any]:
    """What the two texts have in common, and what only one of them says."""
    standing = note.versions.select_related("author").filter(number=note.version).first()
    pieces = compare(note.body, kept.body).pieces
    return {
        "note": note,
        "by": standing.author if standing else None,
        "saved_at": standing.created_at if standing else note.updated_at,
        "kept": kept,
        "titles": compare(note.title, kept.title).pieces,
        "theirs": [piece for piece in pieces if piece.how != "added"],
        "mine": [piece for piece in pieces if piece.how != "removed"],
    }
