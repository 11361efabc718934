"""Pages for those who take part that gather from every app: one's own programme, the cohort, an organisation."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from discussions.models import Topic
from findings.models import Agreement, Finding
from lgr6.programme_line import Stretch, line_of
from mentoring.models import FollowUp, MentoringSession
from participants.guards import SignedIn, cohort_page
from participants.models import Cohort, Membership, Mentorship, Seat, User
from research.models import Experiment, KindLabel, ResearchNote, name_kinds
from workshops.models import Attendance, Workshop


@require_safe
def my_programme(request: SignedIn) -> HttpResponse:
    """Where the programme stands and what is next for the person: of the cohort that runs, or the last one."""
    cohorts = list(Cohort.objects.visible_to(request.user).latest_first())
    if not cohorts:
        return render(request, "lgr6/no_programme.html", {"here": "my"})
    running = [cohort for cohort in cohorts if cohort.status == Cohort.Status.RUNNING]
    return programme(request, request.user, (running or cohorts)[0], cohorts)


@cohort_page
@require_safe
def cohort_detail(request: SignedIn, cohort: Cohort) -> HttpResponse:
    """The same page for one cohort among several."""
    return programme(request, request.user, cohort, list(Cohort.objects.visible_to(request.user).latest_first()))


def programme(request: SignedIn, user: User, cohort: Cohort, cohorts: list[Cohort]) -> HttpResponse:
    now = timezone.now()
    line = line_of(cohort, now)
    places = own_places(user, cohort)
    memberships = [place for place in places if place.has_seat]  # type: ignore[attr-defined]
    context: dict[str, Any] = {
        "cohort": cohort,
        "cohorts": cohorts,
        "here": "my",
        "now": now,
        "today": timezone.localdate(now),
        "line": line,
        "headline": headline(line, now),
        "memberships": memberships,
        "mentored": [place for place in places if place.has_mentor],  # type: ignore[attr-defined]
        "sessions": coming_sessions(user, cohort, now),
        "workshop": next_workshop(line, user, now),
        "phase": next((s.phase for s in line if s.has_today), None),
        "follow_ups": open_follow_ups(user, cohort),
    }
    if memberships or user.is_staff:
        own = own_notes(user, cohort)
        context |= {
            "drafts": [note for note in own if note.is_draft and note.membership in memberships][:3],
            "notes": [note for note in own if not note.is_draft][:5],
            "topics": list(
                Topic.objects.visible_to(user).filter(cohort=cohort).select_related("cohort", "started_by")[:3]
            ),
            "agreements": list(waiting_agreements(user, memberships)),
        }
    return render(request, "lgr6/my_programme.html", context)


def own_places(user: User, cohort: Cohort) -> list[Membership]:
    """Organisations of the cohort the person has a seat at (`has_seat`) or mentors (`has_mentor`)."""
    seats = Seat.objects.live().filter(user=user, membership=OuterRef("pk"))
    mentorships = Mentorship.objects.live().filter(mentor__user=user, membership=OuterRef("pk"))
    return list(
        cohort.memberships.annotate(has_seat=Exists(seats), has_mentor=Exists(mentorships))
        .filter(Q(has_seat=True) | Q(has_mentor=True))
        .select_related("organisation", "cohort")
    )


def headline(line: list[Stretch], now: datetime) -> tuple[str, str]:
    """What matters most now, and the words of it to mark: the open phase's end, else what comes next."""
    today = timezone.localdate(now)
    for stretch in line:
        if stretch.has_today and stretch.phase and stretch.phase.closes_on:
            days = (stretch.phase.closes_on - today).days
            mark = {0: "today", 1: "tomorrow"}.get(days, f"in {days} days")
            mark = mark.removeprefix("in ") if days > 1 else mark
            joint = "closes in" if days > 1 else "closes"
            return f"Phase {stretch.phase.number} {joint} {mark}", mark
    for stretch in line:
        if stretch.workshop and stretch.workshop.starts_at and stretch.workshop.takes_replies(now):
            days = (timezone.localdate(stretch.workshop.starts_at) - today).days
            mark = {0: "today", 1: "tomorrow"}.get(days, f"{days} days")
            joint = "is in" if days > 1 else "is"
            return f"Workshop {stretch.workshop.number} {joint} {mark}", mark
    for stretch in line:
        if stretch.phase and stretch.phase.opens_on and stretch.phase.opens_on > today:
            days = (stretch.phase.opens_on - today).days
            mark = "tomorrow" if days == 1 else f"{days} days"
            return f"Phase {stretch.phase.number} opens {'' if days == 1 else 'in '}{mark}", mark
    return "Your programme", "programme"


def own_notes(user: User, cohort: Cohort) -> list[ResearchNote]:
    """The person's latest notes, drafts among them: as many as the page may need of either, kinds named."""
    label = KindLabel.objects.filter(cohort=cohort, kind=OuterRef("kind")).values("label")[:1]
    notes: list[ResearchNote] = list(
        ResearchNote.objects.visible_to(user)
        .present()
        .filter(author=user, membership__cohort=cohort)
        .for_list()
        .annotate(own_label=Subquery(label))
        .select_related("phase", "membership__cohort")[:20]
    )
    for note in notes:
        note.kind_name = note.own_label or note.get_kind_display()  # type: ignore[attr-defined]
    return notes


def next_workshop(line: list[Stretch], user: User, now: datetime) -> Workshop | None:
    """The next workshop that takes replies, with the person's own reply as `own_reply`."""
    coming = [s.workshop for s in line if s.workshop and s.workshop.takes_replies(now)]
    coming.sort(key=lambda workshop: (workshop.starts_at is None, workshop.starts_at or now, workshop.number))
    if not coming:
        return None
    workshop = coming[0]
    attendance = Attendance.objects.filter(workshop=workshop, user=user).first()
    workshop.own_reply = attendance.get_reply_display() if attendance else ""  # type: ignore[attr-defined]
    return workshop


def coming_sessions(user: User, cohort: Cohort, now: datetime) -> list[MentoringSession]:
    """The person's next sessions; for staff none, the desk shows them all."""
    if user.is_staff:
        return []
    return list(
        MentoringSession.objects.visible_to(user)
        .live()
        .filter(membership__cohort=cohort, ends_at__gt=now)
        .select_related("mentor__user", "membership__organisation", "membership__cohort", "slot")[:3]
    )


def open_follow_ups(user: User, cohort: Cohort) -> list[FollowUp]:
    return list(
        FollowUp.objects.visible_to(user)
        .open()
        .filter(owner=user, membership__cohort=cohort)
        .select_related("membership")[:5]
    )


def waiting_agreements(user: User, memberships: list[Membership]) -> QuerySet[Agreement]:
    """Findings that wait for the word of the person's organisation."""
    return (
        Agreement.objects.visible_to(user)
        .filter(membership__in=memberships, answer="")
        .exclude(finding__state=Finding.State.WITHDRAWN)
        .select_related("finding__current", "membership")
    )


@cohort_page
@require_safe
def membership_detail(request: SignedIn, cohort: Cohort, organisation_slug: str) -> HttpResponse:
    """An organisation from the inside: for its people, its mentor and staff."""
    user, now = request.user, timezone.now()
    membership = get_object_or_404(
        Membership.objects.visible_to(user).select_related("organisation", "cohort").prefetch_related("joint_bodies"),
        cohort=cohort,
        organisation__slug=organisation_slug,
    )
    shared = ResearchNote.objects.visible_to(user).shared().filter(membership=membership)
    notes = list(shared.for_list().select_related("phase", "author", "membership__cohort")[:8])
    name_kinds(notes, cohort)
    return render(
        request,
        "lgr6/membership_detail.html",
        {
            "cohort": cohort,
            "here": "my",
            "now": now,
            "today": timezone.localdate(now),
            "membership": membership,
            "seats": membership.seats.live().select_related("user"),
            "mentorships": membership.mentorships.live().select_related("mentor__user"),
            "experiments": Experiment.objects.visible_to(user)
            .filter(membership=membership)
            .select_related("membership__cohort")
            .prefetch_related("framings"),
            "notes": notes,
            "note_count": shared.count(),
            "sessions": MentoringSession.objects.visible_to(user)
            .live()
            .filter(membership=membership)
            .select_related("mentor__user", "membership__cohort")
            .order_by("-starts_at")[:8],
            "follow_ups": FollowUp.objects.open().filter(membership=membership).select_related("owner"),
            "done_follow_ups": FollowUp.objects.filter(membership=membership, done_at__isnull=False).count(),
            "is_own": membership.seats.live().filter(user=user).exists(),
        },
    )
