"""Handing letters over: the claim, the conversation with the mail server, and what became of each letter.

The thread that calls `hand_out` keeps the books; every connection to the mail server has a thread of its own, a lane,
which knows no database. A lane offers a letter; once its recipient is taken, "sending" is committed; only then does
the text go. What lanes report at the same time is one transaction.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict, deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

from django.conf import settings
from django.db import OperationalError, connection, transaction

from . import carriers, ledger, suppression
from .holding import watch
from .ledger import CLAIM_LEASE, LEASE, State, Unwanted, settle, try_again
from .models import Letter, Suppression

log = logging.getLogger(__name__)

# Connections while the mail server keeps up. When nothing has been heard for STALL seconds, some recipient keeps it
# waiting, and this many more are opened, up to MAIL_CONNECTIONS: the others must not wait with it.
STEADY = 16
STALL = 0.5
# Seconds for which a report waits for another lane's, so that one transaction holds them all: commits cost the most.
TOGETHER = 0.006
# Letters that wait in hand are looked at again after this many seconds: whether still wanted, and whether still ours.
FRESH = 15.0
# Seconds for which a result is kept while the database does not take it.
STUBBORN = 30.0


@dataclass(frozen=True)
class Report:
    """What a lane says of its letter: offered (no trouble, no answer yet), taken, or the trouble it met."""

    lane: Lane
    letter: Letter
    answer: str | None = None
    trouble: carriers.Trouble | None = None

    @property
    def is_question(self) -> bool:
        """The letter is offered: is its text to go?"""
        return self.answer is None and self.trouble is None


@dataclass(frozen=True)
class Step:
    """From which states to which, with which other fields; equal for letters that may take it together."""

    before: tuple[State, ...]
    after: State
    fields: tuple[tuple[str, Any], ...]

    @classmethod
    def of(cls, before: list[State], after: State, **fields: Any) -> Step:
        return cls(tuple(before), after, tuple(fields.items()))


class Lane(Thread):
    """One connection to the mail server. Orders: a letter to offer, then True to deliver or False to take it back."""

    def __init__(self, reports: SimpleQueue[Report]) -> None:
        super().__init__(daemon=True)
        self.reports = reports
        self.orders: SimpleQueue[Letter | bool | None] = SimpleQueue()
        self.is_open = False

    def run(self) -> None:
        carrier = carriers.carrier()
        while isinstance(letter := self.orders.get(), Letter):
            try:
                self.reports.put(self.carried(carrier, letter))
            except carriers.Trouble as trouble:
                self.reports.put(Report(self, letter, trouble=trouble))
        carrier.close()

    def carried(self, carrier: carriers.Carrier, letter: Letter) -> Report:
        try:
            carrier.open()
            self.is_open = True
            carrier.offer(letter)
        except carriers.Trouble:
            raise
        except Exception as error:
            # A letter that nobody thought of must not end the lane.
            raise carriers.Impossible(f"{type(error).__name__}: {error}") from error
        self.reports.put(Report(self, letter))
        if not self.orders.get():
            carrier.take_back()
            return Report(self, letter, answer="")
        try:
            return Report(self, letter, answer=carrier.deliver())
        except carriers.Trouble:
            raise
        except Exception as error:
            raise carriers.Doubtful(f"{type(error).__name__}: {error}") from error


def hand_out(now: datetime, unwanted: Unwanted) -> int:
    """Hands over every letter due and still wanted; how many went. Any number of processes may do so at once."""
    is_held = watch(now)
    ledger.sweep(now)
    if is_held:
        log.warning("mail is held: nothing goes but codes, until staff release it")
    return Round(now, unwanted).run()


class Round:
    """One hand-out. Claims letters, gives them to lanes, writes down what becomes of them."""

    def __init__(self, now: datetime, unwanted: Unwanted) -> None:
        self.now, self.unwanted, self.started = now, unwanted, time.monotonic()
        self.waiting: deque[Letter] = deque()
        self.looked_at = self.started
        self.reports: SimpleQueue[Report] = SimpleQueue()
        self.free: list[Lane] = []
        # What each busy lane has in hand, and whether "sending" is committed.
        self.busy: dict[Lane, Letter] = {}
        self.marked: set[int] = set()
        self.allowed = 1
        self.is_answered = self.is_dry = False
        self.sent = 0

    def moment(self) -> datetime:
        """Now, as the caller's clock has gone on since."""
        return self.now + timedelta(seconds=time.monotonic() - self.started)

    def run(self) -> int:
        try:
            while True:
                self.take()
                self.give()
                if not self.busy:
                    return self.sent
                self.listen()
        finally:
            self.end()

    def take(self) -> None:
        """Claims letters until there is one for each lane, or none are left: no lane waits for a claim."""
        while len(self.waiting) < self.allowed and not self.is_dry:
            claimed = ledger.claim(self.moment())
            self.is_dry = len(claimed) < ledger.BATCH
            self.waiting.extend(self.still_wanted(claimed))

    def still_wanted(self, letters: Sequence[Letter]) -> list[Letter]:
        """Those that ought to go. Where that cannot be found out for one, it waits, and the others do not."""
        try:
            off = self.unwanted(letters, self.moment()) if letters else set()
        except OperationalError:
            raise
        except Exception as error:
            if len(letters) > 1:
                half = len(letters) // 2
                return [*self.still_wanted(letters[:half]), *self.still_wanted(letters[half:])]
            log.exception("%s cannot be checked", letters[0].key)
            try_again(letters[0], [State.CLAIMED], self.moment(), f"Not checked: {type(error).__name__}: {error}")
            return []
        wanted = []
        for letter in letters:
            if letter.pk in off:
                # A nudge that does not go leaves its turn to another.
                settle(letter, [State.CLAIMED], State.CANCELLED, turn_on=None)
            elif not is_allowed(letter.address):
                settle(letter, [State.CLAIMED], State.CANCELLED, answer="This portal does not write to this domain.")
            else:
                wanted.append(letter)
        return wanted

    def give(self) -> None:
        """A letter for each lane that is free, and new lanes as far as they are allowed."""
        while self.waiting and (self.free or len(self.busy) < self.allowed):
            lane = self.free.pop() if self.free else self.new_lane()
            self.busy[lane] = letter = self.waiting.popleft()
            lane.orders.put(letter)

    def new_lane(self) -> Lane:
        lane = Lane(self.reports)
        lane.start()
        return lane

    def listen(self) -> None:
        """Waits for reports and writes them down together; then, and only then, lanes hear what to do."""
        heard: list[Report] = []
        offered = 0
        with suppress(Empty):
            # A lane whose letter is offered waits for us.
            while not heard or offered < len(self.busy):
                heard.append(report := self.reports.get(timeout=TOGETHER if heard else STALL))
                offered += report.is_question
                self.hear(report)
        if not heard and any(lane.is_open for lane in self.busy):
            self.allowed = min(settings.MAIL_CONNECTIONS, self.allowed + STEADY)
        for lane, order in self.recorded(heard):
            lane.orders.put(order)
        if time.monotonic() - self.looked_at > FRESH:
            self.look_again()

    def hear(self, report: Report) -> None:
        """A lane that is done with its letter begins the next at once: offering it does no harm while what became of
        the one before is not yet written down."""
        if report.is_question:
            return
        del self.busy[report.lane]
        if not isinstance(report.trouble, carriers.Unreachable):
            self.free.append(report.lane)
            self.give()

    def recorded(self, reports: list[Report]) -> list[tuple[Lane, bool]]:
        """Writes down what was heard; the orders that follow. While the database is away, tries for STUBBORN seconds:
        a letter that went must not end in doubt for that."""
        until = time.monotonic() + STUBBORN
        while reports:
            try:
                with transaction.atomic():
                    orders = self.record_all(reports)
                break
            except OperationalError:
                if time.monotonic() > until or connection.in_atomic_block:
                    raise
                log.warning("the database does not take what became of %d letters; trying again", len(reports))
                connection.close()
                time.sleep(1)
        else:
            return []
        for report, order in zip(reports, orders, strict=True):
            self.digest(report, order)
        return [(report.lane, order) for report, order in zip(reports, orders, strict=True) if order is not None]

    def record_all(self, reports: list[Report]) -> list[bool | None]:
        """Each letter's next state; whether its text is to go, where that is the question. Letters that take the same
        step take it in one statement."""
        moment = self.moment()
        steps = [self.step(report, moment) for report in reports]
        groups: dict[Step, list[Letter]] = defaultdict(list)
        for report, step in zip(reports, steps, strict=True):
            groups[step].append(report.letter)
        moved: set[int] = set()
        for step, letters in groups.items():
            moved |= ledger.settle_all(letters, step.before, step.after, **dict(step.fields))
        orders: list[bool | None] = []
        for report, step in zip(reports, steps, strict=True):
            if isinstance(report.trouble, carriers.NoSuchAddress):
                suppression.suppress(report.letter.address, Suppression.Why.BOUNCED, moment, str(report.trouble))
            goes = step.after == State.SENDING and report.letter.pk in moved
            orders.append(goes if report.is_question else None)
        return orders

    def step(self, report: Report, moment: datetime) -> Step:
        letter, trouble = report.letter, report.trouble
        was = [State.SENDING if letter.pk in self.marked else State.CLAIMED]
        if report.is_question:
            if letter.not_after is not None and letter.not_after <= moment:
                return Step.of(was, State.MISSED)
            return Step.of(was, State.SENDING, held_until=moment + LEASE, tried_at=moment)
        if isinstance(trouble, carriers.Unreachable):
            return Step.of(was, State.PLANNED, answer=str(trouble))
        if isinstance(trouble, carriers.Doubtful):
            return Step.of(was, State.IN_DOUBT, answer=str(trouble), held_until=moment + ledger.PATIENCE)
        attempts = letter.attempts + 1
        if isinstance(trouble, carriers.Impossible) or (isinstance(trouble, carriers.NotTaken) and trouble.is_final):
            return Step.of(was, State.FAILED, answer=str(trouble), attempts=attempts)
        if trouble is not None:
            wait = ledger.gap_after(letter.attempts)
            return Step.of(was, State.RETRY, answer=str(trouble), attempts=attempts, held_until=moment + wait)
        if letter.pk not in self.marked:
            # It was taken back: it stays as it is, whatever that came to be meanwhile.
            return Step.of([], State.PLANNED)
        # The sweep of a clock that goes wrong may have put it in doubt meanwhile: here is the proof.
        return Step.of(
            [State.SENDING, State.IN_DOUBT],
            State.SENT,
            sent_at=moment,
            answer=report.answer or "",
            attempts=attempts,
            **ledger.without_text(letter),
        )

    def digest(self, report: Report, order: bool | None) -> None:
        """What a report means for the round, once it is committed."""
        letter, trouble = report.letter, report.trouble
        if not isinstance(trouble, carriers.Unreachable) and not self.is_answered:
            self.is_answered, self.allowed = True, min(STEADY, settings.MAIL_CONNECTIONS)
        if order is not None:
            if order:
                self.marked.add(letter.pk)
            return
        self.sent += trouble is None and letter.pk in self.marked
        self.marked.discard(letter.pk)
        if isinstance(trouble, carriers.Unreachable):
            self.without(report.lane, trouble)
            return
        if isinstance(trouble, carriers.Doubtful | carriers.Impossible) or getattr(trouble, "is_final", False):
            log.error("letter %s needs a person: %s", letter.pk, trouble)

    def without(self, lane: Lane, trouble: carriers.Unreachable) -> None:
        """A lane that finds no connection ends; where none ever did, the round ends with it, until the next tick."""
        lane.orders.put(None)
        self.allowed = max(len(self.busy) + len(self.free), 1)
        if self.busy or self.free:
            return
        log.warning("%s", trouble)
        self.is_dry = True
        for letter in self.waiting:
            settle(letter, [State.CLAIMED], State.PLANNED, answer=str(trouble))
        self.waiting.clear()

    def look_again(self) -> None:
        """Keeps what waits in hand, drops what is not wanted any more, and sweeps up after others."""
        self.looked_at = time.monotonic()
        moment = self.moment()
        ours = [*(letter.pk for letter in self.waiting), *(letter.pk for letter in self.busy.values())]
        Letter.objects.filter(pk__in=ours, state=State.CLAIMED).update(held_until=moment + CLAIM_LEASE)
        self.waiting = deque(self.still_wanted(list(self.waiting)))
        ledger.sweep(moment)

    def end(self) -> None:
        """Lets the lanes go. Only when this thread failed are some still busy: what they say is still heard."""
        for lane in self.free:
            lane.orders.put(None)
        for lane in list(self.busy):
            lane.orders.put(False)
            lane.orders.put(None)
        until = time.monotonic() + 3 * carriers.STEP
        while self.busy:
            try:
                report = self.reports.get(timeout=max(0.0, until - time.monotonic()))
                if not report.is_question:
                    del self.busy[report.lane]
                    self.recorded([report])
            except (Empty, OperationalError):
                return


def is_allowed(address: str) -> bool:
    """Whether this portal may write there at all."""
    allowed = settings.MAIL_ONLY_TO
    return not allowed or address.rpartition("@")[2].lower() in allowed
