"""An issue of the newsletter: one letter to each subscriber, with two ways out, once."""

from datetime import timedelta

import pytest

from correspondence.issues import send_issue
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
