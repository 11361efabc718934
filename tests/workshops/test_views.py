from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from icalendar import Calendar

from tests.factories import (
    NOW,
    a_cohort,
    a_membership,
    a_mentor,
    a_participant,
    a_user,
    a_workshop,
    staff,
)
from workshops.models import AgendaItem, Attendance, Material, record_reply

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _noon():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def cohort():
    return a_cohort()


@pytest.fixture
def pat(cohort, client):
    pat = a_participant(a_membership(cohort, "Sample Gallery"))
    client.force_login(pat)
    return pat


def reply_url(workshop):
    return reverse("workshops:workshop_reply", args=[workshop.cohort.slug, workshop.number])


def calendar_url(workshop):
    return reverse("workshops:workshop_calendar", args=[workshop.cohort.slug, workshop.number])


def list_url(cohort):
    return reverse("workshops:workshop_list", args=[cohort.slug])


def test_workshop_list_tells_what_is_next_and_what_i_replied(client, cohort, pat):
    a_workshop(cohort, 1, starts_at=NOW - timedelta(days=40), ends_at=NOW - timedelta(days=40, hours=-6))
    workshop = a_workshop(cohort, 2)
    a_workshop(cohort, 3, starts_at=None, ends_at=None, venue="")
    record_reply(workshop, pat, "maybe", "", "", NOW)

    page = client.get(list_url(cohort)).content.decode()

    assert "Workshop 2 is <mark>in 8 days</mark>" in page
    assert "You said: Maybe" in page
    assert "Date to be confirmed" in page
    assert page.index("Workshop 1") < page.index("Workshop 2</a>") < page.index("Workshop 3</a>")


def test_workshop_list_says_what_will_be_there_when_there_is_none(client, cohort, pat):
    assert "will be listed here" in client.get(list_url(cohort)).content.decode()


def test_workshop_list_of_another_cohort_is_not_found(client, pat):
    other = a_cohort()
    a_workshop(other, venue="Secret Hall")

    assert client.get(list_url(other)).status_code == 404
    assert client.get(a_workshop(other, 2).get_absolute_url()).status_code == 404


def test_workshop_list_takes_as_many_queries_for_thirty_as_for_three(client, cohort, pat):
    def queries(numbers):
        for number in numbers:
            record_reply(a_workshop(cohort, number), pat, "yes", "", "", NOW)
        client.get(list_url(cohort))  # the first page of a session has its own bookkeeping
        with CaptureQueriesContext(connection) as captured:
            assert client.get(list_url(cohort)).status_code == 200
        return len(captured)

    assert queries(range(1, 4)) == queries(range(4, 31))


def test_workshop_detail_shows_the_day_the_place_and_who_comes(client, cohort, pat):
    workshop = a_workshop(
        cohort,
        address="Lavender Hill\nLondon",
        getting_there="Bus **77**",
        introduction="We frame questions.",
        join_url="https://video.example/hall",
    )
    AgendaItem.objects.create(workshop=workshop, starts="10:00", title="Coffee & arrivals")
    Material.objects.create(workshop=workshop, title="Reading list", url="https://reading.example/")
    record_reply(workshop, a_participant(a_membership(cohort, "Sample Museum"), "Nia Neighbour"), "yes", "", "", NOW)
    record_reply(workshop, a_participant(a_membership(cohort), "Mae Maybe"), "maybe", "", "", NOW)
    record_reply(workshop, a_participant(a_membership(cohort), "Noa Not"), "no", "", "", NOW)

    page = client.get(workshop.get_absolute_url()).content.decode()

    assert "Tuesday 22 May 2018, 12:00 to 18:00, London time" in page
    for words in (
        "Lavender Hill<br>London",
        "<strong>77</strong>",
        "Coffee &amp; arrivals",
        "https://reading.example/",
    ):
        assert words in page
    assert "https://video.example/hall" in page
    assert 'Nia Neighbour<br><span class="muted">Sample Museum</span>' in page
    assert "Mae Maybe" in page
    assert "Noa Not" not in page


def test_workshop_detail_takes_as_many_queries_for_thirty_people_as_for_three(client, cohort, pat):
    workshop = a_workshop(cohort)

    def queries(count):
        for _ in range(count):
            record_reply(workshop, a_participant(a_membership(cohort)), "yes", "", "", NOW)
        client.get(workshop.get_absolute_url())  # the first page of a session has its own bookkeeping
        with CaptureQueriesContext(connection) as captured:
            assert client.get(workshop.get_absolute_url()).status_code == 200
        return len(captured)

    assert queries(3) == queries(27)


def test_workshop_detail_of_a_cancelled_one_keeps_its_page_with_the_reason(client, cohort, pat):
    workshop = a_workshop(cohort, join_url="https://video.example/hall")
    workshop.cancel("The venue is flooded.", NOW)

    response = client.get(workshop.get_absolute_url())

    page = response.content.decode()
    assert response.status_code == 200
    assert "The venue is flooded." in page
    assert "Send my reply" not in page
    assert "https://video.example/hall" not in page


def test_workshop_detail_keeps_needs_between_the_person_and_staff(client, cohort, pat):
    workshop = a_workshop(cohort)
    record_reply(workshop, a_participant(a_membership(cohort), "Nia"), "yes", "CANARY-ramp", "CANARY-nuts", NOW)

    assert "CANARY" not in client.get(workshop.get_absolute_url()).content.decode()
    client.force_login(a_mentor(cohort=cohort).user)
    assert "CANARY" not in client.get(workshop.get_absolute_url()).content.decode()
    client.force_login(Attendance.objects.get().user)
    assert "CANARY-ramp" in client.get(workshop.get_absolute_url()).content.decode()
    client.force_login(staff())
    assert "CANARY-nuts" in client.get(workshop.get_absolute_url()).content.decode()


def test_workshop_reply_is_kept_and_shown(client, cohort, pat):
    workshop = a_workshop(cohort)

    response = client.post(
        reply_url(workshop), {"reply": "yes", "access_needs": "A ramp", "dietary_needs": "No nuts"}, follow=True
    )

    attendance = Attendance.objects.get()
    assert (attendance.user, attendance.reply, attendance.replied_at) == (pat, "yes", NOW)
    page = response.content.decode()
    assert response.redirect_chain == [(workshop.get_absolute_url(), 302)]
    assert "A ramp" in page
    assert "Change my reply" in page


def test_workshop_reply_can_be_changed_while_the_date_is_open(client, cohort, pat):
    workshop = a_workshop(cohort, starts_at=None, ends_at=None)

    for answer in ("yes", "no"):
        assert client.post(reply_url(workshop), {"reply": answer}).status_code == 302

    assert Attendance.objects.get().reply == "no"


@pytest.mark.parametrize(
    "typed",
    [
        {"reply": ""},
        {"reply": "perhaps"},
        {"reply": "yes", "access_needs": "x" * 501},
        {"reply": "yes", "access_needs": "a\x00b"},
    ],
)
def test_workshop_reply_that_cannot_be_understood_is_shown_again(client, cohort, pat, typed):
    workshop = a_workshop(cohort)

    response = client.post(reply_url(workshop), {"dietary_needs": "No nuts", **typed})

    assert response.status_code == 422
    assert "No nuts" in response.content.decode()
    assert not Attendance.objects.exists()


def test_workshop_reply_after_the_start_is_refused_and_keeps_what_was_typed(client, cohort, pat):
    workshop = a_workshop(cohort, starts_at=NOW, ends_at=NOW + timedelta(hours=6))

    response = client.post(reply_url(workshop), {"reply": "yes", "access_needs": "A ramp"})

    page = response.content.decode()
    assert response.status_code == 409
    assert "Your reply was not saved." in page
    assert "A ramp" in page
    assert not Attendance.objects.exists()


def test_workshop_reply_to_a_cancelled_workshop_is_refused(client, cohort, pat):
    workshop = a_workshop(cohort)
    workshop.cancel("The venue is flooded.", NOW)

    assert client.post(reply_url(workshop), {"reply": "yes"}).status_code == 409
    assert not Attendance.objects.exists()


def test_workshop_reply_is_for_people_with_a_seat(client, cohort):
    workshop = a_workshop(cohort)

    for user in (a_mentor(cohort=cohort).user, staff()):
        client.force_login(user)
        assert "Send my reply" not in client.get(workshop.get_absolute_url()).content.decode()
        assert client.post(reply_url(workshop), {"reply": "yes"}).status_code == 403
    client.force_login(a_participant())
    assert client.post(reply_url(workshop), {"reply": "yes"}).status_code == 404
    assert not Attendance.objects.exists()


def test_workshop_reply_of_somebody_who_left_is_not_found(client, cohort, pat):
    workshop = a_workshop(cohort)
    pat.seats.get().end(NOW)

    assert client.post(reply_url(workshop), {"reply": "yes"}).status_code == 404


def test_workshop_reply_is_not_a_page_to_open(client, cohort, pat):
    assert client.get(reply_url(a_workshop(cohort))).status_code == 405


def test_workshop_calendar_is_a_file_for_calendars(client, cohort, pat):
    workshop = a_workshop(cohort)

    response = client.get(calendar_url(workshop))

    event = Calendar.from_ical(response.content).walk("VEVENT")[0]
    assert response["Content-Type"] == "text/calendar; charset=utf-8"
    assert (event["UID"], event["SEQUENCE"], event["STATUS"]) == (
        f"workshop-{workshop.pk}@lets-get-real",
        0,
        "CONFIRMED",
    )
    assert event.start == workshop.starts_at
    assert b"DTSTART;TZID=Europe/London:20180522T120000" in response.content


def test_workshop_calendar_follows_a_move_and_a_cancellation_under_the_same_name(client, cohort, pat):
    workshop = a_workshop(cohort)
    before = Calendar.from_ical(client.get(calendar_url(workshop)).content).walk("VEVENT")[0]

    workshop.move(NOW, starts_at=NOW + timedelta(days=20), ends_at=None)
    workshop.cancel("The venue is flooded.", NOW)

    after = Calendar.from_ical(client.get(calendar_url(workshop)).content).walk("VEVENT")[0]
    assert after["UID"] == before["UID"]
    assert (after["SEQUENCE"], after["STATUS"], after.start) == (2, "CANCELLED", NOW + timedelta(days=20))


def test_workshop_calendar_without_a_date_says_so(client, cohort, pat):
    response = client.get(calendar_url(a_workshop(cohort, starts_at=None, ends_at=None)))

    assert response.status_code == 404
    assert "No calendar file" in response.content.decode()


@pytest.mark.parametrize("number", [0, 99, 10**30])
def test_unknown_numbers_are_not_found(client, cohort, pat, number):
    a_workshop(cohort)

    for name in ("workshop_detail", "workshop_calendar"):
        assert client.get(reverse(f"workshops:{name}", args=[cohort.slug, number])).status_code == 404


def test_strangers_are_sent_to_sign_in(client, cohort):
    workshop = a_workshop(cohort)

    assert client.get(workshop.get_absolute_url()).status_code == 302
    client.force_login(a_user())
    assert client.get(workshop.get_absolute_url()).status_code == 404
