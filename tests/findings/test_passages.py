"""Passages: words marked in notes, who sees them, and how they become evidence."""

from datetime import timedelta
from html import unescape

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse

from findings import gathering, writing
from findings.gathering import mark, occurrences, one_way, pieces_of, place_in
from findings.models import Excerpt, Finding, Passage, Theme
from research.models import ResearchNote
from tests.factories import (
    NOW,
    a_cohort,
    a_finding,
    a_membership,
    a_mentor,
    a_note,
    a_participant,
    a_passage,
    a_theme,
    staff,
)

pytestmark = pytest.mark.django_db

BODY = "Three groups asked if they could film. Nobody filmed. Three groups came back."


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
def note(museum):
    return a_note(museum, body=BODY, may_be_quoted=True)


@pytest.fixture
def desk(client):
    """A client signed in as staff."""
    client.force_login(staff())
    return client


def page(note):
    return reverse("findings:passage_new", args=["lgr6", note.pk])


def of(deed, passage):
    return reverse(f"findings:passage_{deed}", args=["lgr6", passage.pk])


def typed(**extra):
    return {"version": "1", "words": "Nobody filmed.", "start": "", "new_theme": "", "memo": "", **extra}


def test_a_passage_is_a_range_of_one_version_that_later_edits_do_not_change(note):
    passage = a_passage(note, staff(), "Nobody filmed.")
    note.body, note.version = "All is different now.", 2
    note.save()

    passage.refresh_from_db()

    assert (passage.start, passage.end) == (39, 53)
    assert passage.quote == "Nobody filmed."


def test_a_range_without_words_is_refused_by_the_database(note):
    with pytest.raises(IntegrityError), transaction.atomic():
        Passage.objects.create(version=note.versions.get(), start=3, end=3, marked_by=staff(), marked_at=NOW)


@pytest.mark.parametrize(("start", "end"), [(0, len(BODY) + 1), (-1, 3), (5, 5), (9, 4)])
def test_a_range_outside_the_text_is_refused(note, start, end):
    with pytest.raises(ValidationError):
        mark(note.versions.get(), start, end, [], "", staff(), NOW)

    assert not Passage.objects.exists()


def test_places_are_counted_in_code_points(museum):
    note = a_note(museum, body="📱📱 They film.", may_be_quoted=True)

    passage = mark(note.versions.get(), 3, 13, [], "", staff(), NOW)

    assert passage.quote == "They film."


def test_a_text_with_two_characters_a_line_break_is_marked_where_the_words_are():
    body = "One\r\nTwo\r\nThree"

    at = one_way(body).index("Two\nThree")

    assert body[place_in(body, at) : place_in(body, at + len("Two\nThree"))] == "Two\r\nThree"


def test_words_are_found_wherever_they_begin():
    assert occurrences("aaa b aa", "aa") == [0, 1, 6]
    assert occurrences("aaa", "") == []


def test_pieces_joined_are_the_text_also_where_passages_overlap(note):
    one, two = a_passage(note, staff(), "Three groups asked"), a_passage(note, staff(), "groups asked if they")

    pieces = pieces_of(BODY, [one, two])

    assert "".join(piece.text for piece in pieces) == BODY
    assert [piece.text for piece in pieces if len(piece.passages) == 2] == ["groups asked"]


def test_marking_keeps_words_themes_memo_and_who_marked_them(desk, cohort, note):
    theme = a_theme(cohort)

    answer = desk.post(page(note), typed(themes=[theme.pk], new_theme="Courage", memo="Why not?"))

    passage = Passage.objects.get()
    assert answer.status_code == 302
    assert (passage.quote, passage.memo) == ("Nobody filmed.", "Why not?")
    assert {str(theme) for theme in passage.themes.all()} == {"Audience voice", "Courage"}
    assert passage.marked_by.name == "Stella Staff"


def test_words_that_are_not_in_the_note_are_refused_and_stay_in_the_box(desk, note):
    answer = desk.post(page(note), typed(words="Somebody filmed.", memo="My thought"))

    assert answer.status_code == 422
    assert "These words are not in the note" in answer.content.decode()
    assert "Somebody filmed." in answer.content.decode()
    assert "My thought" in answer.content.decode()
    assert not Passage.objects.exists()


def test_words_that_stand_there_twice_are_asked_about_and_then_marked(desk, note):
    asked = desk.post(page(note), typed(words="Three groups"))
    answer = desk.post(page(note), typed(words="Three groups", start="54"))

    assert asked.status_code == 422
    assert "stand there 2 times" in unescape(asked.content.decode())
    assert 'value="54"' in asked.content.decode()
    assert answer.status_code == 302
    assert Passage.objects.get().start == 54


def test_words_chosen_on_the_page_before_are_in_the_box(desk, note):
    text = desk.get(f"{page(note)}?version=1&start=39&end=53").content.decode()

    assert "Nobody filmed.</textarea>" in text


@pytest.mark.parametrize(
    "query", ["start=a&end=b", "start=99999&end=100000", "start=5", "start=-1&end=3", "start=²&end=3"]
)
def test_places_that_make_no_sense_leave_the_box_empty(desk, note, query):
    answer = desk.get(f"{page(note)}?{query}")

    assert answer.status_code == 200
    assert answer.context["form"]["words"].value() is None


def test_the_same_form_sent_twice_marks_once(desk, note):
    desk.post(page(note), typed(memo="One thought"))
    desk.post(page(note), typed(memo="One thought"))

    assert [passage.memo for passage in Passage.objects.all()] == ["One thought"]


def test_marking_the_same_words_again_loses_no_memo(note):
    by, version = staff(), note.versions.get()

    mark(version, 0, 5, [], "First", by, NOW)
    passage = mark(version, 0, 5, [], "Second", by, NOW)

    assert passage.memo == "First\n\nSecond"


def test_a_version_read_before_an_edit_is_the_one_that_is_marked(desk, note):
    note.versions.create(
        number=2,
        save_id="00000000-0000-4000-8000-000000000002",
        base_version=1,
        body="Other words.",
        audience=note.audience,
        author=note.author,
        created_at=NOW,
    )
    ResearchNote.objects.filter(pk=note.pk).update(body="Other words.", version=2)

    desk.post(page(note), typed())

    assert Passage.objects.get().version.number == 1
    assert "was changed since" in unescape(desk.get("/cohorts/lgr6/gather/passages/").content.decode())


def test_what_was_saved_while_private_cannot_be_marked_even_once_shared(desk, note):
    note.versions.update(audience=ResearchNote.Audience.ME)

    assert desk.get(page(note)).status_code == 404
    assert desk.post(page(note), typed()).status_code == 404


@pytest.mark.parametrize("change", [{"audience": "me"}, {"deleted_at": NOW}], ids=["made private", "deleted"])
def test_a_note_closed_again_takes_its_passages_words_with_it(desk, note, change):
    passage = a_passage(note, staff(), "Nobody filmed.", memo="A memo")
    assert "Nobody filmed." in desk.get("/cohorts/lgr6/gather/passages/").content.decode()

    deleted_by = note.author if "deleted_at" in change else None
    ResearchNote.objects.filter(pk=note.pk).update(**change, deleted_by=deleted_by)

    for path in ["/cohorts/lgr6/gather/", "/cohorts/lgr6/gather/passages/", "/cohorts/lgr6/gather/themes/"]:
        text = desk.get(path).content.decode()
        assert "Nobody filmed." not in text
        assert "A memo" not in text
    assert desk.get(page(note)).status_code == 404
    assert desk.get(of("edit", passage)).status_code == 404
    assert desk.get(of("take", passage)).status_code == 404


def test_mentors_see_passages_of_organisations_they_mentor_and_no_others(cohort, museum, note):
    gallery = a_membership(cohort, "Sample Gallery")
    other = a_note(gallery, body="Words of the gallery.")
    mentor, by = a_mentor(museum).user, staff()
    own, theirs = a_passage(note, by), a_passage(other, by)

    assert set(Passage.objects.visible_to(mentor)) == {own}
    assert set(Passage.objects.visible_to(by)) == {own, theirs}
    assert not Passage.objects.visible_to(note.author).exists()
    assert not Passage.objects.visible_to(AnonymousUser()).exists()


def test_a_mentor_with_a_seat_elsewhere_gathers_from_those_they_mentor_alone(cohort, museum, note):
    gallery = a_membership(cohort)
    user = a_mentor(museum).user
    gallery.seats.create(user=user, started_at=NOW)
    other = a_note(gallery)
    passage = a_passage(other, staff())

    assert passage not in Passage.objects.visible_to(user)
    assert passage in Passage.objects.visible_to(staff())


def test_a_mark_is_taken_off_and_put_back_by_who_made_it(desk, note):
    desk.post(page(note), typed(memo="A memo"))
    passage = Passage.objects.get()

    desk.post(of("remove", passage))
    off = desk.get("/cohorts/lgr6/gather/passages/").content.decode()
    waiting = desk.get(page(note)).content.decode()
    desk.post(of("put_back", passage))

    assert "Nobody filmed." not in off
    assert "Put back" in waiting
    assert "A memo" in desk.get("/cohorts/lgr6/gather/passages/").content.decode()


def test_a_mark_put_back_beside_the_same_mark_made_anew_stays_off(desk, note):
    desk.post(page(note), typed())
    first = Passage.objects.get()
    desk.post(of("remove", first))
    desk.post(page(note), typed())

    assert desk.post(of("put_back", first)).status_code == 302
    assert Passage.objects.present().count() == 1


def test_nobody_takes_off_a_mark_of_somebody_else(desk, note):
    passage = a_passage(note, staff("Other Staff"))

    assert desk.post(of("remove", passage)).status_code == 403
    assert Passage.objects.present().exists()


def test_a_mentor_cannot_change_a_mark_of_staff_but_their_own(client, museum, note):
    mentor = a_mentor(museum).user
    client.force_login(mentor)
    own, theirs = a_passage(note, mentor), a_passage(note, staff())

    assert client.get(of("edit", theirs)).status_code == 403
    assert client.post(of("edit", own), {"memo": "New", "memo_was": ""}).status_code == 302
    own.refresh_from_db()
    assert own.memo == "New"


def test_a_memo_changed_in_another_window_is_not_overwritten(desk, note):
    desk.post(page(note), typed(memo="First"))
    passage = Passage.objects.get()
    desk.post(of("edit", passage), {"memo": "Second", "memo_was": "First"})

    answer = desk.post(of("edit", passage), {"memo": "Third", "memo_was": "First"})

    passage.refresh_from_db()
    assert answer.status_code == 409
    assert passage.memo == "Second"
    assert "Second" in answer.content.decode()
    assert "Third" in answer.content.decode()


def test_staff_give_a_mentors_passage_themes_and_leave_its_memo(desk, cohort, museum, note):
    passage = a_passage(note, a_mentor(museum).user, memo="Of the mentor")
    theme = a_theme(cohort)

    desk.post(of("edit", passage), {"themes": [theme.pk], "memo": "Of staff", "memo_was": "Of the mentor"})

    passage.refresh_from_db()
    assert passage.memo == "Of the mentor"
    assert list(passage.themes.all()) == [theme]


def test_a_theme_of_another_cohort_cannot_be_given(desk, note):
    theme = a_theme(a_cohort())

    answer = desk.post(page(note), typed(themes=[theme.pk]))

    assert answer.status_code == 422
    assert not Passage.objects.exists()


def test_a_passage_taken_into_a_finding_is_an_excerpt_of_its_very_words_and_brings_its_themes(desk, cohort, note):
    theme, finding = a_theme(cohort), a_finding(cohort)
    passage = a_passage(note, staff(), "Nobody filmed.", theme, memo="Never published")

    answer = desk.post(of("take", passage), {"finding": finding.pk})

    excerpt = Excerpt.objects.get()
    assert answer["Location"] == reverse("admin:findings_finding_change", args=[finding.pk])
    assert (excerpt.finding, excerpt.quote, excerpt.version) == (finding, "Nobody filmed.", passage.version)
    assert excerpt.added_by.name == "Stella Staff"
    assert list(finding.themes.all()) == [theme]
    assert "Never published" not in str(finding.content())


def test_a_passage_begins_a_finding_with_an_address_of_its_own(desk, cohort, note):
    a_finding(cohort, slug="nobody-filmed")
    passage = a_passage(note, staff(), "Nobody filmed.", a_theme(cohort))

    desk.post(of("take", passage), {"finding": "", "title": "Nobody filmed"})

    finding = Finding.objects.get(title="Nobody filmed")
    assert (finding.slug, finding.state) == ("nobody-filmed-2", Finding.State.DRAFT)
    assert finding.excerpts.get().quote == "Nobody filmed."
    assert finding.themes.get().name == "Audience voice"


def test_taking_needs_a_finding_or_a_title(desk, note):
    answer = desk.post(of("take", a_passage(note, staff())), {"finding": "", "title": ""})

    assert answer.status_code == 422
    assert "give a new one its title" in answer.content.decode()


def test_a_note_that_may_not_be_quoted_gives_no_excerpt_and_the_page_says_so(desk, cohort, museum):
    closed = a_note(museum, body=BODY, may_be_quoted=False)
    passage = a_passage(closed, staff())

    shown = desk.get(of("take", passage)).content.decode()
    answer = desk.post(of("take", passage), {"finding": a_finding(cohort).pk})

    assert "may not be quoted" in shown
    assert answer.status_code == 409
    assert not Excerpt.objects.exists()


def test_a_refused_passage_leaves_no_empty_finding_behind(cohort, museum):
    passage = a_passage(a_note(museum, may_be_quoted=False), staff())

    with pytest.raises(ValidationError):
        gathering.begin(passage, "A title", staff(), NOW)

    assert not Finding.objects.exists()


def test_the_same_words_go_into_a_finding_once(cohort, note):
    finding, passage, by = a_finding(cohort), a_passage(note, staff()), staff()
    gathering.take(passage, finding, by, NOW)

    with pytest.raises(ValidationError, match="already"):
        gathering.take(passage, finding, by, NOW)

    assert finding.excerpts.count() == 1


def test_themes_that_a_passage_brings_are_a_version_and_a_form_that_was_open_does_not_take_them_out(cohort, note):
    finding, theme = a_finding(cohort), a_theme(cohort)
    seen = finding.version
    gathering.take(a_passage(note, staff(), "Nobody filmed.", theme), finding, staff(), NOW)
    finding.refresh_from_db()

    assert finding.versions.get(number=finding.version).content["themes"] == [theme.pk]
    with pytest.raises(writing.Overtaken):
        writing.begin_save(finding, seen, staff(), NOW)
    gathering.take(a_passage(note, staff(), "", theme), finding, staff(), NOW)
    assert finding.versions.count() == 2


def test_a_scheduled_finding_takes_no_passage(cohort, note):
    finding = a_finding(cohort)
    finding.schedule(NOW + timedelta(days=1), staff(), "", NOW)

    with pytest.raises(ValidationError, match="off the schedule first"):
        gathering.take(a_passage(note, staff()), finding, staff(), NOW)

    assert not finding.excerpts.exists()


def test_a_range_that_is_gone_is_refused(cohort, note):
    passage = a_passage(note, staff())
    Passage.objects.filter(pk=passage.pk).update(end=len(BODY) + 50)
    passage.refresh_from_db()

    with pytest.raises(ValidationError, match="no longer marked"):
        gathering.take(passage, a_finding(cohort), staff(), NOW)

    assert not Excerpt.objects.exists()


def test_a_withdrawn_finding_and_one_of_another_cohort_are_not_offered(desk, cohort, note):
    withdrawn = a_finding(cohort, state=Finding.State.WITHDRAWN, withdrawn_at=NOW)
    other, passage = a_finding(a_cohort()), a_passage(note, staff())

    for finding in (withdrawn, other):
        assert desk.post(of("take", passage), {"finding": finding.pk}).status_code == 422
    assert not Excerpt.objects.exists()


def test_a_mentor_takes_nothing_into_a_finding(client, cohort, museum, note):
    mentor = a_mentor(museum).user
    client.force_login(mentor)
    passage = a_passage(note, mentor)

    assert client.post(of("take", passage), {"finding": a_finding(cohort).pk}).status_code == 404
    assert "Take into a finding" not in client.get("/cohorts/lgr6/gather/passages/").content.decode()
    assert not Excerpt.objects.exists()


def test_merging_themes_moves_findings_and_passages_and_leaves_one_theme(cohort, note):
    old, new = a_theme(cohort, "Voices"), a_theme(cohort, "Audience voice")
    finding, passage = a_finding(cohort), a_passage(note, staff(), "", old, new)
    finding.themes.add(old)

    gathering.merge(old, new, staff(), NOW)

    assert list(Theme.objects.all()) == [new]
    assert list(finding.themes.all()) == [new]
    assert list(passage.themes.all()) == [new]


def test_themes_of_two_cohorts_and_a_theme_with_itself_do_not_merge(cohort):
    old, other = a_theme(cohort), a_theme(a_cohort())

    for into in (other, old):
        with pytest.raises(ValidationError):
            gathering.merge(old, into, staff(), NOW)

    assert Theme.objects.count() == 2


def test_a_theme_named_again_in_other_capitals_is_the_same(cohort):
    assert gathering.theme_named(cohort, "Audience Voice") == gathering.theme_named(cohort, "audience voice")
    with pytest.raises(ValidationError):
        gathering.theme_named(cohort, "!!!")


def test_a_theme_that_was_merged_away_meanwhile_is_said_and_nothing_is_half_saved(cohort, note):
    old = a_theme(cohort, "Voices")
    gathering.merge(Theme.objects.get(pk=old.pk), a_theme(cohort, "Audience voice"), staff(), NOW)

    with pytest.raises(ValidationError, match="merged into another"):
        mark(note.versions.get(), 0, 5, [old], "", staff(), NOW)

    assert not Passage.objects.exists()


@pytest.mark.parametrize("box", ["words", "memo", "new_theme"])
def test_signs_that_are_no_text_are_refused_with_a_sentence(desk, note, box):
    answer = desk.post(page(note), typed(**{box: "a\x00b"}))

    assert answer.status_code == 422
    assert not Passage.objects.exists()


def test_participants_find_no_room_and_no_passage(client, museum, note):
    passage = a_passage(note, staff())
    client.force_login(a_participant(museum))

    for path in ["/cohorts/lgr6/gather/", page(note), of("edit", passage), of("take", passage)]:
        assert client.get(path).status_code == 404
    assert client.post(of("remove", passage)).status_code == 404
