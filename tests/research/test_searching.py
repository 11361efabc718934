"""What is found, by whom, in what order, and that index and text say the same after every way of writing."""

import uuid
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.urls import reverse

from discussions.models import SearchEntry
from discussions.starting import start_topic
from discussions.words import stems
from research.locking import add_addendum
from research.models import ResearchNote
from research.saving import Change, save_note
from research.searching import MOST, Found, passage, plain
from tests.factories import (
    NOW,
    a_cohort,
    a_comment,
    a_membership,
    a_mentor,
    a_note,
    a_participant,
    staff,
)
from tests.research.test_pages import queries_of

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


def titles(client, cohort, question, **filters):
    page = client.get(reverse("research:note_list", args=[cohort.slug]), {"q": question, **filters})
    assert page.status_code == 200
    return [note.title for note in page.context["page"]]


def entries():
    return sorted(SearchEntry.objects.values_list("discussion", "place", "comment", "words"))


def as_written():
    """What the index should say, worked out from the texts alone."""
    found = []
    for note in ResearchNote.objects.all():
        found.append((note.discussion_id, 1, None, " ".join(stems(note.title))))
        said = [note.title, note.body, *(addendum.body for addendum in note.addenda.all())]
        found.append((note.discussion_id, 2, None, " ".join(stems("\n".join(said)))))
        for comment in note.discussion.comments.filter(withdrawn_at=None):
            found.append((note.discussion_id, 3, comment.pk, " ".join(stems(comment.body))))
    return sorted(entry for entry in found if entry[3])


def matched(word):
    """What the database's own index finds."""
    return set(SearchEntry.objects.filter(words__has=word).values_list("words", flat=True))


@pytest.mark.parametrize(
    "question",
    ["runs", "running", "RUN", "cafe", "Café", "organisation", "organized", "cafés running", '"running', "run*", "ty"],
)
def test_accents_capitals_and_endings_do_not_matter(client, cohort, membership, author, question):
    a_note(membership, author, title="The found", body="We are running a **Café** and organising it in Tŷ Mawr.")
    a_note(membership, author, title="Another", body="Nothing of the kind.")
    client.force_login(author)

    assert titles(client, cohort, question) == ["The found"]


def test_all_words_must_be_there_in_title_and_text_or_in_one_comment(client, cohort, membership, author):
    note = a_note(membership, author, title="Filming in the stores", body="Three groups asked.")
    a_comment(note.discussion, author, "Volunteers stayed until closing.")
    client.force_login(author)

    assert titles(client, cohort, "filming group") == ["Filming in the stores"]
    assert titles(client, cohort, "volunteer closed") == ["Filming in the stores"]
    assert titles(client, cohort, "filming volunteers") == []


def test_titles_come_before_texts_and_texts_before_comments_and_then_the_newest(client, cohort, membership, author):
    days = iter(range(1, 10))

    def note(title, body="Nothing."):
        moment = NOW.replace(day=next(days))
        return a_note(membership, author, title=title, body=body, created_at=moment, updated_at=moment)

    note("Lantern first")
    note("In the text, older", "A lantern.")
    a_comment(note("In a comment, and newest but one").discussion, author, "Lanterns!")
    note("In the text, newer", "Lanterns.")
    client.force_login(author)

    assert titles(client, cohort, "lantern") == [
        "Lantern first",
        "In the text, newer",
        "In the text, older",
        "In a comment, and newest but one",
    ]


def test_the_last_word_may_be_a_beginning_when_no_note_has_it_whole(client, cohort, membership, author):
    a_note(membership, author, title="Volunteers stay", body="Late.")
    a_note(membership, author, title="The stores", body="A filmography.")
    a_note(membership, author, title="Film", body="Early.")
    client.force_login(author)

    assert titles(client, cohort, "volu") == ["Volunteers stay"]
    assert titles(client, cohort, "stay volu") == ["Volunteers stay"]
    assert titles(client, cohort, "volu stay") == []
    assert titles(client, cohort, "film") == ["Film"]
    page = client.get(reverse("research:note_list", args=[cohort.slug]), {"q": "volu"})
    assert "No note has the last word as you wrote it" in page.content.decode()


@pytest.mark.parametrize(
    "question",
    [
        *('"', "'", "(", "NEAR(", "AND", "a OR", "-", "*", "^", ":", "%", "\\", "🙂", "''", "\u200b"),
        *("x" * 10_000, "’" * 300, "é" * 10_000, "ﷺ" * 300),
        *("'film", "(film OR", '"film* ^"', "film " * 2_000),
    ],
)
def test_nothing_somebody_types_is_an_error(client, cohort, membership, author, question):
    a_note(membership, author, title="Filming or not")
    client.force_login(author)

    assert titles(client, cohort, question) == (["Filming or not"] if "film" in question else [])


def test_a_question_without_a_word_says_so_and_one_without_an_answer_says_what_to_try(
    client, cohort, membership, author
):
    a_note(membership, author)
    client.force_login(author)
    address = reverse("research:note_list", args=[cohort.slug])

    nothing = client.get(address, {"q": "?!"}).content.decode()
    nowhere = client.get(address, {"q": "zebra"}).content.decode()

    assert "There is no word in this to look for" in nothing
    assert "Try fewer words" in nowhere
    assert "0 notes</mark> found" in nowhere


def test_filters_narrow_what_words_find(client, cohort, membership, author):
    a_note(membership, author, title="A hunch", body="Lantern.", kind="hunch")
    a_note(membership, author, title="An action", body="Lantern.", kind="action")
    client.force_login(author)

    assert titles(client, cohort, "lantern", kind="hunch") == ["A hunch"]
    assert titles(client, cohort, "lantern", kind="hunch", mine="on") == ["A hunch"]


def test_drafts_are_found_by_their_author_alone(client, cohort, membership, author):
    a_note(membership, author, title="Draft lantern", audience=Audience.ME)
    others = [a_participant(membership), a_participant(a_membership(cohort)), a_mentor(membership).user, staff()]

    for user in others:
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        assert titles(client, cohort, "lantern") == []
    client.force_login(author)
    assert titles(client, cohort, "lantern") == ["Draft lantern"]


def test_each_finds_what_they_may_read_and_no_more(client, cohort, membership, author):
    inner = a_note(membership, author, title="Inner lantern", audience=Audience.ORGANISATION)
    a_comment(a_note(membership, author, title="Shared", audience=Audience.COHORT).discussion, author, "Lantern.")
    a_note(membership, author, title="Deleted lantern").delete_softly(NOW, author)
    neighbour = a_participant(a_membership(cohort))
    elsewhere = a_membership()
    a_note(elsewhere, title="Elsewhere lantern")

    client.force_login(neighbour)
    assert titles(client, cohort, "lantern") == ["Shared"]
    client.force_login(a_mentor(membership).user)
    assert titles(client, cohort, "lantern") == ["Inner lantern", "Shared"]
    membership.seats.get(user=author).end(NOW)
    client.force_login(a_participant(membership))
    assert titles(client, cohort, "lantern") == [inner.title, "Shared"]


def test_old_versions_and_their_private_beginnings_are_not_found(client, cohort, membership, author):
    pk = uuid.uuid4()
    save_note(pk, cohort, Change(uuid.uuid4(), 0, "A secret zebra", "Zebra.", {"audience": "me"}), author, NOW)
    save_note(pk, cohort, Change(uuid.uuid4(), 1, "A lantern", "Text.", {"audience": "cohort"}), author, NOW)
    late = save_note(pk, cohort, Change(uuid.uuid4(), 1, "A late giraffe", "Text."), author, NOW)
    client.force_login(author)

    assert late.kept
    assert titles(client, cohort, "zebra") == []
    assert titles(client, cohort, "giraffe") == []
    assert titles(client, cohort, "lantern") == ["A lantern"]
    assert entries() == as_written()


def test_a_comment_taken_back_is_not_found_until_it_is_put_back(client, cohort, membership, author):
    note = a_note(membership, author, title="A note")
    comment = a_comment(note.discussion, author, "Lantern.")
    client.force_login(author)
    assert titles(client, cohort, "lantern") == ["A note"]

    comment.withdraw(author, NOW)
    assert titles(client, cohort, "lantern") == []
    comment.put_back()
    assert titles(client, cohort, "lantern") == ["A note"]


def test_index_and_text_agree_after_every_way_of_writing(client, cohort, membership, author):
    client.force_login(author)
    pk = uuid.uuid4()

    def save(base, title, body):
        answer = client.post(
            reverse("research:note_save", args=[cohort.slug, pk]),
            {"save_id": str(uuid.uuid4()), "base_version": base, "title": title, "body": body, "audience": "cohort"},
            content_type="application/json",
        )
        return answer.status_code

    note = lambda: ResearchNote.objects.get(pk=pk)  # noqa: E731
    deeds = [
        lambda: save(0, "A title", "A text"),
        lambda: save(1, "", "Only a text"),
        lambda: save(2, "A title again", "The same text"),
        lambda: save(2, "Too late", "Kept beside the history"),
        lambda: client.post(reverse("research:note_comment", args=[cohort.slug, pk]), {"body": "A comment"}),
        lambda: client.post(
            reverse("discussions:comment_withdraw", args=[cohort.slug, note().discussion.comments.get().pk])
        ),
        lambda: client.post(
            reverse("discussions:comment_put_back", args=[cohort.slug, note().discussion.comments.get().pk])
        ),
        lambda: client.post(reverse("research:note_delete", args=[cohort.slug, pk])),
        lambda: client.post(reverse("research:note_put_back", args=[cohort.slug, pk])),
        lambda: save(3, "…", "?!"),
    ]

    for deed in deeds:
        deed()
        assert entries() == as_written()
    assert matched("comment") == {"a comment"}
    assert matched("titl") == set()


def test_an_addendum_is_found_and_shown_as_a_part_of_the_note(client, cohort, membership, author):
    note = a_note(membership, author, title="A locked note", body="Nothing of it.")
    add_addendum(note, author, "A *lantern* after all.", uuid.uuid4(), NOW)
    client.force_login(author)

    assert titles(client, cohort, "nothing lanterns") == ["A locked note"]
    assert entries() == as_written()
    page = client.get(reverse("research:note_list", args=[cohort.slug]), {"q": "lantern"}).content.decode()
    assert "A <mark>lantern</mark> after all." in page


def test_what_fails_to_be_saved_leaves_no_words(cohort, author):
    def save_and_fail():
        with transaction.atomic():
            save_note(uuid.uuid4(), cohort, Change(uuid.uuid4(), 0, "A lantern", "Text."), author, NOW)
            assert len(entries()) == 2
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        save_and_fail()

    assert entries() == []


def test_the_first_word_of_a_topic_is_in_the_index_too(cohort, author):
    start_topic(cohort, None, "A topic", "Lantern.", author, NOW)

    assert matched("lantern") == {"lantern"}


def test_rebuilding_mends_what_is_out_of_step_and_says_how_much(membership, author):
    note = a_note(membership, author)
    comment = a_comment(note.discussion, author)
    gone = a_comment(note.discussion, author, "Taken back.")
    gone.withdraw(author, NOW)
    assert entries() == as_written()
    SearchEntry.objects.filter(place=2).update(words="wrong")
    SearchEntry.objects.filter(comment=comment).delete()
    said = StringIO()

    call_command("rebuild_search", stdout=said)

    assert said.getvalue() == "3 texts are in the index; 2 were not as they stand now.\n"
    assert entries() == as_written()
    assert matched("wrong") == set()
    assert len(matched("film")) == 2


def test_the_database_has_the_index(membership, author):
    """A table rebuilt by a later migration would lose the triggers: then this fails."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                "SELECT name FROM sqlite_master WHERE tbl_name = 'discussions_searchentry' AND type = 'trigger'"
            )
            assert {name for (name,) in cursor} == {
                f"discussions_searchwords_{deed}" for deed in ("insert", "update", "delete")
            }
        else:
            cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'discussions_searchwords'")
            assert "gin" in cursor.fetchone()[0]


def test_the_passage_shows_the_words_marked_and_nothing_as_markup(client, cohort, membership, author):
    body = (
        "Long before. " * 30
        + "Then <script>alert(1)</script> a **Café** with [a lantern](https://a.example/x). "
        + "After. " * 60
    )
    a_note(membership, author, title="Cafés & lanterns <b>", body=body)
    client.force_login(author)

    page = client.get(reverse("research:note_list", args=[cohort.slug]), {"q": "cafe lantern"}).content.decode()

    assert "<mark>Cafés</mark> &amp; <mark>lanterns</mark> &lt;b&gt;</a>" in page
    assert (
        "… Long before. Long before. Long before. Then &lt;script&gt;alert(1)&lt;/script&gt; a <mark>Café</mark> with a"
        in page
    )
    assert "a <mark>lantern</mark>. After." in page
    assert "a.example" not in page
    assert "<script>alert" not in page


def test_a_comment_that_has_the_words_is_named_and_led_to(client, cohort, membership, author):
    note = a_note(membership, author, title="A note", body="Nothing of it.")
    a_comment(note.discussion, author, "An older lantern")
    comment = a_comment(note.discussion, a_participant(membership, "Cy Commenter"), "A *lantern* <i>")
    client.force_login(author)

    page = client.get(reverse("research:note_list", args=[cohort.slug]), {"q": "lanterns"}).content.decode()

    assert f'#comment-{comment.pk}">In a comment by Cy Commenter</a>: A <mark>lantern</mark> &lt;i&gt;' in page


@pytest.mark.parametrize(
    ("markdown", "words"),
    [
        ("# Heading\n\n- one\n- two\n\n1. three", "Heading one two three"),
        ("**bold** _it_ `code` ~~gone~~", "bold it code gone"),
        ("![a picture](x.png) and [a link](https://a.example)", "a picture and a link"),
        ("> quoted\n| a | b |", "quoted a b"),
        ("5 > 3 - 2, e.g. 7. Yes!", "5 > 3 - 2, e.g. 7. Yes!"),
    ],
)
def test_a_passage_is_read_without_its_markdown(markdown, words):
    assert plain(markdown) == words


def test_a_passage_of_one_endless_word_is_cut():
    assert len(passage("x" * 30_000, ["y"])) < 300
    assert passage("", ["y"]) == ""


def test_finding_thirty_takes_as_many_questions_to_the_database_as_finding_three(client, cohort, membership, author):
    client.force_login(author)
    address = reverse("research:note_list", args=[cohort.slug]) + "?q=lantern"

    def write(number):
        for _ in range(number):
            a_comment(a_note(membership, author).discussion, author, "Lantern")

    write(3)
    few = queries_of(client, address)
    write(27)

    assert queries_of(client, address) == few


def test_only_the_nearest_thousand_are_listed_and_the_page_says_so(client, cohort, membership, author, monkeypatch):
    monkeypatch.setattr("research.searching.MOST", 2)
    for _ in range(3):
        a_note(membership, author, title="Lantern")
    client.force_login(author)

    page = client.get(reverse("research:note_list", args=[cohort.slug]), {"q": "lantern"}).content.decode()

    assert MOST == 1_000
    assert "More than 2 notes</mark> found" in page
    assert len(Found(ResearchNote.objects.all(), "lantern")) == 2


def test_staff_search_the_desk_the_same_way_and_find_no_draft(client, membership, author):
    a_note(membership, author, title="Shared lantern")
    a_note(membership, author, title="Draft lantern", audience=Audience.ME)
    a_comment(a_note(membership, author, title="Commented").discussion, author, "Lanterns")
    client.force_login(staff(), backend="django.contrib.auth.backends.ModelBackend")
    desk = reverse("admin:research_researchnote_changelist")

    def found(question):
        return {note.title for note in client.get(desk, {"q": question}).context["cl"].queryset}

    assert found("lantern") == {"Shared lantern", "Commented"}
    assert found('"(') == set()
    assert found("") == {"Shared lantern", "Commented"}
