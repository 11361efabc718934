from datetime import UTC, date, datetime, time

import pytest

from correspondence.wallclock import LONDON, at_wall_clock, end_of_day


@pytest.mark.parametrize(
    ("day", "at", "utc"),
    [
        # The Saturday, Sunday and Monday around 25 March 2018, when British Summer Time began.
        (date(2018, 3, 24), time(9), datetime(2018, 3, 24, 9, tzinfo=UTC)),
        (date(2018, 3, 25), time(9), datetime(2018, 3, 25, 8, tzinfo=UTC)),
        (date(2018, 3, 26), time(9), datetime(2018, 3, 26, 8, tzinfo=UTC)),
        # And around 28 October 2018, when it ended.
        (date(2018, 10, 27), time(9), datetime(2018, 10, 27, 8, tzinfo=UTC)),
        (date(2018, 10, 28), time(9), datetime(2018, 10, 28, 9, tzinfo=UTC)),
        (date(2018, 10, 29), time(9), datetime(2018, 10, 29, 9, tzinfo=UTC)),
        # 01:30 came twice on 28 October: the first one counts.
        (date(2018, 10, 28), time(1, 30), datetime(2018, 10, 28, 0, 30, tzinfo=UTC)),
        (date(2018, 10, 28), time(0, 30), datetime(2018, 10, 27, 23, 30, tzinfo=UTC)),
        (date(2018, 10, 28), time(2, 30), datetime(2018, 10, 28, 2, 30, tzinfo=UTC)),
    ],
)
def test_a_wall_clock_time_is_the_same_hour_in_london_all_year(day, at, utc):
    assert at_wall_clock(day, at) == utc


def test_an_hour_that_is_skipped_moves_forward():
    moment = at_wall_clock(date(2018, 3, 25), time(1, 30))

    assert moment == datetime(2018, 3, 25, 1, 30, tzinfo=UTC)
    assert moment.astimezone(LONDON).strftime("%H:%M") == "02:30"


def test_a_day_ends_at_midnight_in_london():
    assert end_of_day(date(2018, 6, 30)) == datetime(2018, 6, 30, 23, tzinfo=UTC)
