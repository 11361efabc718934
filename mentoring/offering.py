"""Offering times: one, or the same one every week."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from django.db import IntegrityError, transaction

from correspondence.wallclock import LONDON, MOMENT, at_wall_clock, in_london
from participants.models import Mentor

from .booking import Refused, lock_diary
from .models import MentoringSession, Slot

WEEKS_AT_MOST = 26
FARTHEST = timedelta(days=731)


def offer(
    mentor: Mentor, day: date, starts: time, length: timedelta, join_url: str, weeks: int, now: datetime
) -> list[Slot]:
    """Offers the time on `day` and in the weeks after, `weeks` times in all: every one of them, or Refused and none.

    `starts` is what the clock in London shows, in summer and winter alike; an hour that comes twice in autumn is
    taken the first time, one that is skipped in spring is refused.
    """
    if not timedelta(0) < length:
        raise Refused("The time must end after it starts.")
    if not 1 <= weeks <= WEEKS_AT_MOST:
        raise Refused(f"A time can be repeated for {WEEKS_AT_MOST} weeks at most.")
    if day > now.date() + FARTHEST:
        raise Refused("This day is too far away: offer times of the next two years.")
    slots = []
    for week in range(weeks):
        start = london_to_utc(day + timedelta(weeks=week), starts)
        if start <= now:
            raise Refused(f"{in_words(start)} has passed already.")
        # In UTC: 45 minutes are 45 minutes on the night the clocks change too.
        slots.append(Slot(mentor=mentor, starts_at=start, ends_at=start + length, join_url=join_url))
    try:
        with transaction.atomic():
            lock_diary(mentor.pk)
            for slot in slots:
                check_clear(slot)
                slot.save()
    except IntegrityError as error:
        raise Refused("You offer one of these times already.") from error
    return slots


def london_to_utc(day: date, at: time) -> datetime:
    """The moment, in UTC, the clock in London shows `at`; Refused where it never does."""
    moment = at_wall_clock(day, at).astimezone(UTC)
    shown = moment.astimezone(LONDON)
    if (shown.hour, shown.minute) != (at.hour, at.minute):
        raise Refused(f"{at:%H:%M} on {day.day} {day:%B %Y} does not exist: the clocks go forward that night.")
    return moment


def check_clear(slot: Slot) -> None:
    """Refused when the mentor offers, or has booked, any part of the time already."""
    others = Slot.objects.filter(mentor=slot.mentor, withdrawn_at=None)
    if others.filter(starts_at__lt=slot.ends_at, ends_at__gt=slot.starts_at).exists():
        raise Refused(f"{in_words(slot.starts_at)} overlaps with a time you offer already.")
    if MentoringSession.objects.clashing(slot.mentor, slot.starts_at, slot.ends_at).exists():
        raise Refused(f"{in_words(slot.starts_at)} overlaps with a session of yours.")


def in_words(moment: datetime) -> str:
    return in_london(moment, f"l {MOMENT},")
