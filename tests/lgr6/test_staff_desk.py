"""What the staff desk opens on: how the cohort stands, what is next, what is late, what goes out."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.http import Http404
from django.test.utils import CaptureQueriesContext

from correspondence.models import Heartbeat, Letter
from lgr6.overview import overview_for
from participants.models import Cohort
from research.models import ResearchNote
from tests import factories
from tests.factories import NOW
from workshops.models import Attendance

pytestmark = pytest.mark.django_db


def looks(overview) -> dict[str, list[str]]:
    return {row.membership.name: [cell.look for cell in row.cells] for row in overview.rows}


def sentences(overview) -> list[str]:
    return [item.what for item in overview.late]


def test_the_table_counts_shared_notes_and_says_only_that_drafts_were_begun():
    cohort = factories.a_cohort()
    phase = factories.a_phase(cohort)
    factories.a_phase(cohort, 2, opens_on=NOW.date() + timedelta(days=20), closes_on=NOW.date() + timedelta(days=30))
    for name, shared, drafts in (("Archive", 3, 0), ("Gallery", 1, 1), ("House", 0, 2), ("Museum", 0, 0)):
        membership = factories.a_membership(cohort, name)
        author = factories.a_participant(membership)
        for _ in range(shared):
            factories.a_note(membership, author, phase=phase)
        for _ in range(drafts):
            factories.a_note(membership, author, phase=phase, audience=ResearchNote.Audience.ME)

    overview = overview_for(cohort.slug, NOW)

    assert looks(overview) == {
        "Archive": ["many", "unopened"],
        "Gallery": ["some", "unopened"],
        "House": ["begun", "unopened"],
        "Museum": ["none", "unopened"],
    }
    assert [row.cells[0].shared for row in overview.rows] == [3, 1, 0, 0]


def test_deleted_notes_are_not_counted_and_those_without_a_phase_are_shown_apart():
    cohort = factories.a_cohort()
    phase, membership = factories.a_phase(cohort), factories.a_membership(cohort)
    author = factories.a_participant(membership)
    factories.a_note(membership, author, phase=phase, deleted_at=NOW)
    factories.a_note(membership, author)

    (row,) = overview_for(cohort.slug, NOW).rows

    assert [(cell.phase, cell.shared) for cell in row.cells] == [(phase, 0), (None, 1)]


def test_organisations_that_left_or_only_support_are_not_in_the_table():
    cohort = factories.a_cohort()
    factories.a_phase(cohort)
    factories.a_membership(cohort, "Stays")
    factories.a_membership(cohort, "Left", status="withdrawn")
    factories.a_membership(cohort, "Partner", is_participant=False, is_partner=True)

    assert list(looks(overview_for(cohort.slug, NOW))) == ["Stays"]


def test_what_is_next_comes_in_order_with_the_nearest_in_the_heading():
    cohort = factories.a_cohort()
    membership = factories.a_membership(cohort)
    factories.a_workshop(cohort)
    factories.a_workshop(cohort, 2, starts_at=None, ends_at=None)
    factories.a_workshop(cohort, 3, starts_at=NOW + timedelta(days=1), ends_at=None).cancel("Flood.", NOW)
    factories.a_phase(cohort)
    factories.a_session(factories.a_slot(factories.a_mentor(membership, name="Mo Mentor")), membership)

    overview = overview_for(cohort.slug, NOW)

    assert [item.what for item in overview.next] == [
        f"{membership} talks with Mo Mentor",
        "Workshop 1 is",
        "Phase 1 closes",
    ]
    assert overview.headline == ("Workshop 1 is in 8 days", "in 8 days")
    assert overview.dateless == 1


@pytest.mark.parametrize(
    ("closes_in", "said"),
    [
        (-1, ["Phase 1 closed without a shared note from 1 of 2"]),
        (0, ["Phase 1 closes today, without a shared note from 1 of 2"]),
        (3, ["Phase 1 closes in 3 days, without a shared note from 1 of 2"]),
        (4, []),
    ],
)
def test_an_organisation_without_a_shared_note_is_late_from_three_days_before_the_end(closes_in, said):
    cohort = factories.a_cohort()
    phase = factories.a_phase(cohort, closes_on=NOW.date() + timedelta(days=closes_in))
    writes, silent = factories.a_membership(cohort, "Writes"), factories.a_membership(cohort, "Silent")
    factories.a_note(writes, phase=phase)
    factories.a_note(silent, phase=phase, audience=ResearchNote.Audience.ME)

    overview = overview_for(cohort.slug, NOW)

    assert sentences(overview) == said
    assert [item.names for item in overview.late] == [["Silent"]] * len(said)


def test_a_phase_without_dates_makes_nobody_late():
    cohort = factories.a_cohort()
    factories.a_phase(cohort, opens_on=None, closes_on=None)
    factories.a_membership(cohort)

    assert sentences(overview_for(cohort.slug, NOW)) == []


def test_records_follow_ups_and_replies_are_late_one_by_one():
    cohort = factories.a_cohort()
    membership = factories.a_membership(cohort, "Sample Museum")
    answered = factories.a_participant(membership, "Ann Sample")
    factories.a_participant(membership, "Ben Sample")
    workshop = factories.a_workshop(cohort)
    Attendance.objects.create(workshop=workshop, user=answered, reply="no", replied_at=NOW)
    past = {"starts_at": NOW - timedelta(hours=2), "ends_at": NOW - timedelta(hours=1)}
    mentor = factories.a_mentor(membership, name="Mo Mentor")
    session = factories.a_session(factories.a_slot(mentor, **past), membership, answered)
    factories.a_follow_up(session, "Ask the volunteers", due_on=NOW.date() - timedelta(days=1))
    factories.a_follow_up(session, "Later", due_on=NOW.date())
    factories.a_follow_up(session, "Done", due_on=NOW.date() - timedelta(days=1), done_at=NOW)

    overview = overview_for(cohort.slug, NOW)

    assert sentences(overview) == [
        "1 mentoring session has no record",
        "1 follow-up is overdue",
        "1 reply is missing for workshop 1",
    ]
    assert [item.names for item in overview.late] == [
        ["Sample Museum with Mo Mentor"],
        ["Sample Museum: Ask the volunteers"],
        ["Sample Museum: Ben Sample"],
    ]


def test_every_link_of_the_first_page_opens(client):
    user = factories.staff()
    client.force_login(user)
    cohort = factories.a_cohort()
    membership = factories.a_membership(cohort)
    phase = factories.a_phase(cohort, closes_on=NOW.date())
    author = factories.a_participant(membership)
    factories.a_note(membership, author, phase=phase)
    factories.a_note(membership, author)
    factories.a_membership(cohort)
    factories.a_workshop(cohort)
    session = factories.a_session(factories.a_slot(factories.a_mentor(membership)), membership, author)
    factories.a_follow_up(session, due_on=NOW.date())
    Letter.objects.create(
        key="f", kind="x", address="p@sample.example", subject="x", body="x", due_at=NOW, state="failed"
    )
    page = client.get("/admin/").content.decode()
    links = {part.split('"')[0].replace("&amp;", "&") for part in page.split('href="')[1:]}
    inside = {link for link in links if link.startswith("/admin/")}

    assert len([link for link in inside if "?" in link]) >= 5
    assert {link: client.get(link).status_code for link in inside} == dict.fromkeys(inside, 200)


def test_the_page_opens_on_the_cohort_that_runs_and_on_any_other_when_asked():
    ended = factories.a_cohort("ended", status=Cohort.Status.ENDED)
    running = factories.a_cohort("running")
    draft = factories.a_cohort("draft", status=Cohort.Status.DRAFT)

    assert overview_for("", NOW).cohort == running
    assert overview_for("draft", NOW).cohort == draft
    assert overview_for("ended", NOW).cohort == ended
    with pytest.raises(Http404):
        overview_for("nowhere", NOW)


def test_a_draft_is_what_the_page_opens_on_while_there_is_nothing_else():
    draft = factories.a_cohort(status=Cohort.Status.DRAFT)

    overview = overview_for("", NOW)

    assert overview.cohort == draft
    assert overview.headline[0] == "Let's Get Real 6 is being prepared"
    assert overview.letters == []


def test_without_a_cohort_the_page_says_how_to_begin(client):
    client.force_login(factories.staff())

    page = client.get("/admin/")

    assert page.status_code == 200
    assert "Make a cohort" in page.content.decode()


def test_the_page_says_what_goes_out_next_and_to_how_many():
    cohort = factories.a_cohort()
    membership = factories.a_membership(cohort)
    factories.a_participant(membership)
    factories.a_participant(membership)
    factories.a_workshop(cohort)

    letters = overview_for(cohort.slug, NOW).letters

    assert [(letter.label, letter.people) for letter in letters] == [
        ("Workshop in 7 days", 2),
        ("Reply to a workshop still missing, 4 days before", 2),
        ("Workshop tomorrow", 2),
    ]


def test_health_says_when_the_clock_stands_still_and_letters_wait():
    factories.a_cohort()
    silent = overview_for("", NOW)
    Heartbeat.objects.create(name="clock", at=NOW - timedelta(minutes=2))
    ticking = overview_for("", NOW)
    Letter.objects.create(key="a", kind="x", address="a@sample.example", subject="x", body="x", due_at=NOW)
    late = overview_for("", NOW + timedelta(hours=1))

    assert [silent.is_silent, ticking.is_silent, late.is_silent] == [True, False, True]
    assert [ticking.oldest_due, late.oldest_due] == [None, NOW]


def test_the_page_takes_as_many_queries_for_thirty_organisations_as_for_three(client):
    client.force_login(factories.staff())
    cohort = factories.a_cohort()
    phases = [factories.a_phase(cohort, number, closes_on=NOW.date()) for number in (1, 2, 3)]
    factories.a_workshop(cohort)

    def grow(number: int) -> None:
        for _ in range(number):
            membership = factories.a_membership(cohort)
            author = factories.a_participant(membership)
            for phase in phases[:2]:
                factories.a_note(membership, author, phase=phase)
            session = factories.a_session(factories.a_slot(factories.a_mentor(membership)), membership, author)
            factories.a_follow_up(session, due_on=NOW.date() - timedelta(days=1))

    def queries() -> int:
        client.get("/admin/")
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/admin/").status_code == 200
        return len(captured)

    grow(3)
    few = queries()
    grow(27)

    assert queries() == few
