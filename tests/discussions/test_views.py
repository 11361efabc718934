import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import escape

from discussions.models import Comment, Topic
from participants.models import Membership
from tests.factories import (
    NOW,
    a_cohort,
    a_comment,
    a_membership,
    a_mentor,
    a_note,
    a_participant,
    a_seat,
    a_topic,
    a_user,
    staff,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def cohort():
    return a_cohort()


@pytest.fixture
def museum(cohort):
    return a_membership(cohort, "Sample Museum")


@pytest.fixture
def pat(museum):
    return a_participant(museum)


def signed_in(user):
    browser = Client()
    browser.force_login(user)
    return browser


def at(name, *args):
    return reverse(f"discussions:{name}", args=args)


def test_who_reads_which_topic(cohort, museum, pat):
    theatre = a_membership(cohort, "Sample Theatre")
    for_all = a_topic(cohort, pat, title="ALL")
    for_us = a_topic(cohort, pat, museum, title="ONLY-MUSEUM")
    a_comment(for_us.discussion, pat, "CANARY-MUSEUM")
    former = a_seat(museum, a_user(), ended_at=NOW).user
    elsewhere = a_participant(a_membership())
    left = a_participant(a_membership(cohort, status=Membership.Status.WITHDRAWN))
    people = {
        "participant": pat,
        "colleague": a_participant(museum),
        "neighbour": a_participant(theatre),
        "staff": staff(),
        "mentor": a_mentor(museum).user,
        "former": former,
        "another cohort": elsewhere,
        "an organisation that left": left,
    }
    pages = [at("topic_list", cohort.slug), for_all.get_absolute_url(), for_us.get_absolute_url()]
    seen = {who: [signed_in(user).get(page).status_code for page in pages] for who, user in people.items()}
    assert seen == {
        "participant": [200, 200, 200],
        "colleague": [200, 200, 200],
        "neighbour": [200, 200, 404],
        "staff": [200, 200, 200],
        "mentor": [404, 404, 404],
        "former": [404, 404, 404],
        "another cohort": [404, 404, 404],
        "an organisation that left": [404, 404, 404],
    }
    assert "ONLY-MUSEUM" not in signed_in(people["neighbour"]).get(pages[0]).content.decode()
    assert "ONLY-MUSEUM" in signed_in(people["colleague"]).get(pages[0]).content.decode()
    assert Client().get(pages[2]).status_code == 302


def test_a_topic_is_found_in_its_own_cohort_only(cohort, pat):
    other = a_membership()
    a_seat(other, pat)
    topic = a_topic(other.cohort, pat)
    assert signed_in(pat).get(topic.get_absolute_url()).status_code == 200
    assert signed_in(pat).get(at("topic_detail", cohort.slug, topic.pk)).status_code == 404


@pytest.mark.parametrize("pk", [0, 10**9, 10**30])
def test_a_number_that_is_no_topic_is_a_missing_page(cohort, pat, pk):
    assert signed_in(pat).get(at("topic_detail", cohort.slug, pk)).status_code == 404


def test_the_list_tells_messages_and_last_word_and_puts_pinned_topics_first(cohort, pat):
    quiet = a_topic(cohort, pat, title="Quiet")
    busy = a_topic(cohort, pat, title="Busy")
    pinned = a_topic(cohort, pat, title="Pinned", is_pinned=True)
    ann = a_participant(a_membership(cohort), "Ann")
    a_comment(busy.discussion, pat)
    a_comment(busy.discussion, ann)
    taken_back = a_comment(busy.discussion, pat)
    taken_back.withdraw(taken_back.author, NOW)
    page = signed_in(pat).get(at("topic_list", cohort.slug)).context["page"]
    assert [(topic, topic.comment_count, topic.last_by) for topic in page] == [
        (pinned, 0, None),
        (busy, 2, "Ann"),
        (quiet, 0, None),
    ]


def test_the_list_can_be_narrowed_to_the_cohort_or_to_ones_organisation(cohort, museum, pat):
    for_all, for_us = a_topic(cohort, pat), a_topic(cohort, pat, museum)
    browser, url = signed_in(pat), at("topic_list", cohort.slug)
    assert list(browser.get(url, {"where": "cohort"}).context["page"]) == [for_all]
    assert list(browser.get(url, {"where": museum.organisation.slug}).context["page"]) == [for_us]
    assert len(browser.get(url, {"where": "nonsense", "page": "x"}).context["page"].object_list) == 2


def test_staff_find_the_topics_of_every_organisation_by_its_name(cohort, museum, pat):
    for_us = a_topic(cohort, pat, museum)
    page = signed_in(staff()).get(at("topic_list", cohort.slug), {"where": museum.organisation.slug})
    assert list(page.context["page"]) == [for_us]


def test_thirty_topics_take_as_many_queries_as_three_and_so_do_thirty_replies(cohort, museum, pat):
    browser = signed_in(pat)
    topic = a_topic(cohort, pat)

    def queries(url):
        browser.get(url)
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(url).status_code == 200
        return len(captured)

    counts = []
    for more in (2, 20):
        for _ in range(more):
            person = a_participant(museum)
            a_comment(a_topic(cohort, person, museum).discussion, person)
            a_comment(topic.discussion, person)
        counts.append((queries(at("topic_list", cohort.slug)), queries(topic.get_absolute_url())))
    assert counts[0] == counts[1]


def test_a_person_starts_a_topic_for_the_whole_cohort(cohort, pat):
    data = {"title": "Consent by text", "body": "Has **anyone** done it?", "where": "cohort"}
    answer = signed_in(pat).post(at("topic_new", cohort.slug), data, follow=True)
    topic = Topic.objects.get()
    assert answer.redirect_chain == [(topic.get_absolute_url(), 302)]
    assert (topic.membership, topic.started_by, topic.title) == (None, pat, "Consent by text")
    assert "<strong>anyone</strong>" in answer.content.decode()
    assert escape(f"everyone with a seat in {cohort} and the staff can read it now") in answer.content.decode()


def test_a_person_starts_a_topic_for_their_organisation_only(cohort, museum, pat):
    data = {"title": "Between us", "body": "Who goes?", "where": museum.pk}
    signed_in(pat).post(at("topic_new", cohort.slug), data)
    assert Topic.objects.get().membership == museum


def test_the_form_says_who_will_read_it_and_offers_no_other_organisation(cohort, museum, pat):
    theatre = a_membership(cohort, "Sample Theatre")
    page = signed_in(pat).get(at("topic_new", cohort.slug)).content.decode()
    assert "Only Sample Museum: the people of Sample Museum and the staff who run the programme" in page
    assert "Sample Theatre" not in page
    data = {"title": "T", "body": "B", "where": theatre.pk}
    assert signed_in(pat).post(at("topic_new", cohort.slug), data).status_code == 422
    assert not Topic.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": ""},
        {"title": "x" * 161},
        {"title": "a\x00b"},
        {"body": " "},
        {"body": "x" * 20_001},
        {"body": "a\x00b"},
        {"where": "nowhere"},
        {"where": ""},
    ],
    ids=str,
)
def test_a_topic_that_cannot_be_used_keeps_what_was_typed(cohort, pat, wrong):
    data = {"title": "A title", "body": "MY WORDS", "where": "cohort", **wrong}
    answer = signed_in(pat).post(at("topic_new", cohort.slug), data)
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == set(wrong)
    assert ("MY WORDS" in answer.content.decode()) == ("body" not in wrong)
    assert not Topic.objects.exists()


def test_a_reply_appears_under_the_topic(cohort, pat):
    topic = a_topic(cohort, pat)
    answer = signed_in(pat).post(topic.get_absolute_url(), {"body": "We did."})
    comment = Comment.objects.get()
    assert answer.url == f"{topic.get_absolute_url()}?page=last#comment-{comment.pk}"
    assert (comment.author, comment.body, comment.discussion) == (pat, "We did.", topic.discussion)


@pytest.mark.parametrize("body", ["", "x" * 20_001, "a\x00b"])
def test_a_reply_that_cannot_be_used_is_refused_in_the_page(cohort, pat, body):
    topic = a_topic(cohort, pat)
    answer = signed_in(pat).post(topic.get_absolute_url(), {"body": body})
    assert answer.status_code == 422
    assert answer.context["form"].errors["body"]
    assert not Comment.objects.exists()


def test_words_in_a_reply_are_words_not_markup(cohort, pat):
    topic = a_topic(cohort, pat)
    a_comment(topic.discussion, pat, "<script>alert(1)</script> [x](javascript:alert(1))")
    page = signed_in(pat).get(topic.get_absolute_url()).content.decode()
    assert "<script>alert" not in page
    assert 'href="javascript' not in page


def test_a_closed_topic_takes_no_reply_and_gives_back_what_was_written(cohort, pat):
    topic = a_topic(cohort, pat, closed_at=NOW)
    browser = signed_in(pat)
    assert 'id="reply"' not in browser.get(topic.get_absolute_url()).content.decode()
    answer = browser.post(topic.get_absolute_url(), {"body": "TOO LATE"})
    assert answer.status_code == 409
    assert "TOO LATE" in answer.content.decode()
    assert not Comment.objects.exists()


def test_a_long_thread_comes_in_pages_and_a_reply_leads_to_the_last(cohort, pat):
    topic = a_topic(cohort, pat)
    Comment.objects.bulk_create(
        Comment(discussion=topic.discussion, author=pat, body=f"word {i}", created_at=NOW) for i in range(60)
    )
    browser = signed_in(pat)
    assert len(browser.get(topic.get_absolute_url()).context["page"].object_list) == 50
    last = browser.get(browser.post(topic.get_absolute_url(), {"body": "the end"}).url)
    assert [comment.body for comment in last.context["page"]][-1] == "the end"


def test_an_author_takes_a_comment_back_and_puts_it_back(cohort, pat):
    topic = a_topic(cohort, pat)
    comment = a_comment(topic.discussion, pat, "SECOND THOUGHTS")
    browser, other = signed_in(pat), signed_in(a_participant(a_membership(cohort)))
    answer = browser.post(at("comment_withdraw", cohort.slug, comment.pk), {"next": topic.get_absolute_url()})
    assert answer.url == f"{topic.get_absolute_url()}#comment-{comment.pk}"
    for reader in (browser, other):
        page = reader.get(topic.get_absolute_url()).content.decode()
        assert "Taken back by its author." in page
        assert "SECOND THOUGHTS" not in page
    browser.post(at("comment_put_back", cohort.slug, comment.pk))
    assert "SECOND THOUGHTS" in other.get(topic.get_absolute_url()).content.decode()


@pytest.mark.parametrize("verb", ["comment_withdraw", "comment_put_back"])
def test_nobody_touches_the_words_of_another_not_even_staff(cohort, museum, pat, verb):
    topic = a_topic(cohort, pat)
    comment = a_comment(topic.discussion, pat)
    for user in (a_participant(museum), staff(), a_mentor(museum).user):
        assert signed_in(user).post(at(verb, cohort.slug, comment.pk)).status_code == 404
    assert signed_in(pat).get(at(verb, cohort.slug, comment.pk)).status_code == 405
    comment.refresh_from_db()
    assert comment.withdrawn_at is None
    assert signed_in(pat).post(at(verb, cohort.slug, comment.pk)).status_code == 302


def test_who_lost_the_seat_no_longer_reaches_their_words_in_that_topic(cohort, museum, pat):
    a_seat(a_membership(cohort), pat)
    topic = a_topic(cohort, pat, museum)
    comment = a_comment(topic.discussion, pat)
    pat.seats.get(membership=museum).end(NOW)
    assert signed_in(pat).post(at("comment_withdraw", cohort.slug, comment.pk)).status_code == 404


def test_a_mentor_takes_back_what_they_said_under_a_note(cohort, museum):
    mo = a_mentor(museum).user
    comment = a_comment(a_note(museum).discussion, mo)
    assert signed_in(mo).post(at("comment_withdraw", cohort.slug, comment.pk)).status_code == 302
    comment.refresh_from_db()
    assert comment.withdrawn_at is not None


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "evil", ""]
)
def test_the_way_back_stays_on_this_site(cohort, pat, elsewhere):
    topic = a_topic(cohort, pat)
    comment = a_comment(topic.discussion, pat)
    answer = signed_in(pat).post(at("comment_withdraw", cohort.slug, comment.pk), {"next": elsewhere})
    assert answer.url == f"{topic.get_absolute_url()}#comment-{comment.pk}"


def test_a_cohort_that_talks_elsewhere_has_the_way_there_and_its_old_topics_to_read(cohort, pat):
    topic = a_topic(cohort, pat)
    a_comment(topic.discussion, pat, "OLD WORDS")
    cohort.collaboration_tool, cohort.collaboration_url = "Basecamp", "https://talk.sample.example/lgr6"
    cohort.save()
    browser = signed_in(pat)
    page = browser.get(at("topic_list", cohort.slug)).content.decode()
    assert 'href="https://talk.sample.example/lgr6"' in page
    assert topic.get_absolute_url() in page
    assert at("topic_new", cohort.slug) not in page
    assert browser.post(at("topic_new", cohort.slug), {"title": "T", "body": "B", "where": "cohort"}).status_code == 302
    assert Topic.objects.count() == 1
    assert "OLD WORDS" in browser.get(topic.get_absolute_url()).content.decode()
    assert browser.post(topic.get_absolute_url(), {"body": "B"}).status_code == 409


def test_what_staff_took_back_its_author_cannot_put_back(client):
    membership = a_membership()
    author = a_participant(membership)
    topic = a_topic(membership.cohort, author)
    comment = a_comment(topic.discussion, author, "Words that had to go.")
    comment.withdraw(staff(), NOW)
    client.force_login(author)

    response = client.post(f"/cohorts/{membership.cohort.slug}/exchange/comments/{comment.pk}/put-back/")
    page = client.get(topic.get_absolute_url()).content.decode()

    assert response.status_code == 403
    assert "Taken back by Culture24." in page
    assert "Put it back" not in page
