import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from research.models import NoteVersion, ResearchNote
from tests.factories import (
    NOW,
    a_cohort,
    a_comment,
    a_membership,
    a_mentor,
    a_note,
    a_participant,
    a_phase,
    a_seat,
    an_experiment,
    staff,
)

pytestmark = pytest.mark.django_db
Audience = ResearchNote.Audience


@pytest.fixture
def cohort():
    return a_cohort()


@pytest.fixture
def membership(cohort):
    return a_membership(cohort, "Sample House")


@pytest.fixture
def author(membership):
    return a_participant(membership)


@pytest.fixture
def neighbour(cohort):
    return a_participant(a_membership(cohort, "Sample Hall"), "Nea Bour")


def url(name, cohort, *args):
    return reverse(f"research:{name}", args=[cohort.slug, *args])


def an_open_phase(cohort, number=1, **extra):
    """A phase that is open on the day of the test: pages look at the clock of the wall."""
    today = timezone.localdate()
    dates = {"opens_on": today - timedelta(days=20), "closes_on": today + timedelta(days=12)}
    return a_phase(cohort, number, **{**dates, **extra})


def queries_of(client, address):
    """How often the page asks the database; what allauth notes of every visit is not counted."""
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    asked = [query["sql"] for query in queries if "usersessions" not in query["sql"]]
    return len([sql for sql in asked if not sql.startswith(("SAVEPOINT", "RELEASE"))])


def words(response):
    return response.content.decode()


# Phases


def test_phase_list_shows_every_phase_and_what_is_not_known(client, cohort, author):
    today = timezone.localdate()
    a_phase(cohort, 1, name="Frame a question", opens_on=today, closes_on=today + timedelta(days=3))
    a_phase(cohort, 2, opens_on=None, closes_on=None)
    client.force_login(author)

    page = words(client.get(url("phase_list", cohort)))

    assert "Phase 1 closes <mark>in 3 days</mark>" in page
    assert "Phase 1: Frame a question" in page
    assert "Name not yet entered" in page
    assert "Dates to be confirmed" in page


def test_phase_list_counts_the_notes_one_may_read(client, cohort, membership, author, neighbour):
    phase = a_phase(cohort)
    a_note(membership, author, phase=phase)
    a_note(membership, author, phase=phase, audience=Audience.ORGANISATION)

    counts = []
    for person in (author, neighbour):
        client.force_login(person)
        counts.append(client.get(url("phase_list", cohort)).context["phases"][0].note_count)

    assert counts == [2, 1]


def test_phase_list_without_phases_says_what_will_be_here(client, cohort, author):
    client.force_login(author)

    assert "The research phases of this cohort will be here" in words(client.get(url("phase_list", cohort)))


def test_phase_detail_shows_brief_prompts_and_readable_notes(client, cohort, membership, author, neighbour):
    phase = an_open_phase(cohort, 2, name="Test a hunch", brief="Try **one** thing.")
    phase.prompts.create(text="What surprised you?")
    a_note(membership, author, phase=phase, title="For all")
    a_note(membership, author, phase=phase, title="CANARY", audience=Audience.ORGANISATION)
    client.force_login(neighbour)

    page = words(client.get(url("phase_detail", cohort, 2)))

    assert "<strong>one</strong>" in page
    assert "What surprised you?" in page
    assert "For all" in page
    assert "CANARY" not in page
    assert f"{url('note_new', cohort)}?phase=2" in page


def test_phase_detail_is_for_mentors_too_who_write_no_notes(client, cohort, membership):
    a_phase(cohort, 1)
    client.force_login(a_mentor(membership).user)

    response = client.get(url("phase_detail", cohort, 1))

    assert response.status_code == 200
    assert "Log a note" not in words(response)


@pytest.mark.parametrize("number", ["7", "99999999999999999999"])
def test_an_unknown_phase_is_404(client, cohort, author, number):
    a_phase(cohort, 1)
    client.force_login(author)

    assert client.get(f"/cohorts/{cohort.slug}/phases/{number}/").status_code == 404
    assert client.get(f"/cohorts/{cohort.slug}/phases/1/").status_code == 200


# The list of notes


def test_note_list_shows_what_one_may_read_and_own_drafts_as_private(client, cohort, membership, author):
    colleague = a_participant(membership)
    a_note(membership, author, title="Shared one")
    a_note(membership, author, title="Own draft", audience=Audience.ME)
    a_note(membership, colleague, title="CANARY draft of a colleague", audience=Audience.ME)
    client.force_login(author)

    response = client.get(url("note_list", cohort))

    assert [note.title for note in response.context["page"]] == ["Own draft", "Shared one"]
    assert "Only you" in words(response)
    assert "CANARY" not in words(response)


def test_note_list_shows_a_mentor_the_organisations_they_mentor_only(client, cohort, membership, author, neighbour):
    a_note(membership, author, title="Of the mentored")
    a_note(neighbour.seats.get().membership, neighbour, title="CANARY")
    client.force_login(a_mentor(membership).user)

    response = client.get(url("note_list", cohort))

    assert [note.title for note in response.context["page"]] == ["Of the mentored"]
    assert "Sample Hall" not in words(response)


def test_note_list_narrows_by_each_filter(client, cohort, membership, author, neighbour):
    phase = a_phase(cohort, 1)
    a_note(membership, author, title="A", kind="hunch", phase=phase)
    a_note(neighbour.seats.get().membership, neighbour, title="B", body="A group came.")
    client.force_login(author)

    def titles(**query):
        return {note.title for note in client.get(url("note_list", cohort), query).context["page"]}

    assert titles() == {"A", "B"}
    assert titles(phase="1") == {"A"}
    assert titles(kind="hunch") == {"A"}
    assert titles(organisation=neighbour.seats.get().membership.organisation.slug) == {"B"}
    assert titles(mine="on") == {"A"}
    assert titles(q="  group  CAME ") == {"B"}
    assert titles(q="nowhere") == set()
    assert titles(q="came", kind="hunch") == set()


@pytest.mark.parametrize(
    "query",
    [
        {"phase": "abc"},
        {"phase": "9" * 40},
        {"kind": "'; drop table"},
        {"organisation": "../.."},
        {"page": "0"},
        {"page": "-5"},
        {"page": "x" * 300},
        {"mine": "perhaps"},
        {"q": "%_\\"},
        {"q": "é(["},
        {"q": "x" * 5000},
        {"q": "word " * 900},
        {"q": "\ufffd \u202e 🎭"},
        {"unknown": "thing"},
    ],
)
def test_note_list_bears_odd_questions(client, cohort, membership, author, query):
    a_note(membership, author)
    client.force_login(author)

    assert client.get(url("note_list", cohort), query).status_code == 200


def test_note_list_is_cut_into_pages_that_keep_the_filters(client, cohort, membership, author):
    for _ in range(21):
        a_note(membership, author, kind="hunch")
    client.force_login(author)

    first = client.get(url("note_list", cohort), {"kind": "hunch"})
    second = client.get(url("note_list", cohort), {"kind": "hunch", "page": "2"})

    assert (len(first.context["page"]), len(second.context["page"])) == (20, 1)
    assert "kind=hunch&amp;page=2" in words(first)


def test_note_list_says_what_will_be_here(client, cohort, author, membership):
    client.force_login(author)
    assert "Log the first note" in words(client.get(url("note_list", cohort)))
    assert "No note that you may read" in words(client.get(url("note_list", cohort), {"q": "x"}))
    client.force_login(a_mentor(membership).user)
    assert "as soon as an organisation" in words(client.get(url("note_list", cohort)))


@pytest.mark.parametrize("name", ["note_list", "phase_list"])
def test_lists_ask_the_database_as_often_for_three_rows_as_for_thirty(client, cohort, author, membership, name):
    client.force_login(author)

    def add(number):
        phase = a_phase(cohort, number + 1)
        a_note(a_membership(cohort), phase=phase)
        a_note(membership, author, phase=phase, audience=Audience.ME)

    counts = []
    for rows in (range(3), range(3, 30)):
        for number in rows:
            add(number)
        counts.append(queries_of(client, url(name, cohort)))

    assert counts[0] == counts[1]
    assert counts[0] <= 11


def test_a_phase_a_note_and_its_history_ask_as_often_for_three_rows_as_for_thirty(client, cohort, author, membership):
    phase = a_phase(cohort)
    note = a_note(membership, author, phase=phase)
    client.force_login(author)
    pages = [url("phase_detail", cohort, 1), note.get_absolute_url(), url("note_history", cohort, note.pk)]

    counts = []
    for rows in (range(2, 4), range(4, 30)):
        for number in rows:
            a_note(a_membership(cohort), phase=phase)
            a_comment(note.discussion, a_participant(membership))
            NoteVersion.objects.create(
                note=note,
                number=number,
                save_id=uuid.uuid4(),
                base_version=number - 1,
                audience=Audience.COHORT,
                author=a_participant(membership),
                created_at=NOW,
            )
        counts.append([queries_of(client, page) for page in pages])

    assert counts[0] == counts[1]


# Writing without JavaScript


def test_note_new_makes_no_row_and_opens_an_editor_with_what_was_asked(client, cohort, author):
    a_phase(cohort, 1, opens_on=None, closes_on=None)
    a_phase(cohort, 2)
    client.force_login(author)

    response = client.get(url("note_new", cohort), {"phase": "2", "kind": "hunch"}, follow=True)

    form = response.context["form"]
    assert response.redirect_chain[0][0].endswith("/edit/?phase=2&kind=hunch")
    assert (form["phase"].value(), form["kind"].value()) == ("2", "hunch")
    assert not ResearchNote.objects.exists()


def test_note_new_begins_in_the_phase_that_is_open(client, cohort, author):
    today = timezone.localdate()
    a_phase(cohort, 1, opens_on=today - timedelta(days=9), closes_on=today - timedelta(days=1))
    a_phase(cohort, 2, opens_on=today, closes_on=today + timedelta(days=1))
    client.force_login(author)

    response = client.get(url("note_new", cohort), {"phase": "77", "kind": "<b>"}, follow=True)

    assert response.context["form"]["phase"].value() == "2"
    assert response.context["form"]["kind"].value() == "reflection"


@pytest.mark.parametrize("role", ["mentor", "staff"])
def test_only_people_with_a_seat_begin_notes(client, cohort, membership, role):
    client.force_login(a_mentor(membership).user if role == "mentor" else staff())

    assert client.get(url("note_new", cohort)).status_code == 404
    assert client.get(url("note_edit", cohort, uuid.uuid4())).status_code == 404


def typed(page, **changes):
    """What a browser sends back from the form of the page."""
    form = page.context["form"]
    sent = {name: form[name].value() for name in form.fields}
    sent = {name: value for name, value in sent.items() if value is not None and value is not False}
    return {**sent, **changes}


def test_note_edit_saves_then_asks_who_may_read_it_and_shares(client, cohort, author):
    an_open_phase(cohort, 1)
    client.force_login(author)
    address = url("note_edit", cohort, uuid.uuid4())
    page = client.get(address)

    asked = client.post(
        address,
        typed(page, title="Stores", body="One.\r\nTwo.", kind="evidence", phase="1", happened_on="2018-05-01")
        | {"may_be_quoted": "on", "share": "organisation"},
        follow=True,
    )
    before = ResearchNote.objects.get().audience
    answer = client.post(url("note_readers", cohort, ResearchNote.objects.get().pk), confirmed(asked), follow=True)

    note = ResearchNote.objects.get()
    assert asked.redirect_chain == [(url("note_readers", cohort, note.pk) + "?audience=organisation", 302)]
    assert before == Audience.ME
    assert "Sample House, its mentor and programme staff can read it now." in words(answer)
    assert (note.title, note.body, note.kind, note.phase.number) == ("Stores", "One.\nTwo.", "evidence", 1)
    assert (str(note.happened_on), note.audience, note.may_be_quoted) == ("2018-05-01", "organisation", True)
    assert (note.author, note.membership.name, note.version) == (author, "Sample House", 2)


def confirmed(page):
    """What the button of the page that asks about readers sends."""
    form = page.context["fresh"]
    return {name: form[name].value() for name in form.fields}


def test_note_edit_shares_at_once_when_the_editor_has_asked_already(client, cohort, author):
    client.force_login(author)
    address = url("note_edit", cohort, uuid.uuid4())

    answer = client.post(
        address, typed(client.get(address), body="Text", share="cohort") | {"confirmed": "cohort"}, follow=True
    )

    assert "Saved. Everyone in the cohort can read it." in words(answer)
    assert (ResearchNote.objects.get().audience, ResearchNote.objects.get().version) == (Audience.COHORT, 1)


def test_note_edit_keeps_the_audience_chosen_when_saved(client, cohort, author):
    client.force_login(author)
    address = url("note_edit", cohort, uuid.uuid4())

    client.post(address, typed(client.get(address), body="Text", audience="me"))

    assert ResearchNote.objects.get().audience == Audience.ME


@pytest.mark.parametrize("size", [1_000_001, 2_000_000, 10_000_000])
def test_note_edit_refuses_too_long_a_text_and_says_what_to_do(client, cohort, author, size):
    client.force_login(author)
    address = url("note_edit", cohort, uuid.uuid4())

    answer = client.post(address, typed(client.get(address)) | {"body": "x" * size})

    assert answer.status_code == (422 if size < 2_500_000 else 413)
    assert ("Ensure this value has at most" if size < 2_500_000 else "divide it in two") in answer.content.decode()
    assert not ResearchNote.objects.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "", "body": " \r\n "},
        {"title": "Kept title", "body": "NUL \x00"},
        {"title": "Kept title " * 30, "body": "Kept body"},
        {"body": "Kept body", "kind": "poem"},
        {"body": "Kept body", "phase": "9"},
        {"body": "Kept body", "happened_on": "yesterday"},
        {"body": "Kept body", "audience": "everyone"},
        {"body": "Kept body", "save_id": "x"},
        {"body": "Kept body", "base_version": "x"},
        {"body": "", "title": "Kept title", "share": "cohort"},
    ],
)
def test_note_edit_refuses_in_the_page_and_keeps_what_was_typed(client, cohort, author, changes):
    client.force_login(author)
    address = url("note_edit", cohort, uuid.uuid4())

    answer = client.post(address, typed(client.get(address)) | changes)

    assert answer.status_code == 422
    assert answer.context["form"].errors
    for name in ("title", "body"):
        if "Kept" in changes.get(name, ""):
            assert changes[name].strip() in words(answer)
    assert not ResearchNote.objects.exists()


def test_note_edit_says_write_a_sentence_first(client, cohort, author):
    client.force_login(author)
    address = url("note_edit", cohort, uuid.uuid4())

    answer = client.post(address, typed(client.get(address)))

    assert "Write a sentence first." in words(answer)


def test_note_edit_shows_both_texts_when_somebody_saved_meanwhile(client, cohort, membership, author):
    note = a_note(membership, author, body="Start")
    colleague = a_participant(membership, "Col League")
    address = url("note_edit", cohort, note.pk)
    client.force_login(author)
    page = client.get(address)
    client.force_login(colleague)
    client.post(address, typed(client.get(address), body="Theirs"))
    client.force_login(author)

    answer = client.post(address, typed(page, body="Mine <b>"))

    assert answer.status_code == 409
    assert "Col League saved this note while you were writing" in words(answer)
    assert '<mark class="differs">Theirs</mark>' in words(answer)
    assert '<mark class="differs">Mine &lt;b&gt;</mark>' in words(answer)
    assert "Mine &lt;b&gt;</textarea>" in words(answer)
    assert ResearchNote.objects.get().body == "Theirs"
    assert NoteVersion.objects.get(number=None).body == "Mine <b>"

    again = client.post(address, typed(answer))

    assert again.status_code == 302
    assert ResearchNote.objects.get().body == "Mine <b>"
    assert set(NoteVersion.objects.values_list("body", flat=True)) == {"Start", "Theirs", "Mine <b>"}


def test_a_form_sent_twice_is_saved_once(client, cohort, author):
    client.force_login(author)
    address = url("note_edit", cohort, uuid.uuid4())
    sent = typed(client.get(address), body="Text")

    answers = [client.post(address, sent) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [302, 302]
    assert NoteVersion.objects.count() == 1


def test_note_edit_of_a_note_deleted_meanwhile_keeps_what_was_typed(client, cohort, membership, author):
    note = a_note(membership, author)
    client.force_login(author)
    address = url("note_edit", cohort, note.pk)
    page = client.get(address)
    note.delete_softly(timezone.now(), note.author)

    answer = client.post(address, typed(page, body="Typed words"))

    assert answer.status_code == 404
    assert "Typed words</textarea>" in words(answer)
    assert client.get(address).url == note.get_absolute_url()


def test_note_edit_lets_a_person_of_two_organisations_choose(client, cohort, membership, author):
    second = a_membership(cohort)
    a_seat(second, author)
    client.force_login(author)
    address = url("note_edit", cohort, uuid.uuid4())
    page = client.get(address)

    client.post(address, typed(page, body="Text", organisation=second.organisation.slug))

    assert len(page.context["form"].fields["organisation"].choices) == 2
    assert ResearchNote.objects.get().membership == second


def test_note_edit_offers_a_colleague_no_way_to_make_the_note_private(client, cohort, membership, author):
    note = a_note(membership, author)
    client.force_login(a_participant(membership))
    address = url("note_edit", cohort, note.pk)
    page = client.get(address)

    answer = client.post(address, typed(page, audience="me"))

    assert "me" not in dict(page.context["form"].fields["audience"].choices)
    assert answer.status_code == 422


def test_note_edit_is_refused_to_readers_and_hidden_from_others(client, cohort, membership, author, neighbour):
    shared = a_note(membership, author)
    draft = a_note(membership, author, audience=Audience.ME)
    answers = {}

    for name, person in {"neighbour": neighbour, "staff": staff(), "mentor": a_mentor(membership).user}.items():
        client.force_login(person)
        answers[name] = [client.get(url("note_edit", cohort, note.pk)).status_code for note in (shared, draft)]

    assert answers == {"neighbour": [403, 404], "staff": [403, 404], "mentor": [403, 404]}
    client.force_login(author)
    assert client.get(url("note_edit", cohort, draft.pk)).status_code == 200


def test_too_many_saves_by_form_are_told_so_and_keep_the_text(client, cohort, author):
    from research.saving import SAVES_A_MINUTE, count_save

    for minute in (timezone.now(), timezone.now() + timedelta(minutes=1)):
        for _ in range(SAVES_A_MINUTE):
            count_save(author, minute)
    client.force_login(author)
    address = url("note_edit", cohort, uuid.uuid4())

    answer = client.post(address, typed(client.get(address), body="Typed words"))

    assert answer.status_code == 429
    assert "Typed words</textarea>" in words(answer)


def test_note_preview_renders_as_the_note_will_be_read(client, cohort, author):
    client.force_login(author)
    address = url("note_preview", cohort)

    answer = client.post(address, {"text": "**Bold** <script>alert(1)</script>"})

    assert "<strong>Bold</strong>" in words(answer)
    assert "<script" not in words(answer)
    assert client.post(address, {"text": "x" * 1_000_001}).status_code == 413
    assert client.post(address, {"text": "\x00"}).status_code == 422
    assert client.get(address).status_code == 405


# One note


def test_note_detail_shows_the_note_and_what_is_known_of_it(client, cohort, membership, author, neighbour):
    note = a_note(membership, author, body="**Three** groups.", phase=a_phase(cohort, 3), may_be_quoted=True)
    a_comment(note.discussion, author, "Who were _they_?")
    client.force_login(neighbour)

    page = words(client.get(note.get_absolute_url()))

    assert "<strong>Three</strong>" in page
    assert "<em>they</em>" in page
    assert "Sample House" in page
    assert "May be quoted" in page
    assert 'class="chip phase-3">Action' in page
    assert "Change this note" not in page
    assert "Delete" not in page


def test_note_detail_is_404_for_those_it_is_not_for(client, cohort, membership, author, neighbour):
    draft = a_note(membership, author, audience=Audience.ME)
    ours = a_note(membership, author, audience=Audience.ORGANISATION)
    other_mentor = a_mentor(neighbour.seats.get().membership).user
    seen = {}

    people = {"author": author, "neighbour": neighbour, "other mentor": other_mentor, "staff": staff()}
    for name, person in people.items():
        client.force_login(person)
        seen[name] = [client.get(note.get_absolute_url()).status_code for note in (draft, ours)]

    assert seen == {"author": [200, 200], "neighbour": [404, 404], "other mentor": [404, 404], "staff": [404, 200]}


def test_note_detail_is_found_under_its_own_cohort_only(client, cohort, membership, author):
    other = a_cohort()
    a_seat(a_membership(other), author)
    note = a_note(membership, author)
    client.force_login(author)

    assert client.get(url("note_detail", other, note.pk)).status_code == 404
    assert client.get(url("note_detail", cohort, note.pk)).status_code == 200


def test_those_who_may_read_a_shared_note_comment_on_it(client, cohort, membership, author, neighbour):
    note = a_note(membership, author)

    for person in (neighbour, a_mentor(membership).user, staff()):
        client.force_login(person)
        answer = client.post(url("note_comment", cohort, note.pk), {"body": f"From {person}"})
        assert answer.status_code == 302
        assert answer.url.startswith(f"{note.get_absolute_url()}#comment-")

    assert note.discussion.comments.count() == 3


def test_comments_are_refused_where_there_is_nothing_to_say_or_no_reader(client, cohort, membership, author, neighbour):
    shared = a_note(membership, author, audience=Audience.ORGANISATION)
    draft = a_note(membership, author, audience=Audience.ME)

    client.force_login(neighbour)
    outside = client.post(url("note_comment", cohort, shared.pk), {"body": "Hello"})
    client.force_login(author)
    private = client.post(url("note_comment", cohort, draft.pk), {"body": "Hello"})
    empty = client.post(url("note_comment", cohort, shared.pk), {"body": "  "})
    long = client.post(url("note_comment", cohort, shared.pk), {"body": "Kept " * 3000})

    assert (outside.status_code, private.status_code, empty.status_code, long.status_code) == (404, 403, 422, 422)
    assert "Write a sentence first." in words(empty)
    assert "Kept Kept" in words(long)
    assert shared.discussion.comments.count() == 0


def test_a_deleted_note_is_gone_for_readers_and_can_be_put_back(client, cohort, membership, author, neighbour):
    note = a_note(membership, author)
    client.force_login(author)

    deleted = client.post(url("note_delete", cohort, note.pk), follow=True)
    client.force_login(neighbour)
    while_deleted = [
        client.get(note.get_absolute_url()).status_code,
        len(client.get(url("note_list", cohort)).context["page"]),
    ]
    client.force_login(author)
    back = client.post(url("note_put_back", cohort, note.pk), follow=True)
    client.force_login(neighbour)

    assert "Put the note back" in words(deleted)
    assert while_deleted == [404, 0]
    assert "The note is back" in words(back)
    assert client.get(note.get_absolute_url()).status_code == 200


def test_only_those_who_may_change_a_note_delete_it(client, cohort, membership, author, neighbour):
    note = a_note(membership, author)
    draft = a_note(membership, author, audience=Audience.ME)

    codes = []
    for person in (neighbour, a_mentor(membership).user, staff()):
        client.force_login(person)
        codes += [client.post(url(name, cohort, note.pk)).status_code for name in ("note_delete", "note_put_back")]
        codes.append(client.post(url("note_delete", cohort, draft.pk)).status_code)

    assert codes == [403, 403, 404] * 3
    client.force_login(author)
    assert client.get(url("note_delete", cohort, note.pk)).status_code == 405
    assert ResearchNote.objects.present().count() == 2


def test_note_history_shows_every_text_to_those_who_may_change_the_note(client, cohort, membership, author, neighbour):
    note = a_note(membership, author, body="First words")
    kept = NoteVersion.objects.create(
        note=note,
        number=None,
        save_id=uuid.uuid4(),
        base_version=0,
        body="Lost words",
        audience=Audience.COHORT,
        author=author,
        created_at=NOW,
    )
    address = url("note_history", cohort, note.pk)
    client.force_login(a_participant(membership))

    page = words(client.get(address))
    first = words(client.get(address, {"version": "1"}))
    copy = words(client.get(address, {"kept": kept.pk}))

    assert "Kept copy" in page
    assert "First words" in first
    assert "Lost words" in copy
    for odd in ({"version": "9"}, {"version": "x"}, {"version": "٣"}, {"kept": "9" * 30}, {"version": "1" * 18}):
        assert client.get(address, odd).status_code == 404
    client.force_login(neighbour)
    assert client.get(address).status_code == 403


def test_note_history_keeps_a_private_beginning_from_colleagues(client, cohort, membership, author):
    client.force_login(author)
    address = url("note_edit", cohort, uuid.uuid4())
    client.post(address, typed(client.get(address), body="CANARY"))
    client.post(address, typed(client.get(address), body="For us", share="organisation", confirmed="organisation"))
    note = ResearchNote.objects.get()
    history = url("note_history", cohort, note.pk)

    own = client.get(history, {"version": "1"})
    client.force_login(a_participant(membership))

    assert "CANARY" in words(own)
    assert client.get(history, {"version": "1"}).status_code == 404
    assert "For us" in words(client.get(history, {"version": "2"}))
    assert len(client.get(history).context["page"].stretches) == 1


def test_drafts_are_downloaded_by_their_author_also_after_leaving(client, cohort, membership, author):
    a_note(membership, author, title="Women’s work", body="Mine & <mine>", audience=Audience.ME)
    a_note(membership, author, title="Shared")
    a_note(membership, title="CANARY", audience=Audience.ME)
    author.seats.get().end(NOW)
    client.force_login(author)

    answer = client.get(reverse("research:drafts_download"))

    text = words(answer)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="drafts.md"'
    assert "# Women’s work" in text
    assert "Mine & <mine>" in text
    assert "Shared" not in text
    assert "CANARY" not in text
    assert client.get(url("note_list", cohort)).status_code == 404


@pytest.mark.parametrize("name", ["phase_list", "note_list", "note_new", "experiment_new"])
def test_outsiders_find_no_page(client, cohort, author, name):
    client.force_login(a_participant())
    outside = client.get(url(name, cohort))
    client.force_login(author)

    assert outside.status_code == 404
    assert client.get(url(name, cohort)).status_code in (200, 302)


# Experiments

CARD = {"base_version": "0", "title": "Filming", "question": "Who films?", "hunch": "Friends.", "outcome": "running"}


def test_experiment_new_makes_a_card_with_its_first_question(client, cohort, membership, author):
    client.force_login(author)

    answer = client.post(url("experiment_new", cohort), CARD, follow=True)

    experiment = membership.experiments.get()
    assert answer.redirect_chain == [(experiment.get_absolute_url(), 302)]
    assert (experiment.title, experiment.framing.question, experiment.version) == ("Filming", "Who films?", 1)


def test_experiment_edit_keeps_earlier_wordings(client, cohort, membership, author):
    client.force_login(author)
    client.post(url("experiment_new", cohort), CARD)
    experiment = membership.experiments.get()

    client.post(
        url("experiment_edit", cohort, experiment.pk),
        CARD | {"base_version": "1", "question": "Who films for whom?", "outcome": "did_not_work"},
    )

    experiment.refresh_from_db()
    page = words(client.get(experiment.get_absolute_url()))
    assert experiment.outcome == "did_not_work"
    assert "Who films?" in page
    assert "Who films for whom?" in page


def test_experiment_edit_overwrites_nothing_that_was_saved_meanwhile(client, cohort, membership, author):
    client.force_login(author)
    client.post(url("experiment_new", cohort), CARD)
    address = url("experiment_edit", cohort, membership.experiments.get().pk)
    client.post(address, CARD | {"base_version": "1", "what_we_saw": "Theirs"})

    answer = client.post(address, CARD | {"base_version": "1", "what_we_saw": "Mine"})

    assert answer.status_code == 409
    assert membership.experiments.get().what_we_saw == "Theirs"
    assert "Theirs" in words(answer)
    assert "Mine</textarea>" in words(answer)
    assert client.post(address, typed(answer)).status_code == 302
    assert membership.experiments.get().what_we_saw == "Mine"


@pytest.mark.parametrize(
    "changes",
    [{"title": ""}, {"question": "  "}, {"hunch": "x" * 10_001}, {"outcome": "glorious"}, {"what_next": "\x00"}],
)
def test_experiment_new_refuses_in_the_page(client, cohort, author, membership, changes):
    client.force_login(author)

    answer = client.post(url("experiment_new", cohort), CARD | changes)

    assert answer.status_code == 422
    assert answer.context["form"].errors
    assert not membership.experiments.exists()


def test_experiment_detail_is_read_by_mentor_and_staff_and_hidden_from_others(
    client, cohort, membership, author, neighbour
):
    experiment = an_experiment(membership)
    sent = CARD | {"base_version": "1"}
    codes = {}

    people = {"mentor": a_mentor(membership).user, "staff": staff(), "neighbour": neighbour, "colleague": author}
    for name, person in people.items():
        client.force_login(person)
        read = client.get(experiment.get_absolute_url()).status_code
        codes[name] = (read, client.post(url("experiment_edit", cohort, experiment.pk), sent).status_code)

    assert codes == {"mentor": (200, 403), "staff": (200, 403), "neighbour": (404, 404), "colleague": (200, 302)}


def test_experiment_detail_shows_the_notes_of_it_that_one_may_read(client, cohort, membership, author):
    experiment = an_experiment(membership)
    a_note(membership, author, title="Shared note", experiment=experiment)
    a_note(membership, author, title="CANARY", experiment=experiment, audience=Audience.ME)
    client.force_login(a_mentor(membership).user)

    page = words(client.get(experiment.get_absolute_url()))

    assert "Shared note" in page
    assert "CANARY" not in page


def test_a_note_is_tied_to_an_experiment_of_its_organisation(client, cohort, membership, author):
    experiment = an_experiment(membership)
    an_experiment(a_membership(cohort), title="CANARY")
    client.force_login(author)
    address = url("note_edit", cohort, uuid.uuid4())
    page = client.get(address, {"experiment": experiment.pk})

    client.post(address, typed(page, body="Text"))

    assert "CANARY" not in words(page)
    assert ResearchNote.objects.get().experiment == experiment
