from datetime import timedelta

import pytest

from mentoring.models import MentoringSession, Party, Remark, Slot
from tests.factories import (
    NOW,
    a_membership,
    a_mentor,
    a_participant,
    a_remark,
    a_session,
    a_slot,
    a_user,
    staff,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def membership():
    return a_membership()


@pytest.fixture
def mentor(membership):
    return a_mentor(membership)


@pytest.fixture
def session(mentor, membership):
    return a_session(a_slot(mentor), membership)


def test_times_are_seen_by_their_mentor_the_organisations_mentored_and_staff(mentor, membership, session):
    pat, slot = a_participant(membership), session.slot
    neighbour = a_participant(a_membership(membership.cohort))
    other_mentor = a_mentor(a_membership(membership.cohort)).user

    for user in (pat, mentor.user, staff()):
        assert list(Slot.objects.visible_to(user)) == [slot]
    for user in (neighbour, other_mentor, a_user()):
        assert not Slot.objects.visible_to(user).exists()


def test_sessions_are_seen_by_the_organisation_its_mentors_and_staff(mentor, membership, session):
    second_mentor = a_mentor(membership, name="Mia Mentor").user

    for user in (a_participant(membership), mentor.user, second_mentor, staff()):
        assert list(MentoringSession.objects.visible_to(user)) == [session]
    neighbour = a_participant(a_membership(membership.cohort))
    other_mentor = a_mentor(a_membership(membership.cohort)).user
    for user in (neighbour, other_mentor, a_user()):
        assert not MentoringSession.objects.visible_to(user).exists()


def test_a_seat_that_ended_shows_nothing_any_more(membership, session):
    pat = a_participant(membership)
    assert MentoringSession.objects.visible_to(pat).exists()

    pat.seats.get().end(NOW)

    assert not MentoringSession.objects.visible_to(pat).exists()
    assert not Slot.objects.visible_to(pat).exists()


@pytest.mark.parametrize("ends", ["mentor", "mentorship"])
def test_a_mentor_whose_part_ended_sees_nothing_of_the_organisation(mentor, session, ends):
    a_remark(session)
    part = mentor if ends == "mentor" else mentor.mentorships.get()
    part.ended_at = NOW
    part.save()

    assert not MentoringSession.objects.visible_to(mentor.user).exists()
    assert not MentoringSession.objects.own(mentor.user).exists()
    assert not Remark.objects.visible_to(mentor.user).exists()


def test_somebody_who_changed_organisation_does_not_keep_the_sessions_of_the_first(membership, session):
    """Two relations to one table must match in the same row."""
    pat = a_participant(membership)
    pat.seats.get().end(NOW)
    pat.seats.create(membership=a_membership(membership.cohort), started_at=NOW)

    assert not MentoringSession.objects.visible_to(pat).exists()


def test_remarks_are_among_the_mentors_of_the_organisation(mentor, membership, session):
    remark = a_remark(session)

    for user in (mentor.user, a_mentor(membership, name="Mia").user):
        assert list(Remark.objects.visible_to(user)) == [remark]
    other_mentor = a_mentor(a_membership(membership.cohort)).user
    for user in (staff(), a_participant(membership), other_mentor, a_user()):
        assert not Remark.objects.visible_to(user).exists()


def test_remarks_stay_hidden_from_a_mentor_with_a_seat_there(mentor, membership, session):
    a_remark(session)
    membership.seats.create(user=mentor.user, started_at=NOW)

    assert not Remark.objects.visible_to(mentor.user).exists()


def test_own_sessions_of_staff_are_those_they_take_part_in(session):
    stella = staff()
    assert not MentoringSession.objects.own(stella).exists()

    session.membership.seats.create(user=stella, started_at=NOW)

    assert list(MentoringSession.objects.own(stella)) == [session]


def test_bookable_times_are_free_offered_and_more_than_a_day_away(mentor, session):
    day = timedelta(hours=24)
    free = a_slot(mentor, starts_at=NOW + day + timedelta(seconds=1), ends_at=NOW + 2 * day)
    a_slot(mentor, starts_at=NOW + day, ends_at=NOW + 2 * day)
    a_slot(mentor, starts_at=NOW + 2 * day, ends_at=NOW + 3 * day, withdrawn_at=NOW)

    assert list(Slot.objects.bookable(NOW)) == [free]


@pytest.mark.parametrize("state", ["cancelled", "no_show"])
def test_a_time_whose_session_is_off_is_free_again(session, state):
    session.state = state
    session.save()

    assert list(Slot.objects.bookable(NOW)) == [session.slot]


def test_the_link_to_join_is_for_those_who_take_part_until_the_end(session):
    for party in (Party.ORGANISATION, Party.MENTOR, Party.STAFF):
        assert session.join_url_for(party, NOW) == "https://video.example/room"
    assert session.join_url_for(Party.OTHER_MENTOR, NOW) == ""
    assert session.join_url_for(Party.ORGANISATION, session.ends_at) == ""


def test_people_of_a_session_are_its_organisation_and_mentor_each_once(mentor, membership, session):
    pat = session.booked_by
    membership.seats.create(user=mentor.user, started_at=NOW)
    a_participant(membership, is_active=False)

    assert sorted(person.pk for person in session.people()) == sorted([pat.pk, mentor.user.pk])


def test_times_are_told_in_londons_words(session):
    session.refresh_from_db()

    assert session.slot.times == "Thursday 17 May 2018, 12:00 to 12:45"
    assert str(session).endswith("17 May 2018, 12:00")
