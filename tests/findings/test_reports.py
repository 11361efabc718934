"""The cohort's report: what staff chose, in their order, kept as an edition; what was withdrawn is gone at once."""

from __future__ import annotations

from datetime import timedelta

import html5lib
import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from findings import consent
from findings.models import Agreement, ReportChapter
from findings.printing import digest_now
from findings.publishing import strike
from participants.models import Cohort
from tests.admin.desk import text_of
from tests.factories import (
    NOW,
    a_cohort,
    a_finding,
    a_membership,
    a_note,
    a_participant,
    a_published_finding,
    a_published_report,
    a_report,
    agreed,
    an_excerpt,
)

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=20)


def page(client, report, more=""):
    return client.get(f"/reports/{report.slug}/{more}")


def test_the_web_edition_has_the_chosen_findings_in_their_order_with_credits_licence_and_citation(client):
    cohort = a_cohort(number=6)
    museum = a_membership(cohort, "Sample Museum")
    a_membership(cohort, "Culture24", is_participant=False, is_organiser=True)
    first = a_published_finding(cohort, museum, title="People film", learned="They film what is theirs.")
    second = a_published_finding(cohort, title="People answer people")
    left_out = a_published_finding(cohort, title="Not in the report")
    report = a_published_report(cohort, second, first, foreword="We **thank** you.", slug="lgr6")

    response = page(client, report)

    words = text_of(response)
    assert response.status_code == 200
    assert words.index("People answer people") < words.index("People film")
    assert "They film what is theirs." in words
    assert left_out.title not in words
    assert "<strong>thank</strong>" in response.content.decode()
    assert ["Sample Museum" in words, "Culture24 (organiser)" in words] == [True, True]
    assert "CC BY 4.0" in words
    cited = (
        "Culture24 (2018, 14 May). What eighteen organisations learned: A sample of a report (Edition 1). "
        f"{cohort}. http://localhost:8000/reports/lgr6/"
    )
    assert cited in words


def test_every_line_of_the_contents_leads_to_its_chapter(client):
    cohort = a_cohort()
    report = a_published_report(cohort, *(a_published_finding(cohort, title=f"Finding {n}") for n in range(3)))

    html = page(client, report).content.decode()

    assert [f'href="#finding-{n}"' in html and f'id="finding-{n}"' in html for n in (1, 2, 3)] == [True] * 3


def test_a_report_that_is_not_published_is_not_there(client):
    cohort = a_cohort()
    report = a_report(cohort, a_published_finding(cohort), title="Kingfisher")

    before = [client.get(f"/reports/{report.slug}{end}").status_code for end in ("/", ".pdf", "/editions/1/")]
    report.publish(NOW, None)
    after = page(client, report)

    assert before == [404, 404, 404]
    assert (after.status_code, "Kingfisher" in text_of(after)) == (200, True)


def test_a_report_of_a_cohort_that_is_being_prepared_is_not_there(client):
    cohort = a_cohort()
    report = a_published_report(cohort)
    open_before = page(client, report).status_code
    Cohort.objects.filter(pk=cohort.pk).update(status=Cohort.Status.DRAFT)

    assert (open_before, page(client, report).status_code) == (200, 404)


def test_an_edition_keeps_its_words_whatever_is_written_afterwards(client):
    cohort = a_cohort()
    finding = a_published_finding(cohort, a_membership(cohort), title="As it was")
    report = a_published_report(cohort, finding, foreword="The first foreword.")
    report.title = report.foreword = "Typed since"
    report.save()
    finding.title = "As it is now"
    finding.save()
    agreed(finding)
    finding.publish(LATER, None, "A better title.")

    words = text_of(page(client, report))

    assert ["As it was" in words, "The first foreword." in words] == [True, True]
    assert ["As it is now" in words, "Typed since" in words] == [False, False]


def test_a_second_edition_is_read_and_the_first_stays_under_its_number(client):
    cohort = a_cohort()
    report = a_published_report(cohort, foreword="The first foreword.")
    report.foreword = "The second foreword."
    report.save()
    report.publish(LATER, None)

    latest, first = text_of(page(client, report)), text_of(page(client, report, "editions/1/"))

    assert ["The second foreword." in latest, "(Edition 2)" in latest] == [True, True]
    assert ["The first foreword." in first, "Read the latest edition" in first] == [True, True]
    assert page(client, report, "editions/3/").status_code == 404


def test_publishing_the_same_twice_makes_one_edition():
    report = a_published_report(a_cohort())

    again = report.publish(LATER, None)

    assert (again.number, again.published_at, report.editions.count()) == (1, NOW, 1)


def test_a_withdrawn_finding_leaves_the_page_at_once_with_a_neutral_line(client):
    cohort = a_cohort()
    gone = a_published_finding(cohort, title="Kingfisher", summary="Kingfishers", learned="A kingfisher came.")
    stays = a_published_finding(cohort, title="Still here")
    report = a_published_report(cohort, gone, stays)
    before = text_of(page(client, report))
    gone.withdraw(LATER, "We counted wrongly.")

    response = page(client, report)

    words = text_of(response)
    assert "Kingfisher" in before
    assert "kingfisher" not in response.content.decode().lower()
    assert "The finding that stood here was withdrawn on 3 June 2018." in words
    assert "Still here" in words


def test_a_yes_taken_back_takes_the_words_out_of_the_report(client):
    cohort = a_cohort()
    museum = a_membership(cohort)
    person = a_participant(museum)
    finding = a_published_finding(cohort, museum, title="Kingfisher")
    report = a_published_report(cohort, finding)

    consent.answer(Agreement.objects.get(), person, "no", "", LATER)

    assert "withdrawn on 3 June 2018" in text_of(page(client, report))
    assert "Kingfisher" not in text_of(page(client, report))


def test_words_once_withdrawn_stay_out_when_others_are_agreed_to(client):
    cohort = a_cohort()
    finding = a_published_finding(cohort, a_membership(cohort), title="Kingfisher")
    report = a_published_report(cohort, finding)
    finding.withdraw(LATER, "Not these words.")
    finding.title = "A better title"
    finding.save()
    agreed(finding)
    finding.publish(LATER, None, "Another title.")

    old = text_of(page(client, report))
    report.publish(LATER, None)
    new = text_of(page(client, report))

    assert ["Kingfisher" in old, "withdrawn on 3 June 2018" in old] == [False, True]
    assert ["A better title" in new, "(Edition 2)" in new, "Kingfisher" in new] == [True, True, False]


def test_the_same_words_published_again_after_a_withdrawal_make_a_new_edition(client):
    cohort = a_cohort()
    finding = a_published_finding(cohort, title="Back again")
    report = a_published_report(cohort, finding)
    finding.withdraw(LATER, "For a while.")
    finding.publish(LATER, None)

    before = "Back again" in text_of(page(client, report))
    report.publish(LATER, None)

    assert (before, "Back again" in text_of(page(client, report))) == (False, True)


def test_only_published_findings_of_the_cohort_come_into_a_report():
    cohort = a_cohort()
    other = a_published_finding(a_cohort("other"), title="Of others")
    draft = a_finding(cohort, title="A draft")
    report = a_report(cohort, draft, other)

    with pytest.raises(ValidationError) as refused:
        report.publish(NOW, None)

    assert refused.value.messages == [
        "“A draft” is not published: take it out, or publish it first.",
        "“Of others” belongs to another cohort.",
    ]
    assert report.editions.count() == 0


def test_a_report_without_findings_is_not_published():
    with pytest.raises(ValidationError, match="No finding has been chosen yet"):
        a_report(a_cohort()).publish(NOW, None)


def test_a_finding_is_in_a_report_once():
    cohort = a_cohort()
    finding = a_published_finding(cohort)
    report = a_report(cohort, finding)

    with pytest.raises(IntegrityError), transaction.atomic():
        ReportChapter.objects.create(report=report, finding=finding, position=2)


def test_an_organisation_that_left_and_samples_are_not_credited(client):
    cohort = a_cohort()
    a_membership(cohort, "Sample Museum")
    a_membership(cohort, "Gone Gallery", status="withdrawn")
    report = a_published_report(cohort)

    words = text_of(page(client, report))

    assert ["Sample Museum" in words, "Gone Gallery" in words] == [True, False]


def test_a_report_of_samples_says_so(client):
    cohort = a_cohort()
    report = a_published_report(cohort, a_published_finding(cohort, is_sample=True))

    response = page(client, report)

    assert "(Edition 1)" in text_of(response)
    assert "Sample: What eighteen organisations learned" in text_of(response)


def test_the_page_is_valid_html_and_shows_hostile_words_as_words(client):
    cohort = a_cohort()
    hostile = '<script>alert("x")</script> & <b>'
    finding = a_published_finding(cohort, title=hostile, summary=hostile, learned=hostile)
    report = a_published_report(cohort, finding, title=hostile, subtitle=hostile, foreword=hostile)

    html = page(client, report).content.decode()

    parser = html5lib.HTMLParser(strict=False)
    parser.parse(html)
    assert parser.errors == []
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_a_report_takes_as_many_queries_for_three_findings_as_for_one(client, django_assert_num_queries):
    cohort = a_cohort()
    museum = a_membership(cohort)
    one = a_published_report(cohort, a_published_finding(cohort, museum))
    three = a_published_report(cohort, *(a_published_finding(cohort, museum) for _ in range(3)))
    page(client, one)

    # Two of them tell the foot of the page who runs the programme.
    with django_assert_num_queries(5):
        page(client, one)
    with django_assert_num_queries(5):
        page(client, three)


def test_resources_and_sitemap_name_what_is_published_by_one_query_more(client, django_assert_max_num_queries):
    cohort = a_cohort()
    report = a_published_report(cohort, slug="published", title="A report to read")
    a_report(cohort, a_published_finding(cohort), slug="unpublished", title="Kingfisher")
    for number in range(3):
        a_published_report(cohort, slug=f"more-{number}")

    with django_assert_max_num_queries(6):
        resources = client.get("/resources/")
    with django_assert_max_num_queries(6):
        sitemap = client.get("/sitemap.xml").content.decode()

    assert [report.title in text_of(resources), "Kingfisher" in text_of(resources)] == [True, False]
    assert ["/reports/published/" in sitemap, "/reports/unpublished/" in sitemap] == [True, False]


def test_a_chapter_that_was_not_marked_as_withdrawn_would_come_back(client, monkeypatch):
    """The negative control: without the mark, words once refused return with the finding's next release."""
    monkeypatch.setattr("findings.models.report.EditionChapterQuerySet.withdraw", lambda self, finding, now: None)
    cohort = a_cohort()
    finding = a_published_finding(cohort, a_membership(cohort), title="Kingfisher")
    report = a_published_report(cohort, finding)
    finding.withdraw(LATER, "Not these words.")
    hidden_while_withdrawn = "Kingfisher" not in text_of(page(client, report))
    finding.title = "A better title"
    finding.save()
    agreed(finding)
    finding.publish(LATER, None, "Another title.")

    assert (hidden_while_withdrawn, "Kingfisher" in text_of(page(client, report))) == (True, True)


def test_a_quotation_that_is_taken_back_leaves_every_edition_at_once_and_its_pdf_with_it(client):
    cohort = a_cohort()
    museum = a_membership(cohort)
    finding = a_finding(cohort, museum)
    excerpt = an_excerpt(finding, a_note(museum, may_be_quoted=True, body="A kingfisher came."))
    agreed(finding)
    finding.publish(NOW, None)
    report = a_published_report(cohort, finding)
    before, known_as = text_of(page(client, report)), digest_now(report.edition, report.edition.in_order())

    strike(finding, "excerpts", excerpt.pk, LATER)

    after = text_of(page(client, report))
    assert ["A kingfisher came." in before, "A quotation or a picture was withdrawn" in before] == [True, False]
    assert ["A kingfisher came." in after, "A quotation or a picture was withdrawn" in after] == [False, True]
    assert digest_now(report.edition, report.edition.in_order()) != known_as
