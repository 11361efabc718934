"""An issue of the newsletter: one letter to each subscriber, with two ways out, once."""

from datetime import timedelta

import pytest

from correspondence.clock import tick
from correspondence.issues import go_on_with, send_issue, send_test, stop_issue, unwanted
from correspondence.models import Letter, NewsletterIssue, Subscriber
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def a_reader(name: str, **extra) -> Subscriber:
    return Subscriber.objects.create(address=f"{name}@sample.example", asked_at=NOW, confirmed_at=NOW, **extra)


def an_issue() -> NewsletterIssue:
    return NewsletterIssue.objects.create(subject="Women's stories", body="Spring & co.")


def test_every_letter_carries_the_text_and_both_ways_to_leave():
    reader, issue = a_reader("ann"), an_issue()

    number = send_issue(issue, NOW)

    letter = Letter.objects.get()
    assert number == 1
    assert (letter.subject, letter.address, letter.due_at) == ("Women's stories", reader.address, NOW)
    assert letter.body.startswith("Spring & co.\n")
    assert reader.leave_url() in letter.body
    assert letter.headers == {
        "List-Unsubscribe": f"<{reader.leave_url()}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def test_those_who_left_or_never_confirmed_are_not_written_to():
    a_reader("ann")
    a_reader("left", left_at=NOW)
    Subscriber.objects.create(address="asked@sample.example", asked_at=NOW)

    send_issue(an_issue(), NOW)

    assert list(Letter.objects.values_list("address", flat=True)) == ["ann@sample.example"]


def test_an_issue_sent_twice_writes_nothing_new_and_not_to_later_readers():
    a_reader("ann")
    issue = an_issue()

    numbers = [send_issue(issue, NOW)]
    a_reader("later")
    numbers.append(send_issue(issue, NOW + timedelta(days=1)))

    issue.refresh_from_db()
    assert numbers == [1, 0]
    assert Letter.objects.count() == 1
    assert issue.sent_at == NOW


def states() -> dict[str, str]:
    return dict(Letter.objects.values_list("address", "state"))


def test_an_issue_that_is_stopped_goes_on_where_it_was_and_nobody_gets_it_twice():
    ann, issue = a_reader("ann"), an_issue()
    a_reader("bob")
    a_reader("carol")
    send_issue(issue, NOW)
    Letter.objects.filter(address=ann.address).update(state=Letter.State.SENT, sent_at=NOW)

    assert stop_issue(issue, "Sam of the staff", NOW) == 2
    tick(NOW)
    assert states() == {
        "ann@sample.example": "sent",
        "bob@sample.example": "held",
        "carol@sample.example": "held",
    }
    Subscriber.objects.get(address="carol@sample.example").leave(NOW)
    later = NOW + timedelta(days=8)
    Letter.objects.filter(state="held").update(not_after=later)
    assert go_on_with(issue, later) == 1
    tick(later)

    assert states() | {"carol@sample.example": ""} == {
        "ann@sample.example": "sent",
        "bob@sample.example": "sent",
        "carol@sample.example": "",
    }


def test_a_letter_in_hand_when_its_issue_is_stopped_is_kept_back_and_goes_on_later():
    a_reader("ann")
    issue = an_issue()
    send_issue(issue, NOW)
    Letter.objects.update(state=Letter.State.CLAIMED)

    stop_issue(issue, "Sam", NOW)

    letter = Letter.objects.get()
    assert unwanted([letter]) == {letter.pk}
    Letter.objects.update(state=Letter.State.CANCELLED)
    assert go_on_with(issue, NOW) == 1
    assert unwanted([letter]) == set()


def test_a_test_goes_to_one_address_and_gives_nobody_s_key_away():
    reader, issue = a_reader("ann"), an_issue()

    send_test(issue, "staff@sample.example", NOW)

    letter = Letter.objects.get()
    assert (letter.address, letter.subject) == ("staff@sample.example", "Test: Women's stories")
    assert reader.token not in letter.body
    assert letter.headers == {}
    assert issue.sent_at is None
