from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from correspondence.models import Letter
from mentoring.models import FollowUp, MentoringSession, Remark, Slot
from tests.factories import (
    NOW,
    a_cohort,
    a_follow_up,
    a_membership,
    a_mentor,
    a_note,
    a_participant,
    a_remark,
    a_session,
    a_slot,
    an_experiment,
    staff,
)

pytestmark = pytest.mark.django_db

ROOM = "https://video.example/room"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def cohort():
    return a_cohort()


@pytest.fixture
def membership(cohort):
    return a_membership(cohort, "Sample Museum")


@pytest.fixture
def pat(membership):
    return a_participant(membership)


@pytest.fixture
def mentor(membership):
    return a_mentor(membership)


@pytest.fixture
def slot(mentor):
    return a_slot(mentor)


@pytest.fixture
def session(slot, membership, pat):
    return a_session(slot, membership, pat)


def url(name, thing, cohort=None):
    cohort = cohort or (thing.mentor.cohort if isinstance(thing, Slot) else thing.membership.cohort)
    return reverse(f"mentoring:{name}", args=[cohort.slug, thing.pk])


def list_url(cohort):
    return reverse("mentoring:mentoring_list", args=[cohort.slug])


def offer_url(cohort):
    return reverse("mentoring:slot_new", args=[cohort.slug])


def page_of(client, user, address):
    client.force_login(user)
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def test_mentoring_list_shows_an_organisation_its_mentors_times_and_its_sessions(
    client, cohort, membership, pat, mentor
):
    free = a_slot(mentor, starts_at=NOW + timedelta(days=5), ends_at=NOW + timedelta(days=5, minutes=45))
    session = a_session(a_slot(mentor), membership, pat)
    past = a_slot(mentor, starts_at=NOW - timedelta(days=5), ends_at=NOW - timedelta(days=5, minutes=-45))
    a_session(past, membership, pat, state="held", record="We talked.", recorded_at=NOW)

    page = page_of(client, pat, list_url(cohort))

    assert "Your next session is <mark>in 3 days</mark>" in page
    assert url("session_book", free) in page
    assert session.get_absolute_url() in page
    assert ROOM in page
    assert "Record written" in page


def test_mentoring_list_shows_nothing_of_other_organisations(client, cohort, pat):
    neighbour = a_membership(cohort, "Canary Neighbour")
    other = a_mentor(neighbour, name="Canary Mentor")
    a_session(a_slot(other, join_url="https://video.example/canary"), neighbour)
    a_slot(other, starts_at=NOW + timedelta(days=5), ends_at=NOW + timedelta(days=6))

    page = page_of(client, pat, list_url(cohort))

    assert "canary" not in page.lower()
    assert "has no mentor yet" in page


def test_mentoring_list_shows_a_mentor_their_times_sessions_and_organisations(
    client, cohort, membership, session, mentor
):
    a_slot(mentor, starts_at=NOW + timedelta(days=5), ends_at=NOW + timedelta(days=6))
    other = a_membership(cohort, "Canary Neighbour")
    a_slot(a_mentor(other), starts_at=NOW + timedelta(days=7), ends_at=NOW + timedelta(days=8))

    page = page_of(client, mentor.user, list_url(cohort))

    assert "Booked by Sample Museum" in page
    assert page.count("Take back") == 1
    assert ROOM in page
    assert membership.get_absolute_url() in page
    assert "Canary" not in page


def test_mentoring_list_shows_staff_all_of_it(client, cohort, session):
    other = a_membership(cohort, "Sample Gallery")
    theirs = a_session(a_slot(a_mentor(other, name="Mia Mentor")), other)

    page = page_of(client, staff(), list_url(cohort))

    assert session.get_absolute_url() in page
    assert theirs.get_absolute_url() in page


def test_mentoring_list_of_a_second_mentor_has_no_link_to_anothers_call(client, cohort, membership, session):
    page = page_of(client, a_mentor(membership, name="Mia Mentor").user, list_url(cohort))

    assert session.get_absolute_url() in page
    assert ROOM not in page


@pytest.mark.parametrize("role", ["pat", "mentor", "staff"])
def test_mentoring_list_takes_as_many_queries_for_thirty_as_for_three(client, cohort, membership, pat, mentor, role):
    client.force_login({"pat": pat, "mentor": mentor.user, "staff": None}[role] or staff())

    def queries(days):
        for day in days:
            for moment, booked in [(day, True), (day + 50, False), (-day, True)]:
                start = NOW + timedelta(days=moment)
                slot = a_slot(mentor, starts_at=start, ends_at=start + timedelta(minutes=45))
                if booked:
                    a_session(slot, membership, pat)
        client.get(list_url(cohort))  # the first page of a session has its own bookkeeping
        with CaptureQueriesContext(connection) as captured:
            assert client.get(list_url(cohort)).status_code == 200
        return len(captured)

    assert queries(range(1, 4)) == queries(range(4, 31))


def test_slot_new_offers_a_time_every_week(client, cohort, mentor):
    client.force_login(mentor.user)
    typed = {"day": "2018-06-04", "starts": "11:00", "length": "45", "join_url": ROOM, "weeks": "3"}

    response = client.post(offer_url(cohort), typed)

    assert response.status_code == 302
    assert [slot.times for slot in Slot.objects.all()] == [
        "Monday 4 June 2018, 11:00 to 11:45",
        "Monday 11 June 2018, 11:00 to 11:45",
        "Monday 18 June 2018, 11:00 to 11:45",
    ]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"day": "2018-05-01"}, "has passed"),
        ({"day": "not a day"}, "valid date"),
        ({"day": ""}, "required"),
        ({"starts": "25:00"}, "valid time"),
        ({"length": "-30"}, "greater than or equal"),
        ({"weeks": "1000"}, "less than or equal"),
        ({"join_url": "javascript:alert(1)"}, "valid URL"),
        ({"join_url": "https://video.example/\x00"}, "Null characters"),
        ({"day": "9999-12-31", "weeks": "2"}, "too far away"),
        ({"day": "2019-03-31", "starts": "01:30"}, "does not exist"),
    ],
)
def test_slot_new_refuses_what_cannot_be_and_keeps_what_was_typed(client, cohort, mentor, changed, words):
    client.force_login(mentor.user)
    typed = {"day": "2018-06-04", "starts": "11:00", "length": "45", "join_url": "", "weeks": "1", **changed}

    response = client.post(offer_url(cohort), typed)

    assert response.status_code == 422
    assert words in response.content.decode()
    assert 'value="45"' in response.content.decode() or "length" in changed
    assert not Slot.objects.exists()


def test_slot_new_refuses_an_overlap_with_ones_own(client, cohort, mentor, slot):
    client.force_login(mentor.user)
    typed = {"day": "2018-05-17", "starts": "12:30", "length": "45", "weeks": "1"}

    response = client.post(offer_url(cohort), typed)

    assert response.status_code == 422
    assert "overlaps" in response.content.decode()


def test_slot_new_is_for_mentors(client, cohort, pat):
    for user in (pat, staff()):
        client.force_login(user)
        assert client.get(offer_url(cohort)).status_code == 403
        assert client.post(offer_url(cohort), {}).status_code == 403
    client.force_login(a_mentor(a_membership()).user)
    assert client.get(offer_url(cohort)).status_code == 404


def test_slot_withdraw_takes_a_free_time_back(client, mentor, slot, pat):
    client.force_login(mentor.user)

    assert client.post(url("slot_withdraw", slot)).status_code == 302

    assert not Slot.objects.bookable(NOW).exists()


def test_slot_withdraw_of_a_booked_time_is_refused(client, mentor, slot, session):
    client.force_login(mentor.user)

    response = client.post(url("slot_withdraw", slot))

    assert response.status_code == 409
    assert "Cancel the session instead" in response.content.decode()


def test_slot_withdraw_is_for_the_mentor_and_staff(client, cohort, slot, pat):
    client.force_login(pat)
    assert client.post(url("slot_withdraw", slot)).status_code == 403
    client.force_login(a_mentor(a_membership(cohort)).user)
    assert client.post(url("slot_withdraw", slot)).status_code == 404
    client.force_login(staff())
    assert client.post(url("slot_withdraw", slot)).status_code == 302


def test_session_book_asks_and_books(client, slot, pat, membership):
    assert "What would you like to talk about?" in page_of(client, pat, url("session_book", slot))

    response = client.post(url("session_book", slot), {"wish": "Consent forms"}, follow=True)

    session = MentoringSession.objects.get()
    assert response.redirect_chain == [(session.get_absolute_url(), 302)]
    assert (session.membership, session.wish) == (membership, "Consent forms")
    assert "Consent forms" in response.content.decode()
    assert ROOM in response.content.decode()


def test_session_book_twice_is_one_session_and_one_letter_each(client, slot, pat):
    client.force_login(pat)

    answers = [client.post(url("session_book", slot), {"wish": "Consent forms"}) for _ in range(2)]

    assert answers[0].url == answers[1].url
    assert MentoringSession.objects.count() == 1
    assert Letter.objects.count() == 2


def test_session_book_of_a_taken_time_offers_the_next_and_keeps_the_wish(client, cohort, mentor, slot, session):
    other = a_membership(cohort)
    mentor.mentorships.create(membership=other, started_at=NOW)
    free = a_slot(mentor, starts_at=NOW + timedelta(days=5), ends_at=NOW + timedelta(days=5, minutes=45))
    client.force_login(a_participant(other))

    response = client.post(url("session_book", slot), {"wish": "Consent forms"})

    page = response.content.decode()
    assert response.status_code == 409
    assert "Consent forms</textarea>" in page
    assert f'formaction="{url("session_book", free)}"' in page
    assert MentoringSession.objects.count() == 1
    assert client.get(url("session_book", slot)).status_code == 409


@pytest.mark.parametrize("hours", [-1, 0, 23])
def test_session_book_of_a_past_or_near_time_is_refused(client, mentor, pat, hours):
    start = NOW + timedelta(hours=hours)
    slot = a_slot(mentor, starts_at=start, ends_at=start + timedelta(minutes=45))
    client.force_login(pat)

    response = client.post(url("session_book", slot), {"wish": "Consent forms"})

    assert response.status_code == 409
    assert "Consent forms" in response.content.decode()
    assert not MentoringSession.objects.exists()


@pytest.mark.parametrize("wish", ["x" * 10_000, "a\x00b"])
def test_session_book_with_a_wish_that_cannot_be_kept_shows_it_again(client, slot, pat, wish):
    client.force_login(pat)

    response = client.post(url("session_book", slot), {"wish": wish})

    assert response.status_code == 422
    assert not MentoringSession.objects.exists()


def test_session_book_of_a_time_of_another_cohort_or_mentor_is_not_found(client, cohort, slot, pat):
    stranger = a_slot(a_mentor(a_membership(cohort)))
    elsewhere = a_slot(a_mentor(a_membership()))
    client.force_login(pat)

    assert client.get(url("session_book", slot)).status_code == 200
    for address in (
        url("session_book", stranger),
        url("session_book", elsewhere),
        url("session_book", elsewhere, cohort),
        reverse("mentoring:session_book", args=[cohort.slug, 10**30]),
    ):
        assert client.post(address, {"wish": ""}).status_code == 404
    assert not MentoringSession.objects.exists()


def test_session_book_is_for_the_organisations_people(client, slot, mentor):
    for user in (mentor.user, staff()):
        client.force_login(user)
        assert client.post(url("session_book", slot), {}).status_code == 403


def test_session_book_asks_for_which_of_two_organisations(client, cohort, slot, pat, mentor):
    second = a_membership(cohort, "Sample Gallery")
    second.seats.create(user=pat, started_at=NOW)
    mentor.mentorships.create(membership=second, started_at=NOW)
    stranger = a_membership(cohort)
    client.force_login(pat)

    assert client.post(url("session_book", slot), {"wish": ""}).status_code == 422
    assert client.post(url("session_book", slot), {"membership": stranger.pk}).status_code == 422
    assert client.post(url("session_book", slot), {"membership": second.pk}).status_code == 302

    assert MentoringSession.objects.get().membership == second


def test_session_detail_shows_the_organisation_its_session(client, session, pat):
    session.wish = "Consent forms"
    session.save()
    a_follow_up(session, "Ask the volunteers", owner=pat)

    page = page_of(client, pat, session.get_absolute_url())

    for words in ("Thursday 17 May 2018, 12:00 to 12:45", ROOM, "Consent forms", "Ask the volunteers"):
        assert words in page


def test_session_detail_briefs_the_mentor_from_what_the_organisation_shares(client, membership, session, pat, mentor):
    an_experiment(membership, "Who films, and why?")
    a_note(membership, pat, title="Visitors film", audience="organisation")
    a_note(membership, pat, title="CANARY draft", audience="me", shared_at=None)
    start = NOW - timedelta(days=9)
    earlier = a_session(
        a_slot(mentor, starts_at=start, ends_at=start + timedelta(hours=1)),
        membership,
        pat,
        state="held",
        record="We began with consent.",
        recorded_at=NOW,
    )
    a_follow_up(earlier, "Ask the volunteers")
    a_follow_up(earlier, "CANARY done", done_at=NOW)

    page = page_of(client, mentor.user, session.get_absolute_url())

    for words in ("Who films, and why?", "Visitors film", "We began with consent.", "Ask the volunteers"):
        assert words in page
    assert "CANARY" not in page


def test_session_detail_has_nothing_of_other_organisations(client, cohort, session, mentor):
    other = a_membership(cohort, "Canary Museum")
    mentor.mentorships.create(membership=other, started_at=NOW)
    an_experiment(other, "CANARY question")
    a_note(other, title="CANARY note")
    start = NOW - timedelta(days=9)
    theirs = a_session(
        a_slot(mentor, starts_at=start, ends_at=start + timedelta(hours=1)), other, record="CANARY", recorded_at=NOW
    )
    a_follow_up(theirs, "CANARY follow-up")
    a_remark(theirs, "CANARY remark")

    assert "canary" not in page_of(client, mentor.user, session.get_absolute_url()).lower()
    assert "canary" in page_of(client, mentor.user, theirs.get_absolute_url()).lower()


def test_session_detail_keeps_remarks_among_the_mentors(client, membership, session, pat, mentor):
    a_remark(session, "CANARY remark")

    for user in (mentor.user, a_mentor(membership, name="Mia Mentor").user):
        assert "CANARY remark" in page_of(client, user, session.get_absolute_url())
    for user in (pat, staff()):
        assert "CANARY" not in page_of(client, user, session.get_absolute_url())


def test_session_detail_is_not_found_by_anybody_it_does_not_concern(client, cohort, session, pat, mentor):
    neighbour = a_participant(a_membership(cohort))
    other_mentor = a_mentor(a_membership(cohort)).user
    former = a_participant(session.membership)
    former.seats.get().end(NOW)
    for user in (neighbour, other_mentor, former):
        client.force_login(user)
        assert client.get(session.get_absolute_url()).status_code == 404
    client.force_login(pat)
    assert client.get(session.get_absolute_url()).status_code == 200
    assert client.get(url("session_detail", session, a_participant_cohort(pat))).status_code == 404


def a_participant_cohort(user):
    """Another cohort the same person has a seat in."""
    cohort = a_cohort()
    a_membership(cohort).seats.create(user=user, started_at=NOW)
    return cohort


def test_session_detail_shows_a_mentor_whose_part_ended_nothing(client, session, mentor):
    mentor.ended_at = NOW
    mentor.save()
    client.force_login(mentor.user)

    assert client.get(session.get_absolute_url()).status_code == 404


def test_session_detail_gives_a_second_mentor_no_link(client, membership, session):
    assert ROOM not in page_of(client, a_mentor(membership, name="Mia").user, session.get_absolute_url())


def test_session_detail_takes_as_many_queries_for_thirty_as_for_three(client, membership, session, pat, mentor):
    client.force_login(mentor.user)

    def queries(count):
        for _ in range(count):
            an_experiment(membership)
            a_note(membership, pat)
            a_follow_up(session, owner=pat)
            a_remark(session)
        client.get(session.get_absolute_url())  # the first page of a session has its own bookkeeping
        with CaptureQueriesContext(connection) as captured:
            assert client.get(session.get_absolute_url()).status_code == 200
        return len(captured)

    assert queries(3) == queries(27)


def test_session_cancel_asks_and_cancels(client, session, pat):
    assert "Cancel the session" in page_of(client, pat, url("session_cancel", session))

    response = client.post(url("session_cancel", session), {"because": "We need more time."}, follow=True)

    assert "We need more time." in response.content.decode()
    assert MentoringSession.objects.get().state == "cancelled"
    assert client.post(url("session_cancel", session), {}).status_code == 302
    assert Letter.objects.count() == 2


def test_session_cancel_too_late_is_refused_and_keeps_the_reason(client, clock, session, pat):
    client.force_login(pat)
    clock.move_to(session.starts_at - timedelta(hours=11))

    response = client.post(url("session_cancel", session), {"because": "Ill"})

    assert response.status_code == 409
    assert "Less than 12 hours are left" in response.content.decode()
    assert "Ill" in response.content.decode()


def test_session_cancel_by_the_mentor_needs_a_reason_and_takes_the_time_back(client, slot, session, mentor):
    client.force_login(mentor.user)

    assert client.post(url("session_cancel", session), {}).status_code == 422
    assert client.post(url("session_cancel", session), {"because": "I am ill"}).status_code == 302

    slot.refresh_from_db()
    assert slot.withdrawn_at == NOW


def test_session_cancel_and_move_are_not_for_a_second_mentor_nor_found_by_others(client, cohort, membership, session):
    client.force_login(a_mentor(membership, name="Mia").user)
    assert client.post(url("session_cancel", session), {"because": "x"}).status_code == 403
    assert client.post(url("session_move", session), {"because": "x"}).status_code == 403
    for user in (a_participant(a_membership(cohort)), a_mentor(a_membership(cohort)).user):
        client.force_login(user)
        assert client.post(url("session_cancel", session), {"because": "x"}).status_code == 404
        assert client.post(url("session_move", session), {"because": "x"}).status_code == 404
    session.refresh_from_db()
    assert session.state == "booked"


def test_session_move_shows_free_times_and_moves(client, session, mentor, pat):
    new = a_slot(mentor, starts_at=NOW + timedelta(days=5), ends_at=NOW + timedelta(days=5, minutes=45))
    assert "Saturday 19 May 2018, 12:00 to 12:45" in page_of(client, pat, url("session_move", session))

    assert client.post(url("session_move", session), {"slot": new.pk}).status_code == 302

    session.refresh_from_db()
    assert (session.slot, session.sequence) == (new, 1)


def test_session_move_to_a_time_just_taken_is_refused(client, membership, session, mentor, pat):
    new = a_slot(mentor, starts_at=NOW + timedelta(days=5), ends_at=NOW + timedelta(days=5, minutes=45))
    a_session(new, membership, pat)
    client.force_login(pat)

    response = client.post(url("session_move", session), {"slot": new.pk})

    assert response.status_code == 409
    assert "just booked" in response.content.decode()


@pytest.mark.parametrize("typed", ["", "abc", "999999", str(10**30)])
def test_session_move_to_no_time_is_refused(client, session, pat, typed):
    client.force_login(pat)

    assert client.post(url("session_move", session), {"slot": typed}).status_code == 422


def test_session_record_is_written_by_the_mentor_and_read_by_the_organisation(client, clock, session, mentor, pat):
    clock.move_to(session.ends_at)
    client.force_login(mentor.user)

    answer = client.post(url("session_record", session), {"state": "held", "record": "We **talked**.", "read_at": ""})

    assert answer.status_code == 302
    assert "We <strong>talked</strong>." in page_of(client, pat, session.get_absolute_url())


def test_session_record_of_nobody_came_needs_no_text_and_one_of_a_meeting_does(client, clock, session, mentor):
    clock.move_to(session.ends_at)
    client.force_login(mentor.user)

    assert client.post(url("session_record", session), {"state": "held", "record": ""}).status_code == 422
    assert client.post(url("session_record", session), {"state": "no_show", "record": ""}).status_code == 302

    session.refresh_from_db()
    assert session.state == "no_show"


def test_session_record_that_somebody_wrote_meanwhile_is_shown_beside_what_was_typed(client, clock, session, mentor):
    clock.move_to(session.ends_at)
    session.write_record("held", "What staff wrote.", session.ends_at)
    client.force_login(mentor.user)

    response = client.post(url("session_record", session), {"state": "held", "record": "What I typed.", "read_at": ""})

    page = response.content.decode()
    assert response.status_code == 409
    assert "What staff wrote." in page
    assert "What I typed.</textarea>" in page
    session.refresh_from_db()
    assert session.record == "What staff wrote."


@pytest.mark.parametrize(
    "typed", [{"record": "x" * 20_001}, {"record": "a\x00b"}, {"state": "cancelled"}, {"read_at": "2018-99-99T00:00"}]
)
def test_session_record_that_cannot_be_kept_is_shown_again(client, clock, session, mentor, typed):
    clock.move_to(session.ends_at)
    client.force_login(mentor.user)

    response = client.post(url("session_record", session), {"state": "held", "record": "We talked.", **typed})

    assert response.status_code == 422
    session.refresh_from_db()
    assert session.state == "booked"


def test_session_record_is_for_the_mentor_and_staff(client, clock, cohort, membership, session, pat):
    clock.move_to(session.ends_at)
    typed = {"state": "held", "record": "We talked."}
    for user in (pat, a_mentor(membership, name="Mia").user):
        client.force_login(user)
        assert client.post(url("session_record", session), typed).status_code == 403
    client.force_login(a_participant(a_membership(cohort)))
    assert client.post(url("session_record", session), typed).status_code == 404
    client.force_login(staff())
    assert client.post(url("session_record", session), typed).status_code == 302


def test_remark_new_is_kept_by_mentors_alone(client, membership, session, pat, mentor):
    for user in (pat, staff()):
        client.force_login(user)
        assert client.post(url("remark_new", session), {"body": "No"}).status_code == 403
    for user in (mentor.user, a_mentor(membership, name="Mia").user):
        client.force_login(user)
        assert client.post(url("remark_new", session), {"body": "They are further."}).status_code == 302
    assert client.post(url("remark_new", session), {"body": ""}).status_code == 422
    assert Remark.objects.count() == 2


def test_follow_up_new_is_added_by_those_who_see_the_session(client, session, pat, mentor):
    for user in (pat, mentor.user, staff()):
        client.force_login(user)
        typed = {"text": f"Ask {user}", "owner": pat.pk, "due_on": "2018-06-01"}
        assert client.post(url("follow_up_new", session), typed).status_code == 302
    assert FollowUp.objects.filter(owner=pat, membership=session.membership).count() == 3


@pytest.mark.parametrize("typed", [{"text": ""}, {"text": "x" * 251}, {"due_on": "2018-05-01"}, {"due_on": "31.12."}])
def test_follow_up_new_that_cannot_be_is_shown_again(client, session, pat, typed):
    client.force_login(pat)

    response = client.post(url("follow_up_new", session), {"text": "Ask the volunteers", **typed})

    assert response.status_code == 422
    assert not FollowUp.objects.exists()


def test_follow_up_new_cannot_be_given_to_a_stranger(client, cohort, session, pat):
    stranger = a_participant(a_membership(cohort))
    client.force_login(pat)

    assert client.post(url("follow_up_new", session), {"text": "Ask", "owner": stranger.pk}).status_code == 422
    client.force_login(stranger)
    assert client.post(url("follow_up_new", session), {"text": "Ask"}).status_code == 404


def test_follow_up_tick_marks_it_done_and_opens_it_again(client, session, pat):
    follow_up = a_follow_up(session)
    client.force_login(pat)

    assert client.post(url("follow_up_tick", follow_up), {"done": "1"}).url == session.get_absolute_url()
    follow_up.refresh_from_db()
    assert follow_up.done_at == NOW
    client.post(url("follow_up_tick", follow_up), {"done": "0", "next": session.membership.get_absolute_url()})
    follow_up.refresh_from_db()
    assert follow_up.done_at is None


def test_follow_up_tick_goes_back_to_our_own_pages_only(client, session, pat):
    follow_up = a_follow_up(session)
    client.force_login(pat)
    inside = session.membership.get_absolute_url()

    assert client.post(url("follow_up_tick", follow_up), {"next": inside}).url == inside
    for outside in ("https://elsewhere.example/", "//elsewhere.example/", "javascript:alert(1)"):
        answer = client.post(url("follow_up_tick", follow_up), {"next": outside})
        assert answer.url == session.get_absolute_url()


def test_follow_up_tick_is_not_found_by_others(client, cohort, session):
    follow_up = a_follow_up(session)
    for user in (a_participant(a_membership(cohort)), a_mentor(a_membership(cohort)).user):
        client.force_login(user)
        assert client.post(url("follow_up_tick", follow_up), {"done": "1"}).status_code == 404
    follow_up.refresh_from_db()
    assert follow_up.done_at is None
