"""Phases of research, what helps people start, and what a cohort calls the kinds of note."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from correspondence.wallclock import end_of_day, local_day, within_reason
from participants.models import Cohort

# How long after a phase's last day its notes can still be changed. Absolute hours, also across a change of the clock.
GRACE = timedelta(hours=72)


class ResearchPhase(models.Model):
    """A stretch of research in the participants' own organisations. Name and dates may not be known yet."""

    cohort = models.ForeignKey(Cohort, models.PROTECT, related_name="phases")
    number = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=120, blank=True)
    where = models.CharField(max_length=200, blank=True)
    brief = models.TextField(blank=True, help_text="What is asked of everyone in this phase. Markdown.")
    opens_on = models.DateField(validators=[within_reason], null=True, blank=True)
    closes_on = models.DateField(
        validators=[within_reason], null=True, blank=True, help_text="The last day, until midnight in London."
    )

    # Filled by the page that lists phases.
    stage_today = ""
    note_count = 0

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(
                fields=["cohort", "number"],
                name="phase_number_once",
                violation_error_message="There is a phase with this number in the cohort.",
            ),
            models.CheckConstraint(
                name="phase_closes_after_opening",
                condition=Q(closes_on__gt=F("opens_on")) | Q(opens_on=None) | Q(closes_on=None),
                violation_error_message="The phase must close after it opens.",
            ),
        ]

    def __str__(self) -> str:
        return f"Phase {self.number}: {self.name}" if self.name else f"Phase {self.number}"

    def get_absolute_url(self) -> str:
        return reverse("research:phase_detail", args=[self.cohort.slug, self.number])

    def is_open(self, today: date) -> bool:
        return bool(self.opens_on and self.closes_on and self.opens_on <= today <= self.closes_on)

    def stage(self, today: date) -> str:
        """Where it stands: "before", "open" or "closed"; "unknown" where the dates do not say."""
        if self.closes_on and self.closes_on < today:
            return "closed"
        if self.opens_on and self.opens_on > today:
            return "before"
        return "open" if self.is_open(today) else "unknown"

    @property
    def closes_at(self) -> datetime | None:
        """Midnight in London at the end of its last day."""
        return end_of_day(self.closes_on) if self.closes_on else None

    @property
    def locks_at(self) -> datetime | None:
        """From when on its notes keep the words they have."""
        return end_of_day(self.closes_on) + GRACE if self.closes_on else None

    def is_locked(self, now: datetime) -> bool:
        return self.locks_at is not None and self.locks_at <= now

    @property
    def colour(self) -> int:
        """Which of the six phase colours it wears, 1 to 6."""
        return (self.number - 1) % 6 + 1


def last_locked_day(now: datetime) -> date:
    """The latest `closes_on` of a phase that is locked at `now`: the same rule as `locks_at`, for a query."""
    return local_day(now - GRACE) - timedelta(days=1)


class Prompt(models.Model):
    """A question that helps somebody start writing."""

    phase = models.ForeignKey(ResearchPhase, models.CASCADE, related_name="prompts")
    text = models.CharField(max_length=250)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.text


class Kind(models.TextChoices):
    """The kinds of note, from the vocabulary of action research."""

    QUESTION = "question", "Question"
    HUNCH = "hunch", "Hunch"
    ACTION = "action", "Action"
    EVIDENCE = "evidence", "Evidence"
    REFLECTION = "reflection", "Reflection"


class KindLabel(models.Model):
    """What a cohort calls a kind of note, where it differs from the usual word."""

    cohort = models.ForeignKey(Cohort, models.CASCADE, related_name="kind_labels")
    kind = models.CharField(max_length=12, choices=Kind)
    label = models.CharField(max_length=40)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["cohort", "kind"], name="kind_labelled_once")]

    def __str__(self) -> str:
        return self.label


def kinds_of(cohort: Cohort) -> list[tuple[str, str]]:
    """Kind and label pairs, in the order of the list, as this cohort calls them."""
    own = dict(cohort.kind_labels.values_list("kind", "label"))
    return [(value, own.get(value, label)) for value, label in Kind.choices]
