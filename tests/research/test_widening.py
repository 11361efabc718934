"""Changing who may read a note: what is said before, and what happens then."""

import uuid
from datetime import datetime

import pytest
from django.urls import reverse

from research.models import ResearchNote
from research.widening import widening
from tests.factories import (
    LONDON,
    NOW,
    a_cohort,
    a_membership,
    a_mentor,
    a_note,
    a_participant,
    a_seat,
    a_user,
    staff,
)
from tests.research.test_pages import confirmed, typed, words

pytestmark = pytest.mark.django_db
Audience = ResearchNote.Audience


@pytest.fixture
def membership():
    return a_membership(a_cohort(), "Sample House")


@pytest.fixture
def author(membership):
    return a_participant(membership)


@pytest.fixture
def cohort(membership, author):
    """Two more organisations, with one and two people; one of those sits in both, and one has left."""
    cohort = membership.cohort
    a_participant(membership, "Col League")
    one, two = a_membership(cohort), a_membership(cohort)
    both = a_participant(one)
    a_seat(two, both)
    a_participant(two)
    a_participant(two).seats.get().end(NOW)
    a_participant(a_membership(cohort, status="withdrawn"))
    a_participant(one, is_active=False)
    a_mentor(membership)
    return cohort


def url(name, note):
    return reverse(f"research:{name}", args=[note.membership.cohort.slug, note.pk])


def test_people_are_counted_once_and_only_those_who_will_read(cohort, membership, author):
    note = a_note(membership, author, audience=Audience.ME)

    organisation, everyone = (widening(note, audience, author) for audience in (Audience.ORGANISATION, Audience.COHORT))

    assert (organisation.people, organisation.organisations) == (1, 1)
    assert (everyone.people, everyone.organisations) == (3, 3)
    assert everyone.is_wider


def test_comments_come_along_those_taken_back_do_not(membership, author):
    note = a_note(membership, author, audience=Audience.ORGANISATION)
    for day in (4, 9):
        note.discussion.add(author, "Said.", datetime(2018, 5, day, 12, tzinfo=LONDON))
    note.discussion.add(author, "Taken back.", datetime(2018, 5, 1, 12, tzinfo=LONDON)).withdraw(author, NOW)

    said = widening(note, Audience.COHORT, author)

    assert (said.comments, said.oldest_comment) == (2, datetime(2018, 5, 4, 12, tzinfo=LONDON))


def test_the_facts_take_two_queries(cohort, membership, author, django_assert_num_queries):
    note = ResearchNote.objects.select_related("membership").get(pk=a_note(membership, author).pk)

    with django_assert_num_queries(2):
        widening(note, Audience.COHORT, author)


def test_note_readers_says_who_will_read_it_and_that_comments_come_along(client, cohort, membership, author):
    note = a_note(membership, author, audience=Audience.ORGANISATION)
    note.discussion.add(author, "Said.", datetime(2018, 5, 4, 12, tzinfo=LONDON))
    client.force_login(author)

    page = client.get(url("note_readers", note), {"audience": "cohort"})
    part = client.get(url("note_readers", note), {"audience": "cohort", "part": "said"})
    answer = client.post(url("note_readers", note), confirmed(page), follow=True)

    for said in (words(page), words(part)):
        assert "<strong>3 other people of 3 organisations</strong>" in said
        assert "and its 1 comment, the oldest from 4 May 2018." in said
    assert "<html" not in words(part)
    assert "Everyone in the cohort can read it now." in words(answer)
    assert ResearchNote.objects.get().audience == Audience.COHORT
    assert note.versions.count() == 2


def test_narrowing_says_that_who_read_it_has_read_it(client, membership, author):
    note = a_note(membership, author)
    client.force_login(author)

    page = words(client.get(url("note_readers", note), {"audience": "me"}))
    answer = client.post(
        url("note_edit", note), typed(client.get(url("note_edit", note)), audience="organisation"), follow=True
    )

    assert "Whoever read it until now has read it." in page
    assert "Whoever read it until now has read it." in words(answer)
    assert ResearchNote.objects.get().audience == Audience.ORGANISATION


def test_note_edit_without_a_script_keeps_the_text_and_asks_before_it_widens(client, cohort, membership, author):
    note = a_note(membership, author, audience=Audience.ORGANISATION)
    client.force_login(author)
    page = client.get(url("note_edit", note))

    answer = client.post(url("note_edit", note), typed(page, body="New words.", audience="cohort"))

    note.refresh_from_db()
    assert answer.url == url("note_readers", note) + "?audience=cohort"
    assert (note.body, note.audience) == ("New words.", Audience.ORGANISATION)


def test_a_yes_given_to_one_audience_is_no_yes_to_another(client, membership, author):
    note = a_note(membership, author, audience=Audience.ME)
    client.force_login(author)
    page = client.get(url("note_edit", note))

    client.post(url("note_edit", note), typed(page, audience="cohort") | {"confirmed": "organisation"})

    assert ResearchNote.objects.get().audience == Audience.ME


def test_an_old_page_shares_nothing_that_was_written_since(client, membership, author):
    note = a_note(membership, author, audience=Audience.ORGANISATION)
    client.force_login(author)
    page = client.get(url("note_readers", note), {"audience": "cohort"})
    ResearchNote.objects.filter(pk=note.pk).update(version=2, body="Something new.")

    answer = client.post(url("note_readers", note), confirmed(page))

    assert answer.status_code == 409
    assert "nothing was changed" in words(answer)
    assert ResearchNote.objects.get().audience == Audience.ORGANISATION


def test_only_its_author_makes_a_note_private_and_an_empty_one_is_not_shared(client, membership, author):
    shared = a_note(membership, author)
    empty = a_note(membership, author, audience=Audience.ME, body="", title="Only a title")
    client.force_login(a_participant(membership))
    by_colleague = client.post(
        url("note_readers", shared), {"save_id": str(uuid.uuid4()), "base_version": "1", "audience": "me"}
    )
    client.force_login(author)

    of_nothing = client.post(
        url("note_readers", empty), confirmed(client.get(url("note_readers", empty), {"audience": "cohort"}))
    )

    assert (by_colleague.status_code, of_nothing.status_code) == (422, 422)
    assert "Write a sentence first" in words(of_nothing)
    assert set(ResearchNote.objects.values_list("audience", flat=True)) == {Audience.COHORT, Audience.ME}


@pytest.mark.parametrize("asked", ["", "everyone", "<b>"])
def test_note_readers_without_a_choice_offers_one(client, membership, author, asked):
    note = a_note(membership, author)
    client.force_login(author)

    page = client.get(url("note_readers", note), {"audience": asked})

    assert page.status_code == 200
    assert "See what that means" in words(page)
    assert page.context["said"] is None


def test_who_may_only_read_a_note_decides_nothing_about_it(client, cohort, membership, author):
    note = a_note(membership, author)
    people = [a_participant(a_membership(cohort)), a_mentor(membership, name="Other").user, staff(), a_user()]

    codes = []
    for person in people:
        client.force_login(person)
        codes.append(client.get(url("note_readers", note)).status_code)

    assert codes == [403, 403, 403, 404]
