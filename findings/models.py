"""What was found, the notes it rests on, the yes of those it came from, and what was published."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse

from participants.models import Cohort, Membership, Seat, User
from research.models import NoteVersion, ResearchPhase


class Theme(models.Model):
    """A subject that findings share, named by the cohort."""

    cohort = models.ForeignKey(Cohort, models.PROTECT, related_name="themes")
    name = models.CharField(max_length=80)
    slug = models.SlugField(max_length=80)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["cohort", "slug"], name="theme_once_a_cohort")]

    def __str__(self) -> str:
        return self.name


class FindingQuerySet(models.QuerySet["Finding"]):
    def public(self) -> FindingQuerySet:
        """Findings with a page of their own for everyone: published, or withdrawn with a page that says so."""
        return self.filter(state__in=[Finding.State.PUBLISHED, Finding.State.WITHDRAWN])

    def published(self) -> FindingQuerySet:
        return self.filter(state=Finding.State.PUBLISHED)

    def visible_to(self, user: User | AnonymousUser) -> FindingQuerySet:
        """Findings the person may read before they are published: those their organisation is asked about."""
        if not user.is_authenticated:
            return self.none()
        if user.is_staff:
            return self
        return self.exclude(state=Finding.State.DRAFT).filter(
            Exists(
                Agreement.objects.filter(
                    Exists(Seat.objects.live().filter(user=user, membership=OuterRef("membership"))),
                    finding=OuterRef("pk"),
                )
            )
        )


class Finding(models.Model):
    """What was learned, written by staff from notes. Readers see its latest release, never this working copy."""

    class State(models.TextChoices):
        DRAFT = "draft", "draft"
        WITH_ORGANISATION = "asked", "with the organisations"
        PUBLISHED = "published", "published"
        WITHDRAWN = "withdrawn", "withdrawn"

    class Outcome(models.TextChoices):
        WORKED = "worked", "Worked"
        CHANGED = "changed", "Changed direction"
        DID_NOT_WORK = "did_not_work", "Did not work"
        STOPPED = "stopped", "Stopped"
        TOO_EARLY = "too_early", "Too early to say"

    # The headings of a case study in the Culture24 family (domain notes, 2.2), in reading order.
    SECTIONS = [
        ("thought", "What we thought"),
        ("matters", "Why it matters"),
        ("did", "What we did"),
        ("happened", "What happened"),
        ("learned", "What we learned"),
        ("next_steps", "What next"),
    ]

    cohort = models.ForeignKey(Cohort, models.PROTECT, related_name="findings")
    membership = models.ForeignKey(
        Membership,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="findings",
        verbose_name="organisation",
        help_text="Empty: a finding of the whole cohort.",
    )
    slug = models.SlugField(max_length=120, unique=True, help_text="Its address for life.")
    title = models.CharField(max_length=200, help_text="Says what was learned.")
    highlight = models.CharField(max_length=80, blank=True, help_text="The words of the title to mark with the pen.")
    summary = models.TextField(help_text="One or two sentences a busy reader can take away.")
    thought = models.TextField("what we thought", blank=True, help_text="Markdown, as in all that follow.")
    matters = models.TextField("why it matters", blank=True)
    did = models.TextField("what we did", blank=True)
    happened = models.TextField("what happened", blank=True)
    learned = models.TextField("what we learned", blank=True)
    next_steps = models.TextField("what next", blank=True)
    phase = models.ForeignKey(ResearchPhase, models.PROTECT, null=True, blank=True, related_name="findings")
    outcome = models.CharField(max_length=12, choices=Outcome, blank=True)
    themes = models.ManyToManyField(Theme, blank=True, related_name="findings")
    work_from = models.DateField("work done from", null=True, blank=True)
    work_to = models.DateField("work done to", null=True, blank=True)
    is_sample = models.BooleanField(default=False, editable=False)
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    published_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="First release.")
    withdrawn_at = models.DateTimeField(null=True, blank=True, editable=False)
    withdrawn_because = models.CharField(max_length=250, blank=True, editable=False)

    objects = FindingQuerySet.as_manager()

    class Meta:
        ordering = [F("published_at").desc(nulls_last=True), "-pk"]
        constraints = [
            models.CheckConstraint(
                name="finding_work_ends_after_start",
                condition=Q(work_to__gte=F("work_from")) | Q(work_from=None) | Q(work_to=None),
                violation_error_message="The work must end after it starts.",
            )
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("findings:finding_detail", args=[self.slug])

    def clean(self) -> None:
        if self.membership_id and self.membership and self.membership.cohort_id != self.cohort_id:
            raise ValidationError({"membership": "This organisation is in another cohort."})
        if self.phase_id and self.phase and self.phase.cohort_id != self.cohort_id:
            raise ValidationError({"phase": "This phase belongs to another cohort."})

    def concerned(self) -> set[Membership]:
        """The organisations that must say yes: the one it is about, and those whose notes it quotes."""
        memberships = {excerpt.version.note.membership for excerpt in self.excerpts.present()}
        return memberships | ({self.membership} if self.membership else set())

    def content(self) -> dict[str, Any]:
        """All that a reader would see, as plain data: what is agreed to, and what a release keeps."""
        return {
            "title": self.title,
            "highlight": self.highlight,
            "summary": self.summary,
            "sections": [
                {"key": key, "heading": heading, "body": getattr(self, key)}
                for key, heading in self.SECTIONS
                if getattr(self, key)
            ],
            "excerpts": [excerpt.content() for excerpt in self.excerpts.present()],
            "organisation": self.membership.name if self.membership else "",
            "organisation_slug": self.membership.organisation.slug if self.membership else "",
            "cohort": str(self.cohort),
            "phase": str(self.phase) if self.phase else "",
            "phase_colour": self.phase.colour if self.phase else 0,
            "outcome": self.get_outcome_display() if self.outcome else "",
            "themes": [theme.name for theme in self.themes.all()],
            "work_from": self.work_from.isoformat() if self.work_from else "",
            "work_to": self.work_to.isoformat() if self.work_to else "",
            "is_sample": self.is_sample,
        }

    def digest(self) -> str:
        """A SHA-256 of the content: an agreement is to exactly these words."""
        return hashlib.sha256(json.dumps(self.content(), sort_keys=True).encode()).hexdigest()

    def latest_release(self) -> Release | None:
        return self.releases.order_by("-number").first()

    def ask(self) -> None:
        """Puts the finding before every organisation concerned; those asked before are not asked anew."""
        for membership in self.concerned():
            Agreement.objects.get_or_create(finding=self, membership=membership)
        if self.state == self.State.DRAFT:
            self.state = self.State.WITH_ORGANISATION
            self.save(update_fields=["state"])

    ask.alters_data = True  # type: ignore[attr-defined]

    def missing_agreements(self) -> list[str]:
        """Why it cannot be published, a line for each organisation that has not said yes to this wording."""
        digest = self.digest()
        given = {agreement.membership_id: agreement for agreement in self.agreements.all()}
        reasons = []
        for membership in sorted(self.concerned(), key=str):
            agreement = given.get(membership.pk)
            if agreement is None:
                reasons.append(f"{membership} has not been asked.")
            elif agreement.answer == Agreement.Answer.NO:
                reasons.append(f"{membership} said no.")
            elif agreement.answer != Agreement.Answer.YES:
                reasons.append(f"{membership} has not answered.")
            elif agreement.digest != digest:
                reasons.append(f"{membership} agreed to another wording: ask again.")
        return reasons

    @transaction.atomic
    def publish(self, now: datetime, by: User | None, what_changed: str = "") -> Release:
        """Makes a release of the working copy. Raises ValidationError unless every organisation concerned agreed."""
        locked = Finding.objects.select_for_update().get(pk=self.pk)
        if reasons := locked.missing_agreements():
            raise ValidationError(reasons)
        latest = locked.latest_release()
        content = locked.content()
        if latest and latest.content == content and locked.state == self.State.PUBLISHED:
            return latest
        release = Release.objects.create(
            finding=locked,
            number=latest.number + 1 if latest else 1,
            content=content,
            published_at=now,
            published_by=by,
            what_changed=what_changed,
        )
        self.state, self.published_at = self.State.PUBLISHED, locked.published_at or now
        self.withdrawn_at, self.withdrawn_because = None, ""
        self.save(update_fields=["state", "published_at", "withdrawn_at", "withdrawn_because"])
        return release

    publish.alters_data = True  # type: ignore[attr-defined]

    def withdraw(self, now: datetime, because: str) -> None:
        """Takes the text from the public at once; the address stays and says when and why."""
        self.state, self.withdrawn_at, self.withdrawn_because = self.State.WITHDRAWN, now, because
        self.save(update_fields=["state", "withdrawn_at", "withdrawn_because"])

    withdraw.alters_data = True  # type: ignore[attr-defined]


class ExcerptQuerySet(models.QuerySet["Excerpt"]):
    def present(self) -> ExcerptQuerySet:
        return self.filter(withdrawn_at=None).select_related(
            "version__note__membership__organisation", "version__note__phase"
        )


class Excerpt(models.Model):
    """A passage of a note's version that a finding rests on: later edits of the note never change it."""

    finding = models.ForeignKey(Finding, models.PROTECT, related_name="excerpts")
    version = models.ForeignKey(NoteVersion, models.PROTECT, related_name="excerpts")
    quote = models.TextField(help_text="Word for word from the note.")
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = ExcerptQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.quote[:80]

    def clean(self) -> None:
        note = self.version.note
        if self.quote not in self.version.body:
            raise ValidationError({"quote": "These words are not in that version of the note."})
        if not note.may_be_quoted or note.is_draft or note.deleted_at:
            raise ValidationError({"version": "This note may not be quoted."})
        if self.finding_id and note.membership.cohort_id != self.finding.cohort_id:
            raise ValidationError({"version": "This note belongs to another cohort."})

    def content(self) -> dict[str, str]:
        note = self.version.note
        return {
            "quote": self.quote,
            "organisation": note.membership.name,
            "phase": str(note.phase) if note.phase else "",
        }


class Agreement(models.Model):
    """An organisation's answer to a finding: who gave it, when, and to which words."""

    class Answer(models.TextChoices):
        YES = "yes", "agreed"
        NO = "no", "refused"

    finding = models.ForeignKey(Finding, models.PROTECT, related_name="agreements")
    membership = models.ForeignKey(Membership, models.PROTECT, related_name="agreements")
    answer = models.CharField(max_length=3, choices=Answer, blank=True)
    digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the words answered.")
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="agreements")
    answered_at = models.DateTimeField(null=True)
    remark = models.TextField(blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["finding", "membership"], name="agreement_once_asked")]

    def __str__(self) -> str:
        return f"{self.membership}: {self.get_answer_display() or 'not answered'}"


class AgreementRecord(models.Model):
    """One line of the history of an agreement: nothing here is ever changed."""

    agreement = models.ForeignKey(Agreement, models.PROTECT, related_name="history")
    answer = models.CharField(max_length=3, choices=Agreement.Answer)
    digest = models.CharField(max_length=64)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    remark = models.TextField(blank=True)

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.get_answer_display()}, {self.by}, {self.at:%d.%m.%Y %H:%M}"


class Release(models.Model):
    """A finding as it was published, kept word for word."""

    finding = models.ForeignKey(Finding, models.PROTECT, related_name="releases")
    number = models.PositiveSmallIntegerField()
    content = models.JSONField()
    what_changed = models.CharField(max_length=250, blank=True)
    published_at = models.DateTimeField()
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["finding", "number"], name="release_number_once")]

    def __str__(self) -> str:
        return f"Release {self.number} of {self.finding}"


class Resource(models.Model):
    """Something for everyone to read: the thinking behind the programme, a report, a post."""

    title = models.CharField(max_length=200)
    summary = models.TextField(blank=True)
    url = models.URLField(blank=True, help_text="Empty: announced, not yet entered.")
    cohort = models.ForeignKey(Cohort, models.PROTECT, null=True, blank=True, related_name="resources")
    is_public = models.BooleanField(default=False)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.title
