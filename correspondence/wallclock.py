"""London wall-clock times, right across the changes of the clock."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.utils.formats import date_format

LONDON = ZoneInfo("Europe/London")
DAY, MOMENT = "j F Y", "j F Y, H:i"

# Years a programme may be in. A typing error beyond them would take pages and calendars down with it.
YEARS = range(1990, 2101)


def within_reason(day: date | datetime) -> None:
    """A validator for dates that people type. Raises ValidationError for years that can only be a slip."""
    if day.year not in YEARS:
        raise ValidationError(f"The year {day.year} cannot be right: it must lie from {YEARS[0]} to {YEARS[-1]}.")


def at_wall_clock(day: date, at: time, zone: ZoneInfo = LONDON) -> datetime:
    """The moment, in UTC, at which the clock in London, or in another zone, shows `at` on `day`.

    An hour that comes twice is taken the first time (fold 0); one that is skipped moves forward by the gap.
    UTC, because moments of the doubled hour in two zones never compare as equal (PEP 495).
    """
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)


def end_of_day(day: date) -> datetime:
    """Midnight in London at the end of `day`."""
    return at_wall_clock(day + timedelta(days=1), time(0))


def in_london(moment: datetime, form: str = MOMENT) -> str:
    """A moment as calendar and clock in London show it: 28 November 2026, 09:37."""
    return date_format(moment.astimezone(LONDON), form)


def local_day(moment: datetime | date) -> date:
    """The day in London of a moment; a day is itself."""
    return moment.astimezone(LONDON).date() if isinstance(moment, datetime) else moment
