"""What stays of a finding: its releases, and every address it ever had."""

import html5lib
import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from findings.models import Finding, FormerSlug
from tests.factories import NOW, a_cohort, a_finding, a_published_finding
from tests.findings.test_search import corrected

pytestmark = pytest.mark.django_db

ENDINGS = ["/", "/releases/1/", ".json", ".csl.json", ".bib", ".ris", ".pdf", ".png"]


def twice_published():
    finding = a_published_finding(a_cohort(), slug="lanterns", title="Lanterns <glow>", summary="First words.")
    corrected(finding, title="Lanterns shine", summary="Second words.")
    return finding


def text_of(response):
    return response.content.decode()


def errors_in(html):
    parser = html5lib.HTMLParser(strict=False)
    parser.parse(html)
    return parser.errors


def test_an_older_release_reads_as_it_was_and_leads_to_the_latest(client):
    twice_published()
    response = client.get("/findings/lanterns/releases/1/")
    html = text_of(response)
    assert "Lanterns &lt;glow&gt;" in html
    assert "First words." in html
    assert "Second words." not in html
    assert "This is an older release, number 1 of 14 May 2018." in html
    assert '<a href="/findings/lanterns/">The latest is release 2</a> of 16 May 2018.' in html
    assert '<link rel="canonical" href="http://localhost:8000/findings/lanterns/">' in html
    assert '<meta name="robots" content="noindex">' in html
    assert response["X-Robots-Tag"] == "noindex"
    assert errors_in(html) == []


def test_an_older_release_is_cited_by_its_own_number_day_and_address(client):
    twice_published()
    html = text_of(client.get("/findings/lanterns/releases/1/"))
    assert "(2018, May 14). Lanterns &lt;glow&gt; (Release 1)." in html
    assert "http://localhost:8000/findings/lanterns/releases/1/" in html


def test_the_latest_release_says_that_it_is_at_its_own_address_too(client):
    twice_published()
    html = text_of(client.get("/findings/lanterns/releases/2/"))
    assert "This is the latest release, number 2" in html
    assert "older release" not in html


@pytest.mark.parametrize("number", ["0", "3", "99999999999999999999"])
def test_a_release_that_never_was_is_not_there(client, number):
    twice_published()
    assert client.get("/findings/lanterns/releases/2/").status_code == 200
    assert client.get(f"/findings/lanterns/releases/{number}/").status_code == 404


def test_no_release_of_a_withdrawn_finding_is_read(client):
    finding = twice_published()
    finding.withdraw(NOW, "A sample reason.")
    for number in [1, 2, 3]:
        response = client.get(f"/findings/lanterns/releases/{number}/")
        assert response.status_code == 410
        assert "A sample reason." in text_of(response)
        assert "words." not in text_of(response)


def test_a_release_kept_without_newer_parts_still_reads(client):
    finding = twice_published()
    release = finding.releases.get(number=1)
    for key in ["pictures", "welsh", "what_kind"]:
        release.content.pop(key, None)
    release.save()
    assert client.get("/findings/lanterns/releases/1/").status_code == 200


def test_the_page_lists_what_changed_once_there_is_more_than_one_release(client):
    finding = a_published_finding(a_cohort(), slug="lanterns")
    assert "What changed" not in text_of(client.get("/findings/lanterns/"))
    corrected(finding, title="Lanterns shine")
    html = text_of(client.get("/findings/lanterns/"))
    assert "<h2>What changed</h2>" in html
    assert (
        '<a href="/findings/lanterns/releases/2/">Release 2</a>, <time datetime="2018-05-16">16 May 2018</time>' in html
    )
    assert "</time>: Other words." in html
    assert '<a href="/findings/lanterns/releases/1/">Release 1</a>' in html


def test_the_page_takes_as_many_queries_for_three_releases_as_for_two(client, django_assert_max_num_queries):
    finding = twice_published()
    corrected(finding, title="Lanterns go out")
    with django_assert_max_num_queries(6):
        client.get("/findings/lanterns/")


def test_a_former_address_leads_on_in_every_format(client):
    finding = twice_published()
    finding.rename("lights")
    finding.rename("lamps")
    for slug in ["lanterns", "lights"]:
        for ending in ENDINGS:
            response = client.get(f"/findings/{slug}{ending}")
            assert response.status_code == 301
            assert response["Location"] == f"/findings/lamps{ending}"
            assert response["Cache-Control"] == "public, max-age=0, s-maxage=30"
    assert [client.get(f"/findings/lamps{ending}").status_code for ending in ENDINGS] == [200] * len(ENDINGS)


def test_a_finding_may_have_its_former_address_back(client):
    finding = twice_published()
    finding.rename("lights")
    finding.rename("lanterns")
    assert client.get("/findings/lanterns/").status_code == 200
    assert client.get("/findings/lights/")["Location"] == "/findings/lanterns/"


def test_the_new_address_is_the_one_that_is_cited_listed_and_mapped(client):
    finding = twice_published()
    finding.rename("lights")
    for path in ["/findings/lights/", "/findings/lights.json", "/findings/", "/findings/feed.atom", "/sitemap.xml"]:
        page = text_of(client.get(path))
        assert "/findings/lights/" in page
        assert "/findings/lanterns/" not in page


def test_feeds_know_a_renamed_finding_by_its_first_name(client):
    finding = twice_published()
    before = client.get("/findings/feed.json").json()["items"][0]["id"]
    for slug in ["lights", "lanterns", "lamps"]:
        finding.rename(slug)
        assert client.get("/findings/feed.json").json()["items"][0]["id"] == before
    assert f"<id>{before}</id>" in text_of(client.get("/findings/feed.atom"))


def test_a_former_address_of_a_withdrawn_finding_leads_to_where_it_says_so(client):
    finding = twice_published()
    finding.rename("lights")
    finding.withdraw(NOW, "A sample reason.")
    assert client.get("/findings/lanterns/", follow=True).status_code == 410


def test_a_former_address_that_nobody_may_know_of_is_not_there(client):
    finding = a_finding(a_cohort(), slug="asked", state=Finding.State.WITH_ORGANISATION)
    finding.rename("still-asked")
    assert FormerSlug.objects.get().slug == "asked"
    assert client.get("/findings/asked/").status_code == 404


def test_a_draft_that_nobody_knows_leaves_no_trace():
    finding = a_finding(a_cohort(), slug="draft")
    finding.rename("better")
    assert finding.slug == "better"
    assert FormerSlug.objects.count() == 0


def test_an_address_that_another_finding_has_or_had_is_not_free():
    first = twice_published()
    first.rename("lights")
    gone = a_published_finding(first.cohort, slug="gone")
    gone.withdraw(NOW, "A reason.")
    other = a_published_finding(first.cohort, slug="other")
    for slug in ["lanterns", "lights", "gone", "not a slug", ""]:
        with pytest.raises(ValidationError) as error:
            other.rename(slug)
        assert set(error.value.message_dict) == {"slug"}
    assert Finding.objects.get(pk=other.pk).slug == other.slug == "other"
    other.rename("free")
    assert other.slug == "free"


def test_a_new_finding_cannot_take_a_former_address():
    twice_published().rename("lights")
    new = Finding(cohort=a_cohort(), title="New", summary="New.", slug="lanterns")
    with pytest.raises(ValidationError) as error:
        new.full_clean()
    assert error.value.message_dict == {"slug": ["Another finding had this address, and it leads there."]}
    new.slug = "free"
    new.full_clean()


def test_the_database_keeps_a_former_address_once():
    finding = twice_published()
    finding.rename("lights")
    other = a_published_finding(finding.cohort)
    with pytest.raises(IntegrityError), transaction.atomic():
        FormerSlug.objects.create(finding=other, slug="lanterns")
