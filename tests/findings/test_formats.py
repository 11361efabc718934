"""What machines read of a finding, read back by parsers."""

import json
import re
import sys
import xml.etree.ElementTree as ET
import zlib
from datetime import timedelta

import pytest

from findings.citation import citation_of
from findings.pdf import pdf_of, static_file
from tests.factories import NOW, a_cohort, a_finding, a_membership, a_published_finding, agreed

pytestmark = pytest.mark.django_db

ATOM = "{http://www.w3.org/2005/Atom}"
HOSTILE = 'Half\r\nER  - \r\nTY  - BOOK {100 %} & "more" \\end{x} <b>$_#~^ é'


def hostile():
    cohort = a_cohort()
    membership = a_membership(cohort, "Royal Pavilion & Museums, Brighton")
    finding = a_finding(cohort, membership, slug="hostile", title=HOSTILE, summary=HOSTILE, learned=f"{HOSTILE} \x01")
    agreed(finding)
    finding.publish(NOW, None)
    return finding


def fields_of(bibtex):
    """Reads one entry: name and value of every field, braces balanced as BibTeX balances them."""
    assert re.match(r"@techreport\{[\w-]+,\n", bibtex)
    fields, position = {}, 0
    for match in re.finditer(r"^  (\w+) = \{", bibtex, re.MULTILINE):
        position, depth = match.end(), 1
        while depth:
            character = bibtex[position]
            depth += {"{": 1, "}": -1}.get(character, 0) if bibtex[position - 1] != "\\" else 0
            position += 1
        fields[match.group(1)] = bibtex[match.end() : position - 1]
    return fields


def inflated(pdf):
    """The PDF with its compressed streams unpacked, so that its objects can be looked for."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    return pdf + b"".join(zlib.decompress(part) for part in streams if part[:1] == b"x")


def test_bibtex_holds_hostile_words_as_words(client):
    hostile()
    response = client.get("/findings/hostile.bib")
    assert response["Content-Type"] == "application/x-bibtex; charset=utf-8"
    text = response.content.decode()
    fields = fields_of(text)
    assert fields["author"] == r"{Royal Pavilion \& Museums, Brighton}"
    assert fields["title"].startswith(r"{Half ER - TY - BOOK \{100 \%\} \& ")
    assert r"\textbackslash{}end\{x\}" in fields["title"]
    assert fields["year"] == "2018"
    assert text.count("{") == text.count("}")


def test_ris_has_one_record_whatever_the_words(client):
    hostile()
    response = client.get("/findings/hostile.ris")
    assert response["Content-Type"] == "application/x-research-info-systems; charset=utf-8"
    lines = response.content.decode().split("\r\n")
    assert lines.pop() == ""
    assert all(re.match(r"[A-Z][A-Z0-9]  - ", line) for line in lines)
    tags = [line[:2] for line in lines]
    assert tags.count("TY") == tags.count("ER") == 1
    assert lines[0] == "TY  - RPRT"
    assert "AU  - Royal Pavilion & Museums, Brighton" in lines


def test_json_has_its_documented_shape(client):
    finding = hostile()
    response = client.get("/findings/hostile.json")
    data = response.json()
    assert response["Content-Type"] == "application/json"
    assert data["format"] == "lets-get-real-finding/1"
    assert data["title"] == HOSTILE
    assert data["url"] == "http://localhost:8000/findings/hostile/"
    assert data["licence"] == {"name": "CC BY 4.0", "url": "https://creativecommons.org/licenses/by/4.0/"}
    assert data["release"] == {"number": 1, "published": "2018-05-14T11:00:00+00:00", "what_changed": ""}
    assert data["citation"] == citation_of(finding).as_text()
    assert data["sections"][0]["heading"] == "What we learned"
    assert set(data) == {
        "format", "url", "slug", "title", "summary", "sections", "excerpts", "organisation", "cohort", "phase",
        "outcome", "themes", "work_from", "work_to", "is_sample", "published", "release", "language", "licence",
        "citation", "formats", "welsh", "pictures", "contributors",
    }  # fmt: skip


def test_atom_is_read_back_with_ids_for_life_and_whole_texts(client):
    finding = hostile()
    other = a_published_finding(finding.cohort, title="Second")
    finding.summary = "Corrected."
    finding.save()
    agreed(finding)
    finding.publish(NOW + timedelta(days=2), None, "Shorter.")
    response = client.get("/findings/feed.atom")
    assert response["Content-Type"] == "application/atom+xml; charset=utf-8"
    feed = ET.fromstring(response.content)
    entries = feed.findall(f"{ATOM}entry")
    assert [entry.findtext(f"{ATOM}id") for entry in entries] == [
        "tag:localhost,2018-05-14:findings/hostile",
        f"tag:localhost,2018-05-14:findings/{other.slug}",
    ]
    assert entries[0].findtext(f"{ATOM}published") == "2018-05-14T11:00:00+00:00"
    assert entries[0].findtext(f"{ATOM}updated").startswith("2018-05-16")
    content = entries[0].find(f"{ATOM}content")
    assert content.get("type") == "html"
    assert "<h2>What we learned</h2>" in content.text
    assert "&lt;b&gt;" in content.text
    assert "<b>" not in content.text


def test_the_json_feed_names_each_finding_as_atom_does(client):
    finding = hostile()
    response = client.get("/findings/feed.json")
    assert response["Content-Type"] == "application/feed+json"
    feed = json.loads(response.content)
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    (item,) = feed["items"]
    assert item["id"] == "tag:localhost,2018-05-14:findings/hostile"
    assert item["url"] == f"http://localhost:8000/findings/{finding.slug}/"
    assert "What we learned" in item["content_html"]


def test_feeds_without_findings_are_feeds(client):
    assert ET.fromstring(client.get("/findings/feed.atom").content).findall(f"{ATOM}entry") == []
    assert client.get("/findings/feed.json").json()["items"] == []


def test_the_pdf_is_tagged_and_says_its_language_and_title(client):
    pytest.importorskip("weasyprint", reason="the PDF libraries are not on this machine", exc_type=OSError)
    finding = a_published_finding(a_cohort(), title="People film")
    response = client.get(f"/findings/{finding.slug}.pdf")
    assert response["Content-Type"] == "application/pdf"
    assert response.content.startswith(b"%PDF-1.7")
    for mark in [b"/MarkInfo", b"/StructTreeRoot", b"/Lang (en-GB)", b"pdfuaid:part", b"/Title (People film)"]:
        assert mark in inflated(response.content)
    assert response["Content-Disposition"] == f'inline; filename="{finding.slug}-release-1.pdf"'


def test_the_pdf_uses_our_own_style_and_opens_nothing_else():
    assert static_file("http://localhost:8000/static/css/finding_pdf.css").name == "finding_pdf.css"
    for url in [
        "file:///etc/passwd",
        "http://169.254.169.254/latest",
        "http://localhost:8000/admin/",
        "http://localhost:8000/static/../lgr6/settings.py",
        "http://localhost:8000/static/%2e%2e/lgr6/settings.py",
        "http://localhost:8000/static/none.css",
    ]:
        with pytest.raises(Exception, match=r"static|path"):
            static_file(url)


def test_the_same_page_is_drawn_once():
    pytest.importorskip("weasyprint", reason="the PDF libraries are not on this machine", exc_type=OSError)
    html = '<html lang="en"><title>One page</title><h1>One</h1></html>'
    assert pdf_of(html) is pdf_of(html)


def test_without_the_pdf_libraries_the_page_says_that_it_prints(client, monkeypatch):
    # None in sys.modules makes an import fail as on a machine that has not got it.
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    finding = a_published_finding(a_cohort())
    response = client.get(f"/findings/{finding.slug}.pdf")
    assert response.status_code == 503
    assert "prints well" in response.content.decode()
