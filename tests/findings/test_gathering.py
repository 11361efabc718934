"""The room where notes are read side by side, the list of passages, and themes as a picture and a table."""

import re
from html import unescape

import html5lib
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from findings.models import Theme
from tests.factories import (
    a_cohort,
    a_membership,
    a_mentor,
    a_note,
    a_participant,
    a_passage,
    a_phase,
    a_theme,
    a_us_too,
    staff,
)

pytestmark = pytest.mark.django_db

ROOM, PASSAGES, THEMES = (f"/cohorts/lgr6/gather/{part}" for part in ("", "passages/", "themes/"))


@pytest.fixture(autouse=True)
def no_second_factor(settings):
    settings.REQUIRE_STAFF_MFA = False


@pytest.fixture
def cohort():
    return a_cohort("lgr6")


@pytest.fixture
def museum(cohort):
    return a_membership(cohort, "Sample Museum")


@pytest.fixture
def gallery(cohort):
    return a_membership(cohort, "Sample Gallery")


@pytest.fixture
def desk(client):
    """A client signed in as staff."""
    client.force_login(staff())
    return client


def columns(answer):
    return [(column["heading"], [note.title for note in column["notes"]]) for column in answer.context["columns"]]


def text_of(answer):
    return unescape(answer.content.decode())


def test_notes_of_organisations_stand_side_by_side_by_name(desk, museum, gallery):
    a_note(museum, title="Of the museum")
    a_note(gallery, title="Of the gallery")

    answer = desk.get(ROOM)

    assert columns(answer) == [("Sample Gallery", ["Of the gallery"]), ("Sample Museum", ["Of the museum"])]


def test_notes_stand_side_by_side_by_phase_those_without_one_too(desk, cohort, museum):
    a_note(museum, title="Late", phase=a_phase(cohort, 2, name="Try it"))
    a_note(museum, title="Early", phase=a_phase(cohort, 1))
    a_note(museum, title="Any time")

    found = dict(columns(desk.get(f"{ROOM}?by=phase")))

    assert found == {"Phase 1": ["Early"], "Phase 2: Try it": ["Late"], "No phase": ["Any time"]}


def test_drafts_and_deleted_notes_are_not_there_not_even_as_a_number(desk, museum, gallery):
    author = a_participant(museum)
    a_note(museum, author, title="Shared")
    a_note(museum, author, title="A private draft", audience="me")

    answer = desk.get(ROOM)

    assert columns(answer) == [("Sample Museum", ["Shared"])]
    assert "A private draft" not in text_of(answer)
    assert answer.context["columns"][0]["n"] == 1


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("q=filming", {"They film"}),
        ("q=Böat", {"Boats"}),
        ("phase=1", {"They film"}),
        ("theme=courage", {"Boats"}),
        ("theme=-", set()),
        ("q=filming&theme=courage", set()),
        ("phase=banana&organisation=nobody&theme=nothing", {"They film", "Boats"}),
        ("q=" + "x" * 10_000, set()),
    ],
)
def test_the_room_is_narrowed_by_words_phase_and_theme(desk, cohort, museum, gallery, query, titles):
    a_note(museum, title="They film", body="Everybody films.", phase=a_phase(cohort, 1))
    boats = a_note(gallery, title="Boats", body="Somebody mentioned boats.")
    a_passage(boats, staff(), "boats", a_theme(cohort, "Courage"))

    answer = desk.get(f"{ROOM}?{query}")

    assert answer.status_code == 200
    assert {title for _, found in columns(answer) for title in found} == titles


def test_of_many_notes_each_column_shows_the_latest_and_a_way_to_all(desk, museum, gallery):
    author = a_participant(museum)
    for number in range(8):
        a_note(museum, author, title=f"Note {number}")
    a_note(gallery)

    answer = desk.get(ROOM)
    alone = desk.get(f"{ROOM}?organisation={museum.organisation.slug}")

    assert [len(found) for _, found in columns(answer)] == [1, 6]
    assert "All 8 notes of Sample Museum" in text_of(answer)
    assert [len(found) for _, found in columns(alone)] == [8]


def test_of_four_organisations_three_stand_on_a_page(desk, cohort):
    for number in range(4):
        a_note(a_membership(cohort, f"House {number}"))

    first, second = desk.get(ROOM), desk.get(f"{ROOM}?page=2")

    assert [name for name, _ in columns(first)] == ["House 0", "House 1", "House 2"]
    assert [name for name, _ in columns(second)] == ["House 3"]


def test_a_mentor_reads_the_organisations_they_mentor_alone(client, museum, gallery):
    a_note(museum, title="Of the museum")
    a_note(gallery, title="Of the gallery")
    client.force_login(a_mentor(museum).user)

    answer = client.get(ROOM)

    assert columns(answer) == [("Sample Museum", ["Of the museum"])]
    assert "Sample Gallery" not in text_of(answer)


def test_a_mentor_of_nobody_yet_reads_that_notes_will_come(client, cohort, museum):
    a_note(museum)
    client.force_login(a_mentor(cohort=cohort).user)

    assert "Notes will stand here" in text_of(client.get(ROOM))


def test_only_staff_and_mentors_are_offered_the_way_in(client, museum):
    note = a_note(museum)
    client.force_login(note.author)
    assert ROOM not in client.get(note.get_absolute_url()).content.decode()

    for user in (a_mentor(museum).user, staff()):
        client.force_login(user)
        assert ROOM in client.get(note.get_absolute_url()).content.decode()


def test_what_is_marked_stands_out_in_the_text_and_the_text_stays_the_same(desk, museum):
    note = a_note(museum, body="One <b>two</b> &amp; three.\n\nFour.")
    a_passage(note, staff(), "<b>two</b> &amp;")

    page = html5lib.parse(desk.get(ROOM).content.decode(), namespaceHTMLElements=False)

    text = next(part for part in page.iter("div") if part.get("class") == "marked-text")
    assert "".join(text.itertext()) == note.body
    assert [mark.text for mark in text.iter("mark")] == ["<b>two</b> &amp;"]


def test_us_too_is_named_in_the_room(desk, museum, gallery):
    a_us_too(a_note(museum), a_participant(gallery))

    assert re.search(r"Us too:\s*Sample Gallery", text_of(desk.get(ROOM)))


def test_a_note_that_may_not_be_quoted_says_so(desk, museum):
    a_note(museum, may_be_quoted=False)

    assert "For reading and counting only" in text_of(desk.get(ROOM))


@pytest.mark.parametrize("path", [ROOM, f"{ROOM}?by=phase", PASSAGES, THEMES])
def test_three_of_everything_take_as_many_queries_as_one(desk, cohort, path):
    def add():
        membership = a_membership(cohort)
        note = a_note(membership, phase=a_phase(cohort, cohort.phases.count() + 1), may_be_quoted=True)
        a_passage(note, staff(), "", a_theme(cohort, f"Theme {cohort.themes.count()}"))
        a_us_too(note, a_participant(a_membership(cohort)))

    # Two, since one alone is read as a page of its own.
    add()
    add()
    desk.get(path)
    with CaptureQueriesContext(connection) as before:
        desk.get(path)
    add()

    with CaptureQueriesContext(connection) as after:
        desk.get(path)

    assert len(after) == len(before)


def test_passages_are_narrowed_as_the_table_links_them(desk, cohort, museum, gallery):
    phase, theme = a_phase(cohort, 1), a_theme(cohort, "Courage")
    a_passage(a_note(museum, body="Of the museum.", phase=phase), staff(), "", theme)
    a_passage(a_note(gallery, body="Of the gallery."), staff())

    for link in re.findall(rf'href="({PASSAGES}\?[^"]+)"', desk.get(THEMES).content.decode()):
        assert desk.get(unescape(link)).context["page"].paginator.count == 1
    assert "Of the gallery." not in text_of(desk.get(f"{PASSAGES}?theme=courage&phase=1"))
    assert "Of the gallery." in text_of(desk.get(f"{PASSAGES}?theme=-"))


def test_themes_are_counted_by_organisation_and_by_phase(desk, cohort, museum, gallery):
    courage, voice = a_theme(cohort, "Courage"), a_theme(cohort, "Voice")
    phase = a_phase(cohort, 1)
    note, by = a_note(museum, body="One two three", phase=phase), staff()
    a_passage(note, by, "One", courage)
    a_passage(note, by, "two", courage, voice)
    a_passage(a_note(gallery), by)

    by_organisation, by_phase = desk.get(THEMES).context["tables"]

    assert [name for name, _, _ in by_organisation.columns] == ["Sample Gallery", "Sample Museum"]
    assert {row["name"]: [cell.n for cell in row["cells"]] for row in by_organisation.rows} == {
        "Courage": [0, 2],
        "Voice": [0, 1],
        "No theme yet": [1, 0],
    }
    assert {row["name"]: [cell.n for cell in row["cells"]] for row in by_phase.rows} == {
        "Courage": [2, 0],
        "Voice": [1, 0],
        "No theme yet": [0, 1],
    }


def test_the_picture_has_a_dot_for_every_number_of_the_table_and_no_style_of_its_own(desk, cohort, museum):
    a_passage(a_note(museum, phase=a_phase(cohort, 1)), staff(), "", a_theme(cohort))

    text = desk.get(THEMES).content.decode()

    assert text.count("<circle") == 2
    assert text.count('role="img"') == 2
    assert "style=" not in text


def test_before_anything_is_marked_the_pages_say_what_will_be_there(desk, cohort):
    assert "Notes will stand here" in text_of(desk.get(ROOM))
    assert "Nothing is marked yet" in text_of(desk.get(PASSAGES))
    assert "Once passages are marked" in text_of(desk.get(THEMES))


def test_a_theme_is_added_to_the_cohorts_list_once(desk, cohort):
    desk.post(THEMES, {"name": "Courage"})
    desk.post(THEMES, {"name": "courage "})

    assert [(theme.name, theme.cohort) for theme in Theme.objects.all()] == [("Courage", cohort)]


@pytest.mark.parametrize("name", ["", "   ", "!!!", "x" * 81, "a\x00b"])
def test_a_theme_without_a_name_is_refused(desk, cohort, name):
    answer = desk.post(THEMES, {"name": name})

    assert answer.status_code == 422
    assert not Theme.objects.exists()


@pytest.mark.parametrize("path", [ROOM, PASSAGES, THEMES])
def test_the_pages_are_valid_html(desk, cohort, museum, path):
    note = a_note(museum, phase=a_phase(cohort, 1), may_be_quoted=True)
    a_passage(note, staff(), "", a_theme(cohort), memo="One\ntwo")

    html5lib.HTMLParser(strict=True).parse(desk.get(path).content.decode())
    html5lib.HTMLParser(strict=True).parse(desk.get(f"{ROOM}notes/{note.pk}/").content.decode())
