"""Organisations that contributed: named only with their yes, asked as all others, found by name."""

import pytest

from findings.models import Facet, Finding
from tests.admin.desk import text_of
from tests.factories import (
    NOW,
    a_cohort,
    a_finding,
    a_membership,
    a_note,
    a_participant,
    a_us_too,
    agreed,
    an_excerpt,
    staff,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def museum():
    return a_membership(a_cohort(), "Sample Museum")


@pytest.fixture
def gallery(museum):
    return a_membership(museum.cohort, "Sample Gallery")


@pytest.fixture
def finding(museum, gallery):
    finding = a_finding(museum.cohort, museum, slug="shared")
    finding.contributors.add(gallery)
    return finding


def test_a_contributor_has_to_agree_and_reads_the_draft_first(client, finding, gallery):
    assert gallery in finding.concerned()
    assert "Sample Gallery has not been asked." in finding.missing_agreements()
    finding.ask(NOW)
    client.force_login(a_participant(gallery))

    assert client.get(finding.agreement_path()).status_code == 200


def test_it_is_named_counted_and_found_once_published(client, finding):
    agreed(finding)
    finding.publish(NOW, None)

    page = text_of(client.get("/findings/shared/"))
    assert "Contributors Sample Gallery" in " ".join(page.split())
    assert "The work of two organisations" in page
    assert client.get("/findings/shared.json").json()["contributors"] == ["Sample Gallery"]
    assert Facet.objects.filter(release=finding.current, kind=Facet.Kind.ORGANISATION).count() == 2


def test_its_no_withdraws_what_names_it(finding, gallery):
    from findings import consent

    agreed(finding)
    finding.publish(NOW, None)
    consent.answer(finding.agreements.get(membership=gallery), a_participant(gallery), "no", "", NOW)
    finding.refresh_from_db()

    assert finding.state == Finding.State.WITHDRAWN


def test_named_without_a_yes_it_is_in_no_public_byte(client, finding, museum):
    finding.contributors.clear()
    agreed(finding)
    finding.publish(NOW, None)
    finding.contributors.add(a_membership(museum.cohort, "Zugzwang House"))

    for path in (f"/findings/{rest}" for rest in ("", "shared/", "shared.json", "shared.bib", "feed.atom")):
        assert b"Zugzwang" not in client.get(path).content


def test_who_said_us_too_becomes_a_contributor_at_a_press(client, museum, gallery):
    finding = a_finding(museum.cohort, museum)
    note = a_note(museum, may_be_quoted=True)
    an_excerpt(finding, note)
    said = a_us_too(note, a_participant(gallery), "Here as well.")
    client.force_login(staff())
    path = f"/admin/findings/finding/{finding.pk}/contributors/{said.pk}/"
    asked = text_of(client.get(path))

    assert "Here as well." in asked
    assert not finding.contributors.exists()
    assert client.post(path, {"confirmed": "yes"}).status_code == 302
    finding.refresh_from_db()
    assert (list(finding.contributors.all()), finding.version) == ([gallery], 1)
    assert finding.versions.get(number=1).content["contributors"] == [gallery.pk]
    assert client.get(path).status_code == 404


def test_while_it_is_scheduled_nobody_is_added(client, museum, gallery):
    finding = a_finding(museum.cohort, museum)
    note = a_note(museum, may_be_quoted=True)
    an_excerpt(finding, note)
    said = a_us_too(note, a_participant(gallery))
    agreed(finding)
    finding.schedule(NOW.replace(year=2999), staff(), "", NOW)
    client.force_login(staff())

    client.post(f"/admin/findings/finding/{finding.pk}/contributors/{said.pk}/", {"confirmed": "yes"})

    assert not finding.contributors.exists()
