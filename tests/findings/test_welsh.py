"""What people have written of a finding in Welsh: agreed to with the rest, on a page of its own, linked both ways."""

import pytest
from django.core.exceptions import ValidationError

from findings import consent
from findings.models import Finding
from tests.factories import NOW, a_cohort, a_finding, a_membership, a_participant, a_published_finding, staff

pytestmark = pytest.mark.django_db

WELSH = {"title_cy": "Teitl sampl", "summary_cy": "Crynodeb sampl.", "body_cy": "Testun **sampl**."}


def test_it_has_a_page_of_its_own_linked_both_ways(client):
    finding = a_published_finding(a_cohort(), title="People film", **WELSH)
    page = client.get(f"/findings/{finding.slug}/cy/")
    html = page.content.decode()
    assert page.status_code == 200
    assert '<article class="finding narrow stack" lang="cy">' in html
    assert "<strong>sampl</strong>" in html
    assert f'<link rel="alternate" hreflang="en-GB" href="http://localhost:8000/findings/{finding.slug}/">' in html
    english = client.get(f"/findings/{finding.slug}/").content.decode()
    assert f'hreflang="cy" href="http://localhost:8000/findings/{finding.slug}/cy/"' in english
    assert 'lang="cy">Darllen yn Gymraeg</a>' in english
    assert client.get(f"/findings/{finding.slug}.json").json()["welsh"]["title"] == "Teitl sampl"


def test_without_welsh_there_is_no_page_and_no_link(client):
    finding = a_published_finding(a_cohort())
    assert client.get(f"/findings/{finding.slug}/cy/").status_code == 404
    assert "hreflang" not in client.get(f"/findings/{finding.slug}/").content.decode()


def test_it_goes_with_the_finding_when_that_is_withdrawn(client):
    finding = a_published_finding(a_cohort(), **WELSH)
    finding.withdraw(NOW, "A sample reason.")
    gone = client.get(f"/findings/{finding.slug}/cy/")
    assert gone.status_code == 410
    assert "Crynodeb" not in gone.content.decode()


def test_it_is_read_by_those_asked_and_a_change_needs_a_new_yes(client):
    membership = a_membership(a_cohort(), "Harbour Museum")
    person = a_participant(membership)
    finding = a_finding(membership.cohort, membership, **WELSH)
    consent.ask(finding, NOW)
    client.force_login(person)
    assert "Crynodeb sampl." in client.get(finding.agreement_path()).content.decode()
    consent.answer(finding.agreements.get(), person, "yes", "", NOW)
    finding.summary_cy = "Crynodeb arall."
    finding.save()
    with pytest.raises(ValidationError, match="agreed to another wording"):
        finding.publish(NOW, staff())


def test_what_is_typed_after_publishing_is_on_no_public_page(client):
    finding = a_published_finding(a_cohort(), **WELSH)
    Finding.objects.update(title_cy="Canary", summary_cy="Canary", body_cy="Canary")
    for path in ("/", "/cy/", ".json", "/releases/1/"):
        answer = client.get(f"/findings/{finding.slug}{path}")
        assert answer.status_code == 200
        assert "Canary" not in answer.content.decode()


def test_a_text_without_title_and_summary_is_refused_and_its_links_are_looked_at():
    with pytest.raises(ValidationError, match="a title and a summary"):
        a_finding(a_cohort(), body_cy="Testun.").clean()
    finding = a_finding(a_cohort(), **{**WELSH, "body_cy": "[dolen](/nowhere-at-all/)"})
    assert finding.hindrances() == ["The link to /nowhere-at-all/ leads nowhere."]
