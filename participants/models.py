"""Who takes part, in what role, and since when."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.contrib.auth.models import UserManager as DjangoUserManager
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Value
from django.db.models.functions import Lower
from django.urls import reverse

from correspondence.models import new_token


class UserQuerySet(models.QuerySet["User"]):
    def seated_in(self, cohort: Cohort) -> UserQuerySet:
        """People with a live seat in the cohort."""
        return self.filter(
            Exists(Seat.objects.live().filter(user=OuterRef("pk"), membership__cohort=cohort)), is_active=True
        )

    def seated_at(self, membership: Membership) -> UserQuerySet:
        """People with a live seat at the organisation in this cohort."""
        seat = Seat.objects.live().filter(user=OuterRef("pk"), membership=membership)
        return self.filter(Exists(seat), is_active=True)


class UserManager(DjangoUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    """Makes people by their e-mail address; there are no user names."""

    def _create_user(self, email: str, password: str | None, **extra: Any) -> User:
        user = self.model(email=self.normalize_email(email).lower(), **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_user(self, email: str, password: str | None = None, **extra: Any) -> User:
        return self._create_user(email, password, **{"is_staff": False, "is_superuser": False, **extra})

    def create_superuser(self, email: str, password: str | None = None, **extra: Any) -> User:
        return self._create_user(email, password, **{**extra, "is_staff": True, "is_superuser": True})


class User(AbstractUser):
    """A person, known by e-mail address and the name they go by."""

    username = None  # type: ignore[assignment]
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120, help_text="As you would like others to read it.")
    calendar_token = models.CharField(max_length=64, unique=True, default=new_token, editable=False)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    objects = UserManager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email_once", violation_error_message="Address in use.")
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name

    def calendar_url(self) -> str:
        return settings.PORTAL_URL + reverse("calendar_feed", args=[self.calendar_token])

    def renew_calendar(self) -> None:
        """Gives the personal calendar a new address; the old one answers 404 from now on."""
        self.calendar_token = new_token()
        self.save(update_fields=["calendar_token"])

    renew_calendar.alters_data = True  # type: ignore[attr-defined]


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

        Each says whether the person belongs to the cohort itself (`has_seat`: a seat, or staff), not only mentors.
        """
        if not user.is_authenticated:
            return self.none()
        if user.is_staff:
            return self.annotate(has_seat=Value(True))
        seat = Exists(Seat.objects.live().filter(user=user, membership__cohort=OuterRef("pk")))
        mentors = Exists(Mentor.objects.live().filter(user=user, cohort=OuterRef("pk")))
        return self.annotate(has_seat=seat).filter(Q(has_seat=True) | mentors)

    def public(self) -> CohortQuerySet:
        return self.exclude(status=Cohort.Status.DRAFT)

    def running(self) -> CohortQuerySet:
        return self.filter(status=Cohort.Status.RUNNING)

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
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)
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

    class Status(models.TextChoices):
        CONFIRMED = "confirmed", "confirmed"
        JOINED_LATE = "late", "joined late"
        WITHDRAWN = "withdrawn", "withdrawn"

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


class SeatQuerySet(models.QuerySet["Seat"]):
    def live(self) -> SeatQuerySet:
        """Seats that open doors: not ended, and the organisation has not left."""
        return self.filter(ended_at=None).exclude(membership__status=Membership.Status.WITHDRAWN)


class Seat(models.Model):
    """A person's place in an organisation of a cohort, so that a successor inherits what stays with it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="seats")
    membership = models.ForeignKey(Membership, models.PROTECT, related_name="seats")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = SeatQuerySet.as_manager()

    class Meta:
        ordering = ["started_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "membership"], condition=Q(ended_at=None), name="seat_held_once"
            ),
            models.CheckConstraint(
                name="seat_ends_after_start", condition=Q(ended_at__gte=F("started_at")) | Q(ended_at=None)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} at {self.membership}"

    def end(self, now: datetime) -> None:
        """Closes the seat: access ends with this call, notes stay with the organisation."""
        self.ended_at = now
        self.save(update_fields=["ended_at"])

    end.alters_data = True  # type: ignore[attr-defined]


class MentorQuerySet(models.QuerySet["Mentor"]):
    def live(self) -> MentorQuerySet:
        return self.filter(ended_at=None)


class Mentor(models.Model):
    """A person who mentors in a cohort, and whom they come from."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="mentor_roles")
    cohort = models.ForeignKey(Cohort, models.PROTECT, related_name="mentors")
    affiliation = models.CharField(max_length=200, blank=True)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = MentorQuerySet.as_manager()

    class Meta:
        ordering = ["user__name"]
        constraints = [models.UniqueConstraint(fields=["user", "cohort"], name="mentor_once_a_cohort")]

    def __str__(self) -> str:
        return f"{self.user} ({self.affiliation})" if self.affiliation else str(self.user)

    def end(self, now: datetime) -> None:
        """Closes the role: what the mentor read of organisations closes with this call, records stay."""
        self.ended_at = now
        self.save(update_fields=["ended_at"])

    end.alters_data = True  # type: ignore[attr-defined]


class MentorshipQuerySet(models.QuerySet["Mentorship"]):
    def live(self) -> MentorshipQuerySet:
        return self.filter(ended_at=None, mentor__ended_at=None).exclude(
            membership__status=Membership.Status.WITHDRAWN
        )


class Mentorship(models.Model):
    """A mentor for an organisation: decides whose notes the mentor reads."""

    mentor = models.ForeignKey(Mentor, models.PROTECT, related_name="mentorships")
    membership = models.ForeignKey(Membership, models.PROTECT, related_name="mentorships")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = MentorshipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["mentor", "membership"], condition=Q(ended_at=None), name="mentorship_held_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.mentor} for {self.membership}"

    def end(self, now: datetime) -> None:
        """Ends the mentoring of one organisation: its notes close to the mentor with this call."""
        self.ended_at = now
        self.save(update_fields=["ended_at"])

    end.alters_data = True  # type: ignore[attr-defined]


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open(self, now: datetime) -> InvitationQuerySet:
        return self.filter(accepted_at=None, cancelled_at=None, expires_at__gt=now)


class Invitation(models.Model):
    """An offer of a seat in an organisation, or of a mentor's role, to one address."""

    LASTS = timedelta(days=14)

    class State(models.TextChoices):
        OPEN = "open", "open"
        ACCEPTED = "accepted", "accepted"
        EXPIRED = "expired", "expired"
        CANCELLED = "cancelled", "cancelled"

    email = models.EmailField()
    name = models.CharField(max_length=120, blank=True)
    cohort = models.ForeignKey(Cohort, models.PROTECT, related_name="invitations")
    membership = models.ForeignKey(
        Membership, models.PROTECT, null=True, blank=True, related_name="invitations", help_text="Empty: as a mentor."
    )
    affiliation = models.CharField(max_length=200, blank=True, help_text="Whom a mentor comes from.")
    token = models.CharField(max_length=64, unique=True, default=new_token, editable=False)
    renewals = models.PositiveSmallIntegerField(default=0, editable=False)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                F("cohort"),
                F("membership"),
                condition=Q(accepted_at=None, cancelled_at=None, membership__isnull=False),
                name="invitation_to_seat_once",
            ),
            models.UniqueConstraint(
                Lower("email"),
                F("cohort"),
                condition=Q(accepted_at=None, cancelled_at=None, membership=None),
                name="invitation_to_mentor_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} to {self.membership or 'mentor'} in {self.cohort}"

    def get_absolute_url(self) -> str:
        return reverse("participants:invitation_accept", args=[self.token])

    def state_at(self, now: datetime) -> Invitation.State:
        if self.accepted_at:
            return self.State.ACCEPTED
        if self.cancelled_at:
            return self.State.CANCELLED
        return self.State.EXPIRED if self.expires_at <= now else self.State.OPEN


def month_range(start: date | None, end: date | None, precision: str) -> str:
    """Two dates in words: “January to October 2018” to the month, “8 January to 12 October 2018” to the day."""
    if not start or not end:
        return ""
    if precision == Cohort.Precision.MONTH:
        first = f"{start:%B}" if start.year == end.year else f"{start:%B %Y}"
        return f"{first} to {end:%B %Y}"
    first = f"{start.day} {start:%B}" if start.year == end.year else f"{start.day} {start:%B %Y}"
    return f"{first} to {end.day} {end:%B %Y}"
