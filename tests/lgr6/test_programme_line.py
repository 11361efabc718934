from datetime import date, datetime

import pytest

from lgr6.programme_line import lay_out
from research.models import ResearchPhase
from tests.factories import LONDON
from workshops.models import Workshop

NOON = datetime(2018, 5, 14, 12, tzinfo=LONDON)


def workshop(number: int, day: date | None = None) -> Workshop:
    starts = datetime(day.year, day.month, day.day, 10, tzinfo=LONDON) if day else None
    return Workshop(pk=number, number=number, starts_at=starts)


def phase(number: int, first: date | None = None, last: date | None = None) -> ResearchPhase:
    return ResearchPhase(pk=number, number=number, opens_on=first, closes_on=last)


def shape(line) -> list[tuple[int | None, int | None]]:
    return [(s.workshop.number if s.workshop else None, s.phase.number if s.phase else None) for s in line]


def test_without_dates_each_workshop_is_followed_by_the_phase_of_its_number():
    line = lay_out([workshop(n) for n in (1, 2, 3, 4)], [phase(n) for n in (1, 2, 3, 4)], NOON)

    assert shape(line) == [(1, 1), (2, 2), (3, 3), (4, 4)]
    assert {stretch.done for stretch in line} == {0}


def test_three_workshops_and_five_phases_find_their_places():
    line = lay_out([workshop(n) for n in (1, 2, 3)], [phase(n) for n in (1, 2, 3, 4, 5)], NOON)

    assert shape(line) == [(1, 1), (2, 2), (3, 3), (None, 4), (None, 5)]


def test_with_dates_the_order_is_that_of_the_days():
    line = lay_out(
        [workshop(1, date(2018, 2, 1)), workshop(2, date(2018, 6, 1))],
        [phase(1, date(2018, 1, 1), date(2018, 1, 31)), phase(2, date(2018, 2, 2), date(2018, 5, 31))],
        NOON,
    )

    assert shape(line) == [(None, 1), (1, 2), (2, None)]


def test_today_stands_in_the_open_phase_at_its_share_of_days():
    [stretch] = lay_out([], [phase(2, date(2018, 5, 5), date(2018, 5, 24))], NOON)

    # Nine of twenty days lie behind the fourteenth.
    assert (stretch.has_today, stretch.done) == (True, 45)


@pytest.mark.parametrize(
    ("first", "last", "done"),
    [(date(2018, 6, 1), date(2018, 6, 30), 0), (date(2018, 4, 1), date(2018, 4, 30), 100)],
)
def test_a_phase_to_come_is_empty_and_one_that_is_over_is_full(first, last, done):
    [stretch] = lay_out([], [phase(1, first, last)], NOON)

    assert (stretch.done, stretch.has_today) == (done, False)


def test_a_workshop_is_done_once_it_has_ended():
    [past, coming] = lay_out([workshop(1, date(2018, 5, 13)), workshop(2, date(2018, 5, 14))], [], NOON)

    assert (past.workshop_done, coming.workshop_done) == (True, False)


def test_a_cohort_without_anything_has_an_empty_line():
    assert lay_out([], [], NOON) == []
