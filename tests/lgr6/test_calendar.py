from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from icalendar import Calendar

from lgr6.calendar import feed
from mentoring.booking import cancel
from tests.factories import (
    NOW,
    a_cohort,
    a_follow_up,
    a_membership,
    a_mentor,
    a_note,
    a_participant,
    a_phase,
    a_remark,
    a_session,
    a_slot,
    a_workshop,
    staff,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def membership():
    return a_membership()


@pytest.fixture
def pat(membership):
    return a_participant(membership)


def titles(user, now=NOW):
    return [str(event["SUMMARY"]) for event in Calendar.from_ical(feed(user, now)).walk("VEVENT")]


def test_a_calendar_has_the_workshops_of_ones_cohorts_and_ones_own_sessions(membership, pat):
    mentor = a_mentor(membership)
    a_workshop(membership.cohort)
    a_workshop(membership.cohort, 2, starts_at=None, ends_at=None)
    a_workshop(a_cohort(), venue="CANARY hall")
    a_session(a_slot(mentor), membership, pat)

    assert titles(pat) == [f"Mentoring: {membership} with Mo Mentor", "Let's Get Real 6, Workshop 1"]
    assert titles(mentor.user) == titles(pat)


def test_a_calendar_has_nothing_of_other_organisations_and_no_private_word(membership, pat):
    mentor = a_mentor(membership)
    session = a_session(a_slot(mentor), membership, pat, wish="CANARY wish", record="CANARY record")
    a_remark(session, "CANARY remark")
    a_note(membership, pat, title="CANARY note", body="CANARY body")
    neighbour = a_membership(membership.cohort, "Canary Neighbour")
    room = a_slot(a_mentor(neighbour), join_url="https://video.example/canary")
    a_session(room, neighbour)

    for user in (pat, mentor.user):
        data = feed(user, NOW)
        assert b"https://video.example/room" in data
        assert b"canary" not in data.lower()


def test_staff_have_the_workshops_and_no_sessions_of_others(membership, pat):
    a_workshop(membership.cohort)
    a_session(a_slot(a_mentor(membership)), membership, pat)

    assert titles(staff()) == ["Let's Get Real 6, Workshop 1"]


def test_a_second_mentor_of_the_organisation_has_no_link_to_anothers_call(membership, pat):
    a_session(a_slot(a_mentor(membership)), membership, pat)
    second = a_mentor(membership, name="Mia Mentor").user

    assert titles(second) == []


def test_what_is_cancelled_stays_marked_under_its_name_and_without_its_link(membership, pat):
    session = a_session(a_slot(a_mentor(membership)), membership, pat)
    a_workshop(membership.cohort, join_url="https://video.example/hall").cancel("Flooded", NOW)
    cancel(session, pat, "", NOW)

    data = feed(pat, NOW)
    events = Calendar.from_ical(data).walk("VEVENT")

    assert [event["STATUS"] for event in events] == ["CANCELLED", "CANCELLED"]
    assert events[0]["UID"] == f"{session.uid}@lets-get-real"
    assert events[0]["SEQUENCE"] == 1
    assert b"video.example" not in data


def test_a_calendar_is_empty_the_moment_a_seat_ends(membership, pat):
    a_workshop(membership.cohort)
    assert titles(pat)

    pat.seats.get().end(NOW)

    assert titles(pat) == []


def test_a_calendar_takes_as_many_queries_for_thirty_sessions_as_for_three(membership, pat):
    mentor = a_mentor(membership)

    def queries(days):
        for day in days:
            start = NOW + timedelta(days=day)
            session = a_session(a_slot(mentor, starts_at=start, ends_at=start + timedelta(minutes=45)), membership, pat)
            a_workshop(membership.cohort, day)
            a_phase(membership.cohort, day)
            a_follow_up(session, owner=pat, due_on=start.date())
        with CaptureQueriesContext(connection) as captured:
            feed(pat, NOW)
        return len(captured)

    assert queries(range(1, 4)) == queries(range(4, 31))


def test_a_calendar_has_the_days_when_something_of_ones_own_is_due_without_its_words(membership, pat):
    session = a_session(a_slot(a_mentor(membership)), membership, pat)
    due = date(2018, 5, 20)
    a_follow_up(session, "CANARY ask the volunteers", owner=pat, due_on=due)
    a_follow_up(session, "CANARY done", owner=pat, due_on=due, done_at=NOW)
    a_follow_up(session, "CANARY a colleague's", owner=a_participant(membership), due_on=due)
    a_follow_up(session, "CANARY no day", owner=pat)
    a_phase(membership.cohort, 2, brief="CANARY brief", closes_on=due + timedelta(days=1))
    a_phase(a_cohort(), 3)

    data = feed(pat, NOW)

    assert [(str(event["SUMMARY"]), event["DTSTART"].dt) for event in Calendar.from_ical(data).walk("VEVENT")][1:] == [
        (f"Due: something you agreed in mentoring, {membership}", due),
        ("Let's Get Real 6, Phase 2: last day", due + timedelta(days=1)),
    ]
    assert b"CANARY" not in data


def test_what_is_cancelled_leaves_the_calendar_after_thirty_days(membership, pat):
    cancel(a_session(a_slot(a_mentor(membership)), membership, pat), pat, "", NOW)
    a_workshop(membership.cohort).cancel("Flooded", NOW)
    a_workshop(membership.cohort, 2)

    assert len(titles(pat, NOW + timedelta(days=30, seconds=-1))) == 3
    assert titles(pat, NOW + timedelta(days=30)) == ["Let's Get Real 6, Workshop 2"]
