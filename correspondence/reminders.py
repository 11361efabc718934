"""Reminders: what is due to whom, worked out from the things themselves each time the clock ticks.

Each app says in its reminders.py what its reminders are; lgr6/clock.py gathers them and registers them here.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any

from django.db import OperationalError
from django.db.models import F
from django.utils.formats import date_format

from .leaving import headers_to_leave, leave_token, leave_url
from .ledger import Intent, key_of, message_id_of, rendered, tidied, write
from .models import Choice, Letter, Rule
from .wallclock import DAY, MOMENT, at_wall_clock, in_london, local_day

log = logging.getLogger(__name__)

# A reminder more than a day late is of no use: what it reminds of is too near, or over.
TOO_LATE = timedelta(hours=24)
# A nudge waits its turn for no longer than this.
PATIENCE = timedelta(days=7)
# People whose letters are written together.
BATCH = 500
# Nudges of one kind about one event that may reach a person. After them a person should speak, not a letter.
ENOUGH = 2


@dataclass(frozen=True)
class Reminder:
    """One kind of reminder. An event is whatever it reminds of; people have `email` and `name`."""

    kind: str
    label: str
    # Letters are `<template>_subject.txt` and `<template>_message.txt`, given `event`, `person` and `portal_url`.
    template: str
    # Events that may still be reminded of at a moment, in cohorts that run.
    events: Callable[[datetime], Iterable[Any]]
    # The moment or day the rule counts from; None while it is not known.
    anchor: Callable[[Any], datetime | date | None]
    # Who is to be told, at this moment: a QuerySet of people.
    audience: Callable[[Any, datetime], Any]
    # When the reminder loses its point, at the latest a day after it was due.
    until: Callable[[Any], datetime]
    # The slug of the event's cohort.
    about: Callable[[Any], str]
    # What the rule starts with; staff may change it.
    days: int = 0
    at: time | None = None
    minutes: int = 0
    # Events that may come to be reminded of, where those are more than `events`: what is not over yet.
    ahead: Callable[[datetime], Iterable[Any]] | None = None
    # A nudge asks for something not done yet, and such letters are rationed (turns.py); of those for one person the
    # lowest number goes first. None: it tells of something, and goes when it is due.
    nudge: int | None = None
    # The kind that asked first for the same: who refuses one gets neither, and of both together ENOUGH is enough.
    again_of: str = ""
    # What a person may choose from, and what goes without a choice.
    paces: tuple[str, ...] = (Choice.Pace.AT_ONCE, Choice.Pace.NEVER)
    pace: str = Choice.Pace.AT_ONCE
    # Whether a letter goes only if it would be written just so again: it quotes what may be taken back.
    is_checked: bool = False

    @property
    def choice(self) -> str:
        """The kind that a person's choice is kept under."""
        return self.again_of or self.kind

    def due_at(self, event: Any, rule: Rule) -> datetime | None:
        anchor = self.anchor(event)
        if anchor is None:
            return None
        if rule.at is not None:
            return at_wall_clock(local_day(anchor) + timedelta(days=rule.days), rule.at)
        if not isinstance(anchor, datetime):
            anchor = at_wall_clock(anchor, time(0))
        return anchor + timedelta(days=rule.days, minutes=rule.minutes)

    def not_after(self, event: Any, due: datetime) -> datetime:
        """Until when it may be written."""
        return min(self.until(event), due + TOO_LATE)

    def useful_until(self, event: Any, due: datetime) -> datetime:
        """Until when it may go, once written: a nudge may have to wait for its turn."""
        return self.not_after(event, due) if self.nudge is None else min(self.until(event), due + PATIENCE)

    def to_come(self, now: datetime) -> Iterable[Any]:
        """Events that letters may still be written about, as things stand."""
        return (self.ahead or self.events)(now)

    def event_time(self, event: Any) -> str:
        """When the event is, in words and London time; empty while it is not known."""
        anchor = self.anchor(event)
        if isinstance(anchor, datetime):
            return in_london(anchor, f"l {MOMENT}")
        return date_format(anchor, f"l {DAY}") if anchor else ""

    def occurrence(self, event: Any) -> str:
        return f"{event._meta.model_name} {event.pk}"

    def version(self, event: Any) -> str:
        """Changes when the event moves: a moved event is reminded of anew."""
        anchor = self.anchor(event)
        return anchor.strftime("%Y%m%dT%H%M%S") if isinstance(anchor, datetime) else str(anchor)


REGISTERED: dict[str, Reminder] = {}


def once_more(nudge: Reminder, label: str, days: int) -> Reminder:
    """The same letter as this nudge at another time, with a rule of its own, to those who have still not done it."""
    return replace(nudge, kind=f"{nudge.kind}_again", label=label, days=days, again_of=nudge.kind)


def choice_of(kind: str) -> str:
    """The kind that a choice about letters of this kind is kept under; also for kinds that are no reminders."""
    return REGISTERED[kind].choice if kind in REGISTERED else kind


def asked_by(choice: str) -> list[str]:
    """The kinds that ask for the same: of a nudge, that and what asks once more."""
    return [kind for kind, reminder in REGISTERED.items() if reminder.choice == choice]


def register(reminders: Iterable[Reminder]) -> None:
    REGISTERED.update({reminder.kind: reminder for reminder in reminders})


def rules() -> dict[str, Rule]:
    """The rule of every kind; one that has none yet gets the reminder's own."""
    found = Rule.objects.in_bulk()
    missing = [
        Rule(kind=r.kind, label=r.label, days=r.days, at=r.at, minutes=r.minutes)
        for r in REGISTERED.values()
        if r.kind not in found
    ]
    if missing:
        Rule.objects.bulk_create(missing, ignore_conflicts=True)
        found = Rule.objects.in_bulk()
    return found


@dataclass(frozen=True)
class Occurrence:
    """A reminder of one event, at its time."""

    reminder: Reminder
    event: Any
    rule: Rule
    due_at: datetime
    not_after: datetime

    @property
    def label(self) -> str:
        return self.reminder.label

    # What is the same in every reader's letter is worked out once.

    @cached_property
    def name(self) -> str:
        return self.reminder.occurrence(self.event)

    @cached_property
    def version(self) -> str:
        return self.reminder.version(self.event)

    @cached_property
    def about(self) -> str:
        return self.reminder.about(self.event)

    @cached_property
    def useful_until(self) -> datetime:
        return self.reminder.useful_until(self.event, self.due_at)

    @cached_property
    def event_time(self) -> str:
        return self.reminder.event_time(self.event)

    @cached_property
    def texts(self) -> tuple[str, str]:
        """Subject and body with marks where a reader's name and their link to leave go."""
        return rendered(self.reminder.template, {"event": self.event, "person": Somebody(), "leave_url": LINK})

    def key_for(self, address: str) -> str:
        return key_of(self.reminder.kind, self.name, self.version, address)

    def text_for(self, person: Any, leave: str) -> tuple[str, str]:
        """Subject and body as this person gets them. Raises NotForAll where the template changed a mark."""
        subject, body = (text.replace(NAME, person.name).replace(LINK, leave) for text in self.texts)
        if "\0" in subject + body:
            raise NotForAll("A reminder's template may only show the name and the link to leave, as they are.")
        return tidied(subject, body)


# Marks for what differs from reader to reader. No text that people write holds a NUL.
NAME, LINK = "\0name\0", "\0link\0"


class NotForAll(Exception):
    """A reminder's text depends on more of its reader than a name."""


class Somebody:
    """Stands for every reader while a reminder's text is made."""

    name = NAME

    def __getattr__(self, attribute: str) -> Any:
        raise NotForAll(f"A reminder's template may ask for person.name, not for person.{attribute}.")

    def __str__(self) -> str:
        raise NotForAll("A reminder's template may ask for person.name, not for person alone.")


def occurrence_of(reminder: Reminder, event: Any, rule: Rule) -> Occurrence | None:
    """None while the event has no date."""
    due = reminder.due_at(event, rule)
    return None if due is None else Occurrence(reminder, event, rule, due, reminder.not_after(event, due))


@dataclass(frozen=True)
class Fault:
    """What planning could not work out: of one event, or of a whole kind when that is None."""

    reminder: Reminder
    event: Any
    why: str


def occurrences(
    now: datetime, faults: list[Fault] | None = None, *, known: dict[str, Rule] | None = None, is_forecast: bool = False
) -> Iterator[Occurrence]:
    """Every reminder of every event, due or not, by rules that are on; in a forecast of events to come, too.

    What goes wrong with one event, or with one kind, stops no other; it is logged and added to `faults`.
    """
    known = known or rules()
    faults = [] if faults is None else faults
    for kind, reminder in REGISTERED.items():
        rule = known[kind]
        if not rule.is_on:
            continue
        try:
            events = list(reminder.to_come(now) if is_forecast else reminder.events(now))
        except OperationalError:
            raise
        except Exception as error:
            log.exception("no events for %s", kind)
            faults.append(Fault(reminder, None, f"{type(error).__name__}: {error}"))
            continue
        for event in events:
            try:
                occurrence = occurrence_of(reminder, event, rule)
            except Exception as error:
                # A date beyond reckoning stops its own reminder and no other.
                log.exception("no time for %s of %s", kind, reminder.occurrence(event))
                faults.append(Fault(reminder, event, f"{type(error).__name__}: {error}"))
                continue
            if occurrence is not None:
                yield occurrence


def plan(now: datetime) -> int:
    """Writes the letters that are due and not written yet; how many are new. Safe to run any number of times.

    A reminder that cannot be written is logged, tried again at the next tick, and keeps no other from going.
    """
    written = 0
    for occurrence in occurrences(now):
        if occurrence.due_at <= now < occurrence.not_after:
            try:
                written += write_due(occurrence, now)
            except Exception:
                log.exception("%s of %s was not written", occurrence.reminder.kind, occurrence.event)
    return written


def write_due(occurrence: Occurrence, now: datetime) -> int:
    """Writes one occurrence's letters to everyone who is to be told and has no such letter yet.

    One that cannot be written stands in the ledger with the reason, for staff to see, and is tried again each time.
    """
    reminder = occurrence.reminder
    enough = set() if reminder.nudge is None else nudged_enough(reminder.choice, occurrence.name)
    written = 0
    audience = reminder.audience(occurrence.event, now)
    for batch in batches(audience):
        people = {occurrence.key_for(email): pk for pk, email in batch}
        known = dict(Letter.objects.filter(key__in=people).values_list("key", "state"))
        again = {key for key, state in known.items() if state == Letter.State.UNWRITTEN}
        missing = {key: pk for key, pk in people.items() if key in again or key not in known}
        if missing:
            found = audience.model.objects.only("email", "name").in_bulk(missing.values())
            some = {key: found[pk] for key, pk in missing.items() if pk in found}
            written += write_missing(occurrence, some, again, enough)
    return written


def write_missing(occurrence: Occurrence, people: dict[str, Any], again: set[str], enough: set[str]) -> int:
    """Writes letters by their keys to those of these people who may be told. `again`: what could not be written before;
    `enough`: addresses that were nudged often enough."""
    spared = enough | refusing(occurrence.reminder.choice, [person.email for person in people.values()])
    letters = []
    for key, person in people.items():
        if person.email.lower() in spared:
            continue
        try:
            letters.append(intent_of(occurrence, person))
        except Exception as error:
            log.exception("%s cannot be written", key)
            put_aside(occurrence, key, person.email, f"{type(error).__name__}: {error}")
    if again:
        # They make room for the letters they could not be.
        Letter.objects.filter(key__in=[i.key for i in letters], state=Letter.State.UNWRITTEN).delete()
    return write(letters)


def batches(people: Any) -> Iterator[list[tuple[int, str]]]:
    """Primary key and address of a QuerySet of people, BATCH at a time."""
    pairs = list(people.values_list("pk", "email"))
    for start in range(0, len(pairs), BATCH):
        yield pairs[start : start + BATCH]


def intent_of(occurrence: Occurrence, person: Any) -> Intent:
    """The occurrence's letter to this person, as it would be written now."""
    token = leave_token(occurrence.key_for(person.email))
    url = leave_url(token)
    subject, body = occurrence.text_for(person, url)
    return Intent(
        kind=occurrence.reminder.kind,
        occurrence=occurrence.name,
        version=occurrence.version,
        address=person.email,
        subject=subject,
        body=body,
        due_at=occurrence.due_at,
        not_after=occurrence.useful_until,
        about=occurrence.about,
        headers=headers_to_leave(url),
        leave_token=token,
        rank=occurrence.reminder.nudge,
        is_held=occurrence.rule.is_held,
        event_time=occurrence.event_time,
    )


def not_to_be_told(reminder: Reminder, name: str, addresses: list[str]) -> set[str]:
    """Addresses, in small letters, that chose not to get this kind, or were nudged about this often enough."""
    return refusing(reminder.choice, addresses) | (
        set() if reminder.nudge is None else nudged_enough(reminder.choice, name)
    )


def refusing(kind: str, addresses: list[str]) -> set[str]:
    """Those, in small letters, that chose not to get this kind."""
    return {address for _, address in Choice.objects.refused([kind], addresses)}


def nudged_enough(choice: str, occurrence: str) -> set[str]:
    """Addresses, in small letters, that were nudged about this often enough."""
    nudges = Letter.objects.filter(
        kind__in=asked_by(choice), occurrence=occurrence, rank__isnull=False, state__in=Letter.WENT
    )
    counts = Counter(address.lower() for address in nudges.values_list("address", flat=True))
    return {address for address, number in counts.items() if number >= ENOUGH}


@dataclass(frozen=True)
class Fruitless:
    """A person whom letters do not move: somebody should speak to them."""

    label: str
    event: Any
    person: Any


def fruitless(about: str, now: datetime) -> list[Fruitless]:
    """Who of a cohort was nudged often enough and has still not done what was asked. A query, and one for each event
    there is somebody to name for."""
    nudges = Letter.objects.filter(about=about, rank__isnull=False, state__in=Letter.WENT)
    counts = Counter((choice_of(kind), *rest) for kind, *rest in nudges.values_list("kind", "occurrence", "address"))
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for (kind, name, address), number in sorted(counts.items()):
        if number >= ENOUGH:
            groups[kind, name].append(address)
    found = []
    for (kind, name), addresses in groups.items():
        reminder = REGISTERED.get(kind)
        events = reminder.events(now) if reminder else []
        for event in events:
            if reminder and reminder.occurrence(event) == name:
                people = reminder.audience(event, now).filter(email__in=addresses).order_by("email")
                found += [Fruitless(reminder.label, event, person) for person in people]
    return found


def put_aside(occurrence: Occurrence, key: str, address: str, why: str) -> None:
    """A letter that could not be written, how often that was tried, and why."""
    Letter.objects.bulk_create(
        [
            Letter(
                key=key,
                kind=occurrence.reminder.kind,
                occurrence=occurrence.name,
                about=occurrence.about,
                address=address[:320],
                subject=f"{occurrence.label}: could not be written",
                due_at=occurrence.due_at,
                not_after=occurrence.not_after,
                message_id=message_id_of(key),
                state=Letter.State.UNWRITTEN,
            )
        ],
        ignore_conflicts=True,
    )
    Letter.objects.filter(key=key, state=Letter.State.UNWRITTEN).update(attempts=F("attempts") + 1, answer=why[:500])


def unwanted(letters: Iterable[Letter], now: datetime) -> set[int]:
    """Which of these reminders ought not to go any more: event gone or moved, person left or answered, rule off."""
    groups: dict[tuple[str, str], list[Letter]] = defaultdict(list)
    for letter in letters:
        if letter.kind in REGISTERED:
            groups[letter.kind, letter.occurrence].append(letter)
    off: set[int] = set()
    if not groups:
        return off
    known = rules()
    addresses = {letter.address for group in groups.values() for letter in group}
    no = Choice.objects.refused({choice_of(kind) for kind, _ in groups}, addresses)
    events = {
        kind: {REGISTERED[kind].occurrence(event): event for event in REGISTERED[kind].events(now)}
        for kind in {kind for kind, _ in groups}
    }
    for (kind, name), group in groups.items():
        reminder, event, rule = REGISTERED[kind], events[kind].get(name), known[kind]
        occurrence = None if event is None or not rule.is_on else occurrence_of(reminder, event, rule)
        wanted: set[str] = set()
        if occurrence is not None:
            by_key = {letter.key: letter for letter in group}
            people = reminder.audience(event, now).filter(email__in=[letter.address for letter in group])
            for person in people:
                its = by_key.get(occurrence.key_for(person.email))
                if its and (reminder.choice, person.email.lower()) not in no and is_still_so(its, occurrence, person):
                    wanted.add(its.key)
        off |= {letter.pk for letter in group if letter.key not in wanted}
    return off


def is_still_so(letter: Letter, occurrence: Occurrence, person: Any) -> bool:
    """Whether what must go unchanged or not at all is unchanged. What staff edited is theirs to judge."""
    if not occurrence.reminder.is_checked or letter.edited_at:
        return True
    return letter.body == occurrence.text_for(person, leave_url(leave_token(letter.key)))[1]
