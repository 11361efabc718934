from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Count, Max
from django.utils.text import slugify

from participants.models import Membership

from .search import FindingWords


class Release(models.Model):
    """A finding as it was published, kept word for word."""

    # Has an underscore, so no organisation's slug made from its name can be the same.
    WHOLE_COHORT = "whole_cohort"

    finding = models.ForeignKey("findings.Finding", models.PROTECT, related_name="releases")
    number = models.PositiveSmallIntegerField()
    content = models.JSONField()
    what_changed = models.CharField(max_length=250, blank=True)
    published_at = models.DateTimeField()
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    # How many excerpts were taken out of it after a yes was taken back; what they said is not kept here.
    struck = models.PositiveSmallIntegerField(default=0, editable=False)

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["finding", "number"], name="release_number_once")]

    def __str__(self) -> str:
        return f"Release {self.number} of {self.finding}"

    def rests_on(self, membership: Membership) -> bool:
        """Whether the organisation is named or quoted in what was published."""
        return self.facets.filter(kind=Facet.Kind.ORGANISATION, value=membership.organisation.slug).exists()

    def holds(self, kind: str, pk: int) -> bool:
        """Whether an excerpt or a picture is in it: `kind` is the key of the content, excerpts or pictures."""
        return any(part.get("id") == pk for part in self.content.get(kind, []))

    def without(self, kind: str, pk: int) -> dict[str, Any]:
        """The content as it would be without this excerpt or picture."""
        return {**self.content, kind: [part for part in self.content.get(kind, []) if part.get("id") != pk]}

    def make_findable(self) -> None:
        """Keeps what the release can be found by: its words, themes, phase, outcome and the organisations in it."""
        content = self.content
        found = {(Facet.Kind.THEME, slugify(name)): name for name in content["themes"]}
        found |= {
            (Facet.Kind.ORGANISATION, named["organisation_slug"]): named["organisation"]
            for named in [*content["excerpts"], *content.get("contributors", []), content]
            if named["organisation_slug"]
        }
        if not content["organisation_slug"]:
            found[Facet.Kind.ORGANISATION, self.WHOLE_COHORT] = "The whole cohort"
        if number := content["phase_number"]:
            found[Facet.Kind.PHASE, str(number)] = f"Phase {number}"
        if outcome := content["outcome"]:
            found[Facet.Kind.OUTCOME, slugify(outcome)] = outcome
        Facet.objects.bulk_create(
            Facet(release=self, kind=kind, value=value[:120], label=label) for (kind, value), label in found.items()
        )
        FindingWords.objects.keep(self)

    make_findable.alters_data = True  # type: ignore[attr-defined]


class FacetQuerySet(models.QuerySet["Facet"]):
    def counted(self) -> models.QuerySet[Facet, dict[str, Any]]:
        """Kind, value, label and the number of findings (n), a row for each value."""
        return self.values("kind", "value").annotate(label=Max("label"), n=Count("pk")).order_by("kind", "label")


class Facet(models.Model):
    """Something a release can be found by, as it was on the day of publication."""

    class Kind(models.TextChoices):
        THEME = "theme", "Theme"
        PHASE = "phase", "Phase"
        ORGANISATION = "organisation", "Organisation"
        OUTCOME = "outcome", "Outcome"

    release = models.ForeignKey(Release, models.CASCADE, related_name="facets")
    kind = models.CharField(max_length=12, choices=Kind)
    value = models.SlugField(max_length=120, db_index=False)
    label = models.CharField(max_length=200)

    objects = FacetQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["release", "kind", "value"], name="facet_once_a_release")]
        indexes = [models.Index(name="facet_by_value", fields=["kind", "value"])]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.label}"
