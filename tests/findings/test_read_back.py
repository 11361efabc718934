"""What machines get, read back by programs that others wrote."""

import json
from io import BytesIO

import feedparser
import html5lib
import pypdf
import pytest
import rispy
from citeproc import Citation, CitationItem, CitationStylesBibliography, CitationStylesStyle, formatter
from citeproc.source.json import CiteProcJSON
from pybtex.database import parse_string
from pyld import jsonld

from findings.models import Finding
from tests.factories import NOW, a_cohort, a_membership, a_note, a_phase, a_published_finding, a_theme, an_excerpt
from tests.findings.test_formats import HOSTILE, hostile
from tests.findings.test_search import corrected

pytestmark = pytest.mark.django_db

SCHEMA = "https://schema.org/"
PLAIN = 'Half ER - TY - BOOK {100 %} & "more" \\end{x} <b>$_#~^ é'


def a_finding_with_all():
    cohort = a_cohort()
    museum = a_membership(cohort, "Royal Pavilion & Museums")
    finding = a_published_finding(
        cohort,
        museum,
        slug="lanterns",
        title="Lanterns & whales",
        summary="They glow.",
        learned="We *saw* them.",
        phase=a_phase(cohort, 3, name="Try it"),
        outcome=Finding.Outcome.CHANGED,
        themes=[a_theme(cohort, "Audience voice"), a_theme(cohort, "Light")],
    )
    an_excerpt(finding, a_note(museum, body="A heron came.", may_be_quoted=True))
    corrected(finding, summary="They glow, at night.")
    return finding


def read(client, path, **headers):
    response = client.get(path, headers=headers)
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.parametrize("path", ["/findings/feed.atom", "/findings/themes/audience-voice/feed.atom"])
def test_atom_is_read_by_feedparser(client, path):
    finding = a_finding_with_all()
    feed = feedparser.parse(client.get(path).content)
    assert not feed.bozo
    assert feed.version == "atom10"
    assert feed.feed.links[1].href == f"http://localhost:8000{path}"
    (entry,) = feed.entries
    assert entry.id == "tag:localhost,2018-05-14:findings/lanterns"
    assert entry.title == "Lanterns & whales"
    assert entry.link == "http://localhost:8000/findings/lanterns/"
    assert entry.author == "Royal Pavilion & Museums"
    assert [tag.term for tag in entry.tags] == finding.shown["themes"]
    assert entry.published_parsed < entry.updated_parsed
    assert "<em>saw</em>" in entry.content[0].value
    assert "A heron came." in entry.content[0].value


def test_a_theme_is_followed_alone(client):
    finding = a_finding_with_all()
    a_published_finding(finding.cohort, title="Of no theme")
    light = a_published_finding(
        finding.cohort, title="Of light", themes=[finding.cohort.themes.get(slug="light")], slug="of-light"
    )
    every = [entry.title for entry in feedparser.parse(client.get("/findings/feed.atom").content).entries]
    assert every == ["Of light", "Of no theme", "Lanterns & whales"]
    feed = feedparser.parse(client.get("/findings/themes/light/feed.atom").content)
    assert [entry.title for entry in feed.entries] == ["Of light", "Lanterns & whales"]
    assert feed.feed.title == "Let’s Get Real: findings on Light"
    items = client.get("/findings/themes/light/feed.json").json()
    assert [item["title"] for item in items["items"]] == ["Of light", "Lanterns & whales"]
    assert items["feed_url"] == "http://localhost:8000/findings/themes/light/feed.json"
    assert items["home_page_url"] == "http://localhost:8000/findings/?theme=light"
    light.withdraw(NOW, "A reason.")
    assert len(client.get("/findings/themes/light/feed.json").json()["items"]) == 1


@pytest.mark.parametrize("kind", ["atom", "json"])
def test_a_theme_that_nobody_published_on_is_not_there(client, kind):
    finding = a_finding_with_all()
    a_theme(finding.cohort, "Working title")
    assert client.get(f"/findings/themes/audience-voice/feed.{kind}").status_code == 200
    for slug in ["working-title", "missing", "x" * 500]:
        assert client.get(f"/findings/themes/{slug}/feed.{kind}").status_code == 404


def test_pages_link_to_the_feeds_of_their_themes(client):
    a_finding_with_all()
    for path in ["/findings/lanterns/", "/findings/?theme=light"]:
        html = read(client, path)
        assert (
            'type="application/atom+xml" href="/findings/themes/light/feed.atom" title="Findings on Light (Atom)"'
            in html
        )
        assert '<a href="/findings/themes/light/feed.json">' in html
    assert "/themes/" not in read(client, "/findings/")


def test_bibtex_is_read_by_pybtex(client):
    a_finding_with_all()
    (entry,) = parse_string(read(client, "/findings/lanterns.bib"), "bibtex").entries.values()
    assert entry.key == "lanterns-2"
    assert entry.type == "techreport"
    assert [str(person) for person in entry.persons["author"]] == [r"{Royal Pavilion \& Museums}"]
    assert entry.fields["title"] == r"{Lanterns \& whales}"
    assert (entry.fields["year"], entry.fields["number"]) == ("2018", "Release 2")


def test_hostile_words_stay_one_entry_of_bibtex(client):
    hostile()
    entries = parse_string(read(client, "/findings/hostile.bib"), "bibtex").entries
    (entry,) = entries.values()
    assert set(entry.fields) == {"title", "institution", "type", "number", "year", "month", "day", "url", "abstract"}


def test_ris_is_read_by_rispy(client):
    a_finding_with_all()
    (entry,) = rispy.loads(read(client, "/findings/lanterns.ris"))
    assert entry["type_of_reference"] == "RPRT"
    assert entry["authors"] == ["Royal Pavilion & Museums"]
    assert entry["title"] == "Lanterns & whales"
    assert entry["keywords"] == ["Audience voice", "Light"]
    assert entry["edition"] == "Release 2"
    assert entry["urls"] == ["http://localhost:8000/findings/lanterns/"]


def test_hostile_words_stay_one_record_of_ris(client):
    hostile()
    (entry,) = rispy.loads(read(client, "/findings/hostile.ris"))
    assert entry["title"] == PLAIN


def test_csl_is_set_in_harvard_style_by_citeproc(client):
    a_finding_with_all()
    source = CiteProcJSON(json.loads(read(client, "/findings/lanterns.csl.json")))
    style = CitationStylesStyle("harvard-cite-them-right", validate=False)
    bibliography = CitationStylesBibliography(style, source, formatter.plain)
    bibliography.register(Citation([CitationItem("lanterns-2")]))
    (line,) = map(str, bibliography.bibliography())
    assert line == (
        "Royal Pavilion & Museums (2018) Lanterns & whales. Finding Release 2. Let's Get Real 6. "
        "Available at: http://localhost:8000/findings/lanterns/."
    )
    assert source["lanterns-2"].type == "report"


def test_csl_holds_hostile_words_as_words(client):
    hostile()
    (item,) = json.loads(read(client, "/findings/hostile.csl.json"))
    assert item["title"] == PLAIN
    assert item["issued"] == {"date-parts": [[2018, 5, 14]]}


def test_both_styles_of_text_name_author_year_title_release_and_address(client):
    a_finding_with_all()
    html = read(client, "/findings/lanterns/")
    series = "Let&#x27;s Get Real 6"
    assert (
        "Royal Pavilion &amp; Museums. (2018, May 16). Lanterns &amp; whales (Release 2). "
        f"{series}. http://localhost:8000/findings/lanterns/</p>" in html
    )
    assert (
        "Royal Pavilion &amp; Museums (2018) Lanterns &amp; whales. Release 2, 16 May 2018. "
        f"{series}. Available at: http://localhost:8000/findings/lanterns/</p>" in html
    )


def linked(text):
    """The nodes of a document by their type, expanded without the network, each property by its full name."""

    def load(url, options):
        assert url == "https://schema.org"
        document = {"@context": {"@vocab": SCHEMA}}
        return {"contextUrl": None, "documentUrl": url, "document": document, "contentType": "application/ld+json"}

    nodes = jsonld.expand(json.loads(text), {"documentLoader": load})
    return {node["@type"][0].removeprefix(SCHEMA): node for node in nodes}


def values_of(node, name):
    return [value["@value"] for value in node[SCHEMA + name]]


def test_the_linked_data_is_read_by_pyld_on_the_page_and_by_itself(client):
    a_finding_with_all()
    page = html5lib.parse(read(client, "/findings/lanterns/"), namespaceHTMLElements=False)
    script = next(node.text for node in page.iter("script") if node.get("type") == "application/ld+json")
    nodes = linked(script)
    assert nodes == linked(read(client, "/findings/lanterns/", accept="application/ld+json"))
    assert set(nodes) == {"Report", "BreadcrumbList"}
    report, crumbs = nodes["Report"], nodes["BreadcrumbList"][SCHEMA + "itemListElement"]
    assert report["@id"] == "http://localhost:8000/findings/lanterns/"
    assert values_of(report, "name") == ["Lanterns & whales"]
    assert values_of(report, "keywords") == ["Audience voice", "Light"]
    assert values_of(report, "version") == ["2"]
    assert values_of(report[SCHEMA + "author"][0], "name") == ["Royal Pavilion & Museums"]
    assert [values_of(crumb, "position") for crumb in crumbs] == [[1], [2], [3]]
    assert values_of(crumbs[2], "item") == ["http://localhost:8000/findings/lanterns/"]


def test_highwire_and_dublin_core_say_the_same_as_the_page(client):
    a_finding_with_all()
    tree = html5lib.parse(read(client, "/findings/lanterns/"), namespaceHTMLElements=False)
    metas = {node.get("name") or node.get("property"): node.get("content") for node in tree.iter("meta")}
    for name in ["citation_title", "DC.title", "og:title"]:
        assert metas[name] == "Lanterns & whales"
    for name in ["citation_author", "DC.creator"]:
        assert metas[name] == "Royal Pavilion & Museums"
    assert metas["citation_keywords"] == metas["DC.subject"] == "Audience voice; Light"
    assert metas["citation_technical_report_number"] == "Release 2"
    assert metas["DCTERMS.issued"] == "2018-05-14"
    assert metas["DCTERMS.modified"] == "2018-05-16"


def test_the_pdf_is_read_by_pypdf(client):
    pytest.importorskip("weasyprint", reason="the PDF libraries are not on this machine", exc_type=OSError)
    a_finding_with_all()
    reader = pypdf.PdfReader(BytesIO(client.get("/findings/lanterns.pdf").content))
    assert reader.metadata.title == "Lanterns & whales"
    assert reader.metadata.author == "Royal Pavilion & Museums"
    root = reader.trailer["/Root"]
    assert root["/Lang"] == "en-GB"
    assert root["/MarkInfo"]["/Marked"]
    words = " ".join(" ".join(page.extract_text() for page in reader.pages).split())
    for said in ["They glow, at night.", "How we know", "A heron came.", "Release 2"]:
        assert said in words


def test_hostile_words_are_told_from_markup():
    assert " ".join(HOSTILE.split()) == PLAIN
