"""Sessions: booked, moved, cancelled, read."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from participants.guards import SignedIn, cohort_page
from participants.models import Cohort, Membership, Mentorship, Seat, User

from ..booking import Refused, book, cancel, check_bookable, check_change, move
from ..forms import BookForm, CancelForm, MoveForm
from ..models import MentoringSession, Party, Slot
from .session_page import get_session, session_page

NEXT_TIMES = 5


@cohort_page
@require_safe
def session_detail(request: SignedIn, cohort: Cohort, pk: int) -> HttpResponse:
    return session_page(request, get_session(request.user, cohort, pk), timezone.now())


@cohort_page
@require_http_methods(["GET", "HEAD", "POST"])
def session_book(request: SignedIn, cohort: Cohort, pk: int) -> HttpResponse:
    now = timezone.now()
    slots = Slot.objects.visible_to(request.user).select_related("mentor__user")
    slot = get_object_or_404(slots, mentor__cohort=cohort, pk=pk)
    memberships = memberships_with(slot, request.user)
    if not memberships:
        raise PermissionDenied("Times are booked by the people of an organisation this mentor mentors.")
    form = BookForm(memberships, posted(request))
    refusal, status = "", 200
    try:
        if request.method != "POST":
            own = slot.sessions.filter(state=MentoringSession.State.BOOKED, membership__in=memberships).first()
            if own:
                return redirect("mentoring:session_detail", cohort.slug, own.pk)
            check_bookable(slot, now)
        elif form.is_valid():
            session = book(slot, form.chosen, request.user, form.cleaned_data["wish"], now)
            messages.success(
                request,
                f"Booked. A letter goes to your organisation and to {slot.mentor.user}. "
                "You can move or cancel it until 12 hours before.",
            )
            return redirect("mentoring:session_detail", cohort.slug, session.pk)
        else:
            status = 422
    except Refused as refused:
        refusal, status = str(refused), 409
    context = {"cohort": cohort, "here": "mentoring", "slot": slot, "form": form, "refusal": refusal}
    if refusal:
        context["next_times"] = other_times(slots, slot, memberships, now)
    return render(request, "mentoring/session_book.html", context, status=status)


@cohort_page
@require_http_methods(["GET", "HEAD", "POST"])
def session_cancel(request: SignedIn, cohort: Cohort, pk: int) -> HttpResponse:
    now = timezone.now()
    session = get_session(request.user, cohort, pk)
    party = session.party_of(request.user)
    form = CancelForm(posted(request), is_own=party == Party.ORGANISATION)
    refusal, status = why_not(session, request.user, now), 200
    if request.method == "POST" and not form.is_valid():
        status = 422
    elif request.method == "POST" and session.state == session.State.CANCELLED:
        return redirect("mentoring:session_detail", cohort.slug, pk)
    elif request.method == "POST" and not refusal:
        try:
            cancel(session, request.user, now=now, **form.choices)
        except Refused as refused:
            refusal = str(refused)
        else:
            messages.success(request, f"Cancelled. A letter goes to {session.membership} and to {session.mentor.user}.")
            return redirect("mentoring:session_detail", cohort.slug, pk)
    context = {"cohort": cohort, "here": "mentoring", "session": session, "form": form, "refusal": refusal}
    return render(request, "mentoring/session_cancel.html", context, status=409 if refusal else status)


@cohort_page
@require_http_methods(["GET", "HEAD", "POST"])
def session_move(request: SignedIn, cohort: Cohort, pk: int) -> HttpResponse:
    now = timezone.now()
    session = get_session(request.user, cohort, pk)
    party = session.party_of(request.user)
    slots = Slot.objects.filter(mentor=session.mentor)
    free = slots.bookable(now) if party == Party.ORGANISATION else slots.offered(now).free()
    form = MoveForm(
        [(slot.pk, slot.times) for slot in free],
        posted(request),
        slots=slots,
        is_own=party == Party.ORGANISATION,
    )
    refusal, status = why_not(session, request.user, now), 200
    if request.method == "POST" and not form.is_valid():
        status = 422
    elif request.method == "POST" and not refusal:
        try:
            move(session, form.cleaned_data["slot"], request.user, now, **form.choices)
        except Refused as refused:
            refusal = str(refused)
        else:
            messages.success(request, f"Moved. A letter goes to {session.membership} and to {session.mentor.user}.")
            return redirect("mentoring:session_detail", cohort.slug, pk)
    context = {"cohort": cohort, "here": "mentoring", "session": session, "form": form, "refusal": refusal}
    context["has_times"] = bool(form.fields["slot"].choices)  # type: ignore[attr-defined]
    return render(request, "mentoring/session_move.html", context, status=409 if refusal else status)


def posted(request: SignedIn) -> QueryDict | None:
    """What was sent, be it empty; None for a page that is only opened."""
    return request.POST if request.method == "POST" else None


def memberships_with(slot: Slot, user: User) -> QuerySet[Membership]:
    """The reader's organisations that the slot's mentor mentors."""
    return Membership.objects.filter(
        Exists(Seat.objects.live().filter(user=user, membership=OuterRef("pk"))),
        Exists(Mentorship.objects.live().filter(mentor=slot.mentor, membership=OuterRef("pk"))),
    )


def other_times(slots: QuerySet[Slot], slot: Slot, memberships: QuerySet[Membership], now: datetime) -> list[Slot]:
    """The next free times of any mentor of the organisation, for somebody who came too late."""
    mentors = Mentorship.objects.live().filter(membership__in=memberships).values("mentor")
    return list(slots.bookable(now).filter(mentor__in=mentors).exclude(pk=slot.pk)[:NEXT_TIMES])  # type: ignore[attr-defined]


def why_not(session: MentoringSession, user: User, now: datetime) -> str:
    """Why the person cannot move or cancel the session; empty when they can. PermissionDenied for other mentors."""
    try:
        check_change(session, user, "a reason will be asked for", now)
    except Refused as refused:
        return str(refused)
    return ""
