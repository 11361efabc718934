"""Calendar files and invitations (RFC 5545, 5546) from plain data. Times are given in any zone, written as London's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.utils import parseaddr

from django.conf import settings
from icalendar import Calendar, Event, vCalAddress

from .wallclock import LONDON

CONTENT_TYPE = "text/calendar; charset=utf-8"


@dataclass(frozen=True)
class Entry:
    """One thing that happens at a time. `uid` is its name for life; `sequence` grows with each change.

    Two dates instead of moments are whole days, the last one not included.
    """

    uid: str
    sequence: int
    starts_at: datetime | date
    ends_at: datetime | date
    title: str
    place: str = ""
    note: str = ""
    url: str = ""
    is_cancelled: bool = False
    # The last change of time, place or state, where that is known.
    changed_at: datetime | None = None


def calendar_file(entries: Iterable[Entry], now: datetime, name: str = "") -> bytes:
    """One calendar with the entries in order of time, as read at `now`; with the rules of London's clocks."""
    ordered = sorted(entries, key=lambda entry: (day_of(entry.starts_at), str(entry.starts_at), entry.uid))
    calendar = begin("")
    if name:
        calendar.add("name", name)
        calendar.add("x-wr-calname", name)
    for entry in ordered:
        calendar.add_component(event_of(entry, now))
    return written(calendar, ordered)


def message(entry: Entry, address: str, now: datetime, answer: str = "NEEDS-ACTION") -> str:
    """What a letter carries for its reader's calendar: an invitation, or what takes a cancelled entry out again.

    The reader is the only attendee: nobody learns from it who else comes. `answer` is a PARTSTAT of RFC 5545; no
    answer is asked for by mail, since it is given on the portal's pages.
    """
    calendar = begin("CANCEL" if entry.is_cancelled else "REQUEST")
    event = event_of(entry, now)
    name, sender = parseaddr(settings.DEFAULT_FROM_EMAIL)
    organizer = vCalAddress(f"mailto:{sender}")
    if name:
        organizer.params["CN"] = name
    event.add("organizer", organizer)
    attendee = vCalAddress(f"mailto:{address}")
    attendee.params.update({"ROLE": "REQ-PARTICIPANT", "PARTSTAT": answer, "RSVP": "FALSE"})
    event.add("attendee", attendee)
    calendar.add_component(event)
    return written(calendar, [entry]).decode()


def method_of(calendar: str) -> str:
    """What a calendar written by `message` asks of its reader's: REQUEST or CANCEL."""
    return "CANCEL" if "\r\nMETHOD:CANCEL\r\n" in calendar else "REQUEST"


def begin(method: str) -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", "-//Let's Get Real//Programme//EN")
    calendar.add("version", "2.0")
    if method:
        calendar.add("method", method)
    return calendar


def written(calendar: Calendar, entries: list[Entry]) -> bytes:
    """The calendar as a file. Without bounds the zone would be told from 1970 on, in some hundred lines."""
    if entries:
        calendar.add_missing_timezones(
            first_date=min(day_of(entry.starts_at) for entry in entries) - timedelta(days=366),
            last_date=max(day_of(entry.ends_at) for entry in entries) + timedelta(days=366),
        )
    return calendar.to_ical()


def event_of(entry: Entry, now: datetime) -> Event:
    event = Event()
    event.add("uid", entry.uid)
    event.add("sequence", entry.sequence)
    event.add("dtstamp", now.astimezone(UTC))
    if entry.changed_at:
        event.add("last-modified", entry.changed_at.astimezone(UTC))
    event.add("dtstart", by_the_clock(entry.starts_at))
    event.add("dtend", by_the_clock(entry.ends_at))
    event.add("summary", f"Cancelled: {entry.title}" if entry.is_cancelled else entry.title)
    event.add("status", "CANCELLED" if entry.is_cancelled else "CONFIRMED")
    if not isinstance(entry.starts_at, datetime):
        # A day by which something is due keeps nobody from being free on it.
        event.add("transp", "TRANSPARENT")
    for key, value in [("location", entry.place), ("description", entry.note), ("url", entry.url)]:
        if value:
            event.add(key, value)
    return event


def by_the_clock(moment: datetime | date) -> datetime | date:
    """London time; UTC in the hour that comes a second time, which a calendar file cannot tell from the first.

    Days stay days.
    """
    if not isinstance(moment, datetime):
        return moment
    local = moment.astimezone(LONDON)
    return moment.astimezone(UTC) if local.fold else local


def day_of(moment: datetime | date) -> date:
    """The day in London."""
    return moment.astimezone(LONDON).date() if isinstance(moment, datetime) else moment
