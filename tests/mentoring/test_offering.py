from datetime import UTC, date, datetime, time, timedelta

import pytest

from mentoring.booking import Refused
from mentoring.models import Slot
from mentoring.offering import offer
from tests.factories import LONDON, NOW, a_membership, a_mentor, a_participant, a_session, a_slot

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def mentor():
    return a_mentor(a_membership())


def test_a_time_is_offered_by_the_clock_in_london(mentor):
    (slot,) = offer(mentor, date(2018, 7, 2), time(9, 0), timedelta(minutes=45), "https://video.example/room", 1, NOW)

    assert slot.starts_at == datetime(2018, 7, 2, 8, 0, tzinfo=UTC)
    assert slot.ends_at == datetime(2018, 7, 2, 8, 45, tzinfo=UTC)


def test_a_weekly_time_stays_at_nine_when_the_clocks_go_back(mentor):
    offer(mentor, date(2018, 10, 22), time(9, 0), HOUR, "", 3, NOW)

    starts = [slot.starts_at for slot in Slot.objects.all()]
    assert [moment.astimezone(LONDON).hour for moment in starts] == [9, 9, 9]
    assert [moment.astimezone(UTC).hour for moment in starts] == [8, 9, 9]


def test_a_weekly_time_stays_at_nine_when_the_clocks_go_forward(mentor):
    offer(mentor, date(2018, 3, 19), time(9, 0), HOUR, "", 2, datetime(2018, 3, 1, tzinfo=UTC))

    starts = [slot.starts_at for slot in Slot.objects.all()]
    assert [moment.astimezone(UTC).hour for moment in starts] == [9, 8]


def test_a_time_that_the_clock_skips_is_refused_and_none_of_the_series_is_offered(mentor):
    with pytest.raises(Refused, match="does not exist"):
        offer(mentor, date(2018, 3, 18), time(1, 30), HOUR, "", 2, datetime(2018, 3, 1, tzinfo=UTC))

    assert not Slot.objects.exists()


def test_a_time_that_comes_twice_is_taken_the_first_time_and_keeps_its_length(mentor):
    (slot,) = offer(mentor, date(2018, 10, 28), time(1, 30), HOUR, "", 1, NOW)

    assert slot.starts_at == datetime(2018, 10, 28, 0, 30, tzinfo=UTC)
    assert slot.ends_at - slot.starts_at == HOUR


def test_a_past_time_is_refused(mentor):
    with pytest.raises(Refused, match="has passed"):
        offer(mentor, NOW.date(), time(12, 0), HOUR, "", 1, NOW)


@pytest.mark.parametrize(("length", "weeks"), [(timedelta(0), 1), (-HOUR, 1), (HOUR, 0), (HOUR, 27)])
def test_an_end_before_the_start_or_an_endless_series_is_refused(mentor, length, weeks):
    with pytest.raises(Refused):
        offer(mentor, date(2018, 7, 2), time(9, 0), length, "", weeks, NOW)


def test_a_time_that_overlaps_ones_own_is_refused_and_one_back_to_back_is_not(mentor):
    offer(mentor, date(2018, 7, 2), time(9, 0), HOUR, "", 1, NOW)

    with pytest.raises(Refused, match="overlaps"):
        offer(mentor, date(2018, 6, 25), time(9, 30), HOUR, "", 2, NOW)
    offer(mentor, date(2018, 7, 2), time(10, 0), HOUR, "", 1, NOW)

    assert Slot.objects.count() == 2


def test_a_time_taken_back_can_be_offered_again_but_not_under_a_session(mentor):
    slot = a_slot(mentor)
    start = slot.starts_at.astimezone(LONDON)
    slot.withdraw(NOW)
    again = offer(mentor, start.date(), start.time(), HOUR, "", 1, NOW)
    assert len(again) == 1

    membership = mentor.mentorships.get().membership
    a_session(again[0], membership, a_participant(membership))
    again[0].withdraw(NOW)
    with pytest.raises(Refused, match="session of yours"):
        offer(mentor, start.date(), start.time(), HOUR, "", 1, NOW)


def test_another_mentor_may_offer_the_same_time(mentor):
    other = a_mentor(mentor.mentorships.get().membership, name="Mia Mentor")
    for one in (mentor, other):
        offer(one, date(2018, 7, 2), time(9, 0), HOUR, "", 1, NOW)

    assert Slot.objects.count() == 2
