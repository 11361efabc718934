from datetime import timedelta

import pytest

from tests.factories import NOW, a_cohort, a_membership, a_participant, a_workshop
from workshops.models import Attendance, purge_needs, record_reply

pytestmark = pytest.mark.django_db


def test_a_move_changes_the_time_and_calendars_see_it():
    workshop = a_workshop(a_cohort())

    workshop.move(NOW, starts_at=NOW + timedelta(days=9), ends_at=NOW + timedelta(days=9, hours=6))

    workshop.refresh_from_db()
    assert (workshop.starts_at, workshop.sequence) == (NOW + timedelta(days=9), 1)


def test_a_move_to_the_same_time_is_no_move():
    workshop = a_workshop(a_cohort())

    workshop.move(NOW, starts_at=workshop.starts_at, ends_at=workshop.ends_at)

    assert workshop.sequence == 0


def test_a_workshop_cannot_move_to_end_before_it_starts():
    workshop = a_workshop(a_cohort())

    with pytest.raises(ValueError, match="end after it starts"):
        workshop.move(NOW, starts_at=NOW + timedelta(days=9), ends_at=NOW + timedelta(days=8))

    workshop.refresh_from_db()
    assert workshop.sequence == 0


def test_a_workshop_can_lose_its_date_but_not_its_start_alone():
    workshop = a_workshop(a_cohort())

    with pytest.raises(ValueError, match="end after it starts"):
        workshop.move(NOW, starts_at=None)
    workshop.move(NOW, starts_at=None, ends_at=None)

    assert (workshop.starts_at, workshop.sequence) == (None, 1)


def test_a_cancelled_workshop_keeps_its_reason_and_does_not_move():
    workshop = a_workshop(a_cohort())

    workshop.cancel("The venue is flooded.", NOW)
    workshop.cancel("Another reason", NOW)

    workshop.refresh_from_db()
    assert (workshop.is_cancelled, workshop.cancelled_because, workshop.sequence) == (True, "The venue is flooded.", 1)
    with pytest.raises(ValueError, match="cancelled"):
        workshop.move(NOW, starts_at=NOW)


def test_a_later_reply_replaces_the_earlier_one():
    cohort = a_cohort()
    pat, workshop = a_participant(a_membership(cohort)), a_workshop(cohort)

    record_reply(workshop, pat, "yes", "A ramp", "", NOW)
    record_reply(workshop, pat, "no", "", "", NOW + timedelta(hours=1))

    attendance = Attendance.objects.get()
    assert (attendance.reply, attendance.access_needs) == ("no", "")


def test_needs_are_forgotten_thirty_days_after_the_workshop_and_replies_kept():
    cohort = a_cohort()
    pat = a_participant(a_membership(cohort))
    old = a_workshop(cohort, 1, starts_at=NOW - timedelta(days=31), ends_at=NOW - timedelta(days=30))
    recent = a_workshop(cohort, 2, starts_at=NOW - timedelta(days=30), ends_at=NOW - timedelta(days=29))
    for workshop in (old, recent):
        Attendance.objects.create(workshop=workshop, user=pat, reply="yes", access_needs="A ramp", dietary_needs="Nuts")

    assert purge_needs(NOW) == 1
    assert purge_needs(NOW) == 0

    gone, kept = Attendance.objects.order_by("workshop__number")
    assert (gone.reply, gone.access_needs, gone.dietary_needs) == ("yes", "", "")
    assert (kept.access_needs, kept.dietary_needs) == ("A ramp", "Nuts")


def test_needs_go_where_only_the_start_is_known_and_where_a_workshop_without_date_is_off():
    cohort = a_cohort()
    pat = a_participant(a_membership(cohort))
    start_only = a_workshop(cohort, 1, starts_at=NOW - timedelta(days=31), ends_at=None)
    off = a_workshop(cohort, 2, starts_at=None, ends_at=None, state="cancelled")
    to_come = a_workshop(cohort, 3, starts_at=None, ends_at=None)
    for workshop in (start_only, off, to_come):
        Attendance.objects.create(workshop=workshop, user=pat, access_needs="A ramp")

    assert purge_needs(NOW) == 2
    assert Attendance.objects.exclude(access_needs="").get().workshop == to_come


def test_somebody_who_left_is_not_among_those_who_come():
    cohort = a_cohort()
    membership, workshop = a_membership(cohort), a_workshop(cohort)
    pat, lee = a_participant(membership), a_participant(membership, "Lee Leaver")
    for person in (pat, lee):
        record_reply(workshop, person, "yes", "", "", NOW)
    lee.seats.get().end(NOW)

    assert [one.user for one in workshop.attendances.coming()] == [pat]
