"""What every page knows of the site itself: the cohort it speaks of and who runs it. Never who is looking."""

import time
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.conf import settings
from django.db.models import Case, F, Q, QuerySet, When
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.text import get_text_list

from participants.asking import asked_often
from participants.models import Cohort, Membership


class Portal:
    """Facts for head and foot, looked up when a template first asks: two queries a page."""

    is_rehearsal = settings.REHEARSAL
    portal_url = settings.PORTAL_URL
    csrf_cookie = settings.CSRF_COOKIE_NAME
    # The day a cohort's pages were made into files, where this is one of them (lgr6/freezing.py).
    frozen_on: date | None = None

    @cached_property
    def cohort(self) -> Cohort | None:
        return current_cohort()

    @cached_property
    def memberships(self) -> list[Membership]:
        if self.cohort is None:
            return []
        return memberships_named(self.cohort.slug)

    @property
    def organiser(self) -> str:
        return get_text_list([m.name for m in self.memberships if m.is_organiser], "and")

    @property
    def partners(self) -> str:
        return get_text_list([m.name for m in self.memberships if m.is_partner], "and")

    @property
    def said(self) -> tuple[Any, ...]:
        """All of it that differs from one moment to the next."""
        cohort = self.cohort
        values = [getattr(cohort, field.attname) for field in cohort._meta.concrete_fields] if cohort else []
        return self.frozen_on, values, self.organiser, self.partners


class FrozenPortal(Portal):
    """The same facts in the pages of one cohort that are frozen."""

    def __init__(self, cohort: Cohort, frozen_on: date) -> None:
        self.cohort, self.frozen_on = cohort, frozen_on


@asked_often
def memberships_named(cohort_slug: str) -> QuerySet[Membership]:
    named = Q(is_organiser=True) | Q(is_partner=True)
    shown = Membership.objects.only("name", "is_organiser", "is_partner")
    return shown.filter(named, cohort__slug=cohort_slug).order_by("pk")


@asked_often
def latest_cohorts() -> QuerySet[Cohort]:
    running_first = Case(When(status=Cohort.Status.RUNNING, then=0), default=1)
    return Cohort.objects.public().order_by(running_first, F("starts_on").desc(nulls_last=True), "-pk")[:1]


def current_cohort() -> Cohort | None:
    """The cohort the public pages speak of: the latest that runs, else the latest that has ended."""
    return next(iter(latest_cohorts()), None)


@dataclass
class Memory:
    """The facts as last looked up in this process, and until when they may be told again."""

    facts: Portal | None = None
    until: float = 0.0


memory = Memory()


def portal(request: HttpRequest) -> dict[str, Any]:
    return {"portal": facts_of(request)}


def facts_of(request: HttpRequest) -> Portal:
    """The facts are the same for everybody, and may be as old as a public page (`SHOP_WINDOW_SECONDS`)."""
    # No header of a request can have these names.
    if known := request.META.get("portal.frozen") or request.META.get("portal.facts"):
        return known
    if memory.facts is None or memory.until <= time.monotonic():
        memory.facts, memory.until = Portal(), time.monotonic() + settings.SHOP_WINDOW_SECONDS
    request.META["portal.facts"] = memory.facts
    return memory.facts
