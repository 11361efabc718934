"""Under which headings findings are written: those of the field, unless a cohort has its own."""

from __future__ import annotations

from django.db import models

from participants.models import Cohort

# The headings of a case study in the Culture24 family, in reading order.
SECTIONS = {
    "thought": "What we thought",
    "matters": "Why it matters",
    "did": "What we did",
    "happened": "What happened",
    "learned": "What we learned",
    "next_steps": "What next",
}
# Those of what a whole cohort found; its headline is the title.
COHORT_SECTIONS = {
    "evidence": "Evidence",
    "think_about": "Think about",
    "act": "Do",
    "explore": "Explore",
}
USUAL = SECTIONS | COHORT_SECTIONS


def own(key: str) -> models.CharField:
    return models.CharField(USUAL[key], max_length=80, blank=True)


class Headings(models.Model):
    """A cohort's own words for the parts of its findings; empty for the usual ones. Releases keep theirs."""

    cohort = models.OneToOneField(Cohort, models.CASCADE, related_name="headings")
    thought = own("thought")
    matters = own("matters")
    did = own("did")
    happened = own("happened")
    learned = own("learned")
    next_steps = own("next_steps")
    evidence = own("evidence")
    think_about = own("think_about")
    act = own("act")
    explore = own("explore")

    class Meta:
        verbose_name = verbose_name_plural = "headings of findings"

    def __str__(self) -> str:
        return f"Headings of {self.cohort}"


def headings_of(cohort: Cohort) -> dict[str, str]:
    """The heading of each part, in reading order: of one organisation's finding, then of the whole cohort's."""
    theirs = Headings.objects.filter(cohort=cohort).first()
    return {key: getattr(theirs, key, "") or usual for key, usual in USUAL.items()}
