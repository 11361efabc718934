"""The ledger: every letter is first a row with a unique key, then an attempt to hand it over.

States: planned → claimed (a lease) → sending → sent, or retry, failed, missed, cancelled, in doubt. A letter claimed
by a process that died goes back to planned: nothing had left. One that was being handed over may have arrived:
it is in doubt, and a person decides. No letter is sent twice by the portal itself.
"""

from __future__ import annotations

import hashlib
import logging
import smtplib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.template import engines

from .models import Letter

log = logging.getLogger(__name__)

BATCH = 100
LEASE = timedelta(minutes=10)
# Gaps between attempts after a refusal that may pass; then a person is asked.
GAPS = [timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240)]

State = Letter.State
# Given letters and the moment, the primary keys of those that ought not to go any more.
Unwanted = Callable[[Iterable[Letter], datetime], set[int]]


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

    @property
    def key(self) -> str:
        return key_of(self.kind, self.occurrence, self.version, self.address)


def key_of(kind: str, occurrence: str, version: str, address: str) -> str:
    return "|".join([kind, occurrence, version, address.lower()])


def message_id_of(key: str) -> str:
    """The same for a letter for ever, so that a mail server's log can say whether it arrived."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{domain}>"


def compose(template: str, context: dict[str, Any]) -> tuple[str, str]:
    """Subject and body of a letter from `<template>_subject.txt` and `<template>_message.txt`."""
    engine = engines["plaintext"]
    context = {"portal_url": settings.PORTAL_URL, **context}
    subject = " ".join(engine.get_template(f"{template}_subject.txt").render(context).split())
    body = engine.get_template(f"{template}_message.txt").render(context).strip() + "\n"
    return subject[:250], body


def write(intents: Iterable[Intent]) -> int:
    """Puts letters in the ledger; those that are there already stay as they are. How many rows were offered."""
    rows = [
        Letter(
            key=intent.key,
            kind=intent.kind,
            occurrence=intent.occurrence,
            about=intent.about,
            address=intent.address,
            subject=intent.subject,
            body=intent.body,
            is_secret=intent.is_secret,
            headers=intent.headers,
            due_at=intent.due_at,
            not_after=intent.not_after,
            message_id=message_id_of(intent.key),
        )
        for intent in intents
    ]
    Letter.objects.bulk_create(rows, batch_size=500, ignore_conflicts=True)
    return len(rows)


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
) -> bool:
    """Writes one letter and lets it go once the transaction is committed. False when it exists already."""
    from .tasks import nudge  # the task itself knows the ledger

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
    )
    if Letter.objects.filter(key=intent.key).exists():
        return False
    write([intent])
    nudge()
    return True


def sweep(now: datetime) -> None:
    """Tidies what is overdue: dead leases, letters of no use any more."""
    stale = Letter.objects.filter(held_until__lte=now)
    stale.filter(state=State.CLAIMED).update(state=State.PLANNED, held_until=None)
    stale.filter(state=State.SENDING).update(
        state=State.IN_DOUBT, held_until=None, answer="The process that handed it over ended before the answer came."
    )
    Letter.objects.filter(state__in=[State.PLANNED, State.RETRY], not_after__lte=now).update(
        state=State.MISSED, held_until=None
    )


def claim(now: datetime, limit: int = BATCH) -> list[Letter]:
    """Takes up to `limit` letters in hand, for `LEASE`. No other process gets them meanwhile."""
    with transaction.atomic():
        sendable = Letter.objects.sendable(now).order_by("due_at", "pk")
        keys = list(sendable.select_for_update(skip_locked=True).values_list("pk", flat=True)[:limit])
        if not keys:
            return []
        Letter.objects.filter(pk__in=keys).update(state=State.CLAIMED, held_until=now + LEASE)
    return list(Letter.objects.filter(pk__in=keys, state=State.CLAIMED).order_by("due_at", "pk"))


def hand_out(now: datetime, unwanted: Unwanted) -> int:
    """Hands over every letter due and still wanted; how many went. Any number of processes may do so at once."""
    sweep(now)
    sent = 0
    while batch := claim(now):
        off = unwanted(batch, now)
        for letter in batch:
            if letter.pk in off:
                settle(letter, State.CLAIMED, State.CANCELLED)
        due = [letter for letter in batch if letter.pk not in off]
        connection = get_connection()
        try:
            connection.open()
        except OSError as error:
            for letter in due:
                try_again(letter, State.CLAIMED, now, f"No connection: {error}")
            return sent
        try:
            sent += sum(hand_over(letter, connection, now) for letter in due)
        finally:
            connection.close()
    return sent


def hand_over(letter: Letter, connection: BaseEmailBackend, now: datetime) -> bool:
    """Gives one letter to the mail server. That it is on its way is committed before the server hears of it."""
    if not settle(letter, State.CLAIMED, State.SENDING, held_until=now + LEASE):
        return False
    message = EmailMessage(
        subject=letter.subject,
        body=letter.body,
        to=[letter.address],
        connection=connection,
        headers={"Message-ID": letter.message_id, "Auto-Submitted": "auto-generated", **letter.headers},
    )
    try:
        message.send()
    except smtplib.SMTPRecipientsRefused as error:
        code, answer = next(iter(error.recipients.values()))
        refused(letter, code, answer, now)
    except (smtplib.SMTPDataError, smtplib.SMTPSenderRefused) as error:
        refused(letter, error.smtp_code, error.smtp_error, now)
    except (OSError, smtplib.SMTPException) as error:
        settle(letter, State.SENDING, State.IN_DOUBT, answer=f"{type(error).__name__}: {error}"[:500])
        reconnect(connection)
    except ValueError as error:
        # A header that cannot be sent: nothing left the house.
        settle(letter, State.SENDING, State.FAILED, answer=f"{type(error).__name__}: {error}"[:500])
    else:
        done: dict[str, Any] = {"sent_at": now, "attempts": letter.attempts + 1}
        if letter.is_secret and not settings.MAILROOM:
            done["body"] = "This letter carried a code or key; its text was not kept."
        return settle(letter, State.SENDING, State.SENT, **done)
    return False


def refused(letter: Letter, code: int, answer: bytes | str, now: datetime) -> None:
    """The server said no before taking the letter: 4xx may pass, 5xx will not."""
    words = f"{code} {answer.decode(errors='replace') if isinstance(answer, bytes) else answer}"[:500]
    if 400 <= code < 500:
        try_again(letter, State.SENDING, now, words)
    else:
        settle(letter, State.SENDING, State.FAILED, answer=words, attempts=letter.attempts + 1)


def try_again(letter: Letter, state: Letter.State, now: datetime, answer: str) -> None:
    if letter.attempts >= len(GAPS):
        settle(letter, state, State.FAILED, answer=answer[:500])
    else:
        settle(
            letter,
            state,
            State.RETRY,
            answer=answer[:500],
            attempts=letter.attempts + 1,
            held_until=now + GAPS[letter.attempts],
        )


def settle(letter: Letter, before: Letter.State, after: Letter.State, **fields: Any) -> bool:
    """Moves a letter from one state to the next; False when another process has moved it meanwhile."""
    fields.setdefault("held_until", None)
    return bool(Letter.objects.filter(pk=letter.pk, state=before).update(state=after, **fields))


def release(letter: Letter, now: datetime) -> bool:
    """Sends a failed, missed or doubtful letter again, on a person's word."""
    return bool(
        Letter.objects.filter(pk=letter.pk, state__in=[State.FAILED, State.MISSED, State.IN_DOUBT]).update(
            state=State.PLANNED, due_at=now, not_after=None, attempts=0, held_until=None, answer=""
        )
    )


def reconnect(connection: BaseEmailBackend) -> None:
    """After a broken conversation the next letter needs a new one; if that fails, its own attempt says so."""
    try:
        connection.close()
        connection.open()
    except OSError as error:
        log.warning("mail server gone: %s", error)
