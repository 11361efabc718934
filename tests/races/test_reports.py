"""A report that comes out, and is printed, while others publish, withdraw and print."""

from __future__ import annotations

from datetime import timedelta

import pytest

from findings.models import EditionChapter, Finding, Printing, Report, ReportEdition
from findings.printing import ask, print_waiting
from tests.factories import NOW, a_cohort, a_published_finding, a_published_report, a_report

from .test_booking import at_once

pytestmark = pytest.mark.django_db(transaction=True)
LATER = NOW + timedelta(seconds=1)


def test_eight_who_publish_a_report_at_once_make_one_edition():
    cohort = a_cohort()
    report = a_report(cohort, a_published_finding(cohort), a_published_finding(cohort))

    outcomes = at_once([lambda: Report.objects.get(pk=report.pk).publish(NOW, None) for _ in range(8)])

    assert outcomes == {"done": 8}
    assert ReportEdition.objects.count() == 1
    assert EditionChapter.objects.count() == 2


def test_a_finding_withdrawn_while_its_report_comes_out_is_never_left_in_it():
    cohort = a_cohort()
    for _ in range(6):
        finding = a_published_finding(cohort)
        report = a_report(cohort, finding)

        at_once(
            [
                lambda pk=report.pk: Report.objects.get(pk=pk).publish(NOW, None),
                lambda pk=finding.pk: Finding.objects.get(pk=pk).withdraw(LATER, "We counted wrongly."),
            ]
        )

        # Either it was seen and nothing came out, or the chapter was taken out of what did.
        assert list(EditionChapter.objects.filter(edition__report=report, withdrawn_at=None)) == []


def test_a_report_that_many_ask_for_is_printed_once():
    edition = a_published_report(a_cohort()).edition

    asked = at_once([lambda: ask(ReportEdition.objects.get(pk=edition.pk), NOW) for _ in range(8)])
    at_once([lambda: print_waiting(NOW) for _ in range(3)])

    assert asked == {"done": 8}
    assert [(printing.attempts, printing.state) for printing in Printing.objects.all()] in (
        [(1, "ready")],
        [(1, "failed")],  # where the PDF libraries are missing
    )
