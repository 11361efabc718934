"""My programme, an organisation's page, the mail room."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from correspondence.models import Letter
from lgr6.programme_line import lay_out
from lgr6.views.inside import headline
from research.models import ResearchNote
from tests.factories import (
    a_cohort,
    a_follow_up,
    a_membership,
    a_mentor,
    a_note,
    a_participant,
    a_phase,
    a_session,
    a_slot,
    a_topic,
    a_workshop,
    an_experiment,
    staff,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def membership():
    now = timezone.now()
    today = timezone.localdate(now)
    cohort = a_cohort("world", starts_on=today - timedelta(days=90), ends_on=today + timedelta(days=90))
    a_phase(cohort, 2, opens_on=today - timedelta(days=18), closes_on=today + timedelta(days=12))
    a_workshop(cohort, 3, starts_at=now + timedelta(days=14), ends_at=now + timedelta(days=14, hours=6))
    return a_membership(cohort, "Sample Museum")


def text_of(client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


def test_the_heading_says_when_the_open_phase_closes(client, membership):
    client.force_login(a_participant(membership))

    assert "Phase 2 closes in <mark>12 days</mark>" in text_of(client, "/my/")


@pytest.mark.parametrize(
    ("days", "words", "mark"),
    [
        (0, "Phase 2 closes today", "today"),
        (1, "Phase 2 closes tomorrow", "tomorrow"),
        (2, "Phase 2 closes in 2 days", "2 days"),
    ],
)
def test_the_heading_counts_down_in_words(membership, days, words, mark):
    today = timezone.localdate()
    phase = membership.cohort.phases.get()
    phase.closes_on = today + timedelta(days=days)
    now = timezone.now()

    assert headline(lay_out([], [phase], now), now) == (words, mark)


def test_without_an_open_phase_the_heading_names_the_next_workshop(membership):
    now = timezone.now()

    assert headline(lay_out(membership.cohort.workshops.all(), [], now), now) == ("Workshop 3 is in 14 days", "14 days")


def test_without_any_date_the_heading_stays_calm():
    now = timezone.now()

    assert headline([], now) == ("Your programme", "programme")


def test_a_participant_finds_what_is_next_and_what_is_open(client, membership):
    user = a_participant(membership)
    now = timezone.now()
    mentor = a_mentor(membership)
    slot = a_slot(mentor, starts_at=now + timedelta(days=2), ends_at=now + timedelta(days=2, minutes=45))
    session = a_session(slot, membership, user)
    a_follow_up(session, "Ask the volunteers", owner=user)
    a_note(membership, user, title="A draft of mine", audience=ResearchNote.Audience.ME)
    a_note(membership, user, title="A note of mine")
    a_topic(membership.cohort, user, title="A question to all")

    text = text_of(client_of(client, user), "/my/")

    for words in [
        "Ask the volunteers",
        "Continue draft: “A draft of mine”",
        "A note of mine",
        "A question to all",
        "Mentoring session",
        "Workshop 3",
    ]:
        assert words in text


def client_of(client, user):
    client.force_login(user)
    return client


def test_a_mentor_finds_their_organisations_and_nothing_of_the_exchange(client, membership):
    a_topic(membership.cohort, a_participant(membership), title="A question to all")

    text = text_of(client_of(client, a_mentor(membership).user), "/my/")

    assert "Sample Museum" in text
    assert "A question to all" not in text
    assert "Log a note" not in text


def test_somebody_without_a_place_is_told_so_kindly(client, membership):
    seat = membership.seats.get(user=a_participant(membership))
    seat.end(timezone.now())

    text = text_of(client_of(client, seat.user), "/my/")

    assert "no place</mark> in a programme now" in text
    assert "Sample Museum" not in text


def test_somebody_in_two_cohorts_can_go_to_either(client, membership):
    user = a_participant(membership)
    other = a_membership(a_cohort("other", number=7))
    other.seats.create(user=user, started_at=timezone.now())

    text = text_of(client_of(client, user), "/my/")

    assert '/cohorts/world/"' in text
    assert '/cohorts/other/"' in text
    assert client.get("/cohorts/other/").status_code == 200


def fill(membership, user, mentor, number: int, start: int) -> None:
    now = timezone.now()
    for i in range(start, start + number):
        note = a_note(membership, user, title=f"Note {i}")
        a_note(membership, user, title=f"Draft {i}", audience=ResearchNote.Audience.ME)
        note.discussion.add(user, "Hm.", now)
        begins = now + timedelta(days=30 + i)
        slot = a_slot(mentor, starts_at=begins, ends_at=begins + timedelta(minutes=45))
        a_follow_up(a_session(slot, membership, user), f"Follow up {i}", owner=user)
        a_topic(membership.cohort, user, title=f"Topic {i}")
        an_experiment(membership)
        a_participant(membership)
        a_membership(membership.cohort)


@pytest.mark.parametrize("path", ["/my/", "/cohorts/world/", "{organisation}"])
@pytest.mark.parametrize("role", ["participant", "mentor", "staff"])
def test_a_page_takes_as_many_queries_for_30_rows_as_for_3(client, membership, path, role):
    user, mentor = a_participant(membership), a_mentor(membership)
    client.force_login({"participant": user, "mentor": mentor.user, "staff": staff()}[role])
    path = path.format(organisation=membership.get_absolute_url())
    fill(membership, user, mentor, 3, 0)
    with CaptureQueriesContext(connection) as few:
        text_of(client, path)
    fill(membership, user, mentor, 27, 3)

    with CaptureQueriesContext(connection) as many:
        text_of(client, path)

    assert len(many) == len(few)


def test_no_page_writes_when_it_is_read(client, membership):
    client.force_login(a_participant(membership))
    for path in ["/my/", membership.get_absolute_url(), "/cohorts/world/notes/", "/cohorts/world/mentoring/"]:
        with CaptureQueriesContext(connection) as queries:
            text_of(client, path)
        assert [q["sql"] for q in queries if q["sql"].split()[0] in {"INSERT", "UPDATE", "DELETE"}] == []


def letters(number: int) -> None:
    start = Letter.objects.count()
    for i in range(start, start + number):
        Letter.objects.create(
            key=str(i), kind="sample", address="pat@sample.example", subject=f"S {i}", body="B", due_at=timezone.now()
        )


def test_the_mail_room_takes_as_many_queries_for_30_letters_as_for_3(client, db):
    letters(3)
    with CaptureQueriesContext(connection) as few:
        client.get("/mailroom/")
    letters(27)

    with CaptureQueriesContext(connection) as many:
        client.get("/mailroom/")

    assert len(many) == len(few)


def test_the_mail_room_shows_a_letter_as_text_and_runs_nothing_in_it(client, db):
    letter = Letter.objects.create(
        key="1",
        kind="sample",
        address="pat@sample.example",
        subject="Hello <script>",
        body="See http://localhost:8000/my/ <script>alert(1)</script>",
        due_at=timezone.now(),
    )

    text = client.get(f"/mailroom/{letter.pk}/").content.decode()

    assert "&lt;script&gt;alert(1)" in text
    assert 'href="http://localhost:8000/my/"' in text
    assert "<script>alert" not in text


def test_the_mail_room_can_be_narrowed_to_one_reader(client, db):
    letters(1)

    assert "S 0" in client.get("/mailroom/?to=PAT@sample.example").content.decode()
    assert "S 0" not in client.get("/mailroom/?to=quinn@sample.example").content.decode()


def test_who_moves_to_another_organisation_leaves_the_former_ones_things_behind(client, membership):
    user = a_participant(membership)
    now = timezone.now()
    slot = a_slot(a_mentor(membership), starts_at=now + timedelta(days=2), ends_at=now + timedelta(days=2, minutes=45))
    a_follow_up(a_session(slot, membership, user), "Something of the museum", owner=user)
    a_note(membership, user, title="A shared note there", audience=ResearchNote.Audience.ORGANISATION)
    a_note(membership, user, title="A draft there", audience=ResearchNote.Audience.ME)
    membership.seats.get(user=user).end(now)
    gallery = a_membership(membership.cohort, "Sample Gallery")
    gallery.seats.create(user=user, started_at=now)

    text = text_of(client_of(client, user), "/my/")

    assert "Sample Gallery" in text
    for words in ["Something of the museum", "A shared note there", "A draft there", "Sample Museum"]:
        assert words not in text


def test_a_follow_up_ticked_on_the_organisations_page_leads_back_to_it(client, membership):
    user = a_participant(membership)
    now = timezone.now()
    slot = a_slot(a_mentor(membership), starts_at=now + timedelta(days=2), ends_at=now + timedelta(days=2, minutes=45))
    follow_up = a_follow_up(a_session(slot, membership, user), "Ask the volunteers")
    client.force_login(user)
    path = membership.get_absolute_url()
    assert f'name="next" value="{path}"' in text_of(client, path)

    response = client.post(f"/cohorts/world/mentoring/follow-ups/{follow_up.pk}/", {"done": "1", "next": path})

    assert (response.status_code, response["Location"]) == (302, path)


@pytest.mark.parametrize("page", ["/my/", "/cohorts/world/workshops/3/", "/my/profile/"])
def test_the_exchange_is_in_the_menu_of_those_it_is_for(client, membership, page):
    link = 'href="/cohorts/world/exchange/"'

    assert link in text_of(client_of(client, a_participant(membership)), page)
    assert link not in text_of(client_of(client, a_mentor(membership).user), page)
