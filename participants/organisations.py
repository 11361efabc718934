"""Who takes part, as the public is told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from .guards import shop_window
from .models import Cohort, Membership


@dataclass(frozen=True)
class LineUp:
    """The organisations of a cohort in their roles. One organisation may be in several lists."""

    cohort: Cohort
    taking_part: list[Membership]
    organisers: list[Membership]
    partners: list[Membership]
    hosts: list[Membership]

    @property
    def unnamed(self) -> int:
        """How many of the announced organisations have not been named; 0 where no number was announced."""
        return max(0, (self.cohort.announced_organisations or 0) - len(self.taking_part))

    @property
    def behind_it(self) -> list[Membership]:
        """Organiser, partners and host, each once."""
        return list(dict.fromkeys([*self.organisers, *self.partners, *self.hosts]))


def public_memberships() -> QuerySet[Membership]:
    """Memberships the public is told of, with organisation and joint bodies: a rehearsal's samples are left out."""
    return (
        Membership.objects.filter(organisation__is_sample=False)
        .exclude(status=Membership.Status.WITHDRAWN)
        .select_related("organisation")
        .prefetch_related("joint_bodies")
    )


def line_up(cohort: Cohort, memberships: Iterable[Membership]) -> LineUp:
    rows = list(memberships)
    return LineUp(
        cohort=cohort,
        taking_part=[row for row in rows if row.is_participant],
        organisers=[row for row in rows if row.is_organiser],
        partners=[row for row in rows if row.is_partner],
        hosts=[row for row in rows if row.is_host],
    )


@shop_window
def organisation_list(request: HttpRequest) -> HttpResponse:
    told = Prefetch("memberships", queryset=public_memberships(), to_attr="told")
    cohorts = Cohort.objects.public().latest_first().prefetch_related(told)
    context = {"here": "organisations", "line_ups": [line_up(cohort, cohort.told) for cohort in cohorts]}
    return render(request, "participants/organisation_list.html", context)
