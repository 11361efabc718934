"""One address for readers and programs, and what caches may make of it."""

import pytest

from lgr6 import context
from tests.factories import a_cohort, a_finding, a_published_finding

pytestmark = pytest.mark.django_db

CSL = "application/vnd.citationstyles.csl+json"
BROWSERS = [
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,"
    "application/signed-exchange;v=b3;q=0.7",
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "*/*",
    "",
]


@pytest.fixture
def finding():
    return a_published_finding(a_cohort(), slug="lanterns", title="Lanterns")


@pytest.fixture
def kept(settings):
    """Pages and the facts in their head and foot stay in memory, for this test alone."""
    settings.SHOP_WINDOW_SECONDS = 60
    context.memory.until = 0
    yield
    context.memory.until = 0


def kind_of(response):
    return response["Content-Type"].split(";")[0]


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        *((accept, "text/html") for accept in BROWSERS),
        ("application/json", "application/json"),
        ("application/ld+json", "application/ld+json"),
        ("application/x-bibtex", "application/x-bibtex"),
        ("application/x-research-info-systems", "application/x-research-info-systems"),
        (CSL, CSL),
        (f"{CSL};q=0.9, text/html;q=0.5", CSL),
        ("text/html;q=0.2, application/json", "application/json"),
        ("text/html, application/json", "text/html"),
        ("application/json;q=0.4, */*;q=0.5", "text/html"),
        ("image/png, application/vnd.unknown+json", "text/html"),
        ("application/json;q=nonsense, ;;,,", "application/json"),
        ("application/json," * 3000, "application/json"),
    ],
)
def test_the_page_answers_in_the_type_that_is_asked_for(client, finding, accept, kind):
    response = client.get("/findings/lanterns/", headers={"accept": accept} if accept else {})
    assert response.status_code == 200
    assert kind_of(response) == kind
    assert "Accept" in response["Vary"].split(", ")
    assert "Lanterns" in response.content.decode()


@pytest.mark.parametrize(
    ("ending", "kind"),
    [
        (".json", "application/json"),
        (".bib", "application/x-bibtex"),
        (".ris", "application/x-research-info-systems"),
        (".csl.json", CSL),
    ],
)
def test_the_same_bytes_are_at_the_address_of_the_format(client, finding, ending, kind):
    asked = client.get("/findings/lanterns/", headers={"accept": kind})
    named = client.get(f"/findings/lanterns{ending}", headers={"accept": "text/html"})
    assert asked.content == named.content
    assert kind_of(named) == kind


def test_programs_that_ask_for_a_draft_or_a_withdrawn_finding_learn_nothing(client, finding):
    draft = a_finding(finding.cohort, slug="draft")
    finding.withdraw(finding.published_at, "A sample reason.")
    for kind in ["application/json", "application/ld+json", CSL]:
        assert client.get(f"/findings/{draft.slug}/", headers={"accept": kind}).status_code == 404
        gone = client.get("/findings/lanterns/", headers={"accept": kind})
        assert gone.status_code == 410
        assert "Lanterns" not in gone.content.decode()


def test_pages_kept_in_memory_are_never_mixed_up(client, finding, kept):
    kinds = ["text/html", "application/json", CSL, "text/html", "application/x-bibtex", "application/json", "*/*"]
    answers = [kind_of(client.get("/findings/lanterns/", headers={"accept": kind})) for kind in kinds]
    assert answers == [*kinds[:-1], "text/html"]


def test_each_type_is_made_once_while_it_is_kept(client, finding, kept, django_assert_num_queries):
    for kind in ["text/html", "application/json"]:
        client.get("/findings/lanterns/", headers={"accept": kind})
        with django_assert_num_queries(0):
            kept = client.get("/findings/lanterns/", headers={"accept": kind})
        assert kind_of(kept) == kind


def test_an_address_of_one_format_is_kept_whatever_is_asked_for(client, finding, kept, django_assert_num_queries):
    first = client.get("/findings/lanterns.json", headers={"accept": "application/json"})
    with django_assert_num_queries(0):
        assert client.get("/findings/lanterns.json", headers={"accept": "text/html"}).content == first.content


@pytest.mark.parametrize("path", ["/findings/", "/findings/lanterns/", "/findings/lanterns.png", "/findings/feed.atom"])
def test_who_has_the_bytes_already_is_told_so_from_memory_and_without(client, finding, kept, path, settings):
    first = client.get(path)
    for seconds in (60, 0):
        settings.SHOP_WINDOW_SECONDS = seconds
        again = client.get(path, headers={"if-none-match": first["ETag"]})
        assert again.status_code == 304
        assert again.content == b""
        assert again["ETag"] == first["ETag"]
        assert again["Cache-Control"] == first["Cache-Control"]
    other = client.get(path, headers={"if-none-match": '"other"'})
    assert other.status_code == 200
    assert other.content == first.content


def test_each_type_has_a_tag_of_its_own_and_a_correction_a_new_one(client, finding):
    html = client.get("/findings/lanterns/")
    data = client.get("/findings/lanterns/", headers={"accept": "application/json"})
    assert html["ETag"] != data["ETag"]
    finding.summary = "Other words."
    finding.save()
    finding.publish(finding.published_at, None)
    assert client.get("/findings/lanterns/", headers={"if-none-match": html["ETag"]}).status_code == 200


def test_pages_for_one_person_have_no_tag(client):
    assert "ETag" not in client.get("/accounts/login/").headers


def test_the_header_says_what_to_cite_and_under_which_licence(client, finding):
    for accept in ["text/html", "application/json"]:
        links = client.get("/findings/lanterns/", headers={"accept": accept})["Link"]
        assert '<http://localhost:8000/findings/lanterns/>; rel="cite-as"' in links
        assert '<https://creativecommons.org/licenses/by/4.0/>; rel="license"' in links
        assert f'<http://localhost:8000/findings/lanterns.csl.json>; rel="describedby"; type="{CSL}"' in links
