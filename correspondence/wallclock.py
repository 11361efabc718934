"""London wall-clock times, right across the changes of the clock."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")


def at_wall_clock(day: date, at: time) -> datetime:
    """The moment, in UTC, at which the clock in London shows `at` on `day`.

    An hour that comes twice is taken the first time (fold 0); one that is skipped moves forward by the gap.
    UTC, because moments of the doubled hour in two zones never compare as equal (PEP 495).
    """
    return datetime.combine(day, at, tzinfo=LONDON).astimezone(UTC)


def end_of_day(day: date) -> datetime:
    """Midnight in London at the end of `day`."""
    return at_wall_clock(day + timedelta(days=1), time(0))


def local_day(moment: datetime | date) -> date:
    """The day in London of a moment; a day is itself."""
    return moment.astimezone(LONDON).date() if isinstance(moment, datetime) else moment
