from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from icalendar import Calendar

from correspondence.models import Letter
from mentoring.booking import Refused, SlotTaken, book, cancel, move, record, withdraw
from mentoring.models import MentoringSession, Slot
from participants.models import Cohort
from tests.factories import (
    NOW,
    a_cohort,
    a_membership,
    a_mentor,
    a_participant,
    a_seat,
    a_session,
    a_slot,
    staff,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def membership():
    return a_membership(name="Sample Museum")


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


def another_slot(mentor, hours=2, **extra):
    start = NOW + timedelta(days=3, hours=hours)
    return a_slot(mentor, **{"starts_at": start, "ends_at": start + timedelta(minutes=45), **extra})


def letters(kind):
    return sorted(Letter.objects.filter(kind=kind).values_list("address", flat=True))


def test_booking_takes_the_time_and_writes_once_to_everybody_concerned(slot, membership, pat, mentor):
    cas = a_participant(membership, "Cas Colleague")
    a_seat(membership, ended_at=NOW)
    a_participant(a_membership(membership.cohort), "Nia Neighbour")

    session = book(slot, membership, pat, "Our question", NOW)

    assert (session.state, session.starts_at, session.booked_by) == ("booked", slot.starts_at, pat)
    assert letters("session_booked") == sorted([pat.email, cas.email, mentor.user.email])
    letter = Letter.objects.get(address=mentor.user.email)
    assert "Thursday 17 May 2018, 12:00 to 12:45, London time" in letter.body
    assert f"http://localhost:8000{session.get_absolute_url()}" in letter.body
    assert (letter.about, letter.not_after) == (membership.cohort.slug, session.ends_at)


def test_a_double_click_is_one_booking_and_one_letter(slot, membership, pat):
    first = book(slot, membership, pat, "Our question", NOW)
    again = book(slot, membership, pat, "Our question", NOW)

    assert first == again
    assert (again.wish, MentoringSession.objects.count()) == ("Our question", 1)
    assert len(letters("session_booked")) == 2


def test_a_colleague_who_books_the_same_time_adds_their_wish(slot, membership, pat):
    book(slot, membership, pat, "Our question", NOW)

    session = book(slot, membership, a_participant(membership, "Cas"), "And consent forms", NOW)

    session.refresh_from_db()
    assert session.wish == "Our question\n\nAnd consent forms"


def test_another_organisation_finds_the_time_taken(slot, membership, pat, mentor):
    other = a_membership(membership.cohort)
    mentor.mentorships.create(membership=other, started_at=NOW)
    book(slot, membership, pat, "", NOW)

    with pytest.raises(SlotTaken):
        book(slot, other, a_participant(other), "", NOW)

    assert MentoringSession.objects.get().membership == membership


def test_a_time_that_overlaps_another_session_is_taken(slot, membership, pat, mentor):
    book(slot, membership, pat, "", NOW)

    with pytest.raises(SlotTaken):
        book(another_slot(mentor, hours=0.5), membership, pat, "", NOW)


def test_a_cancelled_time_can_be_booked_anew(slot, session, membership, pat):
    cancel(session, pat, "", NOW)

    again = book(slot, membership, pat, "", NOW)

    assert again != session
    assert len(letters("session_booked")) == 2


@pytest.mark.parametrize(
    ("before", "words"), [(timedelta(0), "has passed"), (timedelta(hours=24), "less than 24 hours")]
)
def test_a_time_too_near_is_refused(slot, membership, pat, before, words):
    with pytest.raises(Refused, match=words):
        book(slot, membership, pat, "", slot.starts_at - before)

    assert book(slot, membership, pat, "", slot.starts_at - timedelta(hours=24, seconds=1)).state == "booked"


def test_a_time_three_days_and_five_minutes_ahead_is_not_five_minutes_ahead(mentor, membership, pat):
    slot = a_slot(mentor, starts_at=NOW + timedelta(days=3, minutes=5), ends_at=NOW + timedelta(days=3, hours=1))

    assert book(slot, membership, pat, "", NOW).state == "booked"


def test_a_time_taken_back_is_refused(slot, membership, pat):
    withdraw(slot, NOW)

    with pytest.raises(Refused, match="no longer offers"):
        book(slot, membership, pat, "", NOW)


def test_a_mentor_of_others_cannot_be_booked(membership, pat):
    slot = a_slot(a_mentor(a_membership(membership.cohort)))

    with pytest.raises(PermissionDenied):
        book(slot, membership, pat, "", NOW)


def test_a_mentor_who_ended_cannot_be_booked(slot, membership, pat, mentor):
    mentor.ended_at = NOW
    mentor.save()

    with pytest.raises(PermissionDenied):
        book(slot, membership, pat, "", NOW)


def test_a_cohort_that_does_not_run_writes_nothing(slot, membership, pat):
    membership.cohort.status = Cohort.Status.ENDED
    membership.cohort.save()

    assert book(slot, membership, pat, "", NOW).state == "booked"
    assert not Letter.objects.exists()


def test_letters_are_plain_text(slot, pat, membership):
    membership.name = "Women's Library & Friends"
    membership.save()

    book(slot, membership, pat, "What's <next>?", NOW)

    letter = Letter.objects.first()
    assert "Women's Library & Friends" in letter.subject
    assert "What's <next>?" in letter.body


def test_a_move_keeps_the_session_and_frees_its_old_time(slot, session, mentor, pat):
    new = another_slot(mentor)

    moved = move(session, new, pat, NOW)

    assert (moved.pk, moved.uid, moved.sequence) == (session.pk, session.uid, 1)
    assert (moved.slot, moved.starts_at, moved.ends_at) == (new, new.starts_at, new.ends_at)
    assert list(Slot.objects.bookable(NOW)) == [slot]
    assert letters("session_moved") == sorted([pat.email, mentor.user.email])
    body = Letter.objects.filter(kind="session_moved").first().body
    assert "Before: Thursday 17 May 2018, 12:00 to 12:45" in body
    assert "Now: Thursday 17 May 2018, 14:00 to 14:45" in body


def test_a_move_repeated_changes_nothing(session, mentor, pat):
    new = another_slot(mentor)
    move(session, new, pat, NOW)

    again = move(session, new, pat, NOW)

    assert again.sequence == 1
    assert len(letters("session_moved")) == 2


def test_moved_there_and_back_everybody_hears_of_both(slot, session, mentor, pat):
    move(session, another_slot(mentor), pat, NOW)
    moved = move(session, slot, pat, NOW)

    assert moved.sequence == 2
    assert len(letters("session_moved")) == 4


def test_a_session_may_move_into_a_time_that_overlaps_its_own(session, mentor, pat):
    new = another_slot(mentor, hours=0.25)

    assert move(session, new, pat, NOW).slot == new


def test_a_session_does_not_move_to_a_time_that_is_taken(session, mentor, membership, pat):
    taken = another_slot(mentor)
    a_session(taken, membership, pat)

    with pytest.raises(SlotTaken):
        move(session, taken, pat, NOW)

    session.refresh_from_db()
    assert session.sequence == 0


def test_a_session_does_not_move_to_another_mentor(session, membership, pat):
    with pytest.raises(Refused, match="same mentor"):
        move(session, a_slot(a_mentor(membership, name="Mia")), pat, NOW)


def test_a_session_does_not_move_into_the_past(session, mentor):
    past = another_slot(mentor, starts_at=NOW - timedelta(hours=2), ends_at=NOW - timedelta(hours=1))

    with pytest.raises(Refused, match="has passed"):
        move(session, past, mentor.user, NOW, "I am ill")


def test_a_cancellation_frees_the_time_and_writes_once_to_everybody(slot, session, pat, mentor):
    cancel(session, pat, "We need more time.", NOW)
    cancelled = cancel(session, pat, "Again", NOW)

    assert (cancelled.state, cancelled.cancelled_because, cancelled.sequence) == ("cancelled", "We need more time.", 1)
    assert list(Slot.objects.bookable(NOW)) == [slot]
    assert letters("session_cancelled") == sorted([pat.email, mentor.user.email])
    assert "We need more time." in Letter.objects.first().body


def test_an_organisation_cancels_and_moves_until_twelve_hours_before(session, pat, mentor):
    late = session.starts_at - timedelta(hours=12)

    with pytest.raises(Refused, match="12 hours"):
        cancel(session, pat, "", late)
    with pytest.raises(Refused, match="12 hours"):
        move(session, another_slot(mentor, hours=30), pat, late)

    assert cancel(session, pat, "", late - timedelta(seconds=1)).state == "cancelled"


def test_mentor_and_staff_cancel_until_the_end_with_a_reason(slot, session, mentor):
    during = session.ends_at - timedelta(minutes=1)

    with pytest.raises(Refused, match="reason"):
        cancel(session, mentor.user, "", during)
    with pytest.raises(Refused, match="over"):
        cancel(session, staff(), "Ill", session.ends_at)

    assert cancel(session, mentor.user, "Ill", during, keep_offering=False).state == "cancelled"
    slot.refresh_from_db()
    assert slot.withdrawn_at == during


def test_another_mentor_of_the_organisation_changes_nothing(session, membership):
    mia = a_mentor(membership, name="Mia Mentor").user

    with pytest.raises(PermissionDenied):
        cancel(session, mia, "Because", NOW)

    session.refresh_from_db()
    assert session.state == "booked"


def test_what_has_been_held_cannot_be_cancelled(session, pat):
    session.write_record("held", "We talked.", NOW)

    with pytest.raises(Refused, match="held"):
        cancel(session, pat, "", NOW)


def test_a_record_marks_the_session_as_held(session, mentor):
    recorded = record(session, mentor.user, "held", "We talked.", None, session.ends_at)

    assert (recorded.state, recorded.record, recorded.recorded_at) == ("held", "We talked.", session.ends_at)


def test_a_record_does_not_overwrite_one_its_writer_has_not_read(session, mentor):
    first = record(session, mentor.user, "held", "We talked.", None, session.ends_at)

    with pytest.raises(Refused, match="meanwhile"):
        record(session, staff(), "held", "They talked.", None, session.ends_at)
    again = record(session, mentor.user, "held", "We talked.", None, session.ends_at)
    after = record(session, staff(), "held", "We talked long.", first.recorded_at, session.ends_at)

    assert again.record == "We talked."
    assert after.record == "We talked long."


def test_no_record_before_the_start_nor_of_a_cancelled_session(session, mentor, pat):
    with pytest.raises(Refused):
        record(session, mentor.user, "held", "Too early", None, session.starts_at - timedelta(seconds=1))
    cancel(session, pat, "", NOW)
    with pytest.raises(Refused):
        record(session, mentor.user, "held", "Cancelled", None, session.ends_at)


def test_a_booked_time_is_not_taken_back(slot, session):
    with pytest.raises(Refused, match="booked"):
        withdraw(slot, NOW)

    slot.refresh_from_db()
    assert slot.withdrawn_at is None


def test_a_slot_of_a_cohort_one_is_not_in_cannot_be_booked(pat, membership):
    elsewhere = a_membership(a_cohort())

    with pytest.raises(PermissionDenied):
        book(a_slot(a_mentor(elsewhere)), membership, pat, "", NOW)


def test_an_entry_for_calendars_goes_with_booking_move_and_cancellation_under_one_name(slot, membership, pat, mentor):
    session = book(slot, membership, pat, "CANARY wish", NOW)
    session = move(session, another_slot(mentor, join_url="https://video.example/other"), pat, NOW + timedelta(hours=1))
    cancel(session, pat, "CANARY reason", NOW + timedelta(hours=2))

    seen = []
    for letter in Letter.objects.filter(address=pat.email).order_by("pk"):
        calendar = Calendar.from_ical(letter.calendar)
        (event,) = calendar.walk("VEVENT")
        seen.append((str(calendar["METHOD"]), event["SEQUENCE"], str(event["STATUS"]), event["DTSTART"].dt))
        assert (event["UID"], event["ATTENDEE"]) == (f"{session.uid}@lets-get-real", f"mailto:{pat.email}")
        assert event["LAST-MODIFIED"].dt == NOW + timedelta(hours=len(seen) - 1)
        unfolded = letter.calendar.replace("\r\n ", "")
        assert [word in unfolded for word in ("CANARY", mentor.user.email)] == [False, False]
    moved = slot.starts_at + timedelta(hours=2)
    assert seen == [
        ("REQUEST", 0, "CONFIRMED", slot.starts_at),
        ("REQUEST", 1, "CONFIRMED", moved),
        ("CANCEL", 2, "CANCELLED", moved),
    ]
