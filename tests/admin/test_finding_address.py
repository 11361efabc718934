"""A finding gets another address at the desk."""

from __future__ import annotations

import pytest
from django.test import Client

from findings.models import Finding
from tests import factories
from tests.admin.desk import at_the_desk, page_of, text_of

pytestmark = pytest.mark.django_db


def test_staff_rename_a_published_finding_and_its_former_address_leads_there():
    finding = factories.a_published_finding(factories.a_cohort(), slug="lanterns")
    client = at_the_desk()
    page = page_of(Finding, "rename", finding.pk)

    asked = client.get(page)
    still = Finding.objects.get().slug
    done = client.post(page, {"confirmed": "yes", "slug": "lights"}, follow=True)

    assert "No other finding can ever take either of the two." in text_of(asked)
    assert 'value="lanterns"' in asked.content.decode()
    assert still == "lanterns"
    assert "/findings/lights/ now." in text_of(done)
    assert Client().get("/findings/lanterns/")["Location"] == "/findings/lights/"


@pytest.mark.parametrize("slug", ["taken", "once", "not a slug", ""])
def test_an_address_that_is_not_free_is_refused_and_what_was_typed_stays(slug):
    cohort = factories.a_cohort()
    factories.a_published_finding(cohort, slug="taken")
    factories.a_published_finding(cohort, slug="once").rename("now")
    finding = factories.a_published_finding(cohort, slug="lanterns")

    response = at_the_desk().post(page_of(Finding, "rename", finding.pk), {"confirmed": "yes", "slug": slug})

    assert response.status_code == 422
    assert f'value="{slug}"' in response.content.decode() or slug == ""
    assert Finding.objects.get(pk=finding.pk).slug == "lanterns"


def test_the_form_of_a_finding_others_know_shows_its_address_and_leads_to_the_page_that_changes_it():
    cohort = factories.a_cohort()
    draft = factories.a_finding(cohort, slug="draft")
    known = factories.a_published_finding(cohort, slug="known")
    client = at_the_desk()

    of_draft = client.get(page_of(Finding, "change", draft.pk)).content.decode()
    of_known = client.get(page_of(Finding, "change", known.pk)).content.decode()

    assert 'name="slug"' in of_draft
    assert 'name="slug"' not in of_known
    assert page_of(Finding, "rename", known.pk) in of_known
    assert page_of(Finding, "rename", draft.pk) not in of_draft


def test_a_new_finding_cannot_take_a_former_address_at_the_desk():
    cohort = factories.a_cohort()
    factories.a_published_finding(cohort, slug="lanterns").rename("lights")
    posted = {"cohort": cohort.pk, "title": "New", "slug": "lanterns", "summary": "New."}

    response = at_the_desk().post(page_of(Finding, "add"), posted)

    assert "Another finding had this address, and it leads there." in text_of(response)
    assert Finding.objects.count() == 1
