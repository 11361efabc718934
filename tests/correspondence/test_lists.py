"""A list of addresses: read line by line, refused whole, and nobody is signed up by it."""

import pytest

from correspondence import lists, suppression
from correspondence.models import Letter, Subscriber
from correspondence.suppression import Why
from tests.factories import NOW

from .test_issues import a_reader

pytestmark = pytest.mark.django_db


def test_lines_and_tables_are_read_and_headings_and_empty_lines_passed_over():
    plain = lists.read("Ann@sample.example\r\n\n  bob@sample.example \n")
    table = lists.read('Name;E-mail\n"Ann; of A";ann@sample.example\nBob;bob@sample.example')

    assert plain.asked == ["ann@sample.example", "bob@sample.example"]
    assert table.asked == ["ann@sample.example", "bob@sample.example"]
    assert lists.read("E-mail;Name\nann@sample.example;Ann").asked == ["ann@sample.example"]


def test_a_list_with_duplicates_and_nonsense_is_refused_whole_with_each_line_named():
    found = lists.read("ann@sample.example\nnonsense\nANN@sample.example\n@\nbob@sample.example\r\nx\x00@y")

    assert found.asked == []
    assert found.faults == [
        "Line 2: “nonsense” is not an e-mail address.",
        "Line 3: ann@sample.example stands in line 1 already.",
        "Line 4: “@” is not an e-mail address.",
        "Line 6: “x@y” is not an e-mail address.",
    ]


def test_more_than_anybody_can_look_through_is_refused():
    found = lists.read("\n".join(f"reader{number}@sample.example" for number in range(lists.MOST + 1)))

    assert found.faults == ["2001 addresses: at most 2000 can be asked at a time."]


def test_who_is_known_or_has_said_no_is_left_out_with_the_reason():
    a_reader("in")
    a_reader("left", left_at=NOW)
    Subscriber.objects.create(address="asked@sample.example", asked_at=NOW)
    suppression.suppress("erased@sample.example", Why.ERASED, NOW)

    found = lists.read("\n".join(f"{name}@sample.example" for name in ("in", "left", "asked", "erased", "new")))

    assert found.asked == ["new@sample.example"]
    assert found.left_out == [
        "in@sample.example: subscribes already.",
        "left@sample.example: has left. Only its owner can subscribe again.",
        "asked@sample.example: was asked already.",
        "erased@sample.example: not written to any more. Only its owner can change that.",
    ]


def test_asking_signs_nobody_up():
    assert lists.ask(["ann@sample.example"], "The words.", NOW) == 1

    subscriber, letter = Subscriber.objects.get(), Letter.objects.get()
    assert (subscriber.state, subscriber.page, subscriber.words) == ("not confirmed", "a list of staff", "The words.")
    assert subscriber.confirm_url() in letter.body
    assert "had this address on a list" in letter.body
