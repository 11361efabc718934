from datetime import timedelta

import pytest
from django.urls import reverse

from research.presence import GONE_AFTER, look_in
from tests.factories import NOW, a_kept_copy, a_membership, a_note, a_participant

pytestmark = pytest.mark.django_db


@pytest.fixture
def membership():
    return a_membership()


@pytest.fixture
def pat(membership):
    return a_participant(membership, "Pat")


@pytest.fixture
def cole(membership):
    return a_participant(membership, "Cole")


@pytest.fixture
def note(membership, pat):
    return a_note(membership, pat, audience="organisation", body="We filmed the store.")


def test_who_has_the_note_open_is_told_to_others_and_not_to_oneself(note, pat, cole):
    assert look_in(note.pk, pat, NOW) == []
    later = NOW + timedelta(seconds=20)
    assert look_in(note.pk, cole, later) == [{"name": "Pat", "since": NOW}]
    assert look_in(note.pk, pat, later) == [{"name": "Cole", "since": later}]


def test_who_says_nothing_for_a_minute_has_left(note, pat, cole):
    look_in(note.pk, pat, NOW)
    assert look_in(note.pk, cole, NOW + GONE_AFTER) == []


def test_the_page_asks_for_it_in_json(client, note, pat, cole):
    client.force_login(pat)
    address = reverse("research:note_presence", args=[note.membership.cohort.slug, note.pk])
    assert client.post(address).json() == {"others": []}
    client.force_login(cole)
    assert [one["name"] for one in client.post(address).json()["others"]] == ["Pat"]


def conflict_page(client, note, kept, by):
    client.force_login(by)
    return client.get(reverse("research:note_conflict", args=[note.membership.cohort.slug, note.pk, kept.pk]))


def test_both_texts_of_a_conflict_are_shown_with_what_differs_marked(client, note, pat):
    kept = a_kept_copy(note, "We filmed the café.")
    page = conflict_page(client, note, kept, pat)
    words = [[(piece.how, piece.text) for piece in page.context[side]] for side in ("theirs", "mine")]
    assert words == [
        [("same", "We filmed the "), ("removed", "store"), ("same", ".")],
        [("same", "We filmed the "), ("added", "café"), ("same", ".")],
    ]
    assert '<mark class="differs">café</mark>' in page.content.decode()


def test_a_colleague_may_read_what_was_kept_of_a_shared_note_but_nothing_written_in_private(client, note, pat, cole):
    assert conflict_page(client, note, a_kept_copy(note), cole).status_code == 200
    assert conflict_page(client, note, a_kept_copy(note, audience="me"), cole).status_code == 404


def test_a_version_with_a_number_is_no_conflict(client, note, pat):
    assert conflict_page(client, note, note.versions.get(), pat).status_code == 404
