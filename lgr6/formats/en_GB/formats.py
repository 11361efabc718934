"""28 November 2026, 09:37: at the desk as on every page."""

from correspondence.wallclock import DAY, MOMENT

DATE_FORMAT = DAY
TIME_FORMAT = "H:i"
DATETIME_FORMAT = MOMENT
