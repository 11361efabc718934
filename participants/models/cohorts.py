"""Organisations, the cohorts they take part in, and how they stand in each."""

from __future__ import annotations

from datetime import date

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Value
from django.urls import reverse

from correspondence.wallclock import within_reason

from .people import User
from .places import Mentor, Mentorship, Seat, Standing


class Organisation(models.Model):
    """An arts or heritage organisation, a partner or a host, across all cohorts."""

    name = models.CharField(max_length=200, unique=True)
    slug = models.SlugField(max_length=80, unique=True)
    website = models.URLField(blank=True)
    is_sample = models.BooleanField(default=False, editable=False, help_text="Part of a rehearsal, not of the facts.")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class CohortQuerySet(models.QuerySet["Cohort"]):
    def visible_to(self, user: User | AnonymousUser) -> CohortQuerySet:
        """Cohorts the person works in now: by a live seat, as a mentor, or as staff.

        Each says whether the person belongs to the cohort itself (`has_seat`: a seat, or staff), not only mentors,
        and whether they are a mentor there (`is_mentor`; staff who are none are not).
        """
        if not user.is_authenticated:
            return self.none()
        mentors = Exists(Mentor.objects.live().filter(user=user, cohort=OuterRef("pk")))
        if user.is_staff:
            return self.annotate(has_seat=Value(True), is_mentor=mentors)
        seat = Exists(Seat.objects.live().filter(user=user, membership__cohort=OuterRef("pk")))
        return self.annotate(has_seat=seat, is_mentor=mentors).filter(Q(has_seat=True) | Q(is_mentor=True))

    def public(self) -> CohortQuerySet:
        return self.exclude(status=Cohort.Status.DRAFT)

    def latest_first(self) -> CohortQuerySet:
        return self.order_by(F("starts_on").desc(nulls_last=True), "-pk")


class Cohort(models.Model):
    """One edition of the programme, with its own workshops, phases and organisations."""

    class Status(models.TextChoices):
        DRAFT = "draft", "being prepared: not public, sends nothing"
        RUNNING = "running", "running"
        ENDED = "ended", "ended: public, sends nothing"

    class Precision(models.TextChoices):
        DAY = "day", "to the day"
        MONTH = "month", "to the month"

    slug = models.SlugField(max_length=80, unique=True, help_text="In every address of the cohort; keep it.")
    series = models.CharField(max_length=100, default="Let's Get Real")
    number = models.PositiveSmallIntegerField(null=True, blank=True)
    title = models.CharField(max_length=250)
    highlight = models.CharField(max_length=80, blank=True, help_text="The words of the title to mark with the pen.")
    question = models.TextField(blank=True, help_text="What all organisations of the cohort ask.")
    objectives = models.JSONField(default=list, blank=True, help_text='A list: ["build capacity", …]')
    ways_of_learning = models.JSONField(default=list, blank=True, help_text='A list: ["learning by doing", …]')
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT)
    starts_on = models.DateField(validators=[within_reason], null=True, blank=True)
    ends_on = models.DateField(validators=[within_reason], null=True, blank=True)
    date_precision = models.CharField(max_length=5, choices=Precision, default=Precision.DAY)
    announced_organisations = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="How many were announced; how many are named is counted."
    )
    findings_shared = models.CharField(max_length=200, blank=True, help_text="When findings are shared, in words.")
    mentors_from = models.JSONField(default=list, blank=True, help_text="Where mentors come from, a list.")
    mentoring_form = models.CharField(max_length=100, blank=True)
    contact_name = models.CharField(max_length=120, blank=True)
    contact_role = models.CharField(max_length=120, blank=True)
    contact_email = models.EmailField(blank=True)
    contact_phone = models.CharField(max_length=40, blank=True)
    collaboration_tool = models.CharField(max_length=80, blank=True)
    collaboration_url = models.URLField(blank=True, help_text="Where the cohort talks, if not in the exchange.")
    is_rehearsal = models.BooleanField(default=False, editable=False, help_text="Filled with samples.")

    objects = CohortQuerySet.as_manager()

    class Meta:
        ordering = ["-starts_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="cohort_ends_after_start",
                condition=Q(ends_on__gt=F("starts_on")) | Q(starts_on=None) | Q(ends_on=None),
                violation_error_message="The cohort must end after it starts.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.series} {self.number}" if self.number else f"{self.series}: {self.title}"

    def get_absolute_url(self) -> str:
        return reverse("cohort_detail", args=[self.slug])


class MembershipQuerySet(models.QuerySet["Membership"]):
    def participating(self) -> MembershipQuerySet:
        """Organisations that take part in the programme, those that left excepted."""
        return self.filter(is_participant=True).exclude(status=Membership.Status.WITHDRAWN)

    def named(self) -> MembershipQuerySet:
        """The participating organisations the public is told of: a rehearsal's samples are not among them."""
        return self.participating().filter(organisation__is_sample=False)

    def visible_to(self, user: User | AnonymousUser) -> MembershipQuerySet:
        """Organisations whose inside page the person may open: their own, those they mentor, all for staff."""
        if not user.is_authenticated:
            return self.none()
        if user.is_staff:
            return self
        return self.filter(
            Exists(Seat.objects.live().filter(user=user, membership=OuterRef("pk")))
            | Exists(Mentorship.objects.live().filter(mentor__user=user, membership=OuterRef("pk")))
        )


class Membership(models.Model):
    """An organisation in a cohort: its name as used there, its roles and where it stands."""

    Status = Standing

    cohort = models.ForeignKey(Cohort, models.PROTECT, related_name="memberships")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="memberships")
    name = models.CharField("name in this cohort", max_length=200)
    is_participant = models.BooleanField(default=True)
    is_partner = models.BooleanField(default=False)
    is_host = models.BooleanField(default=False)
    is_organiser = models.BooleanField(default=False)
    status = models.CharField(max_length=10, choices=Status, default=Status.CONFIRMED)
    joint_bodies = models.ManyToManyField(
        Organisation, blank=True, related_name="joint_memberships", help_text="The bodies behind a shared place."
    )

    objects = MembershipQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["cohort", "organisation"],
                name="membership_once_a_cohort",
                violation_error_message="This organisation is in the cohort already.",
            )
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("membership_detail", args=[self.cohort.slug, self.organisation.slug])

    @property
    def roles(self) -> list[str]:
        words = {
            "participant": self.is_participant,
            "partner": self.is_partner,
            "host": self.is_host,
            "organiser": self.is_organiser,
        }
        return [word for word, holds in words.items() if holds]


def month_range(start: date | None, end: date | None, precision: str) -> str:
    """Two dates in words: “January to October 2018” to the month, “8 January to 12 October 2018” to the day."""
    if not start or not end:
        return ""
    if precision == Cohort.Precision.MONTH:
        first = f"{start:%B}" if start.year == end.year else f"{start:%B %Y}"
        return f"{first} to {end:%B %Y}"
    first = f"{start.day} {start:%B}" if start.year == end.year else f"{start.day} {start:%B %Y}"
    return f"{first} to {end.day} {end:%B %Y}"
