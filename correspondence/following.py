"""What staff held or edited goes with its event. Where that moves, the letter gets the key of the new time, so that
the planner writes no second one, and waits: a text edited by hand is not overwritten, and not sent with an old time.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import OperationalError, transaction

from . import issues, ledger, reminders, suppression
from .ledger import mark_of, message_id_of, settle
from .models import Letter
from .reminders import REGISTERED, Occurrence, Reminder, intent_of, occurrence_of
from .turns import looked_at

log = logging.getLogger(__name__)

State = Letter.State
MOST_WHY = Letter._meta.get_field("why_not").max_length or 500
# Letters that nobody has edited and nothing has happened to: they make room for one that was edited.
GIVES_WAY = [State.PLANNED, State.HELD, State.QUEUED, State.CANCELLED, State.UNWRITTEN]
CHECK = "The text was edited when it was on {old}. It is now on {new}: check every time in the text, then release it."
OTHERWISE = (
    "What the portal would write in its place has changed since the text was edited. It would be now: “{subject}”, "
    "{body} Compare the two, then release yours."
)
ANEW = "What it is about moved from {old} to {new}; its text was written anew. It waits as before."
TAKEN = "It was for {old}. Another letter for {new} is in the ledger already."


def follow(now: datetime) -> int:
    """Takes letters that staff held or edited along with events that moved; how many.

    Those whose time has come and that ought not to go any more are closed.
    """
    waiting = Letter.objects.to_follow().filter(kind__in=REGISTERED)
    moved = len(taken_along(waiting.order_by("pk"), now))
    come = list(waiting.filter(state=State.HELD, due_at__lte=now))
    off, _ = looked_at(come, now, reminders.unwanted)
    Letter.objects.filter(pk__in=off, state=State.HELD).update(state=State.CANCELLED)
    return moved


def unwanted(letters: Iterable[Letter], now: datetime) -> set[int]:
    """Which of these ought not to go now: those that are not wanted any more, to an address that is not written to, and
    edited ones that have to wait."""
    letters = list(letters)
    waits = taken_along([letter for letter in letters if letter.edited_at and letter.kind in REGISTERED], now)
    left = [letter for letter in letters if letter.pk not in waits]
    off = suppression.unwanted(left, issues.KIND) | issues.unwanted(left) | reminders.unwanted(left, now)
    return waits | off


def taken_along(letters: Iterable[Letter], now: datetime) -> set[int]:
    """Gives letters whose event moved its new time; which those are."""
    groups: dict[tuple[str, str], list[Letter]] = defaultdict(list)
    for letter in letters:
        groups[letter.kind, letter.occurrence].append(letter)
    moved: set[int] = set()
    known = reminders.rules() if groups else {}
    for (kind, name), group in groups.items():
        try:
            event = event_called(REGISTERED[kind], name, now)
            due = None if event is None else occurrence_of(REGISTERED[kind], event, known[kind])
            if due is not None:
                moved |= followed(due, group, now)
        except OperationalError:
            raise
        except Exception:
            log.exception("letters of %s about %s cannot follow it", kind, name)
    return moved


def event_called(reminder: Reminder, name: str, now: datetime) -> Any:
    """What a letter in the ledger is about; None where it is over, cancelled or has no date."""
    return next((event for event in reminder.to_come(now) if reminder.occurrence(event) == name), None)


def followed(occurrence: Occurrence, group: list[Letter], now: datetime) -> set[int]:
    keys = {letter.pk: occurrence.key_for(letter.address) for letter in group}
    group = [letter for letter in group if letter.edited_at or letter.key != keys[letter.pk]]
    if not group:
        return set()
    audience = occurrence.reminder.audience(occurrence.event, now).filter(
        email__in=[letter.address for letter in group]
    )
    people = {person.email.lower(): person for person in audience}
    moved = set()
    for letter in group:
        person, key = people.get(letter.address.lower()), keys[letter.pk]
        if person is None:
            continue
        if (
            take_along(letter, occurrence, key, person)
            if letter.key != key
            else hold_otherwise(letter, occurrence, person)
        ):
            moved.add(letter.pk)
    return moved


def hold_otherwise(letter: Letter, occurrence: Occurrence, person: Any) -> bool:
    """Holds an edited letter once, when the portal would write another text than when it was edited: another place,
    say."""
    intent = intent_of(occurrence, person)
    mark = mark_of(intent.subject, intent.body)
    if letter.edited_from in ("", mark):
        return False
    why = OTHERWISE.format(subject=intent.subject, body=" ".join(intent.body.split()))
    before = [*Letter.WAITING, State.CLAIMED]
    return settle(letter, before, State.HELD, turn_on=None, edited_from=mark, why_not=shortened(why))


def shortened(words: str) -> str:
    return words if len(words) <= MOST_WHY else words[: MOST_WHY - 2] + " …"


def take_along(letter: Letter, occurrence: Occurrence, key: str, person: Any) -> bool:
    """Gives one letter the new time and lets it wait for staff. False when it has left meanwhile."""
    words = {"old": letter.event_time or "another day", "new": occurrence.event_time}
    intent = intent_of(occurrence, person)
    fields: dict[str, Any] = {"why_not": CHECK.format(**words), "edited_from": mark_of(intent.subject, intent.body)}
    if letter.edited_at is None:
        fields = {"subject": intent.subject, "body": intent.body, "why_not": ANEW.format(**words)}
    before = [*Letter.WAITING, State.CLAIMED]
    with transaction.atomic():
        other = Letter.objects.select_for_update().filter(key=key).first()
        if other and (other.state not in GIVES_WAY or other.edited_at):
            return settle(letter, before, State.CANCELLED, turn_on=None, why_not=TAKEN.format(**words))
        if other:
            Letter.objects.filter(pk=other.pk).update(key=f"gave way {other.pk}", state=State.CANCELLED)
        went = settle(
            letter,
            before,
            State.HELD,
            key=key,
            message_id=message_id_of(key),
            due_at=occurrence.due_at,
            not_after=occurrence.useful_until,
            event_time=occurrence.event_time,
            turn_on=None,
            **fields,
        )
        # Where it has left meanwhile, the other must not give way to it.
        transaction.set_rollback(not went)
        return went


def approve(letter: Letter, now: datetime) -> bool:
    """Lets a letter go that was held, as it reads now.

    One that nobody edited and whose time has not come leaves the ledger again: it is written when it is due.
    """
    if letter.state != State.HELD:
        return False
    if letter.edited_at is None and letter.kind in REGISTERED:
        if letter.due_at > now:
            return bool(Letter.objects.filter(pk=letter.pk, state=State.HELD, edited_at=None).delete()[0])
        if fresh := as_it_would_be(letter, now):
            Letter.objects.filter(pk=letter.pk, edited_at=None).update(subject=fresh.subject, body=fresh.body)
    return ledger.approve(letter)


def as_it_would_be(letter: Letter, now: datetime) -> Letter | None:
    """A letter of the ledger as it would be written now; None where it would not be, or not for this time."""
    reminder = REGISTERED.get(letter.kind)
    event = event_called(reminder, letter.occurrence, now) if reminder else None
    if reminder is None or event is None:
        return None
    occurrence = occurrence_of(reminder, event, reminders.rules()[letter.kind])
    person = reminder.audience(event, now).filter(email__iexact=letter.address).first()
    if occurrence is None or person is None:
        return None
    fresh = ledger.row_of(intent_of(occurrence, person))
    return fresh if fresh.key == letter.key else None
