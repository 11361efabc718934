"""Times on offer."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from participants.guards import SignedIn, cohort_page, mentor_in
from participants.models import Cohort

from ..booking import Refused, withdraw
from ..diary import diary_of
from ..forms import OfferForm
from ..models import Slot
from ..offering import offer


@cohort_page
@require_safe
def mentoring_list(request: SignedIn, cohort: Cohort) -> HttpResponse:
    return list_page(request, cohort)


@cohort_page
@require_http_methods(["GET", "HEAD", "POST"])
def slot_new(request: SignedIn, cohort: Cohort) -> HttpResponse:
    now = timezone.now()
    mentor = mentor_in(request.user, cohort)
    if mentor is None:
        raise PermissionDenied("Only mentors offer times.")
    form = OfferForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        asked = form.cleaned_data
        length = timedelta(minutes=asked["length"])
        try:
            slots = offer(mentor, asked["day"], asked["starts"], length, asked["join_url"], asked["weeks"], now)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            count = f"{len(slots)} times are" if len(slots) > 1 else "The time is"
            messages.success(request, f"{count} on offer: the organisations you mentor can book now.")
            return redirect("mentoring:mentoring_list", cohort.slug)
    context = {"cohort": cohort, "here": "mentoring", "form": form}
    return render(request, "mentoring/slot_new.html", context, status=422 if form.is_bound else 200)


@cohort_page
@require_POST
def slot_withdraw(request: SignedIn, cohort: Cohort, pk: int) -> HttpResponse:
    slot = get_object_or_404(
        Slot.objects.visible_to(request.user).select_related("mentor"), mentor__cohort=cohort, pk=pk
    )
    if not (request.user.is_staff or slot.mentor.user_id == request.user.pk):
        raise PermissionDenied("Only the mentor takes back a time.")
    try:
        withdraw(slot, timezone.now())
    except Refused as refusal:
        return list_page(request, cohort, refusal=str(refusal), status=409)
    messages.success(request, "The time is taken back. Nobody had booked it, so nobody needs to hear of it.")
    return redirect("mentoring:mentoring_list", cohort.slug)


def list_page(request: SignedIn, cohort: Cohort, refusal: str = "", status: int = 200) -> HttpResponse:
    now = timezone.now()
    context = {
        "cohort": cohort,
        "here": "mentoring",
        "diary": diary_of(request.user, cohort, now),
        "refusal": refusal,
        "today": timezone.localdate(now),
    }
    return render(request, "mentoring/mentoring_list.html", context, status=status)
