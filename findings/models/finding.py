from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse

from correspondence.wallclock import within_reason
from participants.models import Cohort, Membership, User
from research.models import ResearchPhase

from ..wording import dead_links
from .address import FormerSlug
from .agreement import Agreement
from .content import digest_of, mark_of, text_of
from .excerpt import readable_by
from .release import Facet, Release
from .report import EditionChapter
from .search import FindingWords
from .theme import Theme


class FindingQuerySet(models.QuerySet["Finding"]):
    def public(self) -> FindingQuerySet:
        """Findings with a page of their own for everyone: published, or withdrawn with a page that says so."""
        return self.filter(state__in=[Finding.State.PUBLISHED, Finding.State.WITHDRAWN]).of_public_cohorts()

    def published(self) -> FindingQuerySet:
        """Findings that everyone may read, each with its latest release."""
        # Not narrowed down from `public`: asked for one state alone, the index gives the order.
        return self.filter(state=Finding.State.PUBLISHED).of_public_cohorts().order_by("-published_at", "-pk")

    def of_public_cohorts(self) -> FindingQuerySet:
        return self.exclude(cohort__status=Cohort.Status.DRAFT).select_related("current")

    def found_by(self, wanted: dict[str, str]) -> FindingQuerySet:
        """Findings whose latest release has all these values, keyed by kind of facet."""
        found = self
        for kind, value in wanted.items():
            found = found.filter(Exists(Facet.objects.filter(release=OuterRef("current"), kind=kind, value=value)))
        return found

    def visible_to(self, user: User | AnonymousUser) -> FindingQuerySet:
        """Findings the person may read before they are published: those their organisation is asked about."""
        if not user.is_authenticated:
            return self.none()
        if user.is_staff:
            return self
        return self.exclude(state=Finding.State.DRAFT).filter(
            Exists(Agreement.objects.visible_to(user).filter(finding=OuterRef("pk")))
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
    contributors = models.ManyToManyField(
        Membership,
        blank=True,
        related_name="contributions",
        help_text="Other organisations that had a part in it. Each is named only with its yes.",
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
    evidence = models.TextField("evidence", blank=True)
    think_about = models.TextField("think about", blank=True)
    act = models.TextField("do", blank=True)
    explore = models.TextField("explore", blank=True)
    title_cy = models.CharField("title in Welsh", max_length=200, blank=True, help_text="Written by people.")
    summary_cy = models.TextField("summary in Welsh", blank=True)
    body_cy = models.TextField("text in Welsh", blank=True, help_text="Markdown.")
    phase = models.ForeignKey(ResearchPhase, models.PROTECT, null=True, blank=True, related_name="findings")
    outcome = models.CharField(max_length=12, choices=Outcome, blank=True)
    themes = models.ManyToManyField(Theme, blank=True, related_name="findings")
    work_from = models.DateField("work done from", validators=[within_reason], null=True, blank=True)
    work_to = models.DateField("work done to", validators=[within_reason], null=True, blank=True)
    is_sample = models.BooleanField(default=False, editable=False)
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    # Of the working copy as it was last saved at the desk: a save goes in only on top of the one its writer saw.
    version = models.PositiveIntegerField(default=0, editable=False)
    published_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="First release.")
    # The moment it is to be published by itself, who wants it and what changed; why it was not, when it was not.
    publish_at = models.DateTimeField(null=True, blank=True, editable=False)
    publish_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )
    publish_words = models.CharField(max_length=250, blank=True, editable=False)
    publish_trouble = models.TextField(blank=True, editable=False)
    current = models.OneToOneField(
        Release, models.PROTECT, null=True, blank=True, editable=False, related_name="+", help_text="What readers see."
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True, editable=False)
    withdrawn_because = models.CharField(max_length=250, blank=True, editable=False)

    objects = FindingQuerySet.as_manager()

    # Filled by searching.FoundFindings, for the page that shows them.
    marked_title = passage = ""

    class Meta:
        ordering = [F("published_at").desc(nulls_last=True), "-pk"]
        indexes = [
            # All that lists, counts and pages of the public ask of the table, so that they never read the texts.
            models.Index(name="finding_by_day", fields=["state", "-published_at", "-id", "cohort"]),
        ]
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

    def agreement_path(self) -> str:
        """Where those it comes from read and answer it."""
        return reverse("findings:agreement_detail", args=[self.cohort.slug, self.slug])

    def asked_pictures_path(self) -> str:
        """Below which path they see its pictures before they are published."""
        return f"{self.agreement_path()}pictures/"

    def clean(self) -> None:
        if (self.summary_cy or self.body_cy or self.title_cy) and not (self.title_cy and self.summary_cy):
            raise ValidationError("In Welsh, give a title and a summary at the least, or nothing.")
        if self.membership_id and self.membership and self.membership.cohort_id != self.cohort_id:
            raise ValidationError({"membership": "This organisation is in another cohort."})
        if self.phase_id and self.phase and self.phase.cohort_id != self.cohort_id:
            raise ValidationError({"phase": "This phase belongs to another cohort."})
        if FormerSlug.objects.filter(slug=self.slug).exclude(finding=self.pk).exists():
            raise ValidationError({"slug": "Another finding had this address, and it leads there."})

    @transaction.atomic
    def rename(self, slug: str) -> None:
        """Gives the finding another address; the one it had leads there from now on, once somebody outside may know it.
        Raises ValidationError for an address that is not free."""
        locked = Finding.objects.select_for_update().get(pk=self.pk)
        was, locked.slug = locked.slug, slug
        every = {field.name for field in self._meta.get_fields()}
        locked.full_clean(exclude=every - {"slug"}, validate_constraints=False)
        if slug != was and locked.state != self.State.DRAFT:
            FormerSlug.objects.get_or_create(finding=locked, slug=was)
        locked.save(update_fields=["slug"])
        self.slug = slug

    rename.alters_data = True  # type: ignore[attr-defined]

    def welsh(self) -> dict[str, str]:
        """Title, summary and body in Welsh; empty where there is none."""
        return {"title": self.title_cy, "summary": self.summary_cy, "body": self.body_cy} if self.title_cy else {}

    @property
    def shown(self) -> dict[str, Any]:
        """What readers see: the content of the latest release, empty before the first."""
        return self.current.content if self.current else {}

    @property
    def release(self) -> Release:
        """The latest release. Raises Release.DoesNotExist for a finding that was never published."""
        if self.current is None:
            raise Release.DoesNotExist
        return self.current

    @property
    def first_published_at(self) -> datetime:
        return self.published_at or self.release.published_at

    @property
    def known_title(self) -> str:
        """The title as everybody asked may know it: as published, or as it stands while nothing is."""
        return self.current.content["title"] if self.current else self.title

    def concerned(self) -> set[Membership]:
        """The organisations that must say yes: the one it is about, those that contributed, and those whose notes it
        quotes."""
        memberships = {excerpt.version.note.membership for excerpt in self.excerpts.present()}
        return memberships | {*self.contributors.all()} | ({self.membership} if self.membership else set())

    def content(self) -> dict[str, Any]:
        """All that a reader would see, as plain data: what a release keeps."""
        return {**self.text(), "excerpts": [excerpt.content() for excerpt in self.excerpts.present()]}

    def text(self) -> dict[str, Any]:
        """All of it but the excerpts: what an organisation agrees to."""
        return text_of(self)

    def digest(self) -> str:
        """A SHA-256 of the text: an agreement is to exactly these words. Excerpts have answers of their own."""
        return digest_of(self.text())

    def words_for(self, memberships: Collection[Membership]) -> dict[str, Any]:
        """The words these organisations answer for: as they would be published, or as they are, where only those
        name them. Another organisation's words that are neither agreed nor published are never among them."""
        if not self.concerned().intersection(memberships):
            return self.shown
        readable = readable_by(self.excerpts.present(), memberships)
        return {**self.text(), "excerpts": [excerpt.content() for excerpt in readable]}

    def latest_release(self) -> Release | None:
        return self.releases.order_by("-number").first()

    def ask(self, now: datetime) -> list[Agreement]:
        """Puts the finding before every organisation concerned. Returns the agreements still open: those not
        answered, answered for another wording, or with an excerpt that somebody has still to answer for."""
        digest, excerpts = self.digest(), list(self.excerpts.present())
        still_open = []
        for membership in sorted(self.concerned(), key=str):
            agreement, _ = Agreement.objects.get_or_create(finding=self, membership=membership)
            unanswered = [excerpt for excerpt in excerpts if excerpt.membership == membership and excerpt.is_open]
            if agreement.digest == digest and not unanswered:
                continue
            still_open.append(agreement)
            asked_for = mark_of(digest, *(excerpt.mark for excerpt in unanswered))
            if agreement.asked_for != asked_for:
                agreement.asked_for, agreement.asked_at = asked_for, now
                agreement.save(update_fields=["asked_for", "asked_at"])
        self.excerpts.filter(withdrawn_at=None, asked_at=None).update(asked_at=now)
        if self.state == self.State.DRAFT:
            self.state = self.State.WITH_ORGANISATION
            self.save(update_fields=["state"])
        return still_open

    ask.alters_data = True  # type: ignore[attr-defined]

    def missing_agreements(self) -> list[str]:
        """Why it cannot be published, a line for each organisation that has not said yes to this wording."""
        digest = self.digest()
        given = {agreement.membership_id: agreement for agreement in self.agreements.select_related("membership")}
        concerned = self.concerned()
        reasons = []
        for membership in sorted(concerned, key=str):
            agreement = given.get(membership.pk)
            if agreement is None:
                reasons.append(f"{membership} has not been asked.")
            elif agreement.answer == Agreement.Answer.NO:
                reasons.append(f"{membership} said no.")
            elif agreement.answer != Agreement.Answer.YES:
                reasons.append(f"{membership} has not answered.")
            elif agreement.digest != digest:
                reasons.append(f"{membership} agreed to another wording: ask again.")
        # A no stands, also when the organisation is no longer named: the words may still be theirs.
        refused = [row.membership for row in given.values() if row.answer == Agreement.Answer.NO]
        for membership in sorted(set(refused) - concerned, key=str):
            reasons.append(f"{membership} said no before it was taken out: name it and ask again, or begin anew.")
        return reasons

    def hindrances(self) -> list[str]:
        """All that stands between the working copy and the public, a sentence each; empty when it may go."""
        reasons = self.missing_agreements()
        for excerpt in self.excerpts.present():
            reasons += excerpt.hindrances()
        for picture in self.pictures.present():
            reasons += picture.hindrances()
        reasons += dead_links(self.text())
        if self.cohort.status == Cohort.Status.DRAFT:
            reasons.append(f"{self.cohort} is still being prepared and not public.")
        return reasons

    @transaction.atomic
    def publish(self, now: datetime, by: User | None, what_changed: str = "") -> Release:
        """Makes a release of the working copy; the same words twice make one. Raises ValidationError unless every
        organisation concerned has agreed to these words."""
        # An answer takes this lock too: a yes taken back meanwhile is seen, and two who publish make one release.
        locked = Finding.objects.select_for_update().get(pk=self.pk)
        if reasons := locked.hindrances():
            raise ValidationError(reasons)
        latest = locked.latest_release()
        content = locked.content()
        if latest and latest.content == content and locked.state == self.State.PUBLISHED:
            release = latest
        else:
            release = Release.objects.create(
                finding=locked,
                number=latest.number + 1 if latest else 1,
                content=content,
                published_at=now,
                published_by=by,
                what_changed=what_changed,
            )
            release.make_findable()
        self.state, self.current, self.published_at = self.State.PUBLISHED, release, locked.published_at or now
        self.withdrawn_at, self.withdrawn_because = None, ""
        self.publish_at, self.publish_trouble = None, ""
        self.save(
            update_fields=[
                "state",
                "current",
                "published_at",
                "withdrawn_at",
                "withdrawn_because",
                "publish_at",
                "publish_trouble",
            ]
        )
        return release

    publish.alters_data = True  # type: ignore[attr-defined]

    @transaction.atomic
    def withdraw(self, now: datetime, because: str) -> None:
        """Takes the text from the public at once; the address stays and says when and why. The first reason stands.
        Raises ValidationError for a finding that was never published."""
        locked = Finding.objects.select_for_update().get(pk=self.pk)
        if locked.state not in {self.State.PUBLISHED, self.State.WITHDRAWN}:
            raise ValidationError("Only a published finding can be withdrawn.")
        if locked.state == self.State.PUBLISHED:
            locked.state, locked.withdrawn_at, locked.withdrawn_because = self.State.WITHDRAWN, now, because
            locked.save(update_fields=["state", "withdrawn_at", "withdrawn_because"])
            FindingWords.objects.filter(finding=locked).delete()
            EditionChapter.objects.withdraw(locked, now)
        self.state, self.withdrawn_at = locked.state, locked.withdrawn_at
        self.withdrawn_because = locked.withdrawn_because

    withdraw.alters_data = True  # type: ignore[attr-defined]

    @property
    def is_scheduled(self) -> bool:
        return self.publish_at is not None

    @transaction.atomic
    def schedule(self, at: datetime, by: User, what_changed: str, now: datetime) -> None:
        """Lets it be published by itself at that moment. Raises ValidationError for one that is past, or while
        something stands between it and the public: then as now everything is looked at again."""
        locked = Finding.objects.select_for_update().get(pk=self.pk)
        if at <= now:
            raise ValidationError("That moment is past: choose one to come, or publish now.")
        if reasons := locked.hindrances():
            raise ValidationError(reasons)
        self.publish_at, self.publish_by, self.publish_words, self.publish_trouble = at, by, what_changed, ""
        self.save(update_fields=["publish_at", "publish_by", "publish_words", "publish_trouble"])

    schedule.alters_data = True  # type: ignore[attr-defined]

    def unschedule(self, because: str = "") -> None:
        """Takes it off the schedule; `because` is kept where that was not what staff wanted."""
        self.publish_at, self.publish_trouble = None, because
        self.save(update_fields=["publish_at", "publish_trouble"])

    unschedule.alters_data = True  # type: ignore[attr-defined]

    @property
    def standing(self) -> str:
        """Where it is on its way, in a word or two."""
        if self.state == self.State.PUBLISHED and self.current and self.current.number > 1:
            return "corrected"
        if self.publish_at:
            return "scheduled"
        if self.state == self.State.WITH_ORGANISATION and not self.hindrances():
            return "agreed"
        return self.get_state_display()
