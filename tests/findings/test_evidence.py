"""How we know: counted from the release, counter-examples apart, and said neutrally where nothing is quoted."""

import pytest

from findings.evidence import evidence_of
from findings.models import Release
from tests.factories import a_cohort, a_membership, a_published_finding

pytestmark = pytest.mark.django_db


def excerpt(quote, organisation, phase="", **more):
    return {
        "quote": quote,
        "organisation": organisation,
        "organisation_slug": organisation.lower(),
        "phase": phase,
        **more,
    }


def a_page(client, excerpts, organisation="Own"):
    """The finding's page with these excerpts in its release, as releases may hold them."""
    cohort = a_cohort()
    membership = a_membership(cohort, organisation) if organisation else None
    finding = a_published_finding(cohort, membership, slug="lanterns", thought="Thought.", learned="Learned.")
    release = Release.objects.get()
    release.content = {**release.content, "excerpts": excerpts}
    if organisation:
        release.content["organisation_slug"] = organisation.lower()
    release.save()
    assert finding.slug == "lanterns"
    return " ".join(client.get("/findings/lanterns/").content.decode().split())


def test_organisations_and_phases_behind_it_are_counted_once(client):
    html = a_page(
        client,
        [
            excerpt("One.", "Own", "Phase 1"),
            excerpt("Two.", "Pallant", "Phase 2"),
            excerpt("Three.", "Pallant", "Phase 2"),
        ],
    )
    assert (
        "The work of two organisations, in two phases of research, stands behind this finding. "
        "Three passages of research notes are quoted here." in html
    )
    assert html.count("“One.”") == html.count("“Two.”") == html.count("“Three.”") == 1
    assert html.index("“One.”") < html.index("How we know") < html.index("“Two.”")


def test_counter_examples_stand_apart_and_do_not_stand_behind_it(client):
    html = a_page(client, [excerpt("For it.", "Own"), excerpt("Against it.", "Other", "Phase 4", is_counter=True)])
    assert (
        "The work of one organisation stands behind this finding. One passage of research notes is quoted here." in html
    )
    assert html.index("“For it.”") < html.index("What speaks against it") < html.index("“Against it.”")


def test_without_counter_examples_nothing_is_said_of_them(client):
    assert "speaks against" not in a_page(client, [excerpt("For it.", "Own")])


def test_without_excerpts_it_is_said_neutrally(client):
    html = a_page(client, [])
    assert "The work of one organisation stands behind this finding.</p>" in html
    assert "<p>No passage of a research note is quoted for it.</p>" in html


def test_a_finding_of_the_whole_cohort_without_excerpts_claims_no_organisation(client):
    html = a_page(client, [], organisation="")
    assert "How we know</h2> <p>No passage of a research note is quoted for it.</p>" in html


def test_the_same_is_in_feeds_and_data(client):
    a_page(client, [excerpt("For it.", "Own"), excerpt("Against it.", "Other", is_counter=True)])
    (item,) = client.get("/findings/feed.json").json()["items"]
    assert "What speaks against it" in item["content_html"]
    said = client.get("/findings/lanterns.json").json()["excerpts"]
    assert [(row["quote"], row["is_counter_example"]) for row in said] == [("For it.", False), ("Against it.", True)]


def test_excerpts_of_old_releases_support():
    shown = {"organisation_slug": "", "phase": "", "excerpts": [excerpt("One.", "Own")]}
    assert evidence_of(shown).supporting == shown["excerpts"]
    assert evidence_of(shown).counter == []
