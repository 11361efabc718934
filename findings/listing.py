"""The list of all that is published, as most who open it see it."""

from __future__ import annotations

from django.db.models import QuerySet

from participants.asking import asked_often

from .models import Finding, Release

FINDINGS_A_PAGE = 12


class AllFindings:
    """Every published finding, newest first: a list for a Paginator that is told how many there are."""

    def __getitem__(self, part: slice) -> list[Finding]:
        if part.start or part.stop > FINDINGS_A_PAGE:
            return list(Finding.objects.published()[part])
        releases = {release.finding_id: release for release in first_releases()}
        # One that was withdrawn or came between the two questions is left out.
        found = [finding for finding in first_findings() if finding.pk in releases]
        for finding in found:
            finding.current = releases[finding.pk]
        return found[part]


@asked_often
def first_findings() -> QuerySet[Finding]:
    return Finding.objects.published().select_related(None).only("slug", "current")[:FINDINGS_A_PAGE]


@asked_often
def first_releases() -> QuerySet[Release]:
    return Release.objects.filter(pk__in=Finding.objects.published().values("current")[:FINDINGS_A_PAGE]).order_by()
