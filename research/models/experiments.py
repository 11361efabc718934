"""What organisations try in order to learn, and how their question grew."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.urls import reverse

from participants.models import Membership, Seat, User

# The boxes of a card in the order they are read, and what people call them.
BOXES = {
    "title": "Title",
    "question": "Our question",
    "hunch": "Our hunch",
    "small_experiment": "The small experiment",
    "what_we_saw": "What we saw",
    "what_we_changed": "What we changed",
    "what_next": "Next",
    "outcome": "Outcome",
}


class ExperimentQuerySet(models.QuerySet["Experiment"]):
    def visible_to(self, user: User | AnonymousUser) -> ExperimentQuerySet:
        """Experiments of organisations whose inside page the person may open."""
        return self.filter(membership__in=Membership.objects.visible_to(user))


class Experiment(models.Model):
    """What an organisation tries in order to learn: a question, a hunch, and what came of it."""

    class Outcome(models.TextChoices):
        RUNNING = "running", "Still running"
        WORKED = "worked", "Worked"
        CHANGED = "changed", "Changed direction"
        DID_NOT_WORK = "did_not_work", "Did not work"
        STOPPED = "stopped", "Stopped"
        TOO_EARLY = "too_early", "Too early to say"

    membership = models.ForeignKey(Membership, models.PROTECT, related_name="experiments")
    title = models.CharField(max_length=160)
    small_experiment = models.TextField("the small experiment", blank=True)
    what_we_saw = models.TextField(blank=True)
    what_we_changed = models.TextField(blank=True)
    what_next = models.TextField(blank=True)
    outcome = models.CharField(max_length=12, choices=Outcome, default=Outcome.RUNNING)
    version = models.PositiveIntegerField(default=0, help_text="Grows by one with each accepted save.")
    created_at = models.DateTimeField()

    objects = ExperimentQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("research:experiment_detail", args=[self.membership.cohort.slug, self.pk])

    def can_be_edited_by(self, user: User) -> bool:
        """People seated in the organisation."""
        return Seat.objects.live().filter(user=user, membership=self.membership).exists()

    @property
    def framing(self) -> Framing | None:
        """The question and hunch as they stand now."""
        return next(iter(self.framings.all()), None)

    @property
    def boxes(self) -> dict[str, str]:
        """What the card says, box by box, as its versions keep it."""
        framing = self.framing
        words = {"question": framing.question, "hunch": framing.hunch} if framing else {"question": "", "hunch": ""}
        return {name: words.get(name, getattr(self, name, "")) for name in BOXES}

    def reframe(self, question: str, hunch: str, author: User, now: datetime) -> None:
        """Keeps question and hunch as a new dated version, if either changed."""
        current = self.framing
        if current is None or (current.question, current.hunch) != (question, hunch):
            self.framings.create(question=question, hunch=hunch, author=author, created_at=now)

    reframe.alters_data = True  # type: ignore[attr-defined]


class Framing(models.Model):
    """A dated version of an experiment's question and hunch."""

    experiment = models.ForeignKey(Experiment, models.PROTECT, related_name="framings")
    question = models.TextField()
    hunch = models.TextField(blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return self.question


class CardVersion(models.Model):
    """A card as one save brought it, every box of it. Never changed, never removed."""

    experiment = models.ForeignKey(Experiment, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(null=True, help_text="Empty for a card that came too late and is kept.")
    base_version = models.PositiveIntegerField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    boxes = models.JSONField(help_text="The text of each box, by its name.")

    class Meta:
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["experiment", "number"], name="card_version_number_once")]

    def __str__(self) -> str:
        return f"Version {self.number}" if self.number else "Kept copy"
