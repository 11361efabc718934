"""A report at the desk: chosen, ordered, published, its PDF looked after."""

from __future__ import annotations

import pytest
from django.test import Client

from findings import printing
from findings.models import Printing, Report, ReportChapter
from findings.tasks import messenger
from tests import factories
from tests.admin.desk import at_the_desk, no_rows, page_of, rows, text_of
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def a_form(report: Report, **more):
    return {
        "title": report.title,
        "slug": report.slug,
        "subtitle": report.subtitle,
        "cover": report.cover,
        "foreword": report.foreword,
        **no_rows("chapters", "editions"),
        **more,
    }


def test_staff_put_a_report_together_and_publish_it(django_capture_on_commit_callbacks):
    cohort = factories.a_cohort()
    findings = [factories.a_published_finding(cohort, title=title) for title in ("People film", "People answer")]
    client = at_the_desk()

    begun = client.post(
        page_of(Report, "add"),
        {"cohort": cohort.pk, "title": "What was learned", "slug": "lgr6", "cover": "rings", "foreword": "Words."},
        follow=True,
    )
    report = Report.objects.get()
    chosen = rows(
        "chapters",
        {"position": "2", "finding": findings[0].pk, "report": report.pk},
        {"position": "1", "finding": findings[1].pk, "report": report.pk},
    )
    client.post(page_of(Report, "change", report.pk), a_form(report) | chosen)
    asked = text_of(client.get(page_of(Report, "publish", report.pk)))
    before = Client().get("/reports/lgr6/").status_code
    with django_capture_on_commit_callbacks() as on_commit:
        client.post(page_of(Report, "publish", report.pk), {"confirmed": "yes"})
    page = text_of(Client().get("/reports/lgr6/"))

    assert "Choose its findings below" in text_of(begun)
    assert asked.index("People answer (release 1)") < asked.index("People film (release 1)")
    assert "Everybody can read it at http://localhost:8000/reports/lgr6/ at once." in asked
    assert before == 404
    assert page.index("People answer") < page.index("People film")
    assert Printing.objects.get().state == "waiting"
    assert messenger.call in on_commit


def test_only_published_findings_of_the_cohort_are_offered():
    cohort = factories.a_cohort()
    report = factories.a_report(cohort)
    open_one = factories.a_published_finding(cohort, title="Open one")
    closed = [
        factories.a_finding(cohort, title="A draft"),
        factories.a_published_finding(factories.a_cohort("other"), title="Of others"),
    ]
    client = at_the_desk()

    page = text_of(client.get(page_of(Report, "change", report.pk)))
    posted = a_form(report) | rows("chapters", {"position": "1", "finding": closed[0].pk, "report": report.pk})
    refused = client.post(page_of(Report, "change", report.pk), posted)

    assert [open_one.title in page, *(finding.title in page for finding in closed)] == [True, False, False]
    assert (refused.status_code, ReportChapter.objects.count()) == (422, 0)


def test_what_cannot_be_published_says_why_and_is_not():
    cohort = factories.a_cohort()
    gone = factories.a_published_finding(cohort, title="People film")
    report = factories.a_report(cohort, gone)
    gone.withdraw(NOW, "We counted wrongly.")
    client = at_the_desk()

    shown = client.get(page_of(Report, "publish", report.pk))
    refused = client.post(page_of(Report, "publish", report.pk), {"confirmed": "yes"})

    assert "“People film” is not published: take it out, or publish it first." in text_of(shown)
    assert (refused.status_code, report.editions.count()) == (409, 0)


def test_the_desk_says_how_far_the_pdf_is_and_why_it_was_not_made():
    report = factories.a_published_report(factories.a_cohort())
    client, page = at_the_desk(), page_of(Report, "change", report.pk)
    printed = printing.ask(report.edition, NOW)

    waits = text_of(client.get(page))
    Printing.objects.filter(pk=printed.pk).update(state="printing", pages=12, held_until=NOW)
    made = text_of(client.get(page))
    Printing.objects.filter(pk=printed.pk).update(state="failed", trouble="libraries")
    failed = text_of(client.get(page))
    client.post(page_of(Report, "print", report.pk), {"confirmed": "yes"})

    assert "waits to be made" in waits
    assert "being made, 12 pages laid out" in made
    assert "not made: the libraries that draw PDFs are missing on the machine" in failed
    assert Printing.objects.get().state == "waiting"


def test_the_address_and_the_editions_of_a_published_report_are_for_life():
    report = factories.a_published_report(factories.a_cohort(), slug="for-life")
    chapter = report.chapters.get()
    client = at_the_desk()
    kept = rows(
        "chapters", {"id": chapter.pk, "position": "1", "finding": chapter.finding_id, "report": report.pk}, initial=1
    )

    client.post(page_of(Report, "change", report.pk), a_form(report, slug="other", title="Other title") | kept)
    refused = client.post(page_of(Report, "delete", report.pk), {"post": "yes"})

    report.refresh_from_db()
    assert (report.slug, report.title) == ("for-life", "Other title")
    assert refused.status_code == 403


def test_an_edition_that_comes_out_while_the_form_is_on_its_way_is_not_written_over(rf):
    from types import SimpleNamespace

    from django.contrib import admin

    cohort = factories.a_cohort()
    report = factories.a_report(cohort, factories.a_published_finding(cohort))
    as_read = Report.objects.get(pk=report.pk)
    edition = report.publish(NOW, None)
    as_read.title = "A title typed meanwhile"

    admin.site.get_model_admin(Report).save_model(rf.post("/"), as_read, SimpleNamespace(changed_data=["title"]), True)

    stored = Report.objects.get(pk=report.pk)
    assert (stored.current, stored.title) == (edition, "A title typed meanwhile")


@pytest.mark.parametrize("change", [{"title": ""}, {"slug": "taken"}, {"cover": "none"}, {"foreword": "x\x00"}])
def test_bad_input_to_a_report_is_answered_in_the_form(change):
    cohort = factories.a_cohort()
    factories.a_report(cohort, slug="taken")
    report = factories.a_report(cohort)

    assert at_the_desk().post(page_of(Report, "change", report.pk), a_form(report, **change)).status_code == 422


def test_a_finding_chosen_twice_is_answered_in_the_form():
    cohort = factories.a_cohort()
    finding = factories.a_published_finding(cohort)
    report = factories.a_report(cohort)
    twice = [{"position": str(n), "finding": finding.pk, "report": report.pk} for n in (1, 2)]

    response = at_the_desk().post(page_of(Report, "change", report.pk), a_form(report) | rows("chapters", *twice))

    assert (response.status_code, ReportChapter.objects.count()) == (422, 0)


def test_the_pages_of_a_report_that_is_not_there_are_not_there():
    client = at_the_desk()

    assert [client.get(page_of(Report, name, 999)).status_code for name in ("publish", "print")] == [404, 404]
