from datetime import date, timedelta

import pytest
from django.contrib.auth.models import AnonymousUser

from research.models import Experiment, NoteVersion, ResearchNote, kinds_of
from tests.factories import (
    NOW,
    a_cohort,
    a_membership,
    a_mentor,
    a_note,
    a_participant,
    a_phase,
    a_seat,
    a_user,
    an_experiment,
    staff,
)

pytestmark = pytest.mark.django_db
Audience = ResearchNote.Audience


@pytest.fixture
def people():
    """One of each role around the notes of one organisation."""
    cohort = a_cohort()
    membership = a_membership(cohort)
    author = a_participant(membership)
    former = a_participant(membership, "Fay Former")
    former.seats.get().end(NOW)
    return {
        "membership": membership,
        "author": author,
        "colleague": a_participant(membership, "Col League"),
        "neighbour": a_participant(a_membership(cohort), "Nea Bour"),
        "former": former,
        "mentor": a_mentor(membership).user,
        "other_mentor": a_mentor(a_membership(cohort), name="Ota Mentor").user,
        "staff": staff(),
        "stranger": a_participant(a_membership(a_cohort()), "Stra Nger"),
        "anonymous": AnonymousUser(),
    }


READERS = {
    Audience.ME: {"author"},
    Audience.ORGANISATION: {"author", "colleague", "mentor", "staff"},
    Audience.COHORT: {"author", "colleague", "mentor", "staff", "neighbour"},
}


@pytest.mark.parametrize("audience", Audience.values)
def test_a_note_is_read_by_those_its_audience_names_and_no_others(people, audience):
    note = a_note(people["membership"], people["author"], audience=audience)

    roles = [name for name in people if name != "membership"]
    readers = {name for name in roles if ResearchNote.objects.visible_to(people[name]).filter(pk=note.pk).exists()}

    assert readers == READERS[audience]


def test_a_seat_that_ends_takes_shared_notes_away_and_leaves_private_drafts(people):
    draft = a_note(people["membership"], people["author"], audience=Audience.ME)
    a_note(people["membership"], people["author"], audience=Audience.COHORT)

    people["author"].seats.get().end(NOW)

    assert list(ResearchNote.objects.visible_to(people["author"])) == [draft]


def test_an_ended_seat_here_and_a_live_one_elsewhere_do_not_add_up():
    """Two relations to one table must match in the same row."""
    old, new = a_membership(), a_membership()
    person = a_user()
    a_seat(old, person).end(NOW)
    a_seat(new, person)
    a_note(old, audience=Audience.ORGANISATION)
    theirs = a_note(new, audience=Audience.ORGANISATION)

    assert list(ResearchNote.objects.visible_to(person)) == [theirs]


def test_a_mentorship_that_ended_shows_nothing(people):
    a_note(people["membership"], people["author"])

    people["mentor"].mentor_roles.get().mentorships.update(ended_at=NOW)

    assert not ResearchNote.objects.visible_to(people["mentor"]).exists()


def test_people_of_an_organisation_that_left_read_nothing_shared(people):
    a_note(people["membership"], people["author"])

    people["membership"].status = "withdrawn"
    people["membership"].save()

    assert not ResearchNote.objects.visible_to(people["colleague"]).exists()
    assert ResearchNote.objects.visible_to(people["neighbour"]).exists()


def test_a_private_beginning_stays_private_when_the_note_is_shared(people):
    note = a_note(people["membership"], people["author"], audience=Audience.ME)
    ResearchNote.objects.filter(pk=note.pk).update(audience=Audience.COHORT, version=2)
    shared = NoteVersion.objects.create(
        note=note,
        number=2,
        save_id=note.pk,
        base_version=1,
        body="For all",
        audience=Audience.COHORT,
        author=people["author"],
        created_at=NOW,
    )

    assert list(NoteVersion.objects.visible_to(people["colleague"])) == [shared]
    assert list(NoteVersion.objects.visible_to(people["staff"])) == [shared]
    assert NoteVersion.objects.visible_to(people["author"]).count() == 2
    assert not NoteVersion.objects.visible_to(people["stranger"]).exists()
    assert not NoteVersion.objects.visible_to(people["anonymous"]).exists()


def test_a_note_is_changed_by_its_author_and_once_shared_by_colleagues(people):
    draft = a_note(people["membership"], people["author"], audience=Audience.ME)
    shared = a_note(people["membership"], people["author"], audience=Audience.COHORT)

    roles = [name for name in people if name not in ("membership", "anonymous")]

    assert {name for name in roles if draft.can_be_edited_by(people[name])} == {"author"}
    assert {name for name in roles if shared.can_be_edited_by(people[name])} == {"author", "colleague"}


def test_a_deleted_note_can_only_be_put_back(people):
    note = a_note(people["membership"], people["author"])

    note.delete_softly(NOW, note.author)

    assert not note.can_be_edited_by(people["author"])
    assert not note.can_be_commented_by(people["author"])
    assert note.can_be_put_back_by(people["colleague"], NOW)
    assert not ResearchNote.objects.present().exists()
    note.put_back()
    assert note.can_be_edited_by(people["author"])
    assert not note.can_be_put_back_by(people["author"], NOW)


def test_a_list_shows_own_drafts_first_and_then_the_latest():
    membership = a_membership()
    author = a_participant(membership)
    older = a_note(membership, author, updated_at=NOW - timedelta(days=3))
    newer = a_note(membership, author, updated_at=NOW)
    draft = a_note(membership, author, audience=Audience.ME, updated_at=NOW - timedelta(days=9))

    assert list(ResearchNote.objects.for_list()) == [draft, newer, older]


@pytest.mark.parametrize(
    ("opens", "closes", "stage"),
    [
        (date(2018, 5, 1), date(2018, 5, 31), "open"),
        (date(2018, 5, 14), date(2018, 5, 15), "open"),
        (date(2018, 5, 1), date(2018, 5, 14), "open"),
        (date(2018, 5, 1), date(2018, 5, 13), "closed"),
        (date(2018, 5, 15), date(2018, 5, 31), "before"),
        (None, None, "unknown"),
        (date(2018, 5, 1), None, "unknown"),
        (None, date(2018, 5, 20), "unknown"),
        (date(2018, 5, 20), None, "before"),
        (None, date(2018, 5, 2), "closed"),
    ],
)
def test_a_phase_says_where_it_stands_as_far_as_its_dates_are_known(opens, closes, stage):
    phase = a_phase(a_cohort(), opens_on=opens, closes_on=closes)

    assert phase.stage(date(2018, 5, 14)) == stage


def test_a_cohort_may_call_a_kind_by_its_own_word():
    cohort = a_cohort()
    cohort.kind_labels.create(kind="hunch", label="Theory")

    labels = dict(kinds_of(cohort))

    assert labels["hunch"] == "Theory"
    assert labels["action"] == "Action"


def test_question_and_hunch_are_kept_as_dated_versions():
    experiment = an_experiment(a_membership(), "Who films?")
    author = a_user()

    experiment.reframe("Who films, and for whom?", "Friends.", author, NOW + timedelta(days=1))
    experiment.reframe("Who films, and for whom?", "Friends.", author, NOW + timedelta(days=2))

    assert [framing.question for framing in experiment.framings.all()] == ["Who films, and for whom?", "Who films?"]
    assert experiment.framing is not None
    assert experiment.framing.hunch == "Friends."


def test_an_experiment_is_seen_by_its_organisation_its_mentor_and_staff(people):
    experiment = an_experiment(people["membership"])

    roles = [name for name in people if name != "membership"]
    readers = {name for name in roles if Experiment.objects.visible_to(people[name]).filter(pk=experiment.pk).exists()}

    assert readers == {"author", "colleague", "mentor", "staff"}
    assert experiment.can_be_edited_by(people["colleague"])
    assert not experiment.can_be_edited_by(people["mentor"])
    assert not experiment.can_be_edited_by(people["staff"])
