"""Addresses that are not written to: who they are is not kept, and every letter asks before it goes."""

from datetime import timedelta

import pytest

from correspondence import erasing, issues, ledger, suppression
from correspondence.carriers import is_no_such_address
from correspondence.clock import tick
from correspondence.models import Consent, Letter, Subscriber, Suppression
from correspondence.suppression import Why
from tests.factories import NOW

from .test_issues import a_reader, an_issue

pytestmark = pytest.mark.django_db


def a_letter(address: str, kind: str = "newsletter", **extra) -> Letter:
    fields = {"kind": kind, "occurrence": "once", "version": "1", "address": address, "subject": "S", "body": "B"}
    ledger.write_letter(**{**fields, **extra}, now=NOW)
    return Letter.objects.latest("pk")


def states() -> dict[str, str]:
    return dict(Letter.objects.values_list("address", "state"))


def test_the_address_itself_is_not_kept_and_another_key_keeps_working(settings):
    suppression.suppress("Ann@Sample.example", Why.ERASED, NOW)

    row = Suppression.objects.get()
    assert "ann" not in str([getattr(row, field.attname) for field in Suppression._meta.fields]).lower()
    assert suppression.suppressed(["ann@sample.example", "bob@sample.example"]) == {"ann@sample.example": {"erased"}}
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another key " * 6
    assert set(suppression.suppressed(["ann@sample.example"])) == {"ann@sample.example"}
    settings.SECRET_KEY_FALLBACKS = []
    assert suppression.suppressed(["ann@sample.example"]) == {}


@pytest.mark.parametrize(
    ("why", "still_goes"),
    [
        (Why.BOUNCED, {"login_code"}),
        (Why.COMPLAINED, {"login_code", "workshop_changed"}),
        (Why.ERASED, {"login_code", "workshop_changed"}),
    ],
)
def test_which_letters_each_reason_stops_at_the_moment_they_would_go(why, still_goes):
    a_reader("ann")
    a_letter("ann@sample.example", occurrence="issue 1")
    a_letter("ann@sample.example", "workshop_changed")
    a_letter("ann@sample.example", "login_code", is_secret=True)
    suppression.suppress("ann@sample.example", why, NOW)

    tick(NOW)

    assert set(Letter.objects.filter(state="sent").values_list("kind", flat=True)) == still_goes
    assert set(Letter.objects.exclude(kind__in=still_goes).values_list("state", flat=True)) == {"cancelled"}


@pytest.mark.parametrize(
    ("code", "words", "is_so"),
    [
        (550, b"5.1.1 <ann@sample.example>: no such user", True),
        (550, "no such user here", True),
        (551, b"User not local", True),
        (553, b"mailbox name not allowed", True),
        (550, b"5.2.1 mailbox disabled", True),
        (554, b"5.1.10 recipient has null MX", True),
        (550, b"5.7.1 rejected as spam", False),
        (552, b"5.2.2 mailbox full", False),
        (552, b"mailbox full", False),
        (554, b"transaction failed", False),
        (450, b"4.1.1 try later", False),
        (450, b"5.1.1 said a confused server", False),
        (250, b"2.1.5 OK", False),
    ],
)
def test_what_a_mail_server_says_of_an_address_that_does_not_exist(code, words, is_so):
    assert is_no_such_address(code, words) is is_so


def test_a_letter_sent_again_by_staff_tries_the_address_once_more():
    letter = a_letter("ann@sample.example", "workshop_changed")
    Letter.objects.update(state=Letter.State.FAILED)
    suppression.suppress("ann@sample.example", Why.BOUNCED, NOW)

    assert ledger.release(letter, NOW)
    tick(NOW)

    assert states() == {"ann@sample.example": "sent"}
    assert not Suppression.objects.exists()


def test_who_leaves_after_an_issue_was_written_does_not_get_it():
    ann, bob = a_reader("ann"), a_reader("bob")
    issues.send_issue(an_issue(), NOW)
    ann.leave(NOW)
    suppression.suppress(bob.address, Why.COMPLAINED, NOW)

    tick(NOW)

    assert states() == {"ann@sample.example": "cancelled", "bob@sample.example": "cancelled"}


def test_an_issue_passes_over_who_is_not_written_to():
    a_reader("ann"), a_reader("bob")
    suppression.suppress("bob@sample.example", Why.BOUNCED, NOW)

    assert issues.send_issue(an_issue(), NOW) == 1
    assert states() == {"ann@sample.example": "planned"}


def test_erasing_leaves_a_hash_and_the_counts_and_nothing_that_names_the_address():
    ann, issue = a_reader("ann"), an_issue()
    a_reader("bob")
    ann.confirm(NOW)
    issues.send_issue(issue, NOW)
    tick(NOW)
    a_letter("ann@sample.example", occurrence="issue 2")

    assert erasing.erase(ann, NOW) == 2

    rows = [*Letter.objects.values(), *Subscriber.objects.values(), *Consent.objects.values()]
    assert "ann@" not in str([*rows, *Suppression.objects.values()])
    assert issues.progress_of(issue) == [("sent", 2)]
    assert not Letter.objects.filter(state="planned").exists()
    tick(NOW + timedelta(minutes=1))
    assert issues.progress_of(issue) == [("sent", 2)]


def test_only_the_owner_of_an_erased_address_brings_it_back(client):
    erasing.erase(a_reader("ann"), NOW)
    client.post("/newsletter/", {"address": "ann@sample.example"})
    assert suppression.suppressed(["ann@sample.example"])

    client.post(f"/newsletter/confirm/{Subscriber.objects.get().confirm_token}/")

    assert suppression.suppressed(["ann@sample.example"]) == {}
    assert [reader.address for reader in issues.readers()] == ["ann@sample.example"]
