"""The cohort's report: chosen findings in an order, published as numbered editions that keep what they said."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.text import get_text_list

from participants.models import Cohort, User
from participants.organisations import line_up, public_memberships

from .release import Release

if TYPE_CHECKING:
    from .finding import Finding


class ReportQuerySet(models.QuerySet["Report"]):
    def public(self) -> ReportQuerySet:
        """Reports with an edition to read, each with its latest."""
        return (
            self.exclude(current=None).exclude(cohort__status=Cohort.Status.DRAFT).select_related("current", "cohort")
        )


class Report(models.Model):
    """What the cohort found, put together by staff from its findings. Readers see its latest edition."""

    class Cover(models.TextChoices):
        LINE = "line", "Lines, one for each phase"
        SHAPES = "shapes", "Shapes, as in the organisations’ marks"
        RINGS = "rings", "Rings, spreading"

    cohort = models.ForeignKey(Cohort, models.PROTECT, related_name="reports")
    slug = models.SlugField(max_length=120, unique=True, help_text="Its address for life.")
    title = models.CharField(max_length=200, help_text="Says what the cohort learned.")
    subtitle = models.CharField(max_length=250, blank=True)
    foreword = models.TextField(blank=True, help_text="Markdown; name whoever signs it.")
    cover = models.CharField(max_length=10, choices=Cover, default=Cover.LINE)
    current = models.OneToOneField(
        "findings.ReportEdition", models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )

    objects = ReportQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("findings:report_detail", args=[self.slug])

    @property
    def edition(self) -> ReportEdition:
        """The latest edition. Raises ReportEdition.DoesNotExist for a report that was never published."""
        if self.current is None:
            raise ReportEdition.DoesNotExist
        self.current.report = self
        return self.current

    def in_order(self) -> list[ReportChapter]:
        """The chapters as they would be published, each with its finding's latest release."""
        return list(self.chapters.select_related("finding__current").order_by("position", "pk"))

    def locked_in_order(self) -> list[ReportChapter]:
        """The same, in a transaction: no finding among them is withdrawn before it ends."""
        rows = self.chapters.select_related("finding__current").select_for_update(of=("finding",))
        return sorted(rows.order_by("finding"), key=lambda chapter: (chapter.position, chapter.pk))

    def content(self, chapters: Sequence[ReportChapter]) -> dict[str, Any]:
        """All that an edition keeps beside the releases of its chapters, as plain data."""
        people = line_up(self.cohort, public_memberships().filter(cohort=self.cohort).order_by("name"))
        return {
            "title": self.title,
            "subtitle": self.subtitle,
            "foreword": self.foreword,
            "cover": self.cover,
            "cohort": str(self.cohort),
            "question": self.cohort.question,
            "author": get_text_list([row.name for row in people.organisers], "and") or str(self.cohort),
            "organisations": [named(row) for row in people.taking_part],
            "behind_it": [named(row) | {"roles": row.roles} for row in people.behind_it],
            "is_sample": any(chapter.finding.shown.get("is_sample") for chapter in chapters),
        }

    def hindrances(self, chapters: Sequence[ReportChapter]) -> list[str]:
        """All that stands between the report and the public, a sentence each; empty when it may go."""
        reasons = []
        if not chapters:
            reasons.append("No finding has been chosen yet.")
        for chapter in chapters:
            finding = chapter.finding
            if finding.cohort_id != self.cohort_id:
                reasons.append(f"“{finding.known_title}” belongs to another cohort.")
            elif finding.state != finding.State.PUBLISHED:
                reasons.append(f"“{finding.known_title}” is not published: take it out, or publish it first.")
        if self.cohort.status == Cohort.Status.DRAFT:
            reasons.append(f"{self.cohort} is still being prepared and not public.")
        return reasons

    @transaction.atomic
    def publish(self, now: datetime, by: User | None) -> ReportEdition:
        """Makes an edition of the chosen findings' latest releases; the same twice makes one.

        Raises ValidationError unless each of them is published at this moment.
        """
        locked = Report.objects.select_for_update().get(pk=self.pk)
        # A finding is withdrawn under this lock too: that is either seen here, or takes out the chapter made here.
        chapters = locked.locked_in_order()
        if reasons := locked.hindrances(chapters):
            raise ValidationError(reasons)
        content, releases = locked.content(chapters), [chapter.finding.release for chapter in chapters]
        latest = locked.editions.order_by("-number").first()
        if latest and latest.content == content and latest.stands_on(releases):
            edition = latest
        else:
            number = latest.number + 1 if latest else 1
            edition = ReportEdition.objects.create(
                report=locked, number=number, content=content, published_at=now, published_by=by
            )
            EditionChapter.objects.bulk_create(
                EditionChapter(edition=edition, release=release, position=position)
                for position, release in enumerate(releases, 1)
            )
        self.current = edition
        self.save(update_fields=["current"])
        return edition

    publish.alters_data = True  # type: ignore[attr-defined]


def named(membership: Any) -> dict[str, Any]:
    return {"name": membership.name, "slug": membership.organisation.slug}


class ReportChapter(models.Model):
    """A finding chosen for a report, and where in it."""

    report = models.ForeignKey(Report, models.CASCADE, related_name="chapters")
    finding = models.ForeignKey("findings.Finding", models.PROTECT, related_name="report_chapters")
    position = models.PositiveSmallIntegerField("place", default=0, help_text="Chapters stand in the order of these.")

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["report", "finding"],
                name="finding_once_a_report",
                violation_error_message="This finding is in the report already.",
            )
        ]

    def __str__(self) -> str:
        return self.finding.known_title


@dataclass(frozen=True)
class Chapter:
    """A chapter as readers may see it at this moment: the release's words, or that it was withdrawn and when."""

    number: int
    slug: str
    release: Release
    withdrawn_at: datetime | None

    @property
    def shown(self) -> dict[str, Any]:
        """What the release says; empty once the finding is withdrawn."""
        return {} if self.withdrawn_at else self.release.content

    @property
    def anchor(self) -> str:
        return f"finding-{self.number}"

    @property
    def address(self) -> str:
        return settings.PORTAL_URL + reverse("findings:finding_detail", args=[self.slug])

    @property
    def pictures_at(self) -> str:
        """Below which path its pictures are."""
        return reverse("findings:finding_detail", args=[self.slug]) + "pictures/"


class ReportEdition(models.Model):
    """A report as it was published. Its words stay; a finding withdrawn since is no longer among them."""

    report = models.ForeignKey(Report, models.PROTECT, related_name="editions")
    number = models.PositiveSmallIntegerField()
    content = models.JSONField()
    published_at = models.DateTimeField()
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["report", "number"], name="edition_number_once")]

    def __str__(self) -> str:
        return f"Edition {self.number} of {self.content.get('title', '')}"

    def stands_on(self, releases: list[Release]) -> bool:
        """Whether these are its chapters, in this order, and none was withdrawn since."""
        known = self.chapters.order_by("position").values_list("release", "withdrawn_at")
        return list(known) == [(release.pk, None) for release in releases]

    def in_order(self) -> list[Chapter]:
        """Its chapters as they may be read at this moment: one query."""
        rows = self.chapters.select_related("release__finding").order_by("position")
        return [
            Chapter(
                number=number,
                slug=row.release.finding.slug,
                release=row.release,
                withdrawn_at=row.gone_at,
            )
            for number, row in enumerate(rows, 1)
        ]

    def address(self) -> str:
        return settings.PORTAL_URL + self.report.get_absolute_url()

    def citation(self) -> str:
        """A line in the manner of APA 7: author, date in London, title with edition, programme, address."""
        shown, day = self.content, timezone.localdate(self.published_at)
        words = [shown["title"] + ":" if shown["subtitle"] else shown["title"], shown["subtitle"]]
        title = " ".join(" ".join(["Sample:" if shown["is_sample"] else "", *words]).split())
        return (
            f"{shown['author']} ({day.year}, {day.day} {day:%B}). {title} (Edition {self.number}). "
            f"{shown['cohort']}. {self.address()}"
        )

    def digest(self, chapters: Sequence[Chapter]) -> str:
        """A SHA-256 of all that is shown at this moment: what a PDF of it is known by."""
        shown = [
            [
                chapter.slug,
                chapter.release.number,
                chapter.release.struck,
                chapter.shown,
                chapter.withdrawn_at and chapter.withdrawn_at.timestamp(),
            ]
            for chapter in chapters
        ]
        said = [self.report.slug, self.number, self.content, self.published_at.timestamp(), settings.PORTAL_URL, shown]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


class EditionChapterQuerySet(models.QuerySet["EditionChapter"]):
    def withdraw(self, finding: Finding, now: datetime) -> None:
        """Takes a finding out of every edition it is in."""
        self.filter(release__finding=finding, withdrawn_at=None).update(withdrawn_at=now)

    withdraw.alters_data = True  # type: ignore[attr-defined]


class EditionChapter(models.Model):
    """A release in an edition of a report. Once its finding was withdrawn it stays withdrawn: other words may have
    been agreed to since, and these were not."""

    edition = models.ForeignKey(ReportEdition, models.CASCADE, related_name="chapters")
    release = models.ForeignKey(Release, models.PROTECT, related_name="edition_chapters")
    position = models.PositiveSmallIntegerField()
    withdrawn_at = models.DateTimeField(null=True)

    objects = EditionChapterQuerySet.as_manager()

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["edition", "position"], name="edition_chapter_once_a_place")]

    def __str__(self) -> str:
        return f"Chapter {self.position} of {self.edition}"

    @property
    def gone_at(self) -> datetime | None:
        """When its finding was withdrawn; None while it may be read."""
        finding = self.release.finding
        is_out = finding.state == finding.State.PUBLISHED
        return self.withdrawn_at or (None if is_out else finding.withdrawn_at or self.edition.published_at)
