"""Times that mentors offer, the sessions held in them, and what was agreed."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils import timezone

from correspondence.wallclock import DAY, in_london, within_reason
from participants.models import Membership, Mentor, Mentorship, Seat, User


class SlotQuerySet(models.QuerySet["Slot"]):
    def visible_to(self, user: User | AnonymousUser) -> SlotQuerySet:
        """A mentor's own times; for people with a seat, the times of their organisation's mentors; all for staff."""
        if not user.is_authenticated:
            return self.none()
        if user.is_staff:
            return self
        seats = Seat.objects.live().filter(user=user)
        return self.filter(
            Q(mentor__user=user, mentor__ended_at=None)
            | Exists(
                Mentorship.objects.live().filter(mentor=OuterRef("mentor"), membership__in=seats.values("membership"))
            )
        )

    def offered(self, now: datetime) -> SlotQuerySet:
        """Times still to come that have not been taken back, free or booked."""
        return self.filter(withdrawn_at=None, starts_at__gt=now)

    def free(self) -> SlotQuerySet:
        return self.exclude(Exists(MentoringSession.objects.live().filter(slot=OuterRef("pk"))))

    def bookable(self, now: datetime) -> SlotQuerySet:
        """Times that can be booked now: offered, far enough ahead, and free."""
        return self.filter(withdrawn_at=None, starts_at__gt=now + Slot.NOTICE).free()


class Slot(models.Model):
    """A time a mentor offers."""

    # How long before the start a time can still be booked, and by an organisation moved or cancelled.
    NOTICE = timedelta(hours=24)
    CANCEL_NOTICE = timedelta(hours=12)

    mentor = models.ForeignKey(Mentor, models.PROTECT, related_name="slots")
    starts_at = models.DateTimeField(validators=[within_reason])
    ends_at = models.DateTimeField(validators=[within_reason])
    join_url = models.URLField("link to join", blank=True, help_text="Shown to those who booked, and to nobody else.")
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = SlotQuerySet.as_manager()

    class Meta:
        ordering = ["starts_at"]
        constraints = [
            models.CheckConstraint(
                name="slot_ends_after_start",
                condition=Q(ends_at__gt=F("starts_at")),
                violation_error_message="The time must end after it starts.",
            ),
            models.UniqueConstraint(
                fields=["mentor", "starts_at"],
                condition=Q(withdrawn_at=None),
                name="slot_offered_once",
                violation_error_message="This time is offered already.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.mentor.user}, {self.times}"

    @property
    def times(self) -> str:
        """Start and end in London's words: “Tuesday 22 May 2018, 11:00 to 11:45”."""
        start, end = timezone.localtime(self.starts_at), timezone.localtime(self.ends_at)
        return f"{start:%A} {start.day} {start:%B %Y}, {start:%H:%M} to {end:%H:%M}"

    def withdraw(self, now: datetime) -> None:
        """Takes the time back: nobody can book it any more."""
        if self.withdrawn_at is None:
            self.withdrawn_at = now
            self.save(update_fields=["withdrawn_at"])

    withdraw.alters_data = True  # type: ignore[attr-defined]


class Party(StrEnum):
    """In what part a person meets a session. Another mentor of the same organisation reads, and leads nothing."""

    ORGANISATION = "organisation"
    MENTOR = "mentor"
    OTHER_MENTOR = "other_mentor"
    STAFF = "staff"


class MentoringSessionQuerySet(models.QuerySet["MentoringSession"]):
    def live(self) -> MentoringSessionQuerySet:
        """Sessions that hold their time: booked or held."""
        return self.filter(state__in=MentoringSession.LIVE)

    def clashing(self, mentor: Mentor, starts_at: datetime, ends_at: datetime) -> MentoringSessionQuerySet:
        """The mentor's live sessions that share a moment with the time; back to back is no clash."""
        return self.live().filter(mentor=mentor, starts_at__lt=ends_at, ends_at__gt=starts_at)

    def visible_to(self, user: User | AnonymousUser) -> MentoringSessionQuerySet:
        """Sessions of the person's organisation, of the organisations they mentor, all for staff."""
        if not user.is_authenticated:
            return self.none()
        if user.is_staff:
            return self
        return self.filter(
            Exists(Mentorship.objects.live().filter(mentor__user=user, membership=OuterRef("membership")))
            | Exists(Seat.objects.live().filter(user=user, membership=OuterRef("membership")))
        )

    def own(self, user: User) -> MentoringSessionQuerySet:
        """Sessions the person takes part in: booked by their organisation, or led by them.."""
        leads = Q(mentor__user=user) & Exists(
            Mentorship.objects.live().filter(mentor=OuterRef("mentor"), membership=OuterRef("membership"))
        )
        return self.filter(leads | Exists(Seat.objects.live().filter(user=user, membership=OuterRef("membership"))))


class MentoringSession(models.Model):
    """A time booked by an organisation. It carries its own times, so the database can refuse an overlap."""

    class State(models.TextChoices):
        BOOKED = "booked", "booked"
        HELD = "held", "held"
        NO_SHOW = "no_show", "nobody came"
        CANCELLED = "cancelled", "cancelled"

    LIVE = [State.BOOKED, State.HELD]

    slot = models.ForeignKey(Slot, models.PROTECT, related_name="sessions")
    mentor = models.ForeignKey(Mentor, models.PROTECT, related_name="sessions")
    membership = models.ForeignKey(Membership, models.PROTECT, related_name="sessions")
    starts_at = models.DateTimeField(validators=[within_reason])
    ends_at = models.DateTimeField(validators=[within_reason])
    uid = models.UUIDField(
        default=uuid.uuid4, unique=True, editable=False, help_text="Its name in calendars, for life."
    )
    sequence = models.PositiveIntegerField(
        default=0, editable=False, help_text="Grows with each change of time or state: calendars see it."
    )
    moved_at = models.DateTimeField(null=True, blank=True, editable=False)
    state = models.CharField(max_length=10, choices=State, default=State.BOOKED)
    wish = models.TextField("what we would like to talk about", blank=True)
    booked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="booked_sessions")
    booked_at = models.DateTimeField()
    cancelled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="cancelled_sessions"
    )
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancelled_because = models.CharField(max_length=250, blank=True)
    record = models.TextField("shared record", blank=True, help_text="The organisation reads it. Markdown.")
    recorded_at = models.DateTimeField(null=True, blank=True)

    objects = MentoringSessionQuerySet.as_manager()

    class Meta:
        ordering = ["starts_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["slot"], condition=Q(state__in=["booked", "held"]), name="one_live_session_a_slot"
            ),
            models.CheckConstraint(name="session_ends_after_start", condition=Q(ends_at__gt=F("starts_at"))),
        ]

    def __str__(self) -> str:
        return f"{self.membership} with {self.mentor.user}, {in_london(self.starts_at)}"

    def get_absolute_url(self) -> str:
        return reverse("mentoring:session_detail", args=[self.membership.cohort.slug, self.pk])

    @property
    def changed_at(self) -> datetime:
        """The last time it was booked, moved or cancelled."""
        return self.cancelled_at or self.moved_at or self.booked_at

    def is_led_by(self, user: User | AnonymousUser) -> bool:
        return bool(user.is_authenticated) and self.mentor.ended_at is None and self.mentor.user_id == user.pk

    def party_of(self, user: User, seats: Collection[int] | None = None) -> Party:
        """In what part somebody who may see the session sees it; `seats`: memberships they have a seat in, if known."""
        if self.is_led_by(user):
            return Party.MENTOR
        if seats is None:
            seats = list(Seat.objects.live().filter(user=user).values_list("membership", flat=True))
        if self.membership_id in seats:
            return Party.ORGANISATION
        return Party.STAFF if user.is_staff else Party.OTHER_MENTOR

    def people(self) -> list[User]:
        """Everybody the session concerns, each once: the organisation's people with a live seat, and the mentor."""
        found = {user.pk: user for user in User.objects.seated_at(self.membership)}
        if self.mentor.ended_at is None and self.mentor.user.is_active:
            found[self.mentor.user_id] = self.mentor.user
        return list(found.values())

    def can_be_changed_by(self, party: Party, now: datetime) -> bool:
        """Moved or cancelled: by the organisation until 12 hours before, by mentor and staff until it ends."""
        if self.state != self.State.BOOKED:
            return False
        if party == Party.ORGANISATION:
            return now < self.starts_at - Slot.CANCEL_NOTICE
        return party in (Party.MENTOR, Party.STAFF) and now < self.ends_at

    def can_be_recorded_by(self, party: Party, now: datetime) -> bool:
        """By its mentor or staff, from the start on."""
        return party in (Party.MENTOR, Party.STAFF) and self.state != self.State.CANCELLED and now >= self.starts_at

    def join_url_for(self, party: Party, now: datetime) -> str:
        """The link to the call, for those who booked, the mentor and staff, until the session is over."""
        if party == Party.OTHER_MENTOR or self.state != self.State.BOOKED or now >= self.ends_at:
            return ""
        return self.slot.join_url

    def write_record(self, state: str, record: str, now: datetime) -> None:
        """Says whether the session was held and what is shared of it; a later record replaces the text."""
        self.state, self.record, self.recorded_at = state, record, now
        self.save(update_fields=["state", "record", "recorded_at"])

    write_record.alters_data = True  # type: ignore[attr-defined]


class RemarkQuerySet(models.QuerySet["Remark"]):
    def visible_to(self, user: User | AnonymousUser) -> RemarkQuerySet:
        """Remarks on organisations the person mentors. Staff do not read them, nor does anybody seated there."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(
            Exists(Mentorship.objects.live().filter(mentor__user=user, membership=OuterRef("session__membership"))),
            ~Exists(Seat.objects.live().filter(user=user, membership=OuterRef("session__membership"))),
        )


class Remark(models.Model):
    """What a mentor notes about a session for mentors alone: the organisation never sees it."""

    session = models.ForeignKey(MentoringSession, models.PROTECT, related_name="remarks")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    body = models.TextField()
    created_at = models.DateTimeField()

    objects = RemarkQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "pk"]

    def __str__(self) -> str:
        return f"{self.author}, {in_london(self.created_at, DAY)}"


class FollowUpQuerySet(models.QuerySet["FollowUp"]):
    def visible_to(self, user: User | AnonymousUser) -> FollowUpQuerySet:
        """What was agreed with organisations whose inside page the person may open."""
        return self.filter(membership__in=Membership.objects.visible_to(user))

    def open(self) -> FollowUpQuerySet:
        return self.filter(done_at=None)


class FollowUp(models.Model):
    """Something agreed in a session, with who does it and by when."""

    session = models.ForeignKey(MentoringSession, models.PROTECT, related_name="follow_ups")
    membership = models.ForeignKey(Membership, models.PROTECT, related_name="follow_ups")
    text = models.CharField(max_length=250)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="follow_ups"
    )
    due_on = models.DateField(validators=[within_reason], null=True, blank=True)
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)

    objects = FollowUpQuerySet.as_manager()

    class Meta:
        ordering = [F("due_on").asc(nulls_last=True), "pk"]

    def __str__(self) -> str:
        return self.text

    def tick(self, now: datetime) -> None:
        self.done_at = now
        self.save(update_fields=["done_at"])

    tick.alters_data = True  # type: ignore[attr-defined]

    def reopen(self) -> None:
        self.done_at = None
        self.save(update_fields=["done_at"])

    reopen.alters_data = True  # type: ignore[attr-defined]
