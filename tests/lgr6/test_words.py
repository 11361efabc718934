"""What templates say of days and times."""

from datetime import UTC, date, datetime

import pytest

from lgr6.templatetags.portal import draw_badge, in_days, in_words, marked, months, time_range
from participants.models import Cohort

TODAY = date(2018, 5, 14)


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (date(2018, 5, 14), "today"),
        (date(2018, 5, 15), "tomorrow"),
        (date(2018, 5, 26), "in 12 days"),
        (date(2018, 5, 13), "yesterday"),
        (date(2018, 5, 11), "3 days ago"),
        (datetime(2018, 5, 14, 23, 30, tzinfo=UTC), "tomorrow"),
        (None, "date to be confirmed"),
    ],
)
def test_a_day_seen_from_today(day, words):
    assert in_days(day, TODAY) == words


def test_a_time_is_told_as_the_clock_in_london_shows_it():
    start, end = datetime(2018, 5, 22, 9, tzinfo=UTC), datetime(2018, 5, 22, 15, tzinfo=UTC)

    assert time_range(start, end) == "Tuesday 22 May 2018, 10:00 to 16:00"
    assert time_range(start, None) == "Tuesday 22 May 2018, 10:00"
    assert time_range(None, None) == "Date to be confirmed"
    assert time_range(start, datetime(2018, 5, 23, 9, tzinfo=UTC)).endswith("to Wednesday 23 May, 10:00")


@pytest.mark.parametrize(
    ("start", "end", "precision", "words"),
    [
        (date(2018, 1, 1), date(2018, 10, 31), "month", "January to October 2018"),
        (date(2018, 11, 1), date(2019, 2, 28), "month", "November 2018 to February 2019"),
        (date(2018, 1, 8), date(2018, 10, 12), "day", "8 January to 12 October 2018"),
        (None, date(2018, 10, 12), "day", ""),
    ],
)
def test_a_cohort_tells_its_time_as_precisely_as_it_is_known(start, end, precision, words):
    assert months(Cohort(starts_on=start, ends_on=end, date_precision=precision)) == words


def test_small_numbers_are_words():
    assert [in_words(n) for n in (0, 4, 12, 13)] == ["no", "four", "twelve", "13"]


def test_the_marker_pen_marks_only_what_is_there_and_escapes_all():
    assert marked("A <b> title", "title") == "A &lt;b&gt; <mark>title</mark>"
    assert marked("A title", "nothing") == "A title"


def test_a_badge_is_the_same_for_a_slug_and_hidden_from_readers():
    assert draw_badge("chester-zoo") == draw_badge("chester-zoo")
    assert draw_badge("chester-zoo") != draw_badge("wellcome-collection")
    assert 'aria-hidden="true"' in draw_badge("chester-zoo")
