"""Phases of research, the experiments run in them, and the notes people write."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse

from discussions.models import Discussion
from participants.models import Cohort, Membership, Mentorship, Seat, User


class ResearchPhase(models.Model):
    """A stretch of research in the participants' own organisations. Name and dates may not be known yet."""

    cohort = models.ForeignKey(Cohort, models.PROTECT, related_name="phases")
    number = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=120, blank=True)
    where = models.CharField(max_length=200, blank=True)
    brief = models.TextField(blank=True, help_text="What is asked of everyone in this phase. Markdown.")
    opens_on = models.DateField(null=True, blank=True)
    closes_on = models.DateField(null=True, blank=True, help_text="The last day, until midnight in London.")

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

    @property
    def colour(self) -> int:
        """Which of the six phase colours it wears, 1 to 6."""
        return (self.number - 1) % 6 + 1


class Prompt(models.Model):
    """A question that helps somebody start writing."""

    phase = models.ForeignKey(ResearchPhase, models.CASCADE, related_name="prompts")
    text = models.CharField(max_length=250)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.text


class Kind(models.TextChoices):
    """The kinds of note, from the vocabulary of action research (domain notes, 3.3)."""

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
    created_at = models.DateTimeField()

    objects = ExperimentQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.title

    @property
    def framing(self) -> Framing | None:
        """The question and hunch as they stand now."""
        return next(iter(self.framings.all()), None)

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


class ResearchNoteQuerySet(models.QuerySet["ResearchNote"]):
    def visible_to(self, user: User | AnonymousUser) -> ResearchNoteQuerySet:
        """Notes the person may read.

        Audience "me": the author alone, staff included in the refusal. "organisation": people with a live seat
        there, its mentors, staff. "cohort": everyone seated in the cohort as well. A mentor reads shared notes
        of the organisations they mentor and no others.
        """
        if not user.is_authenticated:
            return self.none()
        own = Q(author=user, audience=ResearchNote.Audience.ME)
        shared = ~Q(audience=ResearchNote.Audience.ME)
        if user.is_staff:
            return self.filter(own | shared)
        same_organisation = Exists(Seat.objects.live().filter(user=user, membership=OuterRef("membership")))
        same_cohort = Exists(Seat.objects.live().filter(user=user, membership__cohort=OuterRef("membership__cohort")))
        mentored = Exists(Mentorship.objects.live().filter(mentor__user=user, membership=OuterRef("membership")))
        return self.filter(
            own
            | (shared & (Q(same_organisation) | Q(mentored)))
            | (Q(audience=ResearchNote.Audience.COHORT) & Q(same_cohort))
        )

    def present(self) -> ResearchNoteQuerySet:
        return self.filter(deleted_at=None)

    def shared(self) -> ResearchNoteQuerySet:
        """Notes that someone beside the author may read."""
        return self.present().exclude(audience=ResearchNote.Audience.ME)

    def matching(self, words: str) -> ResearchNoteQuerySet:
        """Notes with every one of the words in title or body; no words, all notes."""
        found = self
        for word in words.split():
            found = found.filter(Q(title__icontains=word) | Q(body__icontains=word))
        return found


class ResearchNote(models.Model):
    """What somebody noticed, tried, or thinks. It stays with the organisation; while private, with its author."""

    class Audience(models.TextChoices):
        ME = "me", "Only me"
        ORGANISATION = "organisation", "My organisation, our mentor and Culture24"
        COHORT = "cohort", "The whole cohort"

    uuid = models.UUIDField(primary_key=True, default=uuid.uuid4)
    membership = models.ForeignKey(Membership, models.PROTECT, related_name="notes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="notes")
    title = models.CharField(max_length=200, blank=True)
    body = models.TextField(blank=True, help_text="Markdown.")
    kind = models.CharField(max_length=12, choices=Kind, default=Kind.REFLECTION)
    phase = models.ForeignKey(ResearchPhase, models.PROTECT, null=True, blank=True, related_name="notes")
    experiment = models.ForeignKey(Experiment, models.PROTECT, null=True, blank=True, related_name="notes")
    happened_on = models.DateField(null=True, blank=True)
    audience = models.CharField(max_length=12, choices=Audience, default=Audience.ME)
    may_be_quoted = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=0, help_text="Grows by one with each accepted save.")
    discussion = models.OneToOneField(Discussion, models.PROTECT, null=True, related_name="note")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    shared_at = models.DateTimeField(null=True, blank=True, help_text="When somebody else could first read it.")
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = ResearchNoteQuerySet.as_manager()

    class Meta:
        ordering = ["-updated_at"]
        indexes = [
            models.Index(name="note_by_organisation", fields=["membership", "-updated_at"]),
            models.Index(name="note_by_phase", fields=["phase", "membership"]),
        ]

    def __str__(self) -> str:
        return self.title or "Untitled note"

    def get_absolute_url(self) -> str:
        return reverse("research:note_detail", args=[self.membership.cohort.slug, self.uuid])

    @property
    def is_draft(self) -> bool:
        return self.audience == self.Audience.ME

    def can_be_edited_by(self, user: User) -> bool:
        """The author while seated there; a note shared with the organisation, by anyone seated there."""
        if self.deleted_at or not Seat.objects.live().filter(user=user, membership=self.membership).exists():
            return False
        return user == self.author or not self.is_draft

    def can_be_commented_by(self, user: User) -> bool:
        return not self.is_draft and self.deleted_at is None

    def delete_softly(self, now: datetime) -> None:
        """Takes the note out of every list; it can be put back, and no version is lost."""
        self.deleted_at = now
        self.save(update_fields=["deleted_at"])

    delete_softly.alters_data = True  # type: ignore[attr-defined]

    def put_back(self) -> None:
        self.deleted_at = None
        self.save(update_fields=["deleted_at"])

    put_back.alters_data = True  # type: ignore[attr-defined]


class NoteVersion(models.Model):
    """The text of a note as one save brought it. Never changed, never removed."""

    note = models.ForeignKey(ResearchNote, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(null=True, help_text="Empty for a text that lost a conflict and is kept.")
    save_id = models.UUIDField(help_text="The client's name for the save: a repeat is answered, not stored again.")
    base_version = models.PositiveIntegerField()
    title = models.CharField(max_length=200, blank=True)
    body = models.TextField(blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["note", "save_id"], name="save_stored_once"),
            models.UniqueConstraint(fields=["note", "number"], name="version_number_once"),
        ]

    def __str__(self) -> str:
        return f"Version {self.number}" if self.number else "Kept copy"

    @property
    def is_conflict(self) -> bool:
        return self.number is None
