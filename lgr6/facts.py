"""Loads the facts of LGR6 from lgr6.toml, as the public announcement states them."""

from __future__ import annotations

import calendar
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils.text import slugify

from findings.models import Resource
from participants.models import Cohort, Membership, Organisation
from research.models import ResearchPhase
from workshops.models import Workshop

FACTS = Path(__file__).with_name("lgr6.toml")


@transaction.atomic
def load_facts(path: Path = FACTS) -> tuple[Cohort, bool]:
    """Makes the cohort with all that is stated of it, and says whether it is new.

    A cohort that is there already is left as it is, whole: whatever staff changed, added or took out stays so.
    """
    facts = tomllib.loads(path.read_text("utf-8"))
    stated = facts["cohort"]
    if known := Cohort.objects.filter(slug=stated["slug"]).first():
        return known, False
    cohort = Cohort.objects.create(
        slug=stated["slug"],
        series=stated["series"],
        number=stated["number"],
        title=stated["title"],
        highlight="social purpose",
        question=stated["question"],
        objectives=stated["objectives"],
        ways_of_learning=stated["ways_of_learning"],
        status=Cohort.Status.RUNNING,
        starts_on=first_day(stated["starts"]),
        ends_on=last_day(stated["ends"]),
        date_precision=Cohort.Precision.MONTH,
        announced_organisations=stated["announced_organisations"],
        findings_shared=stated["findings_shared"],
        mentors_from=facts["mentoring"]["mentors_from"],
        mentoring_form=facts["mentoring"]["form"],
        contact_name=stated["contact_name"],
        contact_role=stated["contact_role"],
        contact_email=stated["contact_email"],
        contact_phone=stated["contact_phone"],
        collaboration_tool=stated["collaboration_tool"],
    )
    join(cohort, stated["organiser"], is_participant=False, is_organiser=True)
    host = facts["workshops"]["venue"]
    for partner in stated["partners"]:
        join(cohort, partner, is_participant=False, is_partner=True, is_host=partner == host)
    for entry in facts["organisations"]:
        membership = join(cohort, entry["name"])
        membership.joint_bodies.set([organisation(body) for body in entry.get("joint", [])])
    for number in range(1, facts["workshops"]["count"] + 1):
        Workshop.objects.create(cohort=cohort, number=number, venue=host, length=facts["workshops"]["length"])
    for number in range(1, facts["phases"]["count"] + 1):
        ResearchPhase.objects.create(cohort=cohort, number=number, where=facts["phases"]["where"])
    readable = [offer for offer in facts["public"]["offers"] if offer.startswith(("download", "blog post"))]
    for position, offer in enumerate(readable):
        Resource.objects.create(cohort=cohort, title=offer[0].upper() + offer[1:], is_public=True, position=position)
    return cohort, True


def organisation(name: str) -> Organisation:
    found, _ = Organisation.objects.get_or_create(name=name, defaults={"slug": slugify(name)[:80]})
    return found


def join(cohort: Cohort, name: str, **roles: Any) -> Membership:
    return Membership.objects.create(cohort=cohort, organisation=organisation(name), name=name, **roles)


def first_day(month: str) -> date:
    """The first day of a month stated as “2018-01”."""
    return date.fromisoformat(f"{month}-01")


def last_day(month: str) -> date:
    """The last day of a month stated as “2018-10”."""
    first = first_day(month)
    return first.replace(day=calendar.monthrange(first.year, first.month)[1])
