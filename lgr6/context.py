"""What every page knows of the site itself: the cohort it speaks of and who runs it. Never who is looking."""

import time
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.conf import settings
from django.db.models import Case, F, Q, When
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.text import get_text_list

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
        return list(self.cohort.memberships.filter(Q(is_organiser=True) | Q(is_partner=True)).order_by("pk"))

    @property
    def organiser(self) -> str:
        return get_text_list([m.name for m in self.memberships if m.is_organiser], "and")

    @property
    def partners(self) -> str:
        return get_text_list([m.name for m in self.memberships if m.is_partner], "and")


class FrozenPortal(Portal):
    """The same facts in the pages of one cohort that are frozen."""

    def __init__(self, cohort: Cohort, frozen_on: date) -> None:
        self.cohort, self.frozen_on = cohort, frozen_on


def current_cohort() -> Cohort | None:
    """The cohort the public pages speak of: the latest that runs, else the latest that has ended."""
    running_first = Case(When(status=Cohort.Status.RUNNING, then=0), default=1)
    return Cohort.objects.public().order_by(running_first, F("starts_on").desc(nulls_last=True), "-pk").first()


@dataclass
class Memory:
    """The facts as last looked up in this process, and until when they may be told again."""

    facts: Portal | None = None
    until: float = 0.0


memory = Memory()


def portal(request: HttpRequest) -> dict[str, Any]:
    """The facts are the same for everybody, and may be as old as a public page (`SHOP_WINDOW_SECONDS`)."""
    if frozen := request.META.get("portal.frozen"):  # no header of a request can have this name
        return {"portal": frozen}
    if memory.facts is None or memory.until <= time.monotonic():
        memory.facts, memory.until = Portal(), time.monotonic() + settings.SHOP_WINDOW_SECONDS
    return {"portal": memory.facts}
