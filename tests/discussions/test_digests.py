"""Digests of the exchange and of comments, through the clock: unread only, each word once, by each reader's clock."""

from datetime import date, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from correspondence.carriers import message_of
from correspondence.clock import tick
from correspondence.handing_over import hand_out
from correspondence.leaving import choose
from correspondence.models import Choice, Letter
from correspondence.reminders import plan, unwanted
from discussions import reminders as exchange
from discussions.digests import digests
from discussions.models import Reading, Topic
from discussions.starting import start_topic
from tests.correspondence.test_two_parts import links_of, words_of_html, words_of_text
from tests.factories import LONDON, a_cohort, a_membership, a_note, a_participant, staff

pytestmark = pytest.mark.django_db

PAT, QUINN, NAT = "pat@sample.example", "quinn@sample.example", "nat@neighbour.example"
# A Monday; everything is said on the Monday before it or after.
MONDAY = datetime(2018, 5, 14, 8, tzinfo=LONDON)
MINUTE, HOUR, DAY, WEEK = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1), timedelta(days=7)
CANARY = "canary-of-the-neighbours"


@pytest.fixture
def cohort():
    """Pat and Quinn at one museum, Nat at another."""
    cohort = a_cohort()
    museum = a_membership(cohort, "Museum")
    a_participant(museum, "Pat", email=PAT)
    a_participant(museum, "Quinn", email=QUINN)
    a_participant(a_membership(cohort, "Neighbour"), "Nat", email=NAT)
    return cohort


def person(email):
    from participants.models import User

    return User.objects.get(email=email)


def say(cohort, words, at, by=QUINN, membership=None, topic=None):
    if topic is None:
        topic = start_topic(cohort, membership, f"About {words}", words, person(by), at)
        return topic.discussion.comments.get()
    return topic.discussion.add(person(by), words, at)


def read_by(address, kind="exchange"):
    """The digests that went to an address, oldest first."""
    return list(Letter.objects.filter(address=address, kind=kind, state="sent").order_by("due_at"))


def everything(address):
    return "\n".join(Letter.objects.filter(address=address).values_list("body", flat=True))


def pace(address, how, kind="exchange"):
    choose(address, kind, how, MONDAY)


def test_what_is_unread_comes_once_at_eight_in_one_letter(cohort):
    say(cohort, "lamps", MONDAY - 3 * HOUR)
    say(cohort, "ramps", MONDAY - 2 * HOUR)

    assert tick(MONDAY - MINUTE).sent == 0
    tick(MONDAY)
    tick(MONDAY + MINUTE)
    tick(MONDAY + DAY)

    (letter,) = read_by(PAT)
    assert letter.due_at == MONDAY
    assert letter.subject == "2 new messages in the exchange: About lamps, About ramps"
    assert "Quinn:\n> lamps\n" in letter.body


def test_nothing_new_is_no_letter(cohort):
    tick(MONDAY)
    say(cohort, "late", MONDAY + MINUTE)
    tick(MONDAY + HOUR)

    assert Letter.objects.count() == 0


def test_own_words_are_no_news_to_oneself(cohort):
    say(cohort, "lamps", MONDAY - HOUR)
    tick(MONDAY)

    assert (len(read_by(PAT)), len(read_by(QUINN))) == (1, 0)


def test_each_word_is_told_once_and_the_next_digest_has_only_what_came_since(cohort):
    topic = say(cohort, "lamps", MONDAY - HOUR).discussion.topic
    tick(MONDAY)
    say(cohort, "ramps", MONDAY + HOUR, topic=topic)
    tick(MONDAY + DAY)

    first, second = read_by(PAT)
    assert ("> lamps" in first.body, "> ramps" in first.body) == (True, False)
    assert ("> lamps" in second.body, "> ramps" in second.body) == (False, True)


def test_without_the_memory_of_what_was_told_it_would_be_told_twice(cohort, monkeypatch):
    monkeypatch.setattr("discussions.digests.told_by", lambda kind, now: (set(), {}))

    with pytest.raises(AssertionError):
        test_each_word_is_told_once_and_the_next_digest_has_only_what_came_since(cohort)


def test_who_has_read_the_thread_is_told_nothing_of_it(cohort, client):
    comment = say(cohort, "lamps", MONDAY - HOUR)
    client.force_login(person(PAT))
    client.get(comment.discussion.topic.get_absolute_url())

    tick(MONDAY)

    assert (len(read_by(PAT)), len(read_by(NAT))) == (0, 1)


def test_weekly_comes_on_mondays_only(cohort):
    pace(PAT, "weekly")
    say(cohort, "lamps", MONDAY - 3 * DAY)
    for days in range(-2, 8):
        tick(MONDAY + days * DAY)

    assert [letter.due_at for letter in read_by(PAT)] == [MONDAY]


def test_at_once_is_a_letter_for_each_new_message_and_none_twice(cohort):
    pace(PAT, "at_once")
    topic = say(cohort, "lamps", MONDAY + HOUR).discussion.topic
    say(cohort, "ramps", MONDAY + HOUR + MINUTE, topic=topic)
    for minutes in range(4):
        tick(MONDAY + HOUR + minutes * MINUTE)
    tick(MONDAY + DAY)

    assert [letter.due_at for letter in read_by(PAT)] == [MONDAY + HOUR, MONDAY + HOUR + MINUTE]


def test_never_is_never(cohort):
    pace(PAT, "never")
    say(cohort, "lamps", MONDAY - HOUR)
    tick(MONDAY)

    assert Letter.objects.filter(address=PAT).count() == 0
    assert len(read_by(NAT)) == 1


@pytest.mark.parametrize(
    "steps", [("at_once", "daily"), ("daily", "at_once"), ("daily", "weekly"), ("weekly", "daily")]
)
def test_another_pace_tells_nothing_again(cohort, steps):
    before, after = steps
    pace(PAT, before)
    say(cohort, "lamps", MONDAY - HOUR)
    tick(MONDAY - HOUR)
    tick(MONDAY)
    assert len(read_by(PAT)) == 1

    pace(PAT, after)
    for days in (0, 1, 7, 14):
        tick(MONDAY + days * DAY + MINUTE)

    assert len(read_by(PAT)) == 1


# Where a reader's clock changes, on which days; in Kolkata it never does, while London's does.
CHANGES = [
    ("Europe/London", (2018, 3, 25)),
    ("Europe/London", (2018, 10, 28)),
    ("Europe/London", (2026, 3, 29)),
    ("Europe/London", (2027, 10, 31)),
    ("America/New_York", (2018, 3, 11)),
    ("America/New_York", (2018, 11, 4)),
    ("Pacific/Auckland", (2018, 4, 1)),
    ("Pacific/Auckland", (2018, 9, 30)),
    ("Asia/Kolkata", (2018, 3, 25)),
]


@pytest.mark.parametrize(("zone", "day"), [(zone, date(*day)) for zone, day in CHANGES])
def test_it_is_eight_on_the_readers_clock_before_and_after_the_clocks_change(cohort, day, zone):
    reader = person(PAT)
    reader.timezone = zone
    reader.save()
    here = ZoneInfo(zone)
    start = datetime(day.year, day.month, day.day, 0, tzinfo=ZoneInfo("UTC")) - 2 * DAY
    topic = say(cohort, "lamps", start).discussion.topic
    for number in range(2, 193):
        moment = start + number * 30 * MINUTE
        if number % 12 == 0:
            say(cohort, f"word {number}", moment, topic=topic)
        # A clock that is taken for another's, or for the day before's, would show eight within these hours too.
        if 6 <= moment.astimezone(here).hour <= 9:
            tick(moment)

    went = [letter.due_at.astimezone(here) for letter in read_by(PAT)]
    assert {(moment.hour, moment.minute) for moment in went} == {(8, 0)}
    assert len(went) == len({moment.date() for moment in went})
    days = [moment.date() for moment in went]
    assert days == [days[0] + n * DAY for n in range(len(days))]
    assert len(days) in (3, 4)
    assert [letter.sent_at - letter.due_at < MINUTE for letter in read_by(PAT)] == [True] * len(went)


def test_weekly_over_the_change_of_the_clock_stays_at_eight(cohort):
    pace(PAT, "weekly")
    for monday in (datetime(2018, 10, 22, 8, tzinfo=LONDON), datetime(2018, 10, 29, 8, tzinfo=LONDON)):
        say(cohort, f"lamps {monday.day}", monday - HOUR)
        tick(monday - MINUTE)
        tick(monday)

    first, second = read_by(PAT)
    assert second.due_at - first.due_at == WEEK + HOUR


# Access, at the moment it goes


def test_the_neighbours_own_topic_is_in_nobody_elses_digest(cohort):
    neighbour = cohort.memberships.get(name="Neighbour")
    a_participant(neighbour, "Nell", email="nell@neighbour.example")
    say(cohort, CANARY, MONDAY - HOUR, by=NAT, membership=neighbour)
    say(cohort, "lamps", MONDAY - HOUR, by=NAT)
    tick(MONDAY)

    assert (CANARY in everything(PAT), "lamps" in everything(PAT)) == (False, True)
    assert CANARY in everything("nell@neighbour.example")


def test_were_access_not_asked_the_neighbours_words_would_be_in_it(cohort, monkeypatch):
    monkeypatch.setattr(exchange.Topics, "concerned", lambda self, comments: {c.pk: {person(PAT).pk} for c in comments})
    test_the_digest_asks_what_is_readable_and_not_who_may_be_concerned(cohort)
    monkeypatch.setattr("discussions.models.TopicQuerySet.visible_to", lambda self, user: self)
    Letter.objects.all().delete()

    with pytest.raises(AssertionError):
        test_the_digest_asks_what_is_readable_and_not_who_may_be_concerned(cohort)


def test_the_digest_asks_what_is_readable_and_not_who_may_be_concerned(cohort):
    say(cohort, CANARY, MONDAY - HOUR, by=NAT, membership=cohort.memberships.get(name="Neighbour"))
    tick(MONDAY)

    assert CANARY not in everything(PAT)


def test_what_is_taken_back_before_it_goes_is_in_no_letter_and_the_rest_comes_next_time(cohort):
    topic = say(cohort, "lamps", MONDAY - 2 * HOUR).discussion.topic
    wrong = say(cohort, "slip", MONDAY - HOUR, topic=topic)
    plan(MONDAY)
    wrong.withdraw(wrong.author, MONDAY)
    hand_out(MONDAY, unwanted)
    assert read_by(PAT) == []

    tick(MONDAY + MINUTE)
    tick(MONDAY + DAY)

    (letter,) = read_by(PAT)
    assert ("lamps" in letter.body, "slip" in letter.body) == (True, False)


def test_who_lost_their_seat_before_it_goes_gets_nothing(cohort):
    say(cohort, "lamps", MONDAY - HOUR)
    plan(MONDAY)
    person(PAT).seats.get().end(MONDAY)
    hand_out(MONDAY, unwanted)

    assert (len(read_by(PAT)), len(read_by(NAT))) == (0, 1)


def test_who_reads_it_before_it_goes_gets_nothing(cohort):
    comment = say(cohort, "lamps", MONDAY - HOUR)
    plan(MONDAY)
    comment.discussion.mark_read(person(PAT), MONDAY)
    hand_out(MONDAY, unwanted)

    assert (len(read_by(PAT)), len(read_by(NAT))) == (0, 1)


def test_a_cohort_that_does_not_run_sends_no_digests(cohort):
    say(cohort, "lamps", MONDAY - HOUR)
    cohort.status = cohort.Status.ENDED
    cohort.save()
    tick(MONDAY)

    assert Letter.objects.count() == 0


# Comments on notes


def test_comments_reach_the_notes_people_and_who_spoke_there_and_no_neighbour(cohort):
    museum = cohort.memberships.get(name="Museum")
    other = a_participant(a_membership(cohort, "Third"), "Theo", email="theo@third.example")
    note = a_note(museum, person(PAT), title="Filming in the stores")
    note.discussion.add(person(NAT), "we tried that", MONDAY - 2 * HOUR)
    note.discussion.add(other, "so did we", MONDAY - HOUR)
    tick(MONDAY)

    (to_pat,), (to_nat,), (to_quinn,) = (read_by(who, "comments") for who in (PAT, NAT, QUINN))
    assert to_pat.subject == "2 new comments on notes: Filming in the stores"
    assert ("we tried that" in to_nat.body, "so did we" in to_nat.body) == (False, True)
    assert to_quinn.body.count("> ") == 2
    assert note.get_absolute_url() in to_pat.body


def test_a_note_made_private_to_its_organisation_is_told_of_to_no_outsider(cohort):
    note = a_note(cohort.memberships.get(name="Museum"), person(PAT), title=CANARY)
    note.discussion.add(person(NAT), "we tried that", MONDAY - 3 * HOUR)
    note.discussion.add(person(QUINN), CANARY, MONDAY - HOUR)
    note.audience = note.Audience.ORGANISATION
    note.save()
    tick(MONDAY)

    assert (len(read_by(PAT, "comments")), CANARY in everything(NAT)) == (1, False)


# Marks of what was read


def test_the_list_says_how_many_are_new_until_the_topic_is_looked_at(client, cohort):
    topic = say(cohort, "lamps", MONDAY - 2 * HOUR).discussion.topic
    say(cohort, "ramps", MONDAY - HOUR, topic=topic)
    say(cohort, "mine", MONDAY - HOUR, by=PAT, topic=topic)
    client.force_login(person(PAT))
    url = reverse("discussions:topic_list", args=[cohort.slug])
    assert "2 new" in client.get(url).text

    client.head(topic.get_absolute_url())
    assert "2 new" in client.get(url).text
    client.get(topic.get_absolute_url())

    assert " new</span>" not in client.get(url).text


def test_a_mark_never_goes_back_and_there_is_one_for_each_thread(cohort):
    topic = say(cohort, "lamps", MONDAY).discussion.topic
    for moment in (MONDAY, MONDAY + HOUR, MONDAY - HOUR):
        topic.discussion.mark_read(person(PAT), moment)

    assert list(Reading.objects.values_list("read_until", flat=True)) == [MONDAY + HOUR]


def test_the_first_page_of_a_long_topic_leaves_the_second_unread(client, cohort):
    topic = say(cohort, "lamps", MONDAY - DAY).discussion.topic
    for number in range(60):
        say(cohort, f"word {number}", MONDAY - DAY + number * MINUTE, topic=topic)
    client.force_login(person(PAT))
    client.get(topic.get_absolute_url())

    assert Topic.objects.with_last_word().with_unread(person(PAT)).get().unread == 11


def test_a_comment_on_a_note_is_read_by_opening_the_note(client, cohort):
    note = a_note(cohort.memberships.get(name="Museum"), person(PAT))
    note.discussion.add(person(NAT), "we tried that", MONDAY - HOUR)
    client.force_login(person(PAT))
    client.get(note.get_absolute_url())
    tick(MONDAY)

    assert read_by(PAT, "comments") == []


# The letter, the page, the queries


def test_the_digest_has_both_parts_with_the_same_words_and_links(cohort):
    say(cohort, '<script src="http://evil.example/">\n- *list*\n> said\nhttp://a.example/?x=1&y=2', MONDAY - HOUR)
    tick(MONDAY)
    (letter,) = read_by(PAT)
    read = message_from_bytes(message_of(letter)[1].as_bytes(), policy=default)
    html = read.get_body(["html"]).get_content()

    assert words_of_html(html) == words_of_text(letter.body)
    assert [link for link in links_of(letter.body) if f'href="{link.replace("&", "&amp;")}"' not in html] == []
    assert "<script" not in html


def test_a_person_chooses_among_four_paces_and_their_time_zone(client, cohort):
    client.force_login(person(PAT))
    page = client.get(reverse("participants:letters")).text
    assert page.count('<option value="daily" selected>once a day</option>') == 2
    client.post(reverse("participants:letters"), {"exchange": "weekly", "comments": "at_once"})
    assert client.post(reverse("participants:letters"), {"workshop_tomorrow": "daily"}).status_code == 422
    form = {"name": "Pat", "timezone": "Asia/Kolkata"}
    client.post(reverse("participants:profile"), form)
    assert client.post(reverse("participants:profile"), {**form, "timezone": "Mars/Olympus"}).status_code == 422

    assert set(Choice.objects.values_list("kind", "pace")) == {("exchange", "weekly"), ("comments", "at_once")}
    assert person(PAT).zone == ZoneInfo("Asia/Kolkata")


def test_a_tick_asks_no_more_for_30_people_who_have_been_told_than_for_3(cohort):
    source, museum = exchange.Topics(), cohort.memberships.get(name="Museum")
    say(cohort, "lamps", MONDAY - HOUR)

    def queries():
        tick(MONDAY)
        with CaptureQueriesContext(connection) as seen:
            assert digests(source, "exchange", "daily", MONDAY + MINUTE) == []
        return len(seen)

    few = queries()
    for number in range(27):
        a_participant(museum, f"More {number}", email=f"more{number}@sample.example")

    assert queries() == few
    assert few <= 8


def test_the_list_asks_no_more_for_30_topics_than_for_3(client, cohort):
    client.force_login(staff())
    url = reverse("discussions:topic_list", args=[cohort.slug])

    def queries(number):
        for n in range(number):
            say(cohort, f"lamps {number} {n}", MONDAY)
        with CaptureQueriesContext(connection) as seen:
            client.get(url)
        return len(seen)

    assert queries(3) == queries(27)
