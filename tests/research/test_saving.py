import uuid
from datetime import timedelta

import pytest

from discussions.models import Discussion
from research.models import NoteVersion, ResearchNote
from research.saving import Change, NoSuchNote, Refused, save_note
from tests.factories import NOW, a_cohort, a_membership, a_note, a_participant, a_seat, a_user, an_experiment

pytestmark = pytest.mark.django_db
Audience = ResearchNote.Audience


@pytest.fixture
def membership():
    return a_membership()


@pytest.fixture
def author(membership):
    return a_participant(membership)


@pytest.fixture
def save(membership, author):
    """Saves as the author, at a name of its own unless one is given."""

    def save(pk, base_version, body="Text", *, by=None, title="", save_id=None, organisation="", **fields):
        change = Change(save_id or uuid.uuid4(), base_version, title, body, fields, organisation)
        return save_note(pk, membership.cohort, change, by or author, NOW)

    return save


def test_the_first_save_begins_a_private_note_with_its_thread(save, membership, author):
    pk = uuid.uuid4()

    outcome = save(pk, 0, "First words", title="A title")

    note = ResearchNote.objects.get(pk=pk)
    assert outcome.version == note.version == 1
    assert (note.title, note.body, note.author, note.membership) == ("A title", "First words", author, membership)
    assert note.audience == Audience.ME
    assert note.shared_at is None
    assert note.discussion is not None
    assert [(v.number, v.body, v.audience) for v in note.versions.all()] == [(1, "First words", Audience.ME)]


def test_each_accepted_save_appends_a_version(save):
    pk = uuid.uuid4()

    for base in range(3):
        save(pk, base, f"Text {base + 1}")

    assert ResearchNote.objects.get(pk=pk).body == "Text 3"
    assert list(NoteVersion.objects.order_by("number").values_list("number", "body")) == [
        (1, "Text 1"),
        (2, "Text 2"),
        (3, "Text 3"),
    ]


def test_fields_not_named_stay_as_they_are(save):
    pk = uuid.uuid4()
    save(pk, 0, kind="hunch", audience=Audience.COHORT, may_be_quoted=True)

    save(pk, 1, "More")

    note = ResearchNote.objects.get(pk=pk)
    assert (note.kind, note.audience, note.may_be_quoted) == ("hunch", Audience.COHORT, True)


def test_a_repeat_of_a_save_gets_the_same_answer_and_stores_nothing(save):
    pk, save_id = uuid.uuid4(), uuid.uuid4()
    save(pk, 0, "Once", save_id=save_id)
    save(pk, 1, "Twice")

    again = save(pk, 0, "Once", save_id=save_id)

    assert again.version == 1
    assert again.kept is None
    assert ResearchNote.objects.get(pk=pk).body == "Twice"
    assert NoteVersion.objects.count() == 2


def test_a_save_from_an_older_version_changes_nothing_and_its_text_is_kept(save, author):
    pk = uuid.uuid4()
    save(pk, 0, "One")
    save(pk, 1, "Two")

    outcome = save(pk, 1, "Late words", title="Late")

    note = ResearchNote.objects.get(pk=pk)
    assert (note.version, note.body) == (2, "Two")
    assert outcome.version == 2
    assert outcome.kept is not None
    assert (outcome.kept.body, outcome.kept.title, outcome.kept.number) == ("Late words", "Late", None)
    assert outcome.kept.base_version == 1


def test_a_repeat_of_a_save_that_lost_is_told_so_again_and_kept_once(save):
    pk, save_id = uuid.uuid4(), uuid.uuid4()
    save(pk, 0, "One")
    save(pk, 1, "Two")

    first = save(pk, 1, "Late", save_id=save_id)
    again = save(pk, 1, "Late", save_id=save_id)

    assert again.kept == first.kept
    assert NoteVersion.objects.filter(number=None).count() == 1


def test_a_name_used_again_for_another_text_is_no_repeat_and_loses_nothing(save):
    """A browser's back button sends an old form with new words: they must not be answered as saved and dropped."""
    pk, save_id = uuid.uuid4(), uuid.uuid4()
    save(pk, 0, "One", save_id=save_id)

    outcome = save(pk, 0, "One, and more", save_id=save_id)

    assert outcome.kept is not None
    assert outcome.kept.body == "One, and more"
    assert ResearchNote.objects.get(pk=pk).body == "One"


def test_a_name_used_again_for_another_audience_is_no_repeat(save):
    pk, save_id = uuid.uuid4(), uuid.uuid4()
    save(pk, 0, "One", save_id=save_id)

    outcome = save(pk, 0, "One", save_id=save_id, audience=Audience.COHORT)

    assert outcome.kept is not None
    assert ResearchNote.objects.get(pk=pk).audience == Audience.ME


def test_every_text_ever_taken_is_in_the_versions(save):
    pk = uuid.uuid4()
    sent = [(0, "a"), (1, "b"), (0, "c"), (1, "d"), (2, "e"), (7, "f")]

    for base, body in sent:
        save(pk, base, body)

    assert set(NoteVersion.objects.values_list("body", flat=True)) == {"a", "b", "c", "d", "e", "f"}
    assert ResearchNote.objects.get(pk=pk).body == "e"


def test_the_check_above_would_catch_a_save_without_the_version_check(author, membership):
    """Negative control: a save that only writes is seen to lose a text."""
    note = a_note(membership, author, body="a")

    def unguarded_save(body: str) -> None:
        ResearchNote.objects.filter(pk=note.pk).update(body=body)

    for body in ("b", "c"):
        unguarded_save(body)

    kept = set(NoteVersion.objects.values_list("body", flat=True)) | {ResearchNote.objects.get(pk=note.pk).body}
    assert "b" not in kept


def test_the_day_it_was_first_shared_is_kept(save, membership, author):
    pk = uuid.uuid4()
    save(pk, 0)
    save(pk, 1, audience=Audience.ORGANISATION)
    first = ResearchNote.objects.get(pk=pk).shared_at

    later = Change(uuid.uuid4(), 2, "", "Text", {"audience": Audience.COHORT})
    save_note(pk, membership.cohort, later, author, NOW + timedelta(days=1))

    assert first == NOW
    assert ResearchNote.objects.get(pk=pk).shared_at == NOW


def test_each_version_says_who_could_read_it(save):
    pk = uuid.uuid4()
    save(pk, 0, "Mine")
    save(pk, 1, "Ours", audience=Audience.ORGANISATION)
    save(pk, 1, "Late and private", audience=Audience.ME)
    save(pk, 1, "Late and open", audience=Audience.COHORT)

    audiences = dict(NoteVersion.objects.values_list("body", "audience"))

    assert audiences == {
        "Mine": Audience.ME,
        "Ours": Audience.ORGANISATION,
        "Late and private": Audience.ME,
        "Late and open": Audience.ORGANISATION,
    }


def test_a_colleague_changes_a_shared_note_and_cannot_make_it_private(save, membership):
    pk = uuid.uuid4()
    colleague = a_participant(membership)
    save(pk, 0, audience=Audience.ORGANISATION)

    with pytest.raises(Refused) as refused:
        save(pk, 1, by=colleague, audience=Audience.ME)
    outcome = save(pk, 1, "By a colleague", by=colleague)

    assert refused.value.name == "audience"
    assert outcome.version == 2
    assert NoteVersion.objects.get(number=2).author == colleague


@pytest.mark.parametrize("role", ["colleague", "neighbour"])
def test_a_private_note_of_someone_else_is_no_such_note(save, membership, role):
    pk = uuid.uuid4()
    save(pk, 0, "CANARY")
    place = membership if role == "colleague" else a_membership(membership.cohort)

    for base in (0, 1):
        with pytest.raises(NoSuchNote):
            save(pk, base, "Mine now", by=a_participant(place))

    assert ResearchNote.objects.get(pk=pk).body == "CANARY"


def test_a_note_is_found_in_its_own_cohort_only(save, author):
    other = a_cohort()
    a_seat(a_membership(other), author)
    pk = uuid.uuid4()
    save(pk, 0)

    with pytest.raises(NoSuchNote):
        save_note(pk, other, Change(uuid.uuid4(), 1, "", "Elsewhere"), author, NOW)


def test_a_seat_that_has_ended_saves_nothing(save, author):
    pk = uuid.uuid4()
    save(pk, 0)
    author.seats.get().end(NOW)

    with pytest.raises(NoSuchNote):
        save(pk, 1, "Too late")
    with pytest.raises(Refused):
        save(uuid.uuid4(), 0)


def test_a_deleted_note_takes_no_text_before_it_is_put_back(save, author):
    pk = uuid.uuid4()
    save(pk, 0)
    ResearchNote.objects.get(pk=pk).delete_softly(NOW, author)

    with pytest.raises(Refused) as refused:
        save(pk, 1)

    assert refused.value.status == 404


def test_a_note_that_was_never_begun_has_no_later_version(save):
    with pytest.raises(NoSuchNote):
        save(uuid.uuid4(), 3)


def test_an_empty_new_note_is_refused_and_leaves_no_row(save):
    with pytest.raises(Refused):
        save(uuid.uuid4(), 0, "  \n ")

    assert not ResearchNote.objects.exists()
    assert not Discussion.objects.exists()


def test_a_draft_may_be_emptied_and_a_shared_note_not(save):
    pk = uuid.uuid4()
    save(pk, 0, "Words")

    save(pk, 1, "")

    with pytest.raises(Refused) as refused:
        save(pk, 2, "", title="Only a title", audience=Audience.COHORT)
    assert refused.value.name == "body"
    assert ResearchNote.objects.get(pk=pk).audience == Audience.ME


def test_an_experiment_of_another_organisation_is_refused(save, membership):
    own, foreign = an_experiment(membership), an_experiment(a_membership(membership.cohort))
    pk = uuid.uuid4()

    save(pk, 0, experiment=own)
    with pytest.raises(Refused) as refused:
        save(pk, 1, experiment=foreign)

    assert refused.value.name == "experiment"
    assert ResearchNote.objects.get(pk=pk).experiment == own


def test_who_sits_in_two_organisations_says_for_which_they_write(save, membership, author):
    second = a_membership(membership.cohort)
    a_seat(second, author)
    pk = uuid.uuid4()

    with pytest.raises(Refused) as refused:
        save(pk, 0)
    save(pk, 0, organisation=second.organisation.slug)

    assert refused.value.name == "organisation"
    assert ResearchNote.objects.get(pk=pk).membership == second


def test_nobody_writes_for_an_organisation_they_have_no_seat_in(save, membership):
    other = a_membership(membership.cohort)

    with pytest.raises(Refused):
        save(uuid.uuid4(), 0, organisation=other.organisation.slug)
    with pytest.raises(Refused):
        save(uuid.uuid4(), 0, by=a_user())
