"""Counts kept in memory are never older than what is out."""

import pytest

from findings import counting
from findings.models import Finding
from tests.factories import NOW, a_cohort, a_finding, a_published_finding
from tests.findings.test_negotiation import kept  # noqa: F401  a fixture

pytestmark = pytest.mark.django_db


@pytest.fixture
def remembered(kept):  # noqa: F811
    counting.forget()
    yield
    counting.forget()


def counts():
    told = counting.Counts()
    return told.findings({}), {row["label"]: row["n"] for row in told.facets({}, []) if row["kind"] == "outcome"}


def test_a_publication_a_correction_and_a_withdrawal_are_counted_at_once(remembered):
    cohort = a_cohort()
    finding = a_published_finding(cohort, outcome=Finding.Outcome.WORKED)
    assert counts() == (1, {"Worked": 1})
    other = a_published_finding(cohort, outcome=Finding.Outcome.WORKED)
    assert counts() == (2, {"Worked": 2})
    other.outcome = Finding.Outcome.STOPPED
    other.save()
    other.publish(NOW, None)
    assert counts() == (2, {"Stopped": 1, "Worked": 1})
    finding.withdraw(NOW, "A reason.")
    assert counts() == (1, {"Stopped": 1})
    finding.publish(NOW, None)
    assert counts() == (2, {"Stopped": 1, "Worked": 1})


def test_while_nothing_changes_they_are_worked_out_once(remembered, django_assert_num_queries):
    cohort = a_cohort()
    a_published_finding(cohort, outcome=Finding.Outcome.WORKED)
    a_finding(cohort)
    first = counts()
    with django_assert_num_queries(1):
        assert counts() == first


def test_no_more_than_so_many_are_kept(remembered):
    a_published_finding(a_cohort())
    told = counting.Counts()
    for number in range(counting.MOST + 10):
        told.findings({"theme": f"theme-{number}"})
    assert len(counting._kept) == counting.MOST
