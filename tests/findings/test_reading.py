"""What everyone reads: releases, never a working copy; nothing of what is withdrawn."""

import json
import xml.etree.ElementTree as ET
from datetime import date, timedelta

import html5lib
import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test.utils import CaptureQueriesContext

from findings.listing import FINDINGS_A_PAGE
from findings.models import Finding, Resource, Theme
from tests.factories import (
    NOW,
    a_cohort,
    a_finding,
    a_membership,
    a_note,
    a_phase,
    a_published_finding,
    agreed,
    an_excerpt,
)

pytestmark = pytest.mark.django_db

CANARY = "canary of an unpublished text"
FORMATS = ["{}/", "{}/releases/1/", "{}.json", "{}.csl.json", "{}.bib", "{}.ris", "{}.pdf", "{}.png"]
GATHERED = ["/", "/findings/", "/findings/feed.atom", "/findings/feed.json", "/sitemap.xml"]


def addresses(finding):
    return [f"/findings/{ending.format(finding.slug)}" for ending in FORMATS]


def a_full_finding(**extra):
    cohort = a_cohort()
    membership = a_membership(cohort, "Pallant & Sons <Gallery>")
    phase = a_phase(cohort, 3, name="Try it")
    finding = a_finding(
        cohort,
        membership,
        **{
            "slug": "people-film",
            "title": "People film what they feel is theirs",
            "highlight": "is theirs",
            "summary": "Ask & they come.",
            "thought": "We thought *one* thing.",
            "learned": "We learned another.",
            "phase": phase,
            "outcome": Finding.Outcome.CHANGED,
            "work_from": date(2018, 5, 3),
            "work_to": date(2018, 7, 20),
            **extra,
        },
    )
    finding.themes.add(Theme.objects.create(cohort=cohort, name="Audience voice", slug="audience-voice"))
    note = a_note(membership, body="Three groups asked if they could film.", may_be_quoted=True, phase=phase)
    an_excerpt(finding, note)
    agreed(finding)
    finding.publish(NOW, None)
    return finding


def errors_in(html):
    parser = html5lib.HTMLParser(strict=False)
    parser.parse(html)
    return parser.errors


def test_a_finding_is_read_with_its_sections_its_evidence_and_its_facts(client):
    finding = a_full_finding()
    html = client.get(f"/findings/{finding.slug}/").content.decode()
    assert "People film what they feel <mark>is theirs</mark>" in html
    assert "<em>one</em>" in html
    assert "“Three groups asked if they could film.”" in html
    assert "Research note, Pallant &amp; Sons &lt;Gallery&gt;, Phase 3: Try it" in html
    for fact in ["May to July 2018", "14 May 2018", "Changed direction", "Audience voice", "Release 1"]:
        assert fact in html
    assert "(2018, May 14). People film what they feel is theirs (Release 1). Let&#x27;s Get Real 6." in html
    assert errors_in(html) == []


def test_what_is_not_stated_is_not_yet_entered(client):
    finding = a_published_finding(a_cohort())
    html = client.get(f"/findings/{finding.slug}/").content.decode()
    assert "<dt>Work done</dt><dd>not yet entered</dd>" in html
    assert "<dt>Outcome</dt><dd>not yet entered</dd>" in html
    assert "The whole cohort" in html


def test_programs_find_the_citation_in_the_head(client):
    finding = a_full_finding(title='A "title" </script><b>')
    html = client.get(f"/findings/{finding.slug}/").content.decode()
    tree = html5lib.parse(html, namespaceHTMLElements=False)
    metas = {node.get("name") or node.get("property"): node.get("content") for node in tree.iter("meta")}
    assert metas["citation_title"] == 'A "title" </script><b>'
    assert metas["citation_publication_date"] == "2018/05/14"
    assert metas["citation_pdf_url"] == "http://localhost:8000/findings/people-film.pdf"
    assert metas["DC.rights"] == "https://creativecommons.org/licenses/by/4.0/"
    assert metas["og:title"] == 'A "title" </script><b>'
    linked = json.loads(next(node.text for node in tree.iter("script") if node.get("type") == "application/ld+json"))
    linked = linked["@graph"][0]
    assert linked["name"] == 'A "title" </script><b>'
    assert linked["author"]["name"] == "Pallant & Sons <Gallery>"
    links = {node.get("href") for node in tree.iter("link")}
    assert {"/findings/people-film.bib", "/findings/feed.atom", "http://localhost:8000/findings/people-film/"} <= links


def test_readers_see_the_release_while_staff_write_on(client):
    finding = a_full_finding()
    Finding.objects.filter(pk=finding.pk).update(title=CANARY, summary=CANARY, learned=CANARY)
    pages = [client.get(path) for path in [*addresses(finding), *GATHERED]]
    assert [page.status_code for page in pages] == [200] * len(pages)
    assert not any(CANARY.encode() in page.content for page in pages)
    assert b"People film what they feel" in pages[0].content


def test_a_correction_says_what_changed_and_when(client):
    finding = a_full_finding()
    finding.summary = "Ask, and they come back."
    finding.save()
    agreed(finding)
    finding.publish(NOW + timedelta(days=30), None, "The summary now says how often.")
    html = client.get(f"/findings/{finding.slug}/").content.decode()
    assert "Release 2, corrected on 13 June 2018" in html
    assert "13 June 2018</time>: The summary now says how often." in html
    assert "<dt>Published</dt><dd>14 May 2018</dd>" in html
    assert "(2018, June 13)" in html


@pytest.mark.parametrize("state", [Finding.State.DRAFT, Finding.State.WITH_ORGANISATION])
def test_a_draft_is_not_there_in_any_format(client, state):
    draft = a_finding(a_cohort(), title=CANARY, summary=CANARY, learned=CANARY, state=state)
    assert [client.get(path).status_code for path in addresses(draft)] == [404] * len(FORMATS)
    assert [client.get(path).status_code for path in addresses(Finding(slug="no-such"))] == [404] * len(FORMATS)
    pages = [client.get(path) for path in GATHERED]
    assert [page.status_code for page in pages] == [200] * len(pages)
    assert not any(CANARY.encode() in page.content or draft.slug.encode() in page.content for page in pages)


def test_a_withdrawn_finding_keeps_its_address_and_nothing_else(client):
    finding = a_full_finding()
    finding.withdraw(NOW + timedelta(days=3), because="The museum asked us to.")
    pages = [client.get(path) for path in addresses(finding)]
    assert [page.status_code for page in pages] == [410] * len(FORMATS)
    for page in pages:
        html = page.content.decode()
        assert "It was withdrawn on 17 May 2018. The museum asked us to." in html
        assert "People film" not in html
        assert "Pallant" not in html
        assert errors_in(html) == []
    assert not any(b"people-film" in client.get(path).content for path in GATHERED)


def test_a_finding_of_a_cohort_that_went_back_to_draft_is_not_there(client):
    finding = a_full_finding()
    finding.cohort.status = "draft"
    finding.cohort.save()
    assert [client.get(path).status_code for path in addresses(finding)] == [404] * len(FORMATS)


def test_the_list_is_filtered_by_what_was_published_with_counts(client):
    first = a_full_finding()
    a_published_finding(first.cohort, title="Another title", outcome=Finding.Outcome.STOPPED)
    every = client.get("/findings/")
    assert [finding.shown["title"] for finding in every.context["page"]] == ["Another title", first.title]
    counts = {
        filter["kind"]: {row["value"]: row["n"] for row in filter["options"]} for filter in every.context["filters"]
    }
    assert counts["theme"] == {"audience-voice": 1}
    assert counts["phase"] == {"3": 1}
    assert counts["outcome"] == {"changed-direction": 1, "stopped": 1}
    assert counts["organisation"] == {first.membership.organisation.slug: 1, "whole_cohort": 1}
    found = client.get("/findings/?theme=audience-voice&outcome=changed-direction&phase=3")
    assert [finding.pk for finding in found.context["page"]] == [first.pk]
    none = client.get("/findings/?theme=audience-voice&outcome=stopped")
    assert none.status_code == 200
    assert "No finding has all of these" in none.content.decode()
    assert errors_in(every.content.decode()) == []


def test_counts_are_of_what_each_choice_would_show_beside_the_others(client):
    first = a_full_finding()
    a_published_finding(first.cohort, outcome=Finding.Outcome.STOPPED)
    page = client.get("/findings/?theme=audience-voice")
    outcomes = next(filter for filter in page.context["filters"] if filter["kind"] == "outcome")
    assert [(row["label"], row["n"]) for row in outcomes["options"]] == [("Changed direction", 1)]


@pytest.mark.parametrize("query", ["theme=%27%22", "phase=99999999999999999999", "page=abc", "outcome=" + "x" * 5000])
def test_odd_choices_show_a_page_and_never_an_error(client, query):
    a_full_finding()
    assert client.get(f"/findings/?{query}").status_code == 200


def test_the_list_goes_on_to_a_second_page(client):
    cohort = a_cohort()
    for number in range(13):
        a_published_finding(cohort, title=f"Finding {number}")
    assert "Page 1 of 2" in client.get("/findings/").content.decode()
    assert len(client.get("/findings/?page=2").context["page"]) == 1


def test_an_empty_list_says_when_findings_are_shared(client):
    a_cohort(findings_shared="at the end of the project")
    html = client.get("/findings/").content.decode()
    assert "they are shared at the end of the project" in html
    assert errors_in(html) == []


@pytest.mark.parametrize("path", ["/findings/", "/findings/feed.atom", "/findings/feed.json", "/sitemap.xml", "/"])
def test_lists_take_as_many_queries_for_two_pages_as_for_three_findings(client, path):
    cohort = a_cohort()

    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert client.get(path).status_code == 200
        return len(captured)

    theme = Theme.objects.create(cohort=cohort, name="Audience voice", slug="audience-voice")

    def publish(count):
        for _ in range(count):
            finding = a_finding(cohort)
            finding.themes.add(theme)
            finding.publish(NOW, None)

    publish(3)
    few = queries()
    publish(FINDINGS_A_PAGE)
    # What one page does not hold is counted.
    assert queries() - few == (1 if path == "/findings/" else 0)
    assert few <= 8


def test_a_full_page_and_one_that_is_not_say_how_many_there_are(client):
    cohort = a_cohort()
    for number in range(1, FINDINGS_A_PAGE + 2):
        a_published_finding(cohort)
        page = client.get("/findings/").context["page"]
        assert (page.paginator.count, len(page)) == (number, min(number, FINDINGS_A_PAGE))


def test_a_finding_takes_eight_queries_at_most_with_all_filters_set_too(client, django_assert_max_num_queries):
    finding = a_full_finding()
    slug = finding.membership.organisation.slug
    with django_assert_max_num_queries(8):
        client.get(f"/findings/{finding.slug}/")
    with django_assert_max_num_queries(8):
        found = client.get(f"/findings/?theme=audience-voice&phase=3&outcome=changed-direction&organisation={slug}")
    assert len(found.context["page"]) == 1


def test_samples_say_that_they_are_samples_wherever_they_show(client):
    finding = a_published_finding(a_cohort(), is_sample=True, title="Made up")
    assert "nobody found this" in client.get(f"/findings/{finding.slug}/").content.decode()
    assert ">Sample</span>" in client.get("/findings/").content.decode()
    assert "<title>Sample: Made up</title>" in client.get("/findings/feed.atom").content.decode()
    assert client.get("/findings/feed.json").json()["items"][0]["title"] == "Sample: Made up"
    assert client.get(f"/findings/{finding.slug}.json").json()["is_sample"] is True
    for ending in ["bib", "ris"]:
        assert "Sample: Made up" in client.get(f"/findings/{finding.slug}.{ending}").content.decode()


def test_no_page_of_the_findings_sets_a_cookie(client):
    finding = a_full_finding()
    for path in [*addresses(finding), *GATHERED, "/resources/"]:
        response = client.get(path)
        assert response.status_code == 200
        assert not response.cookies


def test_the_working_copy_is_visible_to_nobody_outside():
    a_full_finding()
    assert list(Finding.objects.visible_to(AnonymousUser())) == []


def test_a_resource_without_an_address_is_announced_and_others_are_links(client):
    cohort = a_cohort()
    Resource.objects.create(title="The thinking behind it", cohort=cohort, is_public=True)
    Resource.objects.create(title="A report", url="https://reports.example/1", is_public=True)
    Resource.objects.create(title="Internal paper", cohort=cohort)
    Resource.objects.create(title="Of a draft", cohort=a_cohort(status="draft"), is_public=True)
    html = client.get("/resources/").content.decode()
    assert "announced, not yet entered" in html
    assert '<a href="https://reports.example/1">A report</a>' in html
    assert "Internal paper" not in html
    assert "Of a draft" not in html
    assert errors_in(html) == []


def test_an_empty_resource_list_says_what_will_be_there(client):
    assert "Nothing has been entered yet" in client.get("/resources/").content.decode()


def test_the_sitemap_names_public_pages_and_findings_with_their_last_change(client):
    finding = a_full_finding()
    tree = ET.fromstring(client.get("/sitemap.xml").content)
    space = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
    places = {url.find(f"{space}loc").text: url.findtext(f"{space}lastmod") for url in tree}
    assert places[f"http://localhost:8000/findings/{finding.slug}/"] == "2018-05-14"
    assert "http://localhost:8000/organisations/" in places
