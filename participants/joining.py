"""Many organisations join a cohort at once."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db import transaction
from django.utils.text import slugify

from .models import Cohort, Membership, Organisation


@dataclass
class Joined:
    """What became of a list of names: who is new in the cohort, and who was in it already."""

    added: list[Membership] = field(default_factory=list)
    already: list[str] = field(default_factory=list)


@transaction.atomic
def add_organisations(cohort: Cohort, names: list[str]) -> Joined:
    """Makes each name a participating organisation of the cohort.

    An organisation known from another cohort, by a name that differs in capitals at most, is the same one.
    """
    joined = Joined()
    known = {organisation.name.casefold(): organisation for organisation in Organisation.objects.all()}
    slugs = {organisation.slug for organisation in known.values()}
    inside = set(cohort.memberships.values_list("organisation_id", flat=True))
    for name in names:
        organisation = known.get(name.casefold())
        if organisation is None:
            organisation = Organisation.objects.create(name=name, slug=free_slug(name, slugs))
            known[name.casefold()] = organisation
            slugs.add(organisation.slug)
        if organisation.pk in inside:
            joined.already.append(name)
            continue
        inside.add(organisation.pk)
        joined.added.append(Membership.objects.create(cohort=cohort, organisation=organisation, name=name))
    return joined


def free_slug(name: str, taken: set[str]) -> str:
    """The name as part of an address, with a number behind it where another has it already."""
    stem = slugify(name)[:70].strip("-") or "organisation"
    slug, number = stem, 1
    while slug in taken:
        number += 1
        slug = f"{stem}-{number}"
    return slug
