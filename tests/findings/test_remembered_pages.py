"""Pages that a process made before are shown again only while they say the same, to the word."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from findings.models import Finding, Release
from participants.models import Membership
from tests.factories import (
    NOW,
    a_cohort,
    a_finding,
    a_membership,
    a_note,
    a_published_finding,
    agreed,
    an_excerpt,
)

pytestmark = pytest.mark.django_db


def was_made(response):
    """Whether the page was made for this request: one that is remembered asks no template."""
    assert response.status_code == 200
    return bool(response.templates)


@pytest.mark.parametrize("path", ["/findings/", "/findings/lanterns/"])
def test_a_page_that_says_the_same_is_made_once(client, path):
    a_published_finding(a_cohort(), slug="lanterns", title="Lanterns")
    first, second = client.get(path), client.get(path)
    assert (was_made(first), was_made(second)) == (True, False)
    assert second.content == first.content
    assert second.headers == first.headers
    assert b"Lanterns" in second.content


def test_none_is_remembered_where_that_is_set(client, settings):
    settings.PAGES_KEPT = 0
    a_published_finding(a_cohort())
    assert was_made(client.get("/findings/"))
    assert was_made(client.get("/findings/"))


def test_of_too_many_the_first_is_forgotten(client, settings):
    settings.PAGES_KEPT = 1
    finding = a_published_finding(a_cohort())
    for path in ["/findings/", finding.get_absolute_url(), "/findings/"]:
        assert was_made(client.get(path)), path


def test_what_was_asked_for_is_made_each_time(client):
    a_published_finding(a_cohort(), title="Lanterns")
    a_published_finding(a_cohort(), title="Whales")
    assert b"Whales" in client.get("/findings/").content
    assert b"Whales" not in client.get("/findings/?q=lanterns").content
    assert b"Whales" in client.get("/findings/").content
    assert was_made(client.get("/findings/?q=lanterns"))


def test_words_of_a_struck_excerpt_and_of_a_withdrawn_finding_are_gone_at_once(client):
    cohort = a_cohort()
    finding = a_finding(cohort, title="Lanterns")
    excerpt = an_excerpt(finding, a_note(a_membership(cohort), body="A heron came.", may_be_quoted=True))
    agreed(finding)
    finding.publish(NOW, None)
    path = finding.get_absolute_url()
    assert b"A heron came." in client.get(path).content
    release = finding.release
    Release.objects.filter(pk=release.pk).update(content=release.without("excerpts", excerpt.pk), struck=1)
    struck = client.get(path).content
    assert b"heron" not in struck
    assert b"A quotation or a picture was withdrawn" in struck
    assert b"Lanterns" in client.get("/findings/").content
    finding.refresh_from_db()
    finding.withdraw(NOW, "A reason.")
    assert client.get(path).status_code == 410
    assert b"Lanterns" not in client.get("/findings/").content


CHANGES = {
    "slug": "another-address",
    "published_at": NOW - timedelta(days=40),
    "current__number": 7,
    "current__published_at": NOW + timedelta(days=40),
    "current__what_changed": "Other words.",
    "current__struck": 3,
    "cohort__series": "Another series",
    "cohort__number": 9,
    "membership__name": "Another name",
}


@pytest.mark.parametrize("field", CHANGES)
def test_whatever_changes_the_page_is_as_one_made_anew(client, field):
    cohort = a_cohort()
    membership = a_membership(cohort, "Sample House")
    Membership.objects.filter(pk=membership.pk).update(is_organiser=True)
    finding = a_published_finding(cohort, slug="lanterns")
    finding.publish(NOW, None)
    a_finding_corrected(finding)
    before = client.get("/findings/lanterns/").content
    name, _, column = field.rpartition("__")
    row = {"": finding, "current": finding.current, "cohort": cohort, "membership": membership}[name]
    type(row).objects.filter(pk=row.pk).update(**{column: CHANGES[field]})
    path = f"/findings/{Finding.objects.get().slug}/"
    page = client.get(path)
    assert was_made(page)
    assert page.content != before
    assert page.content == Client().get(path).content


def a_finding_corrected(finding):
    finding.summary = "Other words."
    finding.save()
    finding.publish(timezone.now(), None, "The summary.")


def test_a_change_of_the_cohort_is_in_head_and_foot_of_the_list_at_once(client):
    cohort = a_cohort()
    a_published_finding(cohort)
    client.get("/findings/")
    type(cohort).objects.filter(pk=cohort.pk).update(series="Another series")
    assert b"Another series" in client.get("/findings/").content
