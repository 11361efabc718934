"""What is written up about a session: the shared record, mentors' remarks, follow-ups."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from participants.guards import SignedIn, cohort_page
from participants.models import Cohort

from ..booking import Refused, record
from ..forms import FollowUpForm, RecordForm, RemarkForm
from ..models import FollowUp, Party, Remark
from .session_page import get_session, people_of, record_of, session_page, writes_remarks


@cohort_page
@require_POST
def session_record(request: SignedIn, cohort: Cohort, pk: int) -> HttpResponse:
    now = timezone.now()
    session = get_session(request.user, cohort, pk)
    if session.party_of(request.user) not in (Party.MENTOR, Party.STAFF):
        raise PermissionDenied("The mentor who leads a session writes its record.")
    form = RecordForm(request.POST)
    if not form.is_valid():
        return session_page(request, session, now, record_form=form, status=422)
    asked = form.cleaned_data
    try:
        record(session, request.user, asked["state"], asked["record"], asked["read_at"], now)
    except Refused as refusal:
        # What stands now is on the page too: sent again, the form replaces it knowingly.
        session = get_session(request.user, cohort, pk)
        form = RecordForm({**request.POST.dict(), "read_at": record_of(session)["read_at"]})
        return session_page(request, session, now, record_form=form, refusal=str(refusal), status=409)
    messages.success(request, f"Recorded. {session.membership} can read it on this page.")
    return redirect(session)


@cohort_page
@require_POST
def remark_new(request: SignedIn, cohort: Cohort, pk: int) -> HttpResponse:
    now = timezone.now()
    session = get_session(request.user, cohort, pk)
    if not writes_remarks(request.user, session):
        raise PermissionDenied("Remarks are for the organisation's mentors.")
    form = RemarkForm(request.POST)
    if not form.is_valid():
        return session_page(request, session, now, remark_form=form, status=422)
    Remark.objects.create(session=session, author=request.user, body=form.cleaned_data["body"], created_at=now)
    messages.success(request, "Kept. Only this organisation's mentors can read your remark.")
    return redirect(session)


@cohort_page
@require_POST
def follow_up_new(request: SignedIn, cohort: Cohort, pk: int) -> HttpResponse:
    now = timezone.now()
    session = get_session(request.user, cohort, pk)
    form = FollowUpForm(request.POST, people=people_of(session), today=timezone.localdate(now))
    if not form.is_valid():
        return session_page(request, session, now, follow_up_form=form, status=422)
    if session.state == session.State.CANCELLED:
        return session_page(
            request, session, now, refusal="A cancelled session has no follow-ups: nothing was added.", status=409
        )
    FollowUp.objects.create(session=session, membership=session.membership, created_at=now, **form.cleaned_data)
    messages.success(request, f"Added to what is open. {session.membership} and its mentors see it.")
    return redirect(session)


@cohort_page
@require_POST
def follow_up_tick(request: SignedIn, cohort: Cohort, pk: int) -> HttpResponse:
    """Ticks a follow-up off, or opens it again with `done=0`; then back to the page it was ticked on."""
    follow_ups = FollowUp.objects.visible_to(request.user).select_related("session__membership__cohort")
    follow_up = get_object_or_404(follow_ups, membership__cohort=cohort, pk=pk)
    if request.POST.get("done") == "0":
        follow_up.reopen()
        messages.success(request, f"Open again: {follow_up}")
    elif follow_up.done_at is None:
        follow_up.tick(timezone.now())
        messages.success(request, f"Done: {follow_up}")
    back = request.POST.get("next", "")
    if back.startswith("/") and url_has_allowed_host_and_scheme(
        back, {request.get_host()}, require_https=request.is_secure()
    ):
        return redirect(back)
    return redirect(follow_up.session)
