"""Publishing and answering at the same moment: one release, and never a page that somebody has said no to."""

from __future__ import annotations

from datetime import timedelta

import pytest

from findings import consent
from findings.models import Agreement, Finding, Release
from tests.factories import NOW, a_cohort, a_finding, a_membership, a_participant, agreed

from .test_booking import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def test_eight_who_publish_at_once_make_one_release():
    cohort = a_cohort()
    finding = a_finding(cohort, a_membership(cohort))
    agreed(finding)
    outcomes = at_once([lambda: Finding.objects.get(pk=finding.pk).publish(NOW, None) for _ in range(8)])
    assert outcomes == {"done": 8}
    assert Release.objects.count() == 1


def test_a_no_given_while_staff_publish_is_never_left_on_the_public_page():
    cohort = a_cohort()
    membership = a_membership(cohort)
    person = a_participant(membership)
    for number in range(6):
        finding = a_finding(cohort, membership)
        agreed(finding, person)
        agreement = Agreement.objects.get(finding=finding)
        at_once(
            [
                lambda pk=finding.pk: Finding.objects.get(pk=pk).publish(NOW, None),
                lambda row=agreement: consent.answer(row, person, "no", "", NOW + timedelta(seconds=1)),
            ]
        )
        assert Agreement.objects.get(finding=finding).answer == "no", number
        assert Finding.objects.get(pk=finding.pk).state != Finding.State.PUBLISHED
