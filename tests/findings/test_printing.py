"""The PDF of a report: tagged, made by a worker, the same bytes wherever it is made, never of what was withdrawn."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from django.db import IntegrityError, transaction

from findings import printing
from findings.models import Printing
from findings.pdf import pdf_of
from findings.printing import ask, ask_for_missing, claim, forget_outdated, html_of, print_waiting
from findings.tasks import print_reports
from research import filing
from tests.admin.desk import text_of
from tests.factories import NOW, a_cohort, a_membership, a_published_finding, a_published_report

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=20)
HOME = Path(__file__).resolve().parents[2]

# Draws the page it is given, in a process of its own.
PRESS = """
import sys, hashlib
import django
django.setup()
from findings.pdf import pdf_of, print_out
html = sys.stdin.read()
report, finding = print_out(html, lambda page: None), pdf_of(html)
print(hashlib.sha256(report).hexdigest(), hashlib.sha256(finding).hexdigest())
"""


@pytest.fixture
def press():
    pytest.importorskip("weasyprint", reason="the PDF libraries are not on this machine", exc_type=OSError)


def a_printed_report(*findings, **extra):
    cohort = findings[0].cohort if findings else a_cohort()
    report = a_published_report(cohort, *findings, **extra)
    ask(report.edition, NOW)
    print_waiting(NOW)
    return report


def drawn_elsewhere(html, seed):
    """The SHA-256 of the page as a report and as a finding, from another process with another order of hashes."""
    env = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "lgr6.settings",
        "REHEARSAL": "true",
        "SECRET_KEY": "only-for-the-test-suite-0123456789-abcdefghijklmnopqrstuvwxyz",
        "PORTAL_URL": "http://localhost:8000",
        "DATABASE_URL": "sqlite:///:memory:",
        "REDIS_URL": "",
        "PYTHONHASHSEED": seed,
        "TZ": "UTC" if seed == "1" else "Asia/Tokyo",
    }
    run = subprocess.run(
        [sys.executable, "-c", PRESS], input=html, cwd=HOME, env=env, capture_output=True, text=True, check=True
    )
    return run.stdout.split()


def test_the_pdf_is_made_by_a_worker_and_the_page_links_to_it(client, press):
    report = a_published_report(a_cohort(), slug="lgr6")
    early = client.get("/reports/lgr6.pdf")
    waits = text_of(client.get("/reports/lgr6/"))

    print_reports()
    response = client.get("/reports/lgr6.pdf")

    made = Printing.objects.get()
    assert (early.status_code, early["Retry-After"]) == (503, "60")
    assert "The PDF is being made" in waits
    assert (made.state, made.edition) == ("ready", report.edition)
    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"] == 'inline; filename="lgr6-edition-1.pdf"'
    assert response.content.startswith(b"%PDF-1.7")
    assert made.pages == 5
    assert "PDF, tagged" in text_of(client.get("/reports/lgr6/"))


def test_the_file_is_named_by_its_content(press):
    a_printed_report()

    made = Printing.objects.get()

    content = filing.read(made.stored_as)
    assert made.stored_as == f"reports/{hashlib.sha256(content).hexdigest()}"
    assert made.size == len(content)


def test_two_processes_make_the_same_bytes(press):
    cohort = a_cohort()
    findings = [
        a_published_finding(cohort, a_membership(cohort), title=f"Finding {n}: “é” ŵ", learned="- one\n- *two*\n")
        for n in range(3)
    ]
    report = a_printed_report(*findings, foreword="Words | to\n---|---\nbegin | with")
    html = html_of(report.edition, report.edition.in_order())

    first, second = drawn_elsewhere(html, "1"), drawn_elsewhere(html, "2")

    made = Printing.objects.get()
    assert first == second
    assert first == [made.stored_as.removeprefix("reports/"), hashlib.sha256(pdf_of(html)).hexdigest()]


def test_other_words_make_other_bytes(press):
    """The negative control: the digests above could not all be of nothing."""
    html = '<html lang="en"><title>One</title><h1>One</h1></html>'

    assert pdf_of(html) != pdf_of(html.replace("One", "Two"))


def test_printing_again_where_nothing_changed_is_the_same_file(press):
    report = a_printed_report()
    first = Printing.objects.get().stored_as
    filing.throw_away(first)
    ask(report.edition, LATER)

    assert print_waiting(LATER) == 1
    assert Printing.objects.get().stored_as == first
    assert filing.is_there(first)


def test_what_is_printed_is_not_printed_again():
    report = a_published_report(a_cohort())

    first, second = ask(report.edition, NOW), ask(report.edition, LATER)

    assert first == second


def test_a_withdrawn_finding_leaves_the_pdf_in_the_same_request_and_the_disk_within_a_minute(client, press):
    cohort = a_cohort()
    gone = a_published_finding(cohort, title="Kingfisher", learned="A kingfisher came.")
    report = a_printed_report(gone, a_published_finding(cohort, title="Still here"), slug="lgr6")
    before = Printing.objects.get().stored_as
    was_open = client.get("/reports/lgr6.pdf").status_code
    gone.withdraw(LATER, "We counted wrongly.")

    at_once = client.get("/reports/lgr6.pdf").status_code
    print_reports()
    after = client.get("/reports/lgr6.pdf")

    assert (was_open, at_once, after.status_code) == (200, 503, 200)
    assert not filing.is_there(before)
    assert "Kingfisher" not in html_of(report.edition, report.edition.in_order())
    assert Printing.objects.get().stored_as != before


def test_a_pdf_known_by_its_edition_alone_would_keep_withdrawn_words(client, press, monkeypatch):
    """The negative control: with the same digest whatever is shown, the old file would still be handed out."""
    monkeypatch.setattr(printing, "digest_now", lambda edition, chapters: "0" * 64)
    cohort = a_cohort()
    gone = a_published_finding(cohort)
    a_printed_report(gone, slug="lgr6")
    gone.withdraw(LATER, "We counted wrongly.")

    assert client.get("/reports/lgr6.pdf").status_code == 200


def test_words_withdrawn_while_they_wait_to_be_printed_are_not_printed(press):
    cohort = a_cohort()
    gone = a_published_finding(cohort, title="Kingfisher")
    report = a_published_report(cohort, gone)
    ask(report.edition, NOW)
    gone.withdraw(LATER, "We counted wrongly.")

    print_waiting(LATER)

    made = Printing.objects.get()
    assert made.digest == printing.digest_now(report.edition, report.edition.in_order())
    assert made.state == "ready"


def test_without_the_pdf_libraries_page_and_address_say_that_it_prints(client, monkeypatch):
    # None in sys.modules makes an import fail as on a machine that has not got it.
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    a_printed_report(slug="lgr6")

    page, pdf = client.get("/reports/lgr6/"), client.get("/reports/lgr6.pdf")

    assert Printing.objects.get().trouble == "libraries"
    assert "libraries that draw PDFs are missing" in text_of(page)
    assert (pdf.status_code, "libraries that draw PDFs are missing" in text_of(pdf)) == (503, True)


def test_a_file_that_is_gone_is_answered_503_and_made_again_by_the_clock(client, press):
    a_printed_report(slug="lgr6")
    filing.throw_away(Printing.objects.get().stored_as)

    gone = client.get("/reports/lgr6.pdf").status_code
    ask_for_missing(LATER)
    print_waiting(LATER)

    assert (gone, client.get("/reports/lgr6.pdf").status_code) == (503, 200)


def test_one_report_is_printed_at_a_time():
    for _ in range(2):
        ask(a_published_report(a_cohort()).edition, NOW)

    first, second = claim(NOW), claim(NOW)

    assert first is not None
    assert second is None
    with pytest.raises(IntegrityError), transaction.atomic():
        Printing.objects.update(state="printing")


def test_a_worker_that_died_is_found_out_and_after_three_it_has_failed():
    ask(a_published_report(a_cohort()).edition, NOW)
    lapsed = [NOW + n * (printing.LEASE + timedelta(seconds=1)) for n in range(4)]

    taken = [claim(moment) for moment in lapsed]

    assert [printing is not None for printing in taken] == [True, True, True, False]
    assert (Printing.objects.get().state, Printing.objects.get().trouble) == ("failed", "stopped")


def test_a_worker_that_was_taken_for_dead_changes_nothing(press):
    ask(a_published_report(a_cohort()).edition, NOW)
    slow = claim(NOW)
    quick = claim(NOW + printing.LEASE)
    assert slow is not None

    printing.make(slow, lambda: NOW)

    row = Printing.objects.get()
    assert (row.state, row.attempts) == ("printing", quick.attempts)


def test_a_ready_printing_has_its_file_by_the_database():
    printed = ask(a_published_report(a_cohort()).edition, NOW)

    with pytest.raises(IntegrityError), transaction.atomic():
        Printing.objects.filter(pk=printed.pk).update(state="ready")


def test_pdfs_of_former_editions_are_thrown_away(press):
    report = a_printed_report()
    old = Printing.objects.get().stored_as
    report.title = "Another title"
    report.save()
    ask(report.publish(LATER, None), LATER)
    print_waiting(LATER)

    assert forget_outdated() == 1
    assert not filing.is_there(old)
    assert filing.is_there(Printing.objects.get().stored_as)


def test_the_pdf_is_read_back_with_tags_language_title_bookmarks_and_alternative_text(press):
    pypdf = pytest.importorskip("pypdf")
    cohort = a_cohort()
    findings = [a_published_finding(cohort, title=title) for title in ("People film", "People answer")]
    a_printed_report(*findings, title="What was learned", cover="rings")

    pdf = pypdf.PdfReader(BytesIO(filing.read(Printing.objects.get().stored_as)))

    root = pdf.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en-GB"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert pdf.metadata.title == "What was learned"
    assert pdf.metadata.creation_date == NOW
    assert b'pdfuaid:part="1"' in root["/Metadata"].get_data()
    assert outline_of(pdf.outline) == [
        (0, "What was learned"), (1, "Contents"), (1, "Foreword"), (1, "People film"), (2, "What we learned"),
        (2, "How we know"), (1, "People answer"), (2, "What we learned"), (2, "How we know"), (1, "Credits"),
    ]  # fmt: skip
    tags = list(tags_of(root["/StructTreeRoot"]))
    (figure,) = [tag for tag in tags if tag.get("/S") == "/Figure"]
    assert figure["/Alt"].startswith("Cover drawing: rings")
    assert {"/H1", "/H2", "/H3", "/P", "/L", "/LI", "/Link"} <= {tag.get("/S") for tag in tags}


def test_contents_name_the_pages_and_each_page_has_its_number_and_running_head(press):
    pypdf = pytest.importorskip("pypdf")
    cohort = a_cohort()
    a_membership(cohort, "Sample Museum")
    findings = [a_published_finding(cohort, title=title) for title in ("People film", "People answer")]
    a_printed_report(*findings, title="What was learned")

    pages = [
        page.extract_text() for page in pypdf.PdfReader(BytesIO(filing.read(Printing.objects.get().stored_as))).pages
    ]

    contents = {" ".join(line.replace(".", " ").split()) for line in pages[1].splitlines()}
    assert {"Foreword 3", "People film 4", "People answer 5", "Credits 6"} <= contents
    assert [("What was learned" in page, page.split()[-1]) for page in pages[3:5]] == [(True, "4"), (True, "5")]
    assert "Sample Museum" in pages[5]


def outline_of(entries, depth=0):
    """Bookmarks with their depth, in reading order."""
    found = []
    for entry in entries:
        if isinstance(entry, list):
            found += outline_of(entry, depth + 1)
        else:
            found.append((depth, entry.title))
    return found


def tags_of(element):
    """Every structure element below this one."""
    kids = element.get("/K", [])
    for kid in kids if isinstance(kids, list) else [kids]:
        kid = kid.get_object() if hasattr(kid, "get_object") else kid
        if isinstance(kid, dict) and "/S" in kid:
            yield kid
            yield from tags_of(kid)
