"""What was written, to whom, and how far it got."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connections, models, router, transaction
from django.db.models import Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone

# Letters put into the ledger by one statement.
AT_ONCE = 500


class LetterQuerySet(models.QuerySet["Letter"]):
    def put(self, letters: list[dict[str, Any]]) -> None:
        """Inserts letters, each by the values of its fields; those whose key is there already stay as they are.

        It is bulk_create(ignore_conflicts=True) in less of its time: a reminder goes to thousands at once.
        """
        database = connections[router.db_for_write(Letter)]
        fields = [field for field in Letter._meta.concrete_fields if not field.primary_key]
        unsaid = {field.name: field.get_default() for field in fields} | {"created_at": timezone.now()}
        quote = database.ops.quote_name
        table = quote(Letter._meta.db_table)
        columns = ", ".join(quote(field.name) for field in fields)
        with transaction.atomic(using=database.alias), database.cursor() as cursor:
            for start in range(0, len(letters), AT_ONCE):
                rows = [unsaid | letter for letter in letters[start : start + AT_ONCE]]
                if database.vendor == "postgresql":
                    # One value, where thousands would each be parsed.
                    cursor.execute(
                        f"INSERT INTO {table} ({columns}) SELECT {columns}"  # noqa: S608 - names of our own
                        f" FROM json_populate_recordset(NULL::{table}, %s) ON CONFLICT DO NOTHING",
                        [json.dumps(rows, default=str)],
                    )
                else:
                    places = ", ".join(["%s"] * len(fields))
                    cursor.executemany(
                        f"INSERT INTO {table} ({columns}) VALUES ({places}) ON CONFLICT DO NOTHING",  # noqa: S608 - the same
                        [[field.get_db_prep_save(row[field.name], database) for field in fields] for row in rows],
                    )

    def sendable(self, now: datetime) -> LetterQuerySet:
        """Letters whose time has come and that nobody has in hand."""
        return self.filter(
            Q(held_until=None) | Q(held_until__lte=now),
            Q(not_after=None) | Q(not_after__gt=now),
            state__in=[Letter.State.PLANNED, Letter.State.RETRY],
            due_at__lte=now,
        )

    def unfinished(self) -> LetterQuerySet:
        return self.filter(state__in=Letter.UNFINISHED)

    def to_follow(self) -> LetterQuerySet:
        """What staff have looked at before its time: it goes with its event when that moves."""
        edited = Q(edited_at__isnull=False, state__in=Letter.WAITING)
        return self.filter(Q(state=Letter.State.HELD) | edited)

    def needing_a_person(self) -> LetterQuerySet:
        return self.filter(state__in=Letter.FOR_A_PERSON)


def new_token() -> str:
    """43 characters from 32 random bytes, safe in a path."""
    return secrets.token_urlsafe(32)


class Letter(models.Model):
    """One letter to one address: first the intent, then what became of it."""

    class State(models.TextChoices):
        PLANNED = "planned", "waiting to go"
        CLAIMED = "claimed", "in hand"
        SENDING = "sending", "being handed over"
        SENT = "sent", "sent"
        RETRY = "retry", "to be tried again"
        FAILED = "failed", "refused"
        MISSED = "missed", "too late to be of use"
        CANCELLED = "cancelled", "no longer wanted"
        IN_DOUBT = "in_doubt", "in doubt: may have arrived"
        UNWRITTEN = "unwritten", "could not be written"
        HELD = "held", "waiting for staff"
        QUEUED = "queued", "waiting its turn"

    UNFINISHED = [State.PLANNED, State.CLAIMED, State.SENDING, State.RETRY]
    # It may have reached somebody.
    WENT = [State.SENDING, State.SENT, State.IN_DOUBT]
    # Nothing has left yet, and nobody has it in hand.
    WAITING = [State.PLANNED, State.RETRY, State.HELD, State.QUEUED]
    FOR_A_PERSON = [State.FAILED, State.IN_DOUBT, State.MISSED, State.UNWRITTEN]

    key = models.CharField(
        max_length=400,
        unique=True,
        help_text="Kind, occurrence, its version and the address: the same letter cannot be written twice.",
    )
    kind = models.CharField(max_length=60)
    occurrence = models.CharField(max_length=100, blank=True, help_text="What it is about, as “workshop 3”.")
    about = models.CharField("cohort", max_length=80, blank=True, help_text="The cohort's slug, where there is one.")
    address = models.EmailField(max_length=320)
    subject = models.CharField(max_length=250)
    body = models.TextField()
    is_secret = models.BooleanField(default=False, help_text="Carries a code or key that only its reader may see.")
    headers = models.JSONField(default=dict, blank=True)
    calendar = models.TextField(
        "calendar entry",
        blank=True,
        help_text="The invitation or cancellation that goes with it.",
    )
    leave_token = models.CharField("key to leave", max_length=64, blank=True, editable=False)
    rank = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="For a nudge: the lowest of those waiting for one person goes first."
    )
    turn_on = models.DateField(null=True, blank=True, help_text="For a nudge: the day in London it was let go.")

    due_at = models.DateTimeField()
    not_after = models.DateTimeField(null=True, blank=True, help_text="Of no use after this moment.")
    state = models.CharField(max_length=12, choices=State, default=State.PLANNED)
    held_until = models.DateTimeField(null=True, blank=True, help_text="Nobody takes it up before this moment.")
    attempts = models.PositiveSmallIntegerField(default=0)
    tried_at = models.DateTimeField(
        "last tried at", null=True, blank=True, help_text="When the mail server was last about to get its text."
    )
    message_id = models.CharField(max_length=120, blank=True)
    answer = models.CharField(max_length=500, blank=True, help_text="What the mail server said.")
    sent_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    event_time = models.CharField("time of its event", max_length=60, blank=True, help_text="As it was written for.")
    edited_at = models.DateTimeField(null=True, blank=True)
    # A name, not a person: the ledger knows addresses only.
    edited_by = models.CharField(max_length=200, blank=True)
    # Of the text as the portal would have written it: where that changes, staff look at theirs again.
    edited_from = models.CharField(max_length=24, blank=True, editable=False)
    why_not = models.CharField("why it waits or does not go", max_length=1000, blank=True)

    objects = LetterQuerySet.as_manager()

    class Meta:
        ordering = ["-due_at", "-pk"]
        indexes = [
            # What is due next, in its order, however many letters went before: no sort, on either database.
            models.Index(name="letter_next", fields=["state", "due_at", "id"]),
            models.Index(name="letter_by_cohort", fields=["about", "-due_at"]),
            models.Index(name="letter_by_address", fields=["address", "-due_at"]),
            # Every tick asks for these few among a million.
            models.Index(name="letter_edited", fields=["edited_at"], condition=Q(edited_at__isnull=False)),
        ]
        constraints = [
            # However many processes give out turns: nobody is nudged twice in a day.
            models.UniqueConstraint(
                Lower("address"), "turn_on", condition=Q(turn_on__isnull=False), name="one_nudge_a_day"
            ),
            models.UniqueConstraint(
                fields=["leave_token"], condition=~Q(leave_token=""), name="a_key_to_leave_is_one_letters"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.open_subject} → {self.address}"

    @property
    def open_subject(self) -> str:
        """The subject, where it may be read by somebody else than the reader."""
        return "A letter with a code" if self.is_secret else self.subject


class Rule(models.Model):
    """When a kind of reminder goes, as staff set it; kinds and first values come from the apps' reminders."""

    kind = models.CharField(max_length=60, primary_key=True)
    label = models.CharField(max_length=200)
    days = models.SmallIntegerField(default=0, help_text="Days from the event; before it is negative.")
    at = models.TimeField(null=True, blank=True, help_text="London wall-clock time. Empty: count in minutes instead.")
    minutes = models.IntegerField(default=0, help_text="Minutes from the event, when no time of day is set.")
    is_on = models.BooleanField("on", default=True)
    is_held = models.BooleanField(
        "held for staff", default=False, help_text="Its letters wait in Letters until somebody releases or stops them."
    )

    class Meta:
        ordering = ["kind"]

    def __str__(self) -> str:
        return self.label

    @property
    def when(self) -> str:
        """When its letters go, in words."""
        side = "before" if self.days < 0 else "after"
        days = f"{abs(self.days)} {'day' if abs(self.days) == 1 else 'days'} {side}" if self.days else "on the day"
        if self.at is not None:
            return f"{days}, at {self.at:%H:%M} in London"
        side = "before" if self.minutes < 0 else "after"
        minutes = f"{abs(self.minutes)} minutes {side}" if self.minutes else "at that moment"
        return minutes if not self.days else f"{days}, {minutes}"


class ChoiceQuerySet(models.QuerySet["Choice"]):
    def refused(self, kinds: Iterable[str], addresses: Iterable[str]) -> set[tuple[str, str]]:
        """Kind and address, in small letters, of what is not wanted. One query."""
        found = self.filter(
            kind__in=set(kinds), address__in={address.lower() for address in addresses}, pace=Choice.Pace.NEVER
        )
        return set(found.values_list("kind", "address"))

    def made_for(self, kinds: Iterable[str], address: str) -> dict[str, str]:
        """The pace of each kind that this address chose. One query."""
        return dict(self.filter(kind__in=set(kinds), address=address.lower()).values_list("kind", "pace"))


class Choice(models.Model):
    """How often an address wants a kind of reminder. Without a row: at once, or as often as the reminder says."""

    class Pace(models.TextChoices):
        AT_ONCE = "at_once", "at once"
        DAILY = "daily", "once a day"
        WEEKLY = "weekly", "once a week"
        NEVER = "never", "never"

    address = models.EmailField(max_length=320, help_text="In small letters.")
    kind = models.CharField(max_length=60)
    pace = models.CharField(max_length=10, choices=Pace, default=Pace.AT_ONCE)
    changed_at = models.DateTimeField()

    objects = ChoiceQuerySet.as_manager()

    class Meta:
        ordering = ["address", "kind"]
        constraints = [models.UniqueConstraint(fields=["address", "kind"], name="one_choice_a_kind")]

    def __str__(self) -> str:
        return f"{self.kind} for {self.address}: {self.get_pace_display()}"


class Heartbeat(models.Model):
    """When the clock last ticked, so that silence can be seen; and in which database, so that a copy can be told."""

    name = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField()
    mark = models.CharField(max_length=120, blank=True)

    def __str__(self) -> str:
        return f"{self.name} at {self.at:%Y-%m-%d %H:%M:%S}"


class Hold(models.Model):
    """A time in which nothing is sent, until staff say so: after a restore, or because they wanted it."""

    since = models.DateTimeField()
    because = models.CharField(max_length=250)
    # What was due before may have gone out already, by a database that this one knows nothing of.
    is_restore = models.BooleanField(default=False)
    released_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-since", "-pk"]

    def __str__(self) -> str:
        return f"Held since {self.since:%Y-%m-%d %H:%M}: {self.because}"


class Suppression(models.Model):
    """That an address is not written to any more, known by a keyed hash of it alone: it outlives the address."""

    class Why(models.TextChoices):
        BOUNCED = "bounced", "refused by its mail server"
        COMPLAINED = "complained", "reported as unwanted mail"
        ERASED = "erased", "erased at its owner's wish"

    mark = models.CharField(max_length=64, help_text="Of the address in small letters: suppression.marks_of.")
    why = models.CharField(max_length=10, choices=Why)
    since = models.DateTimeField()
    words = models.CharField(max_length=500, blank=True, help_text="What the mail server or provider said.")

    class Meta:
        ordering = ["-since"]
        verbose_name = "address not written to"
        verbose_name_plural = "addresses not written to"
        constraints = [models.UniqueConstraint(fields=["mark", "why"], name="one_suppression_a_reason")]

    def __str__(self) -> str:
        return f"{self.mark[:12]}: {self.get_why_display()}"


class SubscriberQuerySet(models.QuerySet["Subscriber"]):
    def active(self) -> SubscriberQuerySet:
        return self.filter(confirmed_at__isnull=False, left_at=None)


class Subscriber(models.Model):
    """An address that asked for the newsletter, and the record of its consent."""

    WORDING = "2026-11"

    address = models.EmailField(max_length=320, unique=True)
    # Two keys: who was forwarded an issue holds the one to leave with, and must not be able to subscribe by it.
    token = models.CharField("key to leave", max_length=64, unique=True, default=new_token, editable=False)
    confirm_token = models.CharField("key to confirm", max_length=64, unique=True, default=new_token, editable=False)
    wording = models.CharField(max_length=20, default=WORDING, help_text="Version of the text agreed to.")
    words = models.TextField(blank=True, help_text="The text they were shown.")
    page = models.CharField(max_length=200, blank=True, help_text="Where the address was entered.")
    asked_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    left_at = models.DateTimeField(null=True, blank=True)

    objects = SubscriberQuerySet.as_manager()

    CONFIRM_WITHIN = timedelta(days=7)

    class Meta:
        ordering = ["-asked_at"]

    def __str__(self) -> str:
        return self.address

    @property
    def state(self) -> str:
        if self.left_at:
            return "left"
        return "subscribed" if self.confirmed_at else "not confirmed"

    @property
    def is_active(self) -> bool:
        return self.confirmed_at is not None and self.left_at is None

    def can_confirm(self, now: datetime) -> bool:
        """Whether the link in the letter still works: for seven days, until it has been used."""
        return not self.is_active and now < self.asked_at + self.CONFIRM_WITHIN

    def ask_again(self, now: datetime, page: str, words: str) -> None:
        """Starts the seven days anew, with the words now on the page. Nothing is agreed to before the letter is
        answered; what was agreed to before stays among the consents."""
        self.asked_at, self.page, self.wording, self.words = now, page, self.WORDING, words
        self.save(update_fields=["asked_at", "page", "wording", "words"])

    ask_again.alters_data = True  # type: ignore[attr-defined]

    def confirm_url(self) -> str:
        return settings.PORTAL_URL + reverse("correspondence:newsletter_confirm", args=[self.confirm_token])

    def leave_url(self) -> str:
        return settings.PORTAL_URL + reverse("correspondence:newsletter_leave", args=[self.token])

    @transaction.atomic
    def confirm(self, now: datetime) -> None:
        self.confirmed_at, self.left_at = now, None
        self.save(update_fields=["confirmed_at", "left_at"])
        said = {name: getattr(self, name) for name in ("wording", "words", "page", "asked_at")}
        self.consents.create(**said, confirmed_at=now)

    confirm.alters_data = True  # type: ignore[attr-defined]

    @transaction.atomic
    def leave(self, now: datetime) -> None:
        self.left_at = now
        self.save(update_fields=["left_at"])
        self.consents.filter(left_at=None).update(left_at=now)

    leave.alters_data = True  # type: ignore[attr-defined]


class Consent(models.Model):
    """One yes to the newsletter: to which words, on which page, asked and confirmed when, and until when it held."""

    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="consents")
    wording = models.CharField(max_length=20)
    words = models.TextField(blank=True)
    page = models.CharField(max_length=200, blank=True)
    asked_at = models.DateTimeField()
    confirmed_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-confirmed_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.confirmed_at:%Y-%m-%d %H:%M}"


class NewsletterIssue(models.Model):
    """One issue of the newsletter, written by staff, sent once to everyone subscribed at that moment."""

    subject = models.CharField(max_length=200)
    body = models.TextField(help_text="Plain text, as it will be read.")
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True, blank=True, editable=False)
    # While it is stopped none of its letters goes that has not gone.
    stopped_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.subject
