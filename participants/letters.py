"""What the portal writes to a person: what may come and why, what has come, and their choice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from correspondence.leaving import choose
from correspondence.models import Choice, Letter, Rule
from correspondence.reminders import REGISTERED, Occurrence, occurrences, rules

from .guards import SignedIn
from .models import Cohort, User

LATELY = timedelta(days=30)
AHEAD = timedelta(days=30)
# Letters to come and letters that came, at the most: the first cost a query each.
MOST_COMING = 10
MOST_LETTERS = 100


@dataclass(frozen=True)
class Kind:
    """A kind of reminder as its reader chooses it."""

    kind: str
    rule: Rule
    why: str
    is_nudge: bool
    pace: str
    paces: list[tuple[str, str]]


@require_http_methods(["GET", "HEAD", "POST"])
def letters(request: SignedIn) -> HttpResponse:
    now, user = timezone.now(), request.user
    kinds = kinds_for(user)
    if request.method == "POST":
        if not all(request.POST.get(kind.kind, kind.pace) in dict(kind.paces) for kind in kinds):
            return render(request, "participants/letters.html", context_for(request, kinds, now), status=422)
        for kind in kinds:
            pace = request.POST.get(kind.kind, kind.pace)
            if pace != kind.pace:
                choose(user.email, kind.kind, pace, now)
        messages.success(request, "Saved. It counts from now on, also for letters that are waiting to go.")
        return redirect("participants:letters")
    return render(request, "participants/letters.html", context_for(request, kinds, now))


def context_for(request: SignedIn, kinds: list[Kind], now: datetime) -> dict[str, object]:
    user = request.user
    return {
        "here": "you",
        "cohort": Cohort.objects.visible_to(user).latest_first().first(),
        "kinds": kinds,
        "coming": coming_to(user, kinds, now),
        "lately": lately_to(user, now),
        "is_wrong": request.method == "POST",
    }


def kinds_for(user: User) -> list[Kind]:
    """Every kind, with this person's choice. Two queries."""
    known = rules()
    chosen = Choice.objects.made_for(known, user.email)
    return [
        Kind(
            kind=reminder.kind,
            rule=known[reminder.kind],
            why=f"{reminder.template}_why.txt",
            is_nudge=reminder.nudge is not None,
            pace=chosen.get(reminder.kind, reminder.pace),
            paces=[(pace, Choice.Pace(pace).label) for pace in reminder.paces],
        )
        for reminder in REGISTERED.values()
        if not reminder.again_of
    ]


def coming_to(user: User, kinds: list[Kind], now: datetime) -> list[Occurrence]:
    """The next letters this person will get if nothing changes, in their order."""
    wanted = {kind.kind for kind in kinds if kind.pace != Choice.Pace.NEVER}
    mine = set(Cohort.objects.visible_to(user).values_list("slug", flat=True))
    ahead = [
        item
        for item in occurrences(now)
        if now < item.due_at <= now + AHEAD
        and item.reminder.choice in wanted
        and item.reminder.about(item.event) in mine
    ]
    ahead.sort(key=lambda item: item.due_at)
    coming: list[Occurrence] = []
    # As many are looked at as make a page, so that a long programme costs no more than a short one.
    for item in ahead[: 2 * MOST_COMING]:
        if item.reminder.audience(item.event, now).filter(pk=user.pk).exists():
            coming.append(item)
    return coming[:MOST_COMING]


def lately_to(user: User, now: datetime) -> QuerySet[Letter]:
    """Their own letters of the last 30 days, newest first; a code shows neither in subject nor text."""
    own = Letter.objects.filter(address__in=[user.email, user.email.lower()])
    return own.filter(due_at__gt=now - LATELY, due_at__lte=now).order_by("-due_at", "-pk")[:MOST_LETTERS]
