"""The versions of a note on its pages: in stretches, compared, restored."""

import uuid
from datetime import timedelta

import pytest
from django.urls import reverse

from research.history import ROWS_READ, page_of
from research.models import NoteVersion, ResearchNote
from tests.factories import NOW, a_cohort, a_membership, a_note, a_participant, a_phase
from tests.research.test_pages import queries_of, words

pytestmark = pytest.mark.django_db
Audience = ResearchNote.Audience


@pytest.fixture
def membership():
    return a_membership(a_cohort())


@pytest.fixture
def author(membership):
    return a_participant(membership)


@pytest.fixture
def note(membership, author):
    return a_note(membership, author, title="Stores", body="First words.")


def a_version(note, number, minutes, *, by=None, is_autosave=True, **extra):
    """A version saved so many minutes after NOW; without a number a kept copy."""
    fields = {"body": f"Text {number}", "title": note.title, "audience": note.audience, **extra}
    return NoteVersion.objects.create(
        note=note,
        number=number,
        save_id=uuid.uuid4(),
        base_version=(number or 1) - 1,
        author=by or note.author,
        created_at=NOW + timedelta(minutes=minutes),
        is_autosave=is_autosave,
        **fields,
    )


def stretches(note, below=None):
    """The numbers in each stretch, newest first."""
    page = page_of(note.versions.all(), below)
    return [[v.number for v in (stretch.latest, *stretch.earlier)] for stretch in page.stretches]


def url(name, note, *args):
    return reverse(f"research:{name}", args=[note.membership.cohort.slug, note.pk, *args])


# Stretches


def test_autosaves_of_one_person_within_ten_minutes_count_as_one(note):
    for number, minutes in [(2, 0), (3, 4), (4, 9.9), (5, 30)]:
        a_version(note, number, minutes)

    assert stretches(note) == [[5], [4, 3, 2], [1]]


def test_a_long_afternoon_is_cut_every_ten_minutes(note):
    for number in range(2, 27):
        a_version(note, number, number)

    found = stretches(note)

    assert found[:2] == [list(range(26, 15, -1)), list(range(15, 4, -1))]


def test_somebody_else_between_two_autosaves_parts_them(note, membership):
    a_version(note, 2, 0)
    a_version(note, 3, 1, by=a_participant(membership))
    a_version(note, 4, 2)

    assert stretches(note) == [[4], [3], [2], [1]]


def test_a_save_at_somebodys_word_stands_on_its_own(note):
    a_version(note, 2, 0)
    a_version(note, 3, 1, is_autosave=False)
    a_version(note, 4, 2)
    a_version(note, 5, 3)

    assert stretches(note) == [[5, 4], [3], [2], [1]]


def test_a_kept_copy_is_always_shown(note):
    a_version(note, 2, 0)
    a_version(note, None, 1)
    a_version(note, 3, 2)

    assert stretches(note) == [[3], [None], [2], [1]]


def test_a_private_autosave_and_a_shared_one_are_two(note):
    a_version(note, 2, 0, audience=Audience.ME)
    a_version(note, 3, 1)

    assert stretches(note) == [[3], [2], [1]]


def test_no_version_is_left_out_over_all_pages(note):
    """More than a page reads, in one stretch and in many."""
    NoteVersion.objects.bulk_create(
        NoteVersion(
            note=note,
            number=number,
            save_id=uuid.uuid4(),
            base_version=number - 1,
            author=note.author,
            audience=note.audience,
            is_autosave=number < ROWS_READ + 300,
            created_at=NOW + timedelta(seconds=number),
        )
        for number in range(2, ROWS_READ + 400)
    )
    found, below = [], None
    while True:
        page = page_of(note.versions.all(), below)
        found += [v.number for stretch in page.stretches for v in (stretch.latest, *stretch.earlier)]
        below = page.older
        if below is None:
            break

    assert found == list(range(ROWS_READ + 399, 0, -1))


def test_a_thousand_versions_cost_what_three_do(client, note, author):
    """As many queries, and no more rows read than a page holds; the note's own page reads no version at all."""
    client.force_login(author)
    pages = [note.get_absolute_url(), url("note_history", note)]
    a_version(note, 2, 0)
    a_version(note, 3, 60)
    few = [queries_of(client, page) for page in pages]

    NoteVersion.objects.bulk_create(
        NoteVersion(
            note=note,
            number=number,
            save_id=uuid.uuid4(),
            base_version=number - 1,
            author=author,
            audience=note.audience,
            is_autosave=True,
            created_at=NOW + timedelta(minutes=number),
        )
        for number in range(4, 1001)
    )
    many = [queries_of(client, page) for page in pages]
    history = page_of(note.versions.all(), None)

    assert many == few
    assert sum(1 + len(stretch.earlier) for stretch in history.stretches) <= ROWS_READ
    assert all("body" in stretch.latest.get_deferred_fields() for stretch in history.stretches)


# The pages


def test_note_history_opens_a_stretch_to_show_each(client, note, author):
    for number in (2, 3, 4):
        a_version(note, number, number)
    client.force_login(author)
    latest = note.versions.get(number=4)

    shut = words(client.get(url("note_history", note)))
    opened = words(client.get(url("note_history", note), {"open": latest.pk}))

    assert "Show 2 saved just before it" in shut
    assert ">Version 3</a>" not in shut
    assert ">Version 3</a>" in opened
    assert ">Version 2</a>" in opened


def test_a_choice_to_compare_is_carried_from_page_to_page(client, note, author):
    for number in range(2, 40):
        a_version(note, number, number * 20)
    client.force_login(author)
    first = client.get(url("note_history", note))
    newest = note.versions.get(number=39)

    older = client.get(
        url("note_history", note), {"after": newest.pk, "before": "", "below": first.context["page"].older}
    )

    assert f'name="after" value="{newest.pk}" aria-label="To Version 39' in words(older)
    assert [version.number for version in older.context["chosen"]] == [39]


def test_note_compare_shows_what_changed_the_older_first(client, note, author):
    newer = a_version(note, 2, 5, body="Second words.", title="The stores")
    older = note.versions.get(number=1)
    client.force_login(author)

    for before, after in [(older, newer), (newer, older)]:
        page = client.get(url("note_compare", note), {"before": before.pk, "after": after.pk})
        assert (page.context["older"], page.context["newer"]) == (older, newer)

    page = words(page)
    assert '<del><span class="visually-hidden"> [taken out: </span>First<' in page
    assert '<ins><span class="visually-hidden"> [put in: </span>Second<' in page


@pytest.mark.parametrize("asked", [{}, {"before": "1"}, {"after": ""}])
def test_note_compare_wants_two(client, note, author, asked):
    client.force_login(author)

    answer = client.get(url("note_compare", note), asked, follow=True)

    assert answer.redirect_chain == [(url("note_history", note), 302)]
    assert "Choose two different versions" in words(answer)


def test_note_compare_finds_no_version_of_another_note_nor_a_private_one(client, membership, note, author):
    other = a_note(membership, author).versions.get()
    private = a_version(note, 2, 5, audience=Audience.ME, body="CANARY")
    own = note.versions.get(number=1)
    client.force_login(author)
    seen = client.get(url("note_compare", note), {"before": own.pk, "after": private.pk})
    client.force_login(a_participant(membership))

    codes = [
        client.get(url("note_compare", note), {"before": own.pk, "after": after}).status_code
        for after in (other.pk, private.pk, "x", "9" * 40)
    ]

    assert "CANARY" in words(seen)
    assert codes == [404] * 4


# Restoring


def sent(page):
    form = page.context["form"]
    return {name: str(form[name].value()) for name in form.fields}


def test_note_restore_asks_then_makes_a_new_version_for_the_same_readers(client, note, author):
    first = note.versions.get()
    a_version(note, 2, 5, body="Second words.")
    ResearchNote.objects.filter(pk=note.pk).update(version=2, body="Second words.")
    client.force_login(author)
    address = url("note_restore", note, first.pk)

    asked = client.get(address)
    answer = client.post(address, sent(asked), follow=True)

    note.refresh_from_db()
    assert "stays in its history" in words(asked)
    assert "The note reads as in version 1 again, as version 3." in words(answer)
    assert (note.body, note.version, note.audience) == ("First words.", 3, Audience.COHORT)
    assert list(note.versions.order_by("number").values_list("number", "is_autosave")) == [
        (1, False),
        (2, True),
        (3, False),
    ]


def test_note_restore_from_an_old_page_is_refused_with_what_stands_now(client, note, author):
    first = note.versions.get()
    a_version(note, 2, 5, body="Second words.")
    ResearchNote.objects.filter(pk=note.pk).update(version=2, body="Second words.")
    client.force_login(author)
    address = url("note_restore", note, first.pk)
    page = client.get(address)
    ResearchNote.objects.filter(pk=note.pk).update(version=3, body="Third words.")
    a_version(note, 3, 6, body="Third words.")

    answer = client.post(address, sent(page))

    note.refresh_from_db()
    assert answer.status_code == 409
    assert "Third" in words(answer)
    assert note.body == "Third words."
    assert client.post(address, sent(answer)).status_code == 302
    assert ResearchNote.objects.get().body == "First words."


def test_a_private_beginning_is_restored_by_its_author_who_is_told_and_stays_private(client, membership, author):
    note = a_note(membership, author, audience=Audience.ME, body="CANARY")
    first = note.versions.get()
    ResearchNote.objects.filter(pk=note.pk).update(audience=Audience.COHORT, version=2, body="For all", shared_at=NOW)
    a_version(note, 2, 5, body="For all", audience=Audience.COHORT)
    address = url("note_restore", note, first.pk)
    client.force_login(a_participant(membership))
    hidden = client.get(address).status_code
    client.force_login(author)

    asked = client.get(address)
    client.post(address, sent(asked))

    first.refresh_from_db()
    assert hidden == 404
    assert "This text was written while the note was private." in words(asked)
    assert "the whole cohort" in words(asked)
    assert first.audience == Audience.ME
    assert note.versions.get(number=3).audience == Audience.COHORT


def test_what_stands_already_is_not_restored(client, note, author):
    client.force_login(author)

    page = words(client.get(url("note_restore", note, note.versions.get().pk)))

    assert "there is nothing to restore" in page
    assert "Restore this text" not in page


def test_a_locked_or_deleted_note_is_not_restored(client, membership, author):
    locked = a_note(membership, author, phase=a_phase(membership.cohort), body="As it was")
    deleted = a_note(membership, author, body="As it was")
    deleted.delete_softly(NOW + timedelta(days=365 * 100), author)
    client.force_login(author)

    for note in (locked, deleted):
        older = a_version(note, 9, 1, body="Older")
        answer = client.post(
            url("note_restore", note, older.pk), {"save_id": str(uuid.uuid4()), "base_version": "1"}, follow=True
        )
        assert "nothing was restored" in words(answer)

    assert list(ResearchNote.objects.values_list("body", flat=True)) == ["As it was"] * 2


def test_a_restore_that_makes_no_sense_changes_nothing(client, note, author):
    client.force_login(author)
    address = url("note_restore", note, note.versions.get().pk)

    codes = [
        client.post(address, data).status_code
        for data in ({}, {"save_id": "x", "base_version": "1"}, {"save_id": str(uuid.uuid4()), "base_version": "-1"})
    ]

    assert codes == [422] * 3
    assert ResearchNote.objects.get().version == 1
