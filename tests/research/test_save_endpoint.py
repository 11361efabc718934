import json
import time
import uuid
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from research.models import NoteVersion, ResearchNote
from research.payload import REQUEST_LIMIT
from research.saving import BODY_LIMIT, SAVES_A_MINUTE, count_save
from tests.factories import (
    a_cohort,
    a_membership,
    a_mentor,
    a_note,
    a_participant,
    a_phase,
    a_user,
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
    return a_membership(cohort)


@pytest.fixture
def author(membership):
    return a_participant(membership)


@pytest.fixture
def post(client, cohort, author):
    """Posts a save as its author's script would; a name with None leaves that part out."""

    def post(pk=None, *, by=author, **parts):
        if by:
            client.force_login(by)
        payload = {"save_id": str(uuid.uuid4()), "base_version": 0, "title": "Title", "body": "Body", **parts}
        return client.post(address(cohort, pk), json.dumps(payload), content_type="application/json")

    return post


def address(cohort, pk=None):
    return reverse("research:note_save", args=[cohort.slug, pk or uuid.uuid4()])


def test_a_save_answers_the_version_it_made(post, cohort):
    phase = a_phase(cohort, 2, closes_on=None)
    pk = uuid.uuid4()

    answer = post(
        pk, kind="hunch", phase=2, happened_on="2018-05-01", audience="cohort", may_be_quoted=True, body="We think so."
    )

    note = ResearchNote.objects.get(pk=pk)
    assert (answer.status_code, answer.json()) == (200, {"version": 1})
    assert (note.kind, note.phase, str(note.happened_on), note.audience) == ("hunch", phase, "2018-05-01", "cohort")
    assert note.may_be_quoted


def test_the_four_that_must_be_named_are_enough(post):
    pk = uuid.uuid4()

    assert post(pk).json() == {"version": 1}
    assert ResearchNote.objects.get(pk=pk).audience == Audience.ME


@pytest.mark.parametrize("name", ["save_id", "base_version", "title", "body"])
def test_a_save_without_one_of_the_four_is_refused_naming_it(client, cohort, author, name):
    client.force_login(author)
    payload = {"save_id": str(uuid.uuid4()), "base_version": 0, "title": "Title", "body": "Body"}
    del payload[name]

    answer = client.post(address(cohort), json.dumps(payload), content_type="application/json")

    assert answer.status_code == 422
    assert list(answer.json()["fields"]) == [name]


def test_what_the_editor_saves_by_itself_is_marked_so(post):
    pk = uuid.uuid4()
    post(pk, autosave=True)
    post(pk, base_version=1, body="At my word.")
    assert list(NoteVersion.objects.order_by("number").values_list("is_autosave", flat=True)) == [True, False]


def test_a_repeat_is_answered_alike(post):
    pk, save_id = uuid.uuid4(), str(uuid.uuid4())

    first = post(pk, save_id=save_id)
    again = post(pk, save_id=save_id)

    assert (again.status_code, again.json()) == (first.status_code, first.json()) == (200, {"version": 1})
    assert NoteVersion.objects.count() == 1


def test_a_repeat_that_takes_back_a_yes_is_no_repeat(post):
    """As the Back button sends it: the same name and text, but not to be quoted any more."""
    pk, save_id = uuid.uuid4(), str(uuid.uuid4())
    post(pk, save_id=save_id, may_be_quoted=True, kind="hunch")
    assert post(pk, save_id=save_id, may_be_quoted=True, kind="hunch").json() == {"version": 1}

    answer = post(pk, save_id=save_id, may_be_quoted=False, kind="hunch")

    assert answer.status_code == 409
    assert ResearchNote.objects.get().may_be_quoted


def test_a_stale_save_is_told_what_the_note_says_now(post):
    pk = uuid.uuid4()
    post(pk, body="One")
    post(pk, base_version=1, title="Second", body="Two")

    answer = post(pk, base_version=1, body="Late")

    kept = NoteVersion.objects.get(number=None)
    assert answer.status_code == 409
    assert answer.json() == {"version": 2, "title": "Second", "body": "Two", "conflict": kept.pk}
    assert kept.body == "Late"


def test_nobody_signed_in_is_answered_401_in_json(post, cohort):
    answer = post(by=None)

    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/json"
    assert not ResearchNote.objects.exists()


def test_a_page_of_one_person_does_not_save_as_another(client, cohort, author, membership):
    somebody_else = a_participant(membership)
    client.force_login(somebody_else)
    payload = {"save_id": str(uuid.uuid4()), "base_version": 0, "title": "Title", "body": "Body"}
    answers = {
        person.pk: client.post(
            address(cohort), json.dumps(payload), "application/json", headers={"X-Person": str(person.pk)}
        ).status_code
        for person in (author, somebody_else)
    }
    assert answers == {author.pk: 401, somebody_else.pk: 200}
    assert ResearchNote.objects.get().author == somebody_else


def test_a_person_put_out_of_use_is_answered_401(post, author):
    post()
    author.is_active = False
    author.save()

    assert post(by=None).status_code == 401


@pytest.mark.parametrize("role", ["staff", "mentor"])
def test_staff_and_mentors_without_a_seat_write_no_notes(post, membership, author, role):
    person = staff() if role == "staff" else a_mentor(membership).user
    note = a_note(membership, author, audience=Audience.ME)

    answers = [post(by=person), post(note.pk, by=person)]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert answers[0].content == answers[1].content


def test_what_is_not_theirs_is_answered_as_if_it_were_missing(post, cohort, membership, author):
    draft = a_note(membership, author, audience=Audience.ME, body="CANARY")
    shared = a_note(membership, author)
    neighbour = a_participant(a_membership(cohort))
    stranger = a_participant()

    answers = [
        post(uuid.uuid4(), by=neighbour, base_version=1),
        post(draft.pk, by=neighbour, base_version=1),
        post(draft.pk, by=neighbour),
        post(draft.pk, by=a_participant(membership)),
        post(shared.pk, by=neighbour, base_version=1),
        post(shared.pk, by=stranger),
    ]

    assert {(answer.status_code, answer.content) for answer in answers} == {
        (404, b'{"error": "There is no such note."}')
    }
    assert post(shared.pk, by=author, base_version=1).status_code == 200


def test_a_former_participant_saves_nothing(post, author):
    pk = uuid.uuid4()
    post(pk)
    author.seats.get().end(author.seats.get().started_at)

    assert post(pk, base_version=1).status_code == 404


def test_a_deleted_note_is_404_and_its_keepers_are_told_how_to_go_on(post, membership, author):
    note = a_note(membership, author)
    note.delete_softly(note.created_at, note.author)

    answer = post(note.pk, base_version=1)

    assert answer.status_code == 404
    assert answer.json()["error"] == "This note was deleted meanwhile. Put it back, then save again."


def test_only_post_saves(client, cohort, author):
    client.force_login(author)

    answer = client.get(address(cohort))

    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("save_id", "not a uuid"),
        ("save_id", 5),
        ("save_id", "\ud800"),
        ("base_version", -1),
        ("base_version", True),
        ("base_version", "1"),
        ("base_version", 1.5),
        ("base_version", 2**31),
        ("base_version", None),
        ("title", None),
        ("title", "x" * 201),
        ("title", "two\nlines"),
        ("title", "NUL \x00"),
        ("title", "half \ud83d"),
        ("body", ["a list"]),
        ("body", "NUL \x00"),
        ("body", "half \udc00"),
        ("kind", "poem"),
        ("kind", None),
        ("kind", {}),
        ("phase", 9),
        ("phase", 10**30),
        ("phase", "1"),
        ("phase", -1),
        ("experiment", 4711),
        ("experiment", "x"),
        ("happened_on", "yesterday"),
        ("happened_on", "2018-02-30"),
        ("happened_on", 20180501),
        ("audience", "public"),
        ("audience", 1),
        ("may_be_quoted", "yes"),
        ("autosave", 1),
        ("organisation", 7),
        ("organisation", "no-such-place"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_naming_its_field(post, part, value):
    answer = post(**{part: value})

    assert answer.status_code == 422
    assert list(answer.json()["fields"]) == [part]
    assert not ResearchNote.objects.exists()


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'"text"', b"\xff\xfe", b"[" * 50_000, b'{"base_version": ' + b"9" * 5000 + b"}", b"NaN"],
    ids=["empty", "half", "list", "string", "no UTF-8", "deep", "huge number", "NaN"],
)
def test_what_is_not_a_json_object_is_refused(client, cohort, author, content):
    client.force_login(author)

    answer = client.post(address(cohort), content, content_type="application/json")

    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/json"


def test_a_form_post_is_refused(client, cohort, author):
    client.force_login(author)

    assert client.post(address(cohort), {"body": "Text"}).status_code == 422


def test_an_empty_new_note_is_refused_in_words(post):
    answer = post(title="", body=" ")

    assert (answer.status_code, answer.json()["fields"]) == (422, {"body": "Write a sentence first."})


def test_a_draft_with_a_title_alone_is_taken(post):
    assert post(title="For later", body="").json() == {"version": 1}


@pytest.mark.parametrize(
    "text",
    [
        "Emoji 🎭🏴󠁧󠁢󠁷󠁬󠁳󠁿 and Cymraeg: Ŵyl y Tŷ",
        "Right to left: \u202eabc\u202c شكرا",
        "Spaces  and\ttabs\r\nand \x07 bells\n\n",
        "x" * 999_999 + "é",
    ],
    ids=["emoji", "rtl", "control", "a megabyte"],
)
def test_text_comes_back_as_it_was(post, text):
    pk = uuid.uuid4()

    answer = post(pk, body=text)

    assert answer.json() == {"version": 1}
    assert ResearchNote.objects.get(pk=pk).body == text
    assert NoteVersion.objects.get().body == text


def test_a_megabyte_is_saved_and_read_in_less_than_a_second(post, client, cohort):
    pk = uuid.uuid4()
    text = "A word of it. " * 71_000

    start = time.process_time()
    saved = post(pk, body=text)
    between = time.process_time()
    page = client.get(reverse("research:note_detail", args=[cohort.slug, pk]))

    assert (saved.status_code, page.status_code) == (200, 200)
    assert between - start < 1
    assert time.process_time() - between < 1


@pytest.mark.parametrize("size", [BODY_LIMIT + 1, 2_000_000, REQUEST_LIMIT, 10_000_000])
def test_too_much_text_is_413_in_json(post, size):
    answer = post(body="x" * size)

    assert answer.status_code == 413
    assert answer.json()["error"] == "A note can have 1,000,000 characters. Please divide it in two."


def test_a_request_that_understates_its_length_is_413_too(settings, post):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000

    answer = post(body="x" * 2000)

    assert answer.status_code == 413


def test_more_saves_in_a_minute_than_a_person_makes_are_429(post, author):
    now = timezone.now()
    for minute in (now, now + timedelta(minutes=1)):
        for _ in range(SAVES_A_MINUTE):
            count_save(author, minute)

    answer = post()

    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "60"
    assert answer.headers["Content-Type"] == "application/json"
    assert post(by=a_participant(author.seats.get().membership)).status_code == 200


@pytest.mark.parametrize("at", ["INSERT", "UPDATE", "SELECT"])
def test_a_database_that_does_not_answer_is_503_in_json_and_leaves_nothing_half_done(post, at):
    def fail(execute, sql, params, many, context):
        if "research_researchnote" in sql and sql.startswith(at):
            raise OperationalError("gone")
        return execute(sql, params, many, context)

    pk = uuid.uuid4()
    with connection.execute_wrapper(fail):
        answer = post(pk)

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert "error" in answer.json()
    assert not ResearchNote.objects.exists()
    assert post(pk).json() == {"version": 1}


def test_without_the_token_of_the_form_nothing_is_saved(author, cohort):
    client = Client(enforce_csrf_checks=True)
    client.force_login(author)
    payload = {"save_id": str(uuid.uuid4()), "base_version": 0, "title": "", "body": "From elsewhere"}

    answer = client.post(address(cohort), json.dumps(payload), content_type="application/json")

    assert answer.status_code >= 400
    assert not ResearchNote.objects.exists()


def test_an_experiment_can_be_named(post, membership, cohort):
    own, foreign = an_experiment(membership), an_experiment(a_membership(cohort))
    elsewhere = an_experiment(a_membership())
    pk = uuid.uuid4()

    assert post(pk, experiment=own.pk).status_code == 200
    assert post(pk, base_version=1, experiment=foreign.pk).status_code == 422
    assert post(pk, base_version=1, experiment=elsewhere.pk).status_code == 422
    assert ResearchNote.objects.get(pk=pk).experiment == own


def test_phase_date_and_experiment_can_be_taken_away_again(post, membership, cohort):
    a_phase(cohort, 1, closes_on=None)
    pk = uuid.uuid4()
    post(pk, phase=1, happened_on="2018-05-01", experiment=an_experiment(membership).pk)

    post(pk, base_version=1, phase=None, happened_on=None, experiment=None)

    note = ResearchNote.objects.get(pk=pk)
    assert (note.phase, note.happened_on, note.experiment) == (None, None, None)


def test_an_unknown_cohort_is_404(client):
    client.force_login(a_user())

    answer = client.post("/cohorts/nowhere/notes/0b9a7c5e-9d3f-4a53-8f3d-0f7c3c2f2f10/save/", {})

    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/json"
