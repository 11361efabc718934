"""Nudges, fairly: one a day at most and two in seven days, whatever rules they come from.

A nudge is written as waiting its turn. Each tick looks at who has a turn left on this day in London, and lets the one
that matters most go; the others wait for the next day that is free, at their own time of day, or are dropped when
they would be of no use by then.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from datetime import date, datetime, timedelta

from django.db import IntegrityError, OperationalError, transaction
from django.db.models.functions import Lower

from .ledger import State, Unwanted
from .models import Letter
from .wallclock import LONDON, at_wall_clock, local_day

log = logging.getLogger(__name__)

A_WEEK = 2
WEEK = timedelta(days=7)
DROPPED = "One nudge a day and two a week are the most anybody gets: its turn would have come too late to be of use."


def give_turns(now: datetime, unwanted: Unwanted) -> int:
    """Lets go what may go today; how many. Where two processes do so at once, the database lets one of them."""
    try:
        with transaction.atomic():
            take_back(local_day(now))
            return share_out(now, unwanted)
    except IntegrityError:
        log.warning("another process gave out turns at the same time; the next tick looks again")
        return 0


def take_back(today: date) -> None:
    """A nudge that was let go on an earlier day, and did not get away, waits again: its day is over."""
    stuck = Letter.objects.filter(state__in=[State.PLANNED, State.RETRY], turn_on__lt=today)
    stuck.update(state=State.QUEUED, turn_on=None)


def share_out(now: datetime, unwanted: Unwanted) -> int:
    today = local_day(now)
    waiting = Letter.objects.filter(state=State.QUEUED, due_at__lte=now, not_after__gt=now)
    letters = list(waiting.order_by("rank", "due_at", "pk").select_for_update())
    off, unclear = looked_at(letters, now, unwanted)
    Letter.objects.filter(pk__in=off, state=State.QUEUED).update(state=State.CANCELLED, held_until=None)
    letters = [letter for letter in letters if letter.pk not in off | unclear and not is_early(letter, now)]
    turns = turns_of({letter.address.lower() for letter in letters}, today)
    going, dropped = [], []
    for letter in letters:
        days = turns[letter.address.lower()]
        if is_free(today, days):
            days.add(today)
            going.append(letter.pk)
            continue
        at = at_wall_clock(next_free(today, days), letter.due_at.astimezone(LONDON).time())
        if letter.not_after is not None and at >= letter.not_after:
            dropped.append(letter.pk)
        else:
            Letter.objects.filter(pk=letter.pk).update(held_until=at)
    Letter.objects.filter(pk__in=dropped).update(state=State.CANCELLED, held_until=None, answer=DROPPED)
    return Letter.objects.filter(pk__in=going).update(state=State.PLANNED, held_until=None, turn_on=today)


def looked_at(letters: list[Letter], now: datetime, unwanted: Unwanted) -> tuple[set[int], set[int]]:
    """Which ought not to go any more, and of which that cannot be found out: those wait, and the others do not."""
    off: set[int] = set()
    unclear: set[int] = set()
    for kind in sorted({letter.kind for letter in letters}):
        group = [letter for letter in letters if letter.kind == kind]
        try:
            # A fault the database finds must not spoil the transaction of the others.
            with transaction.atomic():
                off |= unwanted(group, now)
        except OperationalError:
            raise
        except Exception:
            log.exception("nudges of the kind %s cannot be checked", kind)
            unclear |= {letter.pk for letter in group}
    return off, unclear


def is_early(letter: Letter, now: datetime) -> bool:
    return letter.held_until is not None and letter.held_until > now


def turns_of(addresses: set[str], today: date) -> dict[str, set[date]]:
    """The days of the last week on which each address was nudged. One query."""
    turns: dict[str, set[date]] = defaultdict(set)
    recent = Letter.objects.filter(turn_on__gt=today - WEEK).annotate(reader=Lower("address"))
    for reader, day in recent.filter(reader__in=addresses).values_list("reader", "turn_on"):
        if day:
            turns[reader].add(day)
    return turns


def is_free(day: date, taken: set[date]) -> bool:
    return day not in taken and sum(day - WEEK < other <= day for other in taken) < A_WEEK


def next_free(today: date, taken: set[date]) -> date:
    day = today + timedelta(days=1)
    while not is_free(day, taken):
        day += timedelta(days=1)
    return day
