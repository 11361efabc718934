"""The ledger: every letter is first a row with a unique key, then an attempt to hand it over (handing_over.py).

States: planned → claimed (a lease) → sending → sent, or retry, failed, missed, cancelled, in doubt. A letter claimed
by a process that died goes back to planned: nothing had left. One that was being handed over may have arrived:
it is in doubt until there is proof, or a person decides. No letter is sent twice by the portal itself.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parseaddr
from functools import cached_property, lru_cache
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.template import engines
from django.utils import timezone

from .evidence import Evidence, evidence
from .holding import active_hold
from .models import Letter, Suppression
from .suppression import lift

log = logging.getLogger(__name__)

BATCH = 100
# How long a letter may stay in hand, and how long being handed over, before its process counts as dead. The second
# covers the three steps of carriers.STEP that follow the marker; with the sweep every 15 seconds staff see what is in
# doubt within a minute.
CLAIM_LEASE = timedelta(seconds=60)
LEASE = timedelta(seconds=40)
# Gaps between attempts after a refusal that may pass; the last one again and again, until the letter is of no use.
GAPS = [timedelta(minutes=minutes) for minutes in (1, 5, 15, 60)]
# A letter that says nothing else is of no use after a week.
USEFUL = timedelta(days=7)
# The mail server's log may lag behind: before this nothing counts as proof that a letter did not arrive. Where there
# is no proof yet, it is asked again after as long.
PATIENCE = timedelta(minutes=2)
# Doubtful letters looked up at a sweep, so that a long log keeps no sweep from ending.
LOOKED_UP = 20
MOST_KEY = Letter._meta.get_field("key").max_length or 400

State = Letter.State
# Given letters and the moment, the primary keys of those that ought not to go any more.
Unwanted = Callable[[Iterable[Letter], datetime], set[int]]


CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
HEADER_NAME = re.compile(r"[!-9;-~]+")


@dataclass(frozen=True)
class Intent:
    """A letter that ought to exist. Equal keys are the same letter, however often it is intended."""

    kind: str
    occurrence: str
    version: str
    address: str
    subject: str
    body: str
    due_at: datetime
    not_after: datetime | None = None
    about: str = ""
    is_secret: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    # From calendars.message: what calendar programs read of the letter.
    calendar: str = ""
    leave_token: str = ""
    # A nudge waits for its turn; what is held waits for staff.
    rank: int | None = None
    is_held: bool = False
    # When its event is, in words; of letters that have one.
    event_time: str = ""

    @property
    def waits_as(self) -> Letter.State:
        if self.is_held:
            return Letter.State.HELD
        return Letter.State.PLANNED if self.rank is None else Letter.State.QUEUED

    @cached_property
    def key(self) -> str:
        return key_of(self.kind, self.occurrence, self.version, self.address)


def key_of(kind: str, occurrence: str, version: str, address: str) -> str:
    key = "|".join([kind, occurrence, version, address.lower()]).replace("\x00", " ")
    # A very long address must not be cut off: two of them could then be the same letter.
    return key if len(key) <= MOST_KEY else f"{kind}|{hashlib.sha256(key.encode()).hexdigest()}"


def message_id_of(key: str) -> str:
    """The same for a letter for ever, so that a mail server's log can say whether it arrived."""
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{domain_of(settings.DEFAULT_FROM_EMAIL)}>"


@lru_cache
def domain_of(sender: str) -> str:
    return parseaddr(sender)[1].rpartition("@")[2]


def compose(template: str, context: dict[str, Any]) -> tuple[str, str]:
    """Subject and body of a letter from `<template>_subject.txt` and `<template>_message.txt`."""
    return tidied(*rendered(template, context))


def rendered(template: str, context: dict[str, Any]) -> tuple[str, str]:
    engine = engines["plaintext"]
    context = {"portal_url": settings.PORTAL_URL, **context}
    subject, body = (engine.get_template(f"{template}_{part}.txt") for part in ("subject", "message"))
    return subject.render(context), body.render(context)


def tidied(subject: str, body: str) -> tuple[str, str]:
    """As a letter has them: the subject in one line of 250 characters at most, the body without a margin."""
    return " ".join(subject.split())[:250], body.strip() + "\n"


def write(intents: Iterable[Intent]) -> int:
    """Puts letters in the ledger; those that are there already stay as they are. How many rows were offered.

    One that no mail server could take is put down as refused, with the reason, and holds up no other.
    """
    rows = [values_of(intent) for intent in intents]
    Letter.objects.put(rows)
    return len(rows)


def row_of(intent: Intent) -> Letter:
    """The letter as it would stand in the ledger; it is not put there."""
    return Letter(**values_of(intent))


def values_of(intent: Intent) -> dict[str, Any]:
    problem = problem_of(intent)
    return {
        "key": intent.key,
        "kind": intent.kind,
        "occurrence": intent.occurrence,
        "about": intent.about,
        # What is refused is put down as far as a database can hold it.
        "address": CONTROL.sub(" ", intent.address)[:320],
        "subject": CONTROL.sub(" ", intent.subject)[:250],
        "body": intent.body.replace("\x00", ""),
        "is_secret": intent.is_secret,
        "headers": intent.headers,
        "calendar": intent.calendar.replace("\x00", ""),
        "leave_token": intent.leave_token,
        "rank": intent.rank,
        "event_time": intent.event_time,
        "due_at": intent.due_at,
        "not_after": intent.not_after or intent.due_at + USEFUL,
        "message_id": message_id_of(intent.key),
        "state": State.FAILED if problem else intent.waits_as,
        "answer": problem,
    }


def problem_of(intent: Intent) -> str:
    """Why no mail server could take the letter, in words; empty when there is nothing to be said against it.

    Addresses are what Django's own validator takes: quotes before the @ and umlauts after it, 320 characters at most;
    no umlauts before it, which few mail servers deliver.
    """
    try:
        validate_email(intent.address)
        if CONTROL.search(intent.address):
            raise ValidationError("a control character")
    except ValidationError:
        return "This is not an address a letter can be sent to."
    if CONTROL.search(intent.subject):
        return "The subject has a line break in it."
    for name, value in intent.headers.items():
        if not HEADER_NAME.fullmatch(name) or CONTROL.search(value):
            return f"The header {name[:60]!r} has a line break in it, or a name that headers cannot have."
    return ""


def write_letter(
    *,
    kind: str,
    occurrence: str,
    version: str,
    address: str,
    subject: str,
    body: str,
    now: datetime,
    about: str = "",
    due_at: datetime | None = None,
    not_after: datetime | None = None,
    is_secret: bool = False,
    headers: dict[str, str] | None = None,
    calendar: str = "",
) -> bool:
    """Writes one letter and lets it go once the transaction is committed. False when it exists already."""
    intent = Intent(
        kind=kind,
        occurrence=occurrence,
        version=version,
        address=address,
        subject=subject,
        body=body,
        due_at=due_at or now,
        not_after=not_after,
        about=about,
        is_secret=is_secret,
        headers=headers or {},
        calendar=calendar,
    )
    if Letter.objects.filter(key=intent.key).exists():
        return False
    write_letters([intent])
    return True


def write_at_most(most: int, *, now: datetime, **letter: Any) -> bool:
    """Writes a letter that somebody may ask for as often as they like, so many times a day in London at most, whatever
    else is asked for under its kind. Whether one more goes."""
    today = str(timezone.localdate(now))
    return any(write_letter(occurrence=today, version=str(number), now=now, **letter) for number in range(1, most + 1))


def write_letters(intents: Iterable[Intent]) -> int:
    """Writes letters and lets them go once the transaction is committed. How many were offered to the ledger."""
    from .tasks import nudge  # the task itself knows the ledger

    number = write(intents)
    nudge()
    return number


def sweep(now: datetime) -> None:
    """Tidies what is overdue: dead leases, letters of no use any more, doubts there is proof for."""
    stale = Letter.objects.filter(held_until__lte=now)
    stale.filter(state=State.CLAIMED).update(state=State.PLANNED, held_until=None)
    doubtful = stale.filter(state=State.SENDING).update(
        state=State.IN_DOUBT,
        held_until=now + PATIENCE,
        answer="The process that handed it over ended before the answer came.",
    )
    idle = [State.PLANNED, State.RETRY, State.UNWRITTEN, State.HELD, State.QUEUED]
    missed = Letter.objects.filter(state__in=idle, not_after__lte=now).update(
        state=State.MISSED, held_until=None, turn_on=None
    )
    if doubtful or missed:
        log.error("letters need a person: %d in doubt, %d too late to be of use", doubtful, missed)
    if settings.MAIL_EVIDENCE:
        look_up(now)


def look_up(now: datetime) -> None:
    """Settles doubtful letters for which there is proof."""
    asked = Letter.objects.filter(state=State.IN_DOUBT, held_until__lte=now, tried_at__isnull=False)
    for letter in asked.order_by("held_until")[:LOOKED_UP]:
        assert letter.tried_at is not None  # noqa: S101  (the query says so)
        found = evidence(letter.message_id, letter.tried_at)
        if found is Evidence.ARRIVED:
            settle(letter, [State.IN_DOUBT], State.SENT, sent_at=letter.tried_at, **without_text(letter))
        elif found is Evidence.NOT:
            settle(letter, [State.IN_DOUBT], State.PLANNED, answer="It had not arrived: the mail server's log says so.")
        else:
            settle(letter, [State.IN_DOUBT], State.IN_DOUBT, held_until=now + PATIENCE)


def claim(now: datetime, limit: int = BATCH) -> list[Letter]:
    """Takes up to `limit` letters in hand, for `CLAIM_LEASE`. No other process gets them meanwhile.

    While mail is held, only codes that people wait for at their screens.
    """
    with transaction.atomic():
        sendable = Letter.objects.sendable(now)
        if hold := active_hold():
            sendable = sendable.filter(is_secret=True, created_at__gt=hold.since)
        rows = sendable.order_by("due_at", "pk").select_for_update(skip_locked=True)
        keys: list[int] = []
        # A state at a time, so that the index gives them in their order.
        for state in (State.RETRY, State.PLANNED):
            keys += rows.filter(state=state).values_list("pk", flat=True)[: limit - len(keys)]
        if not keys:
            return []
        Letter.objects.filter(pk__in=keys).update(state=State.CLAIMED, held_until=now + CLAIM_LEASE)
    return list(Letter.objects.filter(pk__in=keys, state=State.CLAIMED).order_by("due_at", "pk"))


def try_again(letter: Letter, before: list[Letter.State], now: datetime, answer: str) -> bool:
    """After a gap that grows. Where nothing helps, the sweep finds that it is too late."""
    wait = gap_after(letter.attempts)
    return settle(letter, before, State.RETRY, answer=answer, attempts=letter.attempts + 1, held_until=now + wait)


def gap_after(attempts: int) -> timedelta:
    return GAPS[min(attempts, len(GAPS) - 1)]


def settle(letter: Letter, before: Sequence[Letter.State], after: Letter.State, **fields: Any) -> bool:
    """Moves a letter from one state to the next; False when another process has moved it meanwhile."""
    return bool(settle_all([letter], before, after, **fields))


def settle_all(
    letters: Sequence[Letter], before: Sequence[Letter.State], after: Letter.State, **fields: Any
) -> set[int]:
    """Moves letters from one state to the next; the primary keys of those that no other process had moved."""
    fields.setdefault("held_until", None)
    if "answer" in fields:
        fields["answer"] = fields["answer"][:500]
    keys = {letter.pk for letter in letters}
    waiting = Letter.objects.filter(pk__in=keys, state__in=before)
    if len(keys) == 1:
        return keys if waiting.update(state=after, **fields) else set()
    with transaction.atomic():
        # Where all move, as nearly always, the number says which; else each is asked for apart.
        if waiting.update(state=after, **fields) == len(keys):
            return keys
        transaction.set_rollback(True)
    return {key for key in keys if Letter.objects.filter(pk=key, state__in=before).update(state=after, **fields)}


def without_text(letter: Letter) -> dict[str, str]:
    """What to forget once a letter with a code has gone; a rehearsal keeps it for the mail room."""
    if not letter.is_secret or settings.MAILROOM:
        return {}
    return {"body": "This letter carried a code or key; its text was not kept."}


def approve(letter: Letter) -> bool:
    """Lets a letter go that is held for staff; a nudge still waits for its turn."""
    return settle(letter, [State.HELD], State.PLANNED if letter.rank is None else State.QUEUED, why_not="")


def keep_back(letter: Letter, why: str) -> bool:
    """Holds a letter that waits, until staff release it. False when it is on its way already."""
    return settle(letter, Letter.WAITING, State.HELD, turn_on=None, why_not=why[:1000])


def stop(letter: Letter, why: str) -> bool:
    """Ends a letter that has not gone. Its row stays, so that no tick writes it again."""
    return settle(letter, [*Letter.WAITING, *Letter.FOR_A_PERSON], State.CANCELLED, turn_on=None, why_not=why[:1000])


def edit(letter: Letter, subject: str, body: str, by: str, now: datetime, before: str = "") -> bool:
    """Another subject and text, marked as edited. False when the letter is on its way already.

    `before` is the mark of what the portal would write in its place.
    """
    waiting = Letter.objects.filter(pk=letter.pk, state__in=Letter.WAITING)
    return bool(waiting.update(subject=subject, body=body, edited_at=now, edited_by=by[:200], edited_from=before))


def mark_of(subject: str, body: str) -> str:
    """The same as long as a letter reads the same."""
    return hashlib.sha256(f"{subject}\n{body}".encode()).hexdigest()[:24]


def release(letter: Letter, now: datetime) -> bool:
    """Sends a failed, missed or doubtful letter again, on a person's word; its address is tried once more."""
    lift(letter.address, [Suppression.Why.BOUNCED])
    return bool(
        Letter.objects.filter(pk=letter.pk, state__in=[State.FAILED, State.MISSED, State.IN_DOUBT])
        .exclude(body="")
        .update(
            state=State.PLANNED,
            due_at=now,
            not_after=now + USEFUL,
            attempts=0,
            held_until=None,
            answer="",
            turn_on=None,
        )
    )
