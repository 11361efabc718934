"""Us too: another organisation says in one line that it met the same, and becomes a contributor."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, transaction
from django.urls import reverse

from participants.models import Cohort
from research.models import ResearchNote, UsToo
from tests.factories import (
    a_cohort,
    a_membership,
    a_mentor,
    a_note,
    a_participant,
    a_seat,
    a_us_too,
    staff,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def cohort():
    return a_cohort("lgr6")


@pytest.fixture
def museum(cohort):
    return a_membership(cohort, "Sample Museum")


@pytest.fixture
def note(museum):
    return a_note(museum)


@pytest.fixture
def peer(cohort):
    return a_participant(a_membership(cohort, "Sample Gallery"), "Nel Neighbour")


def say(client, note, line="We saw it too.", **extra):
    return client.post(reverse("research:us_too_new", args=["lgr6", note.pk]), {"line": line, **extra})


def take_out(client, said):
    return client.post(reverse("research:us_too_remove", args=["lgr6", said.note_id, said.pk]))


def test_a_peer_adds_one_line_and_their_organisation_is_named_under_the_note(client, note, peer):
    client.force_login(peer)

    answer = say(client, note)

    text = client.get(note.get_absolute_url()).content.decode()
    assert answer["Location"] == f"{note.get_absolute_url()}#us-too"
    assert "We saw it too." in text
    assert "<strong>Sample Gallery</strong>" in text
    assert "Say “us too”" not in text


def test_the_notes_own_organisation_is_offered_nothing_and_refused(client, museum, note):
    client.force_login(a_participant(museum))

    assert "Say “us too”" not in client.get(note.get_absolute_url()).content.decode()
    assert say(client, note).status_code == 403
    assert not UsToo.objects.exists()


@pytest.mark.parametrize("who", ["mentor", "staff"])
def test_who_has_no_seat_reads_but_does_not_say(client, museum, note, peer, who):
    a_us_too(note, peer)
    client.force_login(a_mentor(museum).user if who == "mentor" else staff())

    assert "We saw the same in our stores." in client.get(note.get_absolute_url()).content.decode()
    assert say(client, note).status_code == 403


def test_a_note_for_its_organisation_alone_is_not_there_for_a_peer(client, museum, peer):
    inner = a_note(museum, audience=ResearchNote.Audience.ORGANISATION)
    client.force_login(peer)

    assert say(client, inner).status_code == 404
    assert not UsToo.objects.exists()


def test_an_organisation_says_it_once(client, note, peer):
    membership = peer.seats.get().membership
    client.force_login(peer)
    say(client, note)

    again = say(client, note, "Once more.")
    client.force_login(a_participant(membership))
    colleague = say(client, note, "From a colleague.")

    assert (again.status_code, colleague.status_code) == (302, 403)
    assert [said.line for said in UsToo.objects.all()] == ["We saw it too."]


def test_the_database_keeps_a_second_line_of_one_organisation_out(note, peer):
    a_us_too(note, peer)

    with pytest.raises(IntegrityError), transaction.atomic():
        a_us_too(note, peer)


@pytest.mark.parametrize(("line", "code"), [("x" * 280, 302), ("x" * 281, 422), ("   ", 422)])
def test_a_line_has_words_and_no_more_than_280_characters(client, note, peer, line, code):
    client.force_login(peer)

    assert say(client, note, line).status_code == code
    assert UsToo.objects.exists() == (code == 302)


def test_who_sits_in_two_other_organisations_says_for_which(client, cohort, note, peer):
    second = a_membership(cohort, "Sample Archive")
    a_seat(second, peer)
    client.force_login(peer)

    missing = say(client, note)
    answer = say(client, note, organisation=second.organisation.slug)

    assert (missing.status_code, answer.status_code) == (422, 302)
    assert UsToo.objects.get().membership == second


@pytest.mark.parametrize("status", [Cohort.Status.ENDED, Cohort.Status.DRAFT])
def test_a_closed_cohort_refuses_with_a_sentence(client, cohort, note, peer, status):
    Cohort.objects.filter(pk=cohort.pk).update(status=status)
    client.force_login(peer)

    answer = say(client, note)

    assert answer.status_code == 409
    assert "This cohort is closed" in answer.content.decode()
    assert "Say “us too”" not in client.get(note.get_absolute_url()).content.decode()
    assert not UsToo.objects.exists()


def test_its_author_takes_it_out_and_can_say_another(client, note, peer):
    client.force_login(peer)
    say(client, note)

    take_out(client, UsToo.objects.get())
    say(client, note, "Better words.")

    text = client.get(note.get_absolute_url()).content.decode()
    assert "Better words." in text
    assert "We saw it too." not in text
    assert UsToo.objects.count() == 2


def test_staff_take_it_out_and_a_colleague_does_not(client, note, peer):
    said = a_us_too(note, peer)
    client.force_login(a_participant(said.membership))
    assert take_out(client, said).status_code == 403
    assert UsToo.objects.present().exists()
    by = staff()
    client.force_login(by)

    assert take_out(client, said).status_code == 302

    said.refresh_from_db()
    assert said.removed_by == by
    assert not UsToo.objects.present().exists()


def test_it_is_read_by_whoever_reads_the_note_and_nobody_else(museum, note, peer):
    said = a_us_too(note, peer)
    stranger = a_participant(a_membership(a_cohort()))

    assert set(UsToo.objects.visible_to(note.author)) == {said}
    assert set(UsToo.objects.visible_to(peer)) == {said}
    assert not UsToo.objects.visible_to(stranger).exists()
    assert not UsToo.objects.visible_to(AnonymousUser()).exists()


def test_with_a_note_made_private_it_is_gone_for_all(note, peer):
    a_us_too(note, peer)
    ResearchNote.objects.filter(pk=note.pk).update(audience=ResearchNote.Audience.ME)

    assert not UsToo.objects.visible_to(note.author).exists()
    assert not UsToo.objects.visible_to(staff()).exists()


def test_a_note_with_three_lines_takes_as_many_queries_as_with_one(
    client, cohort, note, peer, django_assert_max_num_queries
):
    reader = a_participant(note.membership)
    client.force_login(reader)
    a_us_too(note, peer)
    client.get(note.get_absolute_url())
    with django_assert_max_num_queries(60) as one:
        client.get(note.get_absolute_url())
    for _ in range(2):
        a_us_too(note, a_participant(a_membership(cohort)), "Here as well.")

    with django_assert_max_num_queries(60) as three:
        text = client.get(note.get_absolute_url()).content.decode()

    assert text.count("Here as well.") == 2
    assert len(three) == len(one)


def test_a_line_of_hostile_marks_is_words(client, note, peer):
    client.force_login(peer)

    say(client, note, "<script>alert(1)</script>")

    assert "&lt;script&gt;alert(1)" in client.get(note.get_absolute_url()).content.decode()
