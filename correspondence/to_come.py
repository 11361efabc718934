"""Letters to come: what the rules will write, as things stand now, and what waits in the ledger already.

Nothing here writes, but for `put_down`: what staff do to a letter before its time makes it a row of the ledger.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

from django.db.models import Q
from django.urls import NoReverseMatch, reverse

from .desk import sentences
from .ledger import key_of, row_of, write
from .models import Choice, Letter, Rule
from .reminders import (
    ENOUGH,
    REGISTERED,
    Fault,
    Occurrence,
    Reminder,
    choice_of,
    intent_of,
    not_to_be_told,
    occurrence_of,
    occurrences,
    rules,
)
from .suppression import unreachable

# In the ledger, and not gone yet.
OPEN = [*Letter.UNFINISHED, Letter.State.HELD, Letter.State.QUEUED]


@dataclass(frozen=True)
class Coming:
    """One letter that will go if nothing changes: worked out by a rule, in the ledger, or both."""

    due_at: datetime
    address: str
    kind: str
    label: str
    about: str
    occurrence: Occurrence | None = None
    person: Any = None
    letter: Letter | None = None
    is_unreachable: bool = False

    @property
    def url(self) -> str:
        """The page of the desk where it is read before it goes."""
        if self.letter is not None:
            return reverse("admin:correspondence_letter_change", args=[self.letter.pk])
        assert self.occurrence is not None  # noqa: S101  it is in the ledger, or worked out
        args = [self.kind, str(self.occurrence.event.pk), self.person.pk]
        return reverse("admin:correspondence_letter_coming", args=args)

    @property
    def is_stopped(self) -> bool:
        """Whether it does not go as it is: staff stopped it, or mail to its address comes back."""
        return self.is_unreachable or (self.letter is not None and self.letter.state == Letter.State.CANCELLED)

    @property
    def state(self) -> str:
        """How it stands, where there is more to say than when it goes."""
        if self.is_unreachable:
            return "does not go: mail to this address comes back"
        if self.letter is None:
            return "held when it is due" if self.occurrence and self.occurrence.rule.is_held else ""
        if self.letter.state == Letter.State.CANCELLED:
            return "stopped"
        words = "held" if self.letter.state == Letter.State.HELD else self.letter.get_state_display()
        return f"{words}, edited" if self.letter.edited_at else words


@dataclass
class Outlook:
    """What a cohort's letters to come are, in their order, and what could not be worked out."""

    letters: list[Coming] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    unwritten: list[Letter] = field(default_factory=list)


def outlook(about: str, now: datetime) -> Outlook:
    """Every letter to come of the cohort with this slug. Who gets one is asked now, in one or two queries an event and
    kind; the number of queries does not grow with people."""
    found = Outlook()
    ahead = [item for item in occurrences(now, found.faults, is_forecast=True) if now < item.not_after]
    ahead = [item for item in ahead if item.about == about]
    found.faults = [fault for fault in found.faults if concerns(fault, about)]
    ledger = Letter.objects.filter(about=about, is_secret=False).defer("body", "calendar", "headers")
    names = {item.name for item in ahead}
    rows = list(ledger.filter(Q(state__in=OPEN) | Q(kind__in=REGISTERED, occurrence__in=names)))
    by_key = {letter.key: letter for letter in rows}
    audiences = all_asked(ahead, now, found.faults)
    spared = not_wanted(audiences, about)
    taken = set()
    for item, people in audiences.items():
        for person in people:
            letter = by_key.get(item.key_for(person.email))
            off = spared(item.reminder, item.name, person.email) if letter is None else not shows(letter, now)
            if not off:
                found.letters.append(coming(item, person, letter))
            taken.add(letter.pk if letter else 0)
    known = rules()
    for letter in rows:
        if letter.pk not in taken and letter.state in OPEN:
            found.letters.append(in_the_ledger(letter, known))
    closed = unreachable(item.address for item in found.letters)
    found.letters = [replace(item, is_unreachable=item.address.lower() in closed) for item in found.letters]
    found.letters.sort(key=lambda item: (item.due_at, item.label, item.about, item.address))
    found.unwritten = list(ledger.filter(state=Letter.State.UNWRITTEN).order_by("due_at", "pk"))
    return found


def all_asked(ahead: list[Occurrence], now: datetime, faults: list[Fault]) -> dict[Occurrence, list[Any]]:
    """Who is to be told of each; kinds that ask the same about an event ask once. What cannot be found out is a
    fault."""
    answers: dict[Any, list[Any]] = {}
    found = {}
    for item in ahead:
        question = (item.reminder.audience, item.event)
        try:
            if question not in answers:
                answers[question] = list(item.reminder.audience(item.event, now))
            found[item] = answers[question]
        except Exception as error:
            faults.append(Fault(item.reminder, item.event, f"{type(error).__name__}: {error}"))
    return found


def concerns(fault: Fault, about: str) -> bool:
    """Whether it is of this cohort; what cannot be told apart is everybody's."""
    try:
        return fault.event is None or fault.reminder.about(fault.event) == about
    except Exception:
        return True


def shows(letter: Letter, now: datetime) -> bool:
    """Whether it is still to go, or was stopped by staff before its time."""
    is_stopped = letter.state == Letter.State.CANCELLED and letter.why_not != "" and letter.due_at > now
    return letter.state in OPEN or is_stopped


def not_wanted(audiences: dict[Occurrence, list[Any]], about: str) -> Callable[[Reminder, str, str], bool]:
    """Who chose not to get a kind, or was nudged about an event often enough. Two queries."""
    addresses = {person.email.lower() for people in audiences.values() for person in people}
    refused = Choice.objects.refused(REGISTERED, addresses)
    nudged = Letter.objects.filter(about=about, rank__isnull=False, state__in=Letter.WENT)
    counts = Counter(
        (choice_of(kind), name, address.lower())
        for kind, name, address in nudged.values_list("kind", "occurrence", "address")
    )

    def spared(reminder: Reminder, name: str, address: str) -> bool:
        choice, address = reminder.choice, address.lower()
        often = reminder.nudge is not None and counts[choice, name, address] >= ENOUGH
        return often or (choice, address) in refused

    return spared


def coming(item: Occurrence, person: Any, letter: Letter | None = None) -> Coming:
    return Coming(
        due_at=letter.due_at if letter else item.due_at,
        address=person.email,
        kind=item.reminder.kind,
        label=item.label,
        about=str(item.event),
        occurrence=item,
        person=person,
        letter=letter,
    )


def in_the_ledger(letter: Letter, known: dict[str, Rule]) -> Coming:
    rule = known.get(letter.kind)
    return Coming(
        due_at=letter.due_at,
        address=letter.address,
        kind=letter.kind,
        label=rule.label if rule else letter.kind.replace("_", " ").capitalize(),
        about=letter.open_subject,
        letter=letter,
    )


def find(kind: str, event_pk: str, person_pk: int, now: datetime) -> Coming | None:
    """The letter to come of this kind, about this event, to this person; with its row, where the ledger has one."""
    reminder = REGISTERED.get(kind)
    rule = rules().get(kind)
    if reminder is None or rule is None or not rule.is_on:
        return None
    event = next((event for event in reminder.to_come(now) if str(event.pk) == event_pk), None)
    item = None if event is None else occurrence_of(reminder, event, rule)
    person = None if item is None else reminder.audience(event, now).filter(pk=person_pk).first()
    if item is None or person is None:
        return None
    return coming(item, person, Letter.objects.filter(key=item.key_for(person.email)).first())


def as_written(item: Coming) -> Letter:
    """The letter to come as the planner would write it now; not saved."""
    assert item.occurrence is not None  # noqa: S101  `find` gives it
    return row_of(intent_of(item.occurrence, item.person))


def put_down(item: Coming) -> Letter:
    """Writes it into the ledger before its time, held, under the key the planner would give it: it stays single."""
    assert item.occurrence is not None  # noqa: S101  `find` gives it
    intent = replace(intent_of(item.occurrence, item.person), is_held=True)
    write([intent])
    return Letter.objects.select_for_update().get(key=intent.key)


def page_of_event(event: Any) -> str:
    """The page of the desk where the event is put right; empty where it has none."""
    if event is None:
        return ""
    try:
        return reverse(f"admin:{event._meta.app_label}_{event._meta.model_name}_change", args=[quote(str(event.pk))])
    except NoReverseMatch:
        return ""


@dataclass(frozen=True)
class Effect:
    """What a change does to the letters of one kind about an event: whose they are, and when before and after."""

    label: str
    about: str
    addresses: frozenset[str]
    before: datetime | None
    after: datetime | None
    is_now: bool

    @property
    def people(self) -> int:
        return len(self.addresses)


def effects(before: Any, after: Any, now: datetime) -> list[Effect]:
    """What happens to the letters still to come about an event when `before` becomes `after`, which is not saved.

    None for `after` when it is cancelled or has no date any more. What went already is not among them.
    """
    known, found = rules(), []
    for reminder in REGISTERED.values():
        rule, ahead = known[reminder.kind], reminder.to_come(now)
        if not rule.is_on or getattr(ahead, "model", None) is not type(before):
            continue
        is_there = any(event.pk == before.pk for event in ahead)
        old = still_to_go(reminder, before, rule, now) if is_there else None
        new = still_to_go(reminder, after, rule, now) if after is not None else None
        # What was due by now has gone, and is no letter to come.
        old_moves = old if old and old > now else None
        if new != old and (old_moves or new) and (told := who_is_told(reminder, before, now)):
            found.append(Effect(reminder.label, str(before), told, old_moves, new, new is not None and new <= now))
    return sorted(found, key=lambda effect: effect.after or effect.before or now)


def effects_in_words(before: Any, after: Any, now: datetime) -> list[str]:
    """The same in sentences, with what becomes of the letters that staff hold or edited."""
    held, edited = looked_after(REGISTERED, before)
    context = {"effects": effects(before, after, now), "held": held, "edited": edited, "is_off": after is None}
    return sentences("admin/correspondence/effects.txt", context)


def rule_effects(before: Rule, after: Rule, now: datetime) -> list[Effect]:
    """What happens to the letters still to come of a rule's kind when it is set otherwise. Letters in the ledger are
    written and follow no rule."""
    reminder, found = REGISTERED[before.kind], []
    for event in reminder.to_come(now):
        old = still_to_go(reminder, event, before, now) if before.is_on else None
        new = still_to_go(reminder, event, after, now) if after.is_on else None
        if (new == old and before.is_held == after.is_held) or not (old or new):
            continue
        name, version = reminder.occurrence(event), reminder.version(event)
        told = who_is_told(reminder, event, now)
        written = set(Letter.objects.filter(kind=reminder.kind, occurrence=name).values_list("key", flat=True))
        told = frozenset(one for one in told if key_of(reminder.kind, name, version, one) not in written)
        if told:
            found.append(Effect(reminder.label, str(event), told, old, new, new is not None and new <= now))
    return sorted(found, key=lambda effect: effect.after or effect.before or now)


def still_to_go(reminder: Reminder, event: Any, rule: Rule, now: datetime) -> datetime | None:
    """When the letters about the event go; None without a date, or when that is over."""
    due = reminder.due_at(event, rule)
    return due if due is not None and now < reminder.not_after(event, due) else None


def who_is_told(reminder: Reminder, event: Any, now: datetime) -> frozenset[str]:
    """Addresses, in small letters, that the letters about the event go to."""
    addresses = [person.email for person in reminder.audience(event, now)]
    spared = not_to_be_told(reminder, reminder.occurrence(event), addresses)
    return frozenset({address.lower() for address in addresses} - spared)


def looked_after(kinds: Iterable[str], event: Any) -> tuple[int, int]:
    """How many letters about the event staff hold as they are, and how many they edited."""
    name = f"{event._meta.model_name} {event.pk}"
    waiting = Letter.objects.to_follow().filter(kind__in=list(kinds), occurrence=name)
    moments = list(waiting.values_list("edited_at", flat=True))
    edited = sum(moment is not None for moment in moments)
    return len(moments) - edited, edited
