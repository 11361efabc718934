"""One line of another organisation under a peer's note: it met the same."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from participants.guards import SignedIn, cohort_page
from participants.models import Cohort

from ..forms import CommentForm, UsTooForm
from ..models import UsToo, may_join
from .notes import note_or_404, show_note


@cohort_page
@require_POST
def us_too_new(request: SignedIn, cohort: Cohort, pk: UUID) -> HttpResponse:
    now = timezone.now()
    note = note_or_404(request.user, cohort, pk, now)
    if cohort.status != Cohort.Status.RUNNING:
        messages.error(request, "This cohort is closed: nothing can be added to its notes any more.")
        return show_note(request, note, CommentForm(), status=409)
    joining = may_join(note, request.user)
    if not joining:
        if UsToo.objects.present().filter(note=note, author=request.user).exists():
            return redirect(f"{note.get_absolute_url()}#us-too")
        raise PermissionDenied
    form = UsTooForm(request.POST, memberships=joining)
    if not form.is_valid():
        return show_note(request, note, CommentForm(), status=422, us_too_form=form)
    try:
        with transaction.atomic():
            UsToo.objects.create(
                note=note,
                membership=form.membership,
                author=request.user,
                line=form.cleaned_data["line"],
                said_at=now,
            )
    except IntegrityError:
        form.add_error(None, "A colleague said it in the same moment. Your line is still in the box.")
        return show_note(request, note, CommentForm(), status=409, us_too_form=form)
    messages.success(request, f"{form.membership} is a contributor now. Everyone who reads the note sees your line.")
    return redirect(f"{note.get_absolute_url()}#us-too")


@cohort_page
@require_POST
def us_too_remove(request: SignedIn, cohort: Cohort, pk: UUID, us_too_pk: int) -> HttpResponse:
    note = note_or_404(request.user, cohort, pk, timezone.now())
    said = get_object_or_404(UsToo.objects.visible_to(request.user).filter(note=note), pk=us_too_pk)
    if not said.can_be_removed_by(request.user):
        raise PermissionDenied
    said.remove(request.user, timezone.now())
    messages.success(request, "The line is taken out.")
    return redirect(f"{note.get_absolute_url()}#us-too")
