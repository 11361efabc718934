"""Who asks is told when a finding is corrected, once, and until they leave."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from correspondence.models import Letter
from findings import following
from findings.models import Finding, Follower
from tests.factories import NOW, a_cohort, a_published_finding, agreed, staff

pytestmark = pytest.mark.django_db

READER = "reader@sample.example"


def followed(client):
    """A published finding and a reader who asked and confirmed."""
    finding = a_published_finding(a_cohort(), title="People film")
    client.post(f"/findings/{finding.slug}/follow/", {"address": READER.upper()})
    path = re.search(r"/follow/[\w-]+/", Letter.objects.get(kind="finding_follow_confirm").body)[0]
    client.post(path)
    return finding, path


def corrected(finding, words="The number."):
    finding = Finding.objects.get(pk=finding.pk)
    finding.summary = f"{finding.summary} More."
    finding.save()
    agreed(finding)
    finding.publish(NOW, staff(), words)
    return finding


def letters():
    return Letter.objects.filter(kind="finding_corrected").order_by("pk")


def test_an_address_follows_once_its_owner_pressed_the_button(client):
    finding = a_published_finding(a_cohort())
    page = client.post(f"/findings/{finding.slug}/follow/", {"address": READER})
    assert "look in your mail" in page.content.decode()
    assert not page.cookies
    path = re.search(r"/follow/[\w-]+/", Letter.objects.get().body)[0]
    assert client.get(path).status_code == 200
    assert not Follower.objects.confirmed().exists()
    assert client.post(path).status_code == 302
    assert Follower.objects.confirmed().get().address == READER
    assert "You <mark>follow this finding</mark>" in client.get(path).content.decode()


def test_a_new_release_is_told_of_once_with_what_changed(client):
    finding, _ = followed(client)
    assert following.tell_followers(NOW) == 0
    corrected(finding)
    assert [following.tell_followers(NOW), following.tell_followers(NOW)] == [1, 0]
    letter = letters().get()
    assert (letter.address, letter.subject) == (READER, 'Corrected: "People film"')
    assert "What changed: The number." in letter.body
    assert letter.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    corrected(finding)
    following.tell_followers(NOW)
    assert letters().count() == 2


def test_a_withdrawal_is_told_of_without_the_text(client):
    finding, _ = followed(client)
    Finding.objects.get(pk=finding.pk).withdraw(NOW, "The figures were wrong.")
    assert following.tell_followers(NOW) == 1
    assert "The figures were wrong." in letters().get().body
    assert finding.summary not in letters().get().body


def test_leaving_takes_one_press_and_forgets_the_address(client):
    finding, _ = followed(client)
    path = f"/follow/{Follower.objects.get().leave_key}/leave/"
    assert client.get(path).status_code == 200
    assert Follower.objects.exists()
    assert client.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert not Follower.objects.exists()
    corrected(finding)
    assert following.tell_followers(NOW) == 0
    assert client.get(path).status_code == 404


def test_the_key_to_leave_is_not_the_key_to_follow(client):
    _finding, path = followed(client)
    leave_key = Follower.objects.get().leave_key
    assert client.get(f"/follow/{leave_key}/").status_code == 404
    assert client.get(f"{path}leave/").status_code == 404


def test_nobody_is_flooded_and_what_was_never_confirmed_is_forgotten(client):
    finding = a_published_finding(a_cohort())
    for _ in range(5):
        client.post(f"/findings/{finding.slug}/follow/", {"address": READER})
    assert Letter.objects.filter(kind="finding_follow_confirm").count() == 3
    late = timezone.now() + timedelta(days=8)
    path = f"/follow/{Follower.objects.get().confirm_key}/"
    Follower.objects.update(asked_at=timezone.now() - timedelta(days=8))
    assert client.get(path).status_code == 410
    client.post(path)
    assert not Follower.objects.confirmed().exists()
    assert following.forget_unconfirmed(late) == 1
    assert not Follower.objects.exists()


@pytest.mark.parametrize("address", ["", "nonsense", "a@b.example\r\nBcc: c@d.example", "a\x00@b.example"])
def test_what_is_no_address_is_refused(client, address):
    finding = a_published_finding(a_cohort())
    assert client.post(f"/findings/{finding.slug}/follow/", {"address": address}).status_code == 422
    assert not Follower.objects.exists()
    assert not Letter.objects.exists()


def test_a_draft_cannot_be_followed(client):
    finding = a_published_finding(a_cohort())
    assert client.get(f"/findings/{finding.slug}/follow/").status_code == 200
    Finding.objects.update(state=Finding.State.DRAFT)
    assert client.get(f"/findings/{finding.slug}/follow/").status_code == 404
