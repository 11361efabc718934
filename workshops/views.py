"""The pages of a cohort's workshops."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from correspondence.calendars import CONTENT_TYPE, calendar_file
from participants.guards import SignedIn, cohort_page, is_seated
from participants.models import Cohort, Seat

from .calendar import entry_of
from .changing import invite
from .forms import ReplyForm
from .models import Attendance, Workshop, record_reply


class Row(NamedTuple):
    """A workshop in the list, with what the reader answered."""

    workshop: Workshop
    attendance: Attendance | None
    is_over: bool
    takes_replies: bool


@cohort_page
@require_safe
def workshop_list(request: SignedIn, cohort: Cohort) -> HttpResponse:
    now = timezone.now()
    replies = {reply.workshop_id: reply for reply in Attendance.objects.filter(user=request.user)}
    rows = [
        Row(workshop, replies.get(workshop.pk), workshop.is_over(now), workshop.takes_replies(now))
        for workshop in cohort.workshops.select_related("cohort")
    ]
    open_rows = [row for row in rows if not (row.is_over or row.workshop.is_cancelled)]
    dated = [(row.workshop.starts_at, row.workshop) for row in open_rows if row.workshop.starts_at]
    context = {
        "cohort": cohort,
        "here": "workshops",
        "rows": rows,
        "next": min(dated, key=lambda pair: pair[0])[1] if dated else None,
        "is_any_open": bool(open_rows),
        "is_seated": is_seated(request.user, cohort),
        "today": timezone.localdate(now),
    }
    return render(request, "workshops/workshop_list.html", context)


@cohort_page
@require_safe
def workshop_detail(request: SignedIn, cohort: Cohort, number: int) -> HttpResponse:
    workshop = get_object_or_404(cohort.workshops.select_related("cohort"), number=number)
    form = ReplyForm(instance=workshop.attendances.filter(user=request.user).first())
    return workshop_page(request, workshop, form, timezone.now())


@cohort_page
@require_POST
def workshop_reply(request: SignedIn, cohort: Cohort, number: int) -> HttpResponse:
    now = timezone.now()
    workshop = get_object_or_404(cohort.workshops.select_related("cohort"), number=number)
    if not is_seated(request.user, cohort):
        raise PermissionDenied("Only people of the cohort's organisations reply.")
    form = ReplyForm(request.POST)
    if not workshop.takes_replies(now):
        return workshop_page(request, workshop, form, now, status=409)
    if not form.is_valid():
        return workshop_page(request, workshop, form, now, status=422)
    with transaction.atomic():
        attendance = record_reply(workshop, request.user, **form.cleaned_data, now=now)
        is_invited = invite(attendance, now)
    messages.success(
        request,
        f"{workshop}: your answer is “{attendance.get_reply_display()}”. "
        "You can change it here until the workshop starts."
        + (" An entry for your calendar is on its way by mail." if is_invited else ""),
    )
    return redirect(workshop)


@cohort_page
@require_safe
def workshop_calendar(request: SignedIn, cohort: Cohort, number: int) -> HttpResponse:
    workshop = get_object_or_404(cohort.workshops.select_related("cohort"), number=number)
    entry = entry_of(workshop)
    if entry is None:
        context = {"cohort": cohort, "here": "workshops", "workshop": workshop}
        return render(request, "workshops/workshop_calendar.html", context, status=404)
    name = f"{cohort.slug}-workshop-{workshop.number}.ics"
    return HttpResponse(
        calendar_file([entry], timezone.now()),
        content_type=CONTENT_TYPE,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def workshop_page(
    request: SignedIn, workshop: Workshop, form: ReplyForm, now: datetime, status: int = 200
) -> HttpResponse:
    """The workshop's page; `form` carries what the reader answered before, or typed a moment ago."""
    coming = list(workshop.attendances.coming().select_related("user").order_by("user__name", "pk"))
    seats = Seat.objects.live().filter(membership__cohort=workshop.cohort, user__in=[one.user_id for one in coming])
    places = dict(seats.order_by("started_at").values_list("user", "membership__name"))
    people = [(one.user, places.get(one.user_id, "")) for one in coming if one.reply == Attendance.Reply.YES]
    maybes = [(one.user, places.get(one.user_id, "")) for one in coming if one.reply == Attendance.Reply.MAYBE]
    context = {
        "cohort": workshop.cohort,
        "here": "workshops",
        "workshop": workshop,
        "agenda": workshop.agenda.all(),
        "materials": workshop.materials.all(),
        "people": people,
        "maybes": maybes,
        "form": form,
        "is_seated": is_seated(request.user, workshop.cohort),
        "is_refused": status == 409,
        "takes_replies": workshop.takes_replies(now),
        "is_over": workshop.is_over(now),
        "today": timezone.localdate(now),
    }
    if request.user.is_staff:
        context["needs"] = workshop.attendances.with_needs().select_related("user").order_by("user__name", "pk")
    return render(request, "workshops/workshop_detail.html", context, status=status)
