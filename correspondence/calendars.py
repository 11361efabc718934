"""Calendar files (RFC 5545) from plain data. Times are given in any zone and written as London's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event

LONDON = ZoneInfo("Europe/London")
CONTENT_TYPE = "text/calendar; charset=utf-8"


@dataclass(frozen=True)
class Entry:
    """One thing that happens at a time. `uid` is its name for life; `sequence` grows with each change."""

    uid: str
    sequence: int
    starts_at: datetime
    ends_at: datetime
    title: str
    place: str = ""
    note: str = ""
    url: str = ""
    is_cancelled: bool = False


def calendar_file(entries: Iterable[Entry], now: datetime, name: str = "") -> bytes:
    """One calendar with the entries in order of time, as read at `now`; with the rules of London's clocks."""
    calendar = Calendar()
    calendar.add("prodid", "-//Let's Get Real//Programme//EN")
    calendar.add("version", "2.0")
    if name:
        calendar.add("name", name)
        calendar.add("x-wr-calname", name)
    ordered = sorted(entries, key=lambda entry: (entry.starts_at, entry.uid))
    for entry in ordered:
        calendar.add_component(event_of(entry, now))
    if ordered:
        # Without bounds the zone would be told from 1970 on, in some hundred lines.
        calendar.add_missing_timezones(
            first_date=(min(entry.starts_at for entry in ordered) - timedelta(days=366)).date(),
            last_date=(max(entry.ends_at for entry in ordered) + timedelta(days=366)).date(),
        )
    return calendar.to_ical()


def event_of(entry: Entry, now: datetime) -> Event:
    event = Event()
    event.add("uid", entry.uid)
    event.add("sequence", entry.sequence)
    event.add("dtstamp", now.astimezone(UTC))
    event.add("dtstart", by_the_clock(entry.starts_at))
    event.add("dtend", by_the_clock(entry.ends_at))
    event.add("summary", f"Cancelled: {entry.title}" if entry.is_cancelled else entry.title)
    event.add("status", "CANCELLED" if entry.is_cancelled else "CONFIRMED")
    for key, value in [("location", entry.place), ("description", entry.note), ("url", entry.url)]:
        if value:
            event.add(key, value)
    return event


def by_the_clock(moment: datetime) -> datetime:
    """London time; UTC in the hour that comes a second time, which a calendar file cannot tell from the first."""
    local = moment.astimezone(LONDON)
    return moment.astimezone(UTC) if local.fold else local
