"""Deleted notes: where they wait, who puts them back, and that nothing erases one by accident."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.db import IntegrityError, models, transaction
from django.db.models import ProtectedError
from django.urls import reverse
from django.utils import timezone

from participants.models import Cohort, Membership, Organisation, User
from research.models import (
    Addendum,
    Attachment,
    CardVersion,
    NoteVersion,
    ResearchNote,
    ResearchPhase,
    Seal,
    Unlock,
    UsToo,
)
from tests.admin.desk import at_the_desk, chosen, page_of, text_of
from tests.factories import a_cohort, a_membership, a_mentor, a_note, a_participant, a_phase, an_experiment, staff
from tests.research.test_pages import queries_of, words

pytestmark = pytest.mark.django_db
Audience = ResearchNote.Audience


@pytest.fixture
def membership():
    return a_membership(a_cohort(), "Sample House")


@pytest.fixture
def author(membership):
    return a_participant(membership)


def page(membership):
    return reverse("research:note_deleted_list", args=[membership.cohort.slug])


def url(name, note):
    return reverse(f"research:{name}", args=[note.membership.cohort.slug, note.pk])


def deleted(membership, author, days=0, **extra):
    note = a_note(membership, author, **extra)
    note.delete_softly(timezone.now() - timedelta(days=days), author)
    return note


def test_a_deleted_note_is_put_back_in_two_clicks_by_anyone_of_its_organisation(client, membership, author):
    note = a_note(membership, author, title="Stores")
    client.force_login(author)
    client.post(url("note_delete", note))
    client.force_login(a_participant(membership, "Col League"))

    listed = words(client.get(reverse("research:note_list", args=[membership.cohort.slug])))
    waiting = words(client.get(page(membership)))
    client.post(url("note_put_back", note))

    note.refresh_from_db()
    assert page(membership) in listed
    assert "Stores" in waiting
    assert f"Deleted by {author}" in waiting
    assert url("note_put_back", note) in waiting
    assert (note.deleted_at, note.deleted_by) == (None, None)
    assert note.versions.count() == 1


def test_nobody_else_sees_what_an_organisation_deleted(client, membership, author):
    deleted(membership, author, title="CANARY")
    neighbour = a_participant(a_membership(membership.cohort))

    seen = {}
    for name, person in {
        "neighbour": neighbour,
        "mentor": a_mentor(membership).user,
        "staff": staff(),
        "colleague": a_participant(membership),
    }.items():
        client.force_login(person)
        seen[name] = "CANARY" in words(client.get(page(membership)))

    assert seen == {"neighbour": False, "mentor": False, "staff": False, "colleague": True}


def test_a_deleted_draft_waits_for_its_author_alone_and_without_end(client, membership, author):
    note = deleted(membership, author, days=400, audience=Audience.ME, title="CANARY")
    client.force_login(a_participant(membership))
    colleague = words(client.get(page(membership)))
    client.force_login(author)

    own = words(client.get(page(membership)))

    assert "CANARY" not in colleague
    assert "CANARY" in own
    assert "Waits until you put it back" in own
    assert client.post(url("note_put_back", note)).status_code == 302


def test_after_30_days_staff_alone_put_a_note_back(client, membership, author):
    young, old = deleted(membership, author, days=29, title="Young"), deleted(membership, author, days=30, title="Old")
    client.force_login(author)

    waiting = words(client.get(page(membership)))
    codes = [client.post(url("note_put_back", note)).status_code for note in (young, old)]
    gone = client.get(old.get_absolute_url()).status_code
    at_the_desk().post(page_of(ResearchNote, "changelist") + "?deleted=yes", chosen("put_back", old, confirmed="yes"))

    assert "Young" in waiting
    assert "Old" not in waiting
    assert (codes, gone) == ([302, 404], 404)
    assert client.get(old.get_absolute_url()).status_code == 200


def test_staff_who_delete_a_note_are_named(membership, author):
    note, stella = a_note(membership, author), staff()

    at_the_desk(stella).post(page_of(ResearchNote, "changelist"), chosen("delete_softly", note, confirmed="yes"))

    note.refresh_from_db()
    assert note.deleted_by == stella


def test_a_note_is_deleted_by_somebody_or_not_at_all(membership, author):
    note = a_note(membership, author)

    with pytest.raises(IntegrityError), transaction.atomic():
        ResearchNote.objects.filter(pk=note.pk).update(deleted_at=timezone.now())


def test_the_list_of_deleted_notes_asks_as_often_for_thirty_as_for_three(client, membership, author):
    client.force_login(author)
    counts = []
    for number in (3, 27):
        for _ in range(number):
            deleted(membership, a_participant(membership))
        counts.append(queries_of(client, page(membership)))

    assert counts[0] == counts[1]


def test_the_empty_page_says_what_will_be_here(client, membership, author):
    client.force_login(author)

    assert "it can be put back here" in words(client.get(page(membership)))


# What holds the texts: whatever they point at cannot go while they are there, and they do not go with it.
TEXTS = [ResearchNote, NoteVersion, Addendum, Attachment, Seal, Unlock, CardVersion, UsToo]


@pytest.mark.parametrize("model", TEXTS, ids=lambda model: model.__name__)
def test_no_cascade_reaches_a_text(model):
    """A row that is pointed at by PROTECT cannot be deleted at all, so one PROTECT on every way is enough."""
    own = [field for field in model._meta.get_fields() if field.is_relation and field.concrete]

    assert own
    assert [str(field) for field in own if field.remote_field.on_delete is not models.PROTECT] == []


def test_every_text_is_on_the_list_above():
    """A new model of research that keeps what people wrote is added there, or its relations are not looked at."""
    with_text = {
        model
        for model in apps.get_app_config("research").get_models()
        if any(getattr(field, "related_model", None) in (ResearchNote, NoteVersion) for field in model._meta.fields)
    }

    assert with_text - set(TEXTS) == set()


def test_a_cascade_would_be_seen():
    """The negative control: a prompt does go with its phase."""
    field = next(field for field in apps.get_model("research", "Prompt")._meta.fields if field.name == "phase")

    assert field.remote_field.on_delete is models.CASCADE


def test_nothing_above_a_note_can_be_deleted(membership, author):
    phase = a_phase(membership.cohort)
    note = a_note(membership, author, phase=phase, experiment=an_experiment(membership))
    above = [
        note,
        note.discussion,
        note.experiment,
        author,
        membership,
        membership.organisation,
        membership.cohort,
        phase,
    ]

    for row in above:
        with pytest.raises(ProtectedError), transaction.atomic():
            row.delete()

    assert ResearchNote.objects.get().body == note.body
    assert note.versions.count() == 1


@pytest.mark.parametrize("model", [Organisation, Membership, Cohort, User, ResearchPhase])
def test_the_desk_deletes_nothing_that_would_take_a_note_along_and_says_what_stands_in_the_way(
    membership, author, model
):
    """A draft too stands in the way, and is counted, not named."""
    phase = a_phase(membership.cohort)
    a_note(membership, author, phase=phase, audience=Audience.ME, title="Kingfisher")
    row = model.objects.get(pk=author.pk) if model is User else model.objects.first()
    client = at_the_desk()

    asked = client.get(page_of(model, "delete", row.pk))
    client.post(page_of(model, "delete", row.pk), {"post": "yes"})

    assert model.objects.filter(pk=row.pk).exists()
    assert asked.status_code in (200, 403)
    if asked.status_code == 200:
        assert ": 1" in text_of(asked)
    assert "Kingfisher" not in text_of(asked)
