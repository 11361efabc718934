"""A finished cohort as a folder: every link leads somewhere, nothing needs a server, no draft is in any byte."""

from __future__ import annotations

import json
import re
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import transaction

from findings.models import Finding, FormerSlug, Resource, Theme
from participants.models import Cohort
from tests.factories import (
    NOW,
    a_cohort,
    a_finding,
    a_membership,
    a_note,
    a_participant,
    a_picture,
    a_published_finding,
    a_published_report,
    a_report,
    agreed,
)

pytestmark = pytest.mark.django_db
CANARY = "kingfisher"
PORTAL = "http://localhost:8000"


def ended_cohort() -> Cohort:
    """One that has ended, with findings of all kinds, and another that still runs."""
    ended = a_cohort("ended", number=5, status=Cohort.Status.ENDED, starts_on=NOW.date() - timedelta(days=300))
    museum = a_membership(ended, "Sample Museum")
    people = a_participant(museum)
    a_note(museum, people, title=f"Draft {CANARY}", body=CANARY, audience="me")
    film = a_finding(ended, museum, slug="people-film", title="People film", learned="They film & laugh.")
    a_picture(film)
    agreed(film)
    film.publish(NOW, None)
    findings = [
        film,
        a_published_finding(ended, slug="people-answer", title="People answer"),
    ]
    a_finding(ended, museum, slug="a-draft", title=f"Draft {CANARY}", summary=CANARY, learned=CANARY)
    gone = a_published_finding(ended, slug="gone", title=f"Gone {CANARY}", learned=CANARY)
    a_published_report(ended, *findings, gone, slug="the-report")
    a_report(ended, findings[0], slug="not-yet", title=f"Report {CANARY}", foreword=CANARY)
    gone.withdraw(NOW, "We counted wrongly.")
    running = a_cohort("running", number=6, status=Cohort.Status.RUNNING, starts_on=NOW.date())
    other = a_published_finding(running, slug="of-others", title=f"Another cohort's {CANARY}", summary=CANARY)
    a_published_report(running, other, slug="report-of-others", title="A report of others")
    Resource.objects.create(title="A public text", is_public=True, url="https://elsewhere.example/text")
    return ended


def frozen(cohort: Cohort, folder: Path, on: str = "2018-10-31") -> Path:
    call_command("freeze", cohort.slug, str(folder), "--on", on, stdout=StringIO(), stderr=StringIO())
    return folder


@pytest.fixture
def cohort() -> Cohort:
    return ended_cohort()


@pytest.fixture(scope="module")
def site(django_db_setup, django_db_blocker, tmp_path_factory) -> Path:
    """The cohort's folder, made once for all who only look at it; nothing of it stays in the database."""
    folder = tmp_path_factory.mktemp("frozen") / "site"
    with django_db_blocker.unblock(), transaction.atomic():
        frozen(ended_cohort(), folder)
        transaction.set_rollback(True)
    return folder


@pytest.fixture
def serve() -> Iterator:
    """Hands out a folder as the plainest of web servers does; answers its address."""
    servers = []

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

    def start(folder: Path) -> str:
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


class Links(HTMLParser):
    """What a page leads to (`leads`) and what a browser fetches with it (`loads`)."""

    def __init__(self) -> None:
        super().__init__()
        self.leads: list[str] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if tag == "a" and said.get("href"):
            self.leads.append(str(said["href"]))
        if tag == "link" and said.get("href"):
            fetched = {"stylesheet", "preload", "icon"} & set(str(said.get("rel")).split())
            (self.loads if fetched else self.leads).append(str(said["href"]))
        if said.get("src"):
            self.loads.append(str(said["src"]))


def crawl(address: str) -> tuple[dict[str, bytes], dict[str, str], set[str]]:
    """Every file within reach, the links that are broken with the page they stand on, and what else would be loaded."""
    queue, bodies, broken, elsewhere = [("/", "")], {}, {}, set()
    while queue:
        path, page = queue.pop()
        if path in bodies or path in broken:
            continue
        try:
            with urllib.request.urlopen(address + path, timeout=10) as answer:
                bodies[path] = answer.read()
        except urllib.error.HTTPError:
            broken[path] = page
            continue
        text = bodies[path].decode("utf-8", "replace")
        leads, loads = [], []
        if path.endswith("/"):
            links = Links()
            links.feed(text)
            leads, loads = links.leads, links.loads
        elif path.endswith(".css"):
            loads = re.findall(r"""url\(["']?([^"')]+)""", text)
        elif path.endswith((".atom", ".xml")):
            leads = re.findall(r'(?:href="|<loc>)([^"<]+)', text)
        for link in [*leads, *loads]:
            target = urlsplit(urljoin(PORTAL + path, link))
            if f"{target.scheme}://{target.netloc}" == PORTAL:
                queue.append((target.path or "/", path))
            elif link in loads and target.scheme != "data":
                elsewhere.add(link)
    return bodies, broken, elsewhere


def test_every_link_of_the_folder_leads_to_a_file_and_nothing_is_loaded_from_elsewhere(site, serve):
    bodies, broken, elsewhere = crawl(serve(site))

    assert broken == {}
    assert elsewhere == set()
    assert {
        "/", "/findings/", "/organisations/", "/resources/", "/accessibility/", "/privacy/", "/sitemap.xml",
        "/findings/people-film/", "/findings/people-film.json", "/findings/people-film.bib",
        "/findings/people-film.ris", "/findings/gone/", "/findings/feed.atom", "/findings/feed.json",
        "/reports/the-report/", "/static/css/base.css",
    } <= set(bodies)  # fmt: skip
    assert [path for path in bodies if path.startswith("/findings/people-film/pictures/")]
    assert "They film &amp; laugh." in bodies["/findings/people-film/"].decode()


def test_the_pdfs_are_among_the_files_where_they_can_be_drawn(site):
    pytest.importorskip("weasyprint", reason="the PDF libraries are not on this machine", exc_type=OSError)
    for name in ("findings/people-film.pdf", "reports/the-report.pdf"):
        assert (site / name).read_bytes().startswith(b"%PDF")


def test_no_draft_no_withdrawn_words_and_no_other_cohort_are_in_any_byte(site):
    files = {str(path.relative_to(site)): path.read_bytes() for path in site.rglob("*") if path.is_file()}

    assert [name for name, body in files.items() if CANARY.encode() in body.lower()] == []
    assert [name for name, body in files.items() if b"/of-others" in body or b"report-of-others" in body] == []
    assert [name for name, body in files.items() if b"People film" in body] != []


def test_no_page_has_a_form_or_a_way_in(site):
    pages = [path.read_text("utf-8") for path in site.rglob("*.html")]

    assert pages
    assert [page for page in pages if "<form" in page or "<input" in page] == []
    assert [page for page in pages if re.search(r'href="/(accounts|my|newsletter|mailroom|admin)/', page)] == []
    assert [page for page in pages if "My programme" in page] == []


def test_every_page_says_on_which_day_it_was_frozen(site):
    pages = [path.read_text("utf-8") for path in site.rglob("*.html")]

    assert [page for page in pages if "Frozen on 31 October 2018" not in page] == []


def test_freezing_twice_makes_the_same_bytes_but_for_the_day(cohort, tmp_path):
    first, second, later = (
        {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        for folder in (
            frozen(cohort, tmp_path / "first"),
            frozen(cohort, tmp_path / "second"),
            frozen(cohort, tmp_path / "later", "2018-11-05"),
        )
    )

    assert first == second
    assert first != later
    assert first == {name: body.replace(b"5 November 2018", b"31 October 2018") for name, body in later.items()}


def test_the_page_of_a_withdrawn_finding_is_there_and_says_why(site):
    page = (site / "findings/gone/index.html").read_text("utf-8")

    assert "It was withdrawn on 14 May 2018. We counted wrongly." in page
    assert not (site / "findings/gone.json").exists()


def test_feeds_and_sitemap_name_what_is_in_the_folder(site):
    items = json.loads((site / "findings/feed.json").read_text("utf-8"))["items"]
    sitemap = (site / "sitemap.xml").read_text("utf-8")

    assert {item["url"] for item in items} == {f"{PORTAL}/findings/people-film/", f"{PORTAL}/findings/people-answer/"}
    assert f"<loc>{PORTAL}/reports/the-report/</loc>" in sitemap
    assert "/newsletter/" not in sitemap


@pytest.mark.parametrize("status", [Cohort.Status.RUNNING, Cohort.Status.DRAFT])
def test_a_cohort_that_has_not_ended_is_refused_with_a_sentence(cohort, tmp_path, status):
    Cohort.objects.filter(pk=cohort.pk).update(status=status)

    with pytest.raises(CommandError, match="has not ended, so its pages still change: set its status to “ended” first"):
        frozen(cohort, tmp_path / "site")
    assert not (tmp_path / "site").exists()


def test_a_folder_with_something_in_it_is_left_alone(cohort, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")

    with pytest.raises(CommandError, match="is not an empty folder: nothing is written over"):
        frozen(cohort, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_cohort_nobody_knows_is_told_of(cohort, tmp_path):
    with pytest.raises(CommandError, match=r"There is no cohort lgr9\. There are: "):
        call_command("freeze", "lgr9", str(tmp_path / "site"))


def test_no_reader_can_ask_for_a_frozen_page(client, cohort):
    page = client.get("/findings/people-film/", headers={"portal.frozen": "yes"}, PORTAL_FROZEN="yes")

    assert "Frozen on" not in page.content.decode()
    assert "My programme" in page.content.decode()


def test_a_form_that_were_left_in_would_be_seen(cohort, tmp_path, monkeypatch):
    """The negative control of the pages above: as the portal hands them out, they have a form."""
    monkeypatch.setattr("lgr6.freezing.made_static", lambda path, answer, there: answer.body)

    folder = frozen(cohort, tmp_path / "site")

    assert "<form" in (folder / "findings/people-film/index.html").read_text("utf-8")


def test_a_report_whose_pdf_cannot_be_made_is_named_and_its_page_promises_none(cohort, tmp_path, monkeypatch):
    # None in sys.modules makes an import fail as on a machine that has not got it.
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    said = StringIO()

    call_command("freeze", cohort.slug, str(tmp_path / "site"), stdout=StringIO(), stderr=said)

    assert "Left out, the portal answered 503: /reports/the-report.pdf" in said.getvalue()
    assert "within minutes" not in (tmp_path / "site/reports/the-report/index.html").read_text("utf-8")


def test_a_former_address_leads_on_to_the_one_of_today(cohort, tmp_path):
    FormerSlug.objects.create(finding=Finding.objects.get(slug="people-film"), slug="as-it-was-called")

    folder = frozen(cohort, tmp_path / "site")

    page = (folder / "findings/as-it-was-called/index.html").read_text("utf-8")
    assert '<meta http-equiv="refresh" content="0; url=/findings/people-film/">' in page
    assert '<a href="/findings/people-film/">' in page


def test_what_is_there_for_its_form_is_no_file_and_the_feeds_of_a_theme_are(cohort, tmp_path, client):
    finding = Finding.objects.get(slug="people-film")
    finding.themes.add(Theme.objects.create(cohort=cohort, name="Place", slug="place"))
    agreed(finding)
    finding.publish(NOW, None, "Has a theme.")

    folder = frozen(cohort, tmp_path / "site")

    assert client.get("/findings/people-film/follow/").status_code == 200
    assert not (folder / "findings/people-film/follow").exists()
    assert (folder / "findings/people-film/releases/1/index.html").exists()
    assert b"People film" in (folder / "findings/themes/place/feed.atom").read_bytes()
