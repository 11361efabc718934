from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.urls import reverse
from icalendar import Calendar

from correspondence.models import Letter
from participants.models import Cohort
from tests.admin.desk import at_the_desk, no_rows, page_of, text_of
from tests.factories import LONDON, NOW, a_cohort, a_membership, a_participant, a_workshop
from workshops import changing
from workshops.models import Attendance, Workshop, record_reply

pytestmark = pytest.mark.django_db

LATER = {"starts_at": NOW + timedelta(days=15), "ends_at": NOW + timedelta(days=15, hours=6)}


@pytest.fixture(autouse=True)
def _noon():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def cohort():
    return a_cohort()


@pytest.fixture
def workshop(cohort):
    return a_workshop(cohort)


@pytest.fixture
def pat(cohort):
    return a_participant(a_membership(cohort))


def said(workshop, reply, name="Pat Participant"):
    person = a_participant(a_membership(workshop.cohort), name)
    Attendance.objects.create(workshop=workshop, user=person, reply=reply, replied_at=NOW)
    return person


def had_a_letter(workshop, person, state=Letter.State.SENT):
    Letter.objects.create(
        key=f"workshop_in_7_days|workshop {workshop.pk}|1|{person.email}",
        kind="workshop_in_7_days",
        occurrence=f"workshop {workshop.pk}",
        address=person.email,
        subject="Workshop 1",
        state=state,
        due_at=NOW,
    )
    return person


def told(kind="workshop_changed"):
    return sorted(Letter.objects.filter(kind=kind).values_list("address", flat=True))


def entry_for(person):
    """The latest entry the person was sent: its calendar, and the event in it."""
    calendar = Calendar.from_ical(
        Letter.objects.filter(address=person.email).exclude(calendar="").latest("pk").calendar
    )
    (event,) = calendar.walk("VEVENT")
    return calendar, event


def test_a_move_is_told_to_all_who_had_a_letter_or_said_yes_or_maybe_and_to_nobody_else(workshop, cohort, pat):
    people = [said(workshop, "yes"), said(workshop, "maybe"), had_a_letter(workshop, pat)]
    said(workshop, "no")
    had_a_letter(workshop, a_participant(a_membership(cohort)), Letter.State.CANCELLED)
    had_a_letter(a_workshop(cohort, 2), a_participant(a_membership(cohort)))
    gone = said(workshop, "yes")
    gone.seats.get().end(NOW)

    number = changing.move(workshop, NOW, **LATER)

    assert told() == sorted(person.email for person in people)
    assert number == 3


def test_a_notice_says_old_and_new_and_asks_again_whoever_said_yes(workshop):
    pat = said(workshop, "yes")

    changing.move(workshop, NOW, **LATER, venue="Sample Hall")

    letter = Letter.objects.get(address=pat.email)
    assert letter.subject == "Workshop 1 of Let's Get Real 6 has a new time: Tuesday 29 May, 12:00"
    for words in (
        "When, before: Tuesday 22 May 2018, 12:00 to 18:00\nWhen, now: Tuesday 29 May 2018, 12:00 to 18:00",
        "Where, before: Battersea Arts Centre\nWhere, now: Sample Hall",
        "Your answer for the old time was “Yes, I will come”. Please say whether it still holds:\nhttp://localhost:8000/",
    ):
        assert words in letter.body
    assert (letter.about, letter.not_after) == (workshop.cohort.slug, LATER["ends_at"])
    assert entry_for(pat)[1]["ATTENDEE"].params["PARTSTAT"] == "NEEDS-ACTION"


@pytest.mark.parametrize(("reply", "partstat"), [("yes", "ACCEPTED"), ("maybe", "TENTATIVE")])
def test_an_answer_holds_for_another_room(workshop, reply, partstat):
    pat = said(workshop, reply)

    changing.move(workshop, NOW, venue="Sample Hall")

    calendar, event = entry_for(pat)
    assert (calendar["METHOD"], event["SEQUENCE"], event["LOCATION"]) == ("REQUEST", 1, "Sample Hall")
    assert event["ATTENDEE"].params["PARTSTAT"] == partstat
    assert "Please say" not in Letter.objects.get().body


def test_an_entry_keeps_its_name_through_yes_move_and_cancellation_and_its_number_grows(workshop, pat, client):
    client.force_login(pat)
    url = reverse("workshops:workshop_reply", args=[workshop.cohort.slug, workshop.number])
    seen = []

    client.post(url, {"reply": "yes"})
    seen.append(entry_for(pat))
    changing.move(Workshop.objects.get(), NOW, **LATER)
    seen.append(entry_for(pat))
    changing.cancel(Workshop.objects.get(), "Flooded.", NOW + timedelta(hours=1))
    seen.append(entry_for(pat))

    assert {event["UID"] for _, event in seen} == {f"workshop-{workshop.pk}@lets-get-real"}
    assert {event["ORGANIZER"] for _, event in seen} == {"mailto:letters@rehearsal.example"}
    assert [(calendar["METHOD"], event["STATUS"], event["SEQUENCE"]) for calendar, event in seen] == [
        ("REQUEST", "CONFIRMED", 0),
        ("REQUEST", "CONFIRMED", 1),
        ("CANCEL", "CANCELLED", 2),
    ]
    assert seen[2][1]["LAST-MODIFIED"].dt == (NOW + timedelta(hours=1)).astimezone(UTC)
    assert "The reason: Flooded." in Letter.objects.get(kind="workshop_cancelled").body


def test_each_change_is_told_once_and_what_is_no_change_not_at_all(workshop):
    pat = said(workshop, "yes")

    changing.move(workshop, NOW, **LATER)
    changing.move(workshop, NOW, **LATER)
    changing.move(workshop, NOW, venue=" Battersea Arts Centre ")
    changing.move(workshop, NOW, join_url="https://video.example/hall")
    changing.move(workshop, NOW, venue="Sample Hall")
    changing.cancel(workshop, "Flooded.", NOW)
    changing.cancel(workshop, "Flooded.", NOW)

    assert (told(), told("workshop_cancelled")) == ([pat.email] * 2, [pat.email])
    assert Workshop.objects.get().sequence == 3


def test_a_date_taken_away_takes_the_entry_out_and_a_new_one_brings_it_back(workshop):
    pat = said(workshop, "yes")
    start = workshop.starts_at

    changing.move(workshop, NOW, starts_at=None, ends_at=None)
    calendar, event = entry_for(pat)
    assert (calendar["METHOD"], event["SEQUENCE"], event["DTSTART"].dt) == ("CANCEL", 1, start)

    changing.move(workshop, NOW, **LATER)
    calendar, event = entry_for(pat)
    assert (calendar["METHOD"], event["SEQUENCE"], event["DTSTART"].dt) == ("REQUEST", 2, LATER["starts_at"])


def test_a_workshop_that_is_over_or_of_a_cohort_that_does_not_run_is_put_right_in_silence(cohort):
    past = a_workshop(cohort, starts_at=NOW - timedelta(days=9), ends_at=NOW - timedelta(days=8))
    draft = a_workshop(a_cohort(status=Cohort.Status.DRAFT))
    said(past, "yes")
    Attendance.objects.create(workshop=draft, user=a_participant(a_membership(draft.cohort)), reply="yes")

    changing.move(past, NOW, starts_at=NOW - timedelta(days=10))
    changing.move(draft, NOW, **LATER)
    assert told() == []

    changing.move(past, NOW, **LATER)
    assert len(told()) == 1


def test_an_invitation_comes_with_a_yes_alone_once_for_each_time_of_a_workshop(workshop, pat, client):
    client.force_login(pat)
    url = reverse("workshops:workshop_reply", args=[workshop.cohort.slug, workshop.number])

    for reply in ("maybe", "no", "yes", "yes"):
        client.post(url, {"reply": reply})

    letter = Letter.objects.get()
    assert (letter.kind, letter.address) == ("workshop_entry", pat.email)
    assert letter.subject == "You are coming to workshop 1 of Let's Get Real 6: Tuesday 22 May, 12:00"
    assert entry_for(pat)[1]["ATTENDEE"].params["PARTSTAT"] == "ACCEPTED"


def test_a_yes_while_the_date_is_open_is_kept_without_a_letter(cohort, pat, client):
    workshop = a_workshop(cohort, starts_at=None, ends_at=None)
    client.force_login(pat)

    client.post(reverse("workshops:workshop_reply", args=[cohort.slug, workshop.number]), {"reply": "yes"})

    assert (Attendance.objects.get().reply, Letter.objects.count()) == ("yes", 0)


def test_no_entry_tells_who_else_comes_or_what_they_need(workshop, pat):
    other = said(workshop, "yes", "Nia Neighbour")
    record_reply(workshop, pat, "yes", "CANARY ramp", "CANARY nuts", NOW)

    changing.move(workshop, NOW, join_url="https://video.example/canary", venue="Sample Hall")

    letter = Letter.objects.get(address=pat.email)
    assert "canary" not in (letter.calendar + letter.body).lower()
    unfolded = letter.calendar.replace("\r\n ", "")
    assert [other.email in unfolded, pat.email in unfolded] == [False, True]


@pytest.mark.parametrize("day", [datetime(2018, 3, 25, 10, tzinfo=LONDON), datetime(2018, 10, 28, 10, tzinfo=LONDON)])
def test_a_move_across_a_change_of_the_clocks_keeps_ten_oclock(cohort, day):
    with time_machine.travel(day - timedelta(days=20), tick=False):
        before = day - timedelta(days=7)
        workshop = a_workshop(cohort, starts_at=before, ends_at=before + timedelta(hours=6))
        pat = said(workshop, "yes")

        changing.move(workshop, day - timedelta(days=20), starts_at=day, ends_at=day + timedelta(hours=6))

    assert f"DTSTART;TZID=Europe/London:{day:%Y%m%d}T100000" in Letter.objects.get(address=pat.email).calendar
    assert f"{day:%B} 2018, 10:00 to 16:00" in Letter.objects.get(address=pat.email).body


def a_form(workshop, day, **more):
    return {
        "number": workshop.number,
        "starts_at_0": day,
        "starts_at_1": "10:00",
        "ends_at_0": day,
        "ends_at_1": "16:00",
        "venue": workshop.venue,
        **no_rows("agenda", "materials", "attendances"),
        **more,
    }


def test_staff_read_how_many_are_told_before_a_move_is_saved_and_save_it_the_second_time(workshop):
    said(workshop, "yes")
    said(workshop, "maybe")
    client, page = at_the_desk(), page_of(Workshop, "change", workshop.pk)

    asked = client.post(page, a_form(workshop, "1/6/2018"))
    workshop.refresh_from_db()
    assert (asked.status_code, workshop.sequence, told()) == (422, 0, [])
    words = asked.context["adminform"].form["told"].value()
    assert words in text_of(asked)
    assert words == (
        "Nothing is saved yet. 2 people get a notice of this change: Tuesday 22 May 2018, 12:00 to 18:00 becomes "
        "Friday 1 June 2018, 10:00 to 16:00. "
        "“Workshop in 7 days” to 2 people moves from 15 May 2018, 09:00 to 25 May 2018, 09:00. "
        "“Workshop tomorrow” to 2 people moves from 21 May 2018, 09:00 to 31 May 2018, 09:00. Save once more to do it."
    )

    other = client.post(page, a_form(workshop, "2/6/2018", told=words))
    assert (other.status_code, told()) == (422, [])

    client.post(page, a_form(workshop, "1/6/2018", told=words))
    workshop.refresh_from_db()
    assert (workshop.sequence, len(told())) == (1, 2)


def test_what_tells_nobody_is_saved_at_once(workshop):
    said(workshop, "no")
    client, page = at_the_desk(), page_of(Workshop, "change", workshop.pk)

    assert client.post(page, a_form(workshop, "1/6/2018")).status_code == 302
    said(workshop, "yes")
    assert client.post(page, a_form(workshop, "1/6/2018", title="Halfway")).status_code == 302
    assert told() == []


def test_staff_read_how_many_are_told_of_a_cancellation(workshop, pat):
    said(workshop, "yes")
    had_a_letter(workshop, pat)
    client, page = at_the_desk(), page_of(Workshop, "changelist")
    chosen = {"action": "cancel", "_selected_action": [workshop.pk]}

    asked = text_of(client.post(page, chosen))
    assert "2 notices go out at once" in asked
    assert told("workshop_cancelled") == []

    client.post(page, {**chosen, "confirmed": "yes", "because": "Flooded."})
    assert len(told("workshop_cancelled")) == 2
