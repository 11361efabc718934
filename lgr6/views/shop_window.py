"""Public pages that gather several apps: home, and what the portal says of itself."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from findings.models import Finding
from lgr6.context import Portal
from lgr6.programme_line import lay_out
from participants.guards import shop_window
from participants.models import Cohort
from participants.organisations import line_up, public_memberships

LATEST = 3


@shop_window
def home(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    portal = request.META.get("portal.frozen") or Portal()
    cohort = portal.cohort
    context = {"here": "programme", "portal": portal, "cohort": cohort}
    if cohort:
        context |= programme_of(cohort, now)
    if portal.frozen_on:
        context["findings"] = Finding.objects.published().filter(cohort=cohort)[:LATEST]
    return render(request, "lgr6/home.html", context)


@shop_window
def accessibility(request: HttpRequest) -> HttpResponse:
    return render(request, "lgr6/accessibility.html")


@shop_window
def privacy(request: HttpRequest) -> HttpResponse:
    return render(request, "lgr6/privacy.html")


def programme_of(cohort: Cohort, now: datetime) -> dict[str, object]:
    """What the home page says of the cohort: only what is entered, counted from rows."""
    workshops, phases = list(cohort.workshops.all()), list(cohort.phases.all())
    held = [workshop for workshop in workshops if not workshop.is_cancelled]
    return {
        "line": lay_out(workshops, phases, now),
        "workshops": held,
        "phases": phases,
        "venue": shared(workshop.venue for workshop in held),
        "length": as_adjective(shared(workshop.length for workshop in held)),
        "where": shared(phase.where for phase in phases),
        "line_up": line_up(cohort, public_memberships().filter(cohort=cohort)),
        "findings": Finding.objects.published()[:LATEST],
    }


def shared(values: Iterable[str]) -> str:
    """The one value that all have; empty where they differ or one is not known."""
    found = set(values)
    return found.pop() if len(found) == 1 else ""


def as_adjective(length: str) -> str:
    """A length as it stands before a noun: “full day” becomes “full-day”; empty where it cannot stand there."""
    return length.replace(" ", "-") if re.fullmatch(r"[a-z]+ day", length) else ""
