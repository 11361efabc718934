"""The pictures of findings: those that are published for everyone, those that are asked about for those asked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from participants.guards import cohort_page
from participants.models import Cohort
from research import filing
from research.pictures import TYPE

from ..answering import reviewer_by
from ..guards import finding_page
from ..models import Finding, FindingPicture
from .agreements import asked_by_account, link_called, opens_nothing, words_before


def as_file(shown: Iterable[dict[str, Any]], pk: int) -> HttpResponse:
    """The file of a picture that is in one of these contents. Raises Http404 for any other."""
    if not any(picture["id"] == pk for content in shown for picture in content.get("pictures", [])):
        raise Http404
    picture = FindingPicture.objects.get(pk=pk)
    try:
        response = HttpResponse(filing.read(picture.stored_as), content_type=TYPE)
    except OSError as error:
        raise Http404 from error
    # A file is never a page of the portal, whatever a browser makes of it.
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


@finding_page
def finding_picture(request: HttpRequest, finding: Finding, pk: int) -> HttpResponse:
    """A picture of a release, the latest or one before."""
    return as_file(finding.releases.values_list("content", flat=True), pk)


@cohort_page
@require_safe
def agreement_picture(request: HttpRequest, cohort: Cohort, slug: str, pk: int) -> HttpResponse:
    finding, reviewer = asked_by_account(request, cohort, slug)
    return as_file([words_before(request, finding, reviewer)], pk)


@login_not_required
@require_safe
def review_picture(request: HttpRequest, key: str, pk: int) -> HttpResponse:
    link = link_called(key)
    if opens_nothing(link):
        raise Http404
    return as_file([words_before(request, link.finding, reviewer_by(link), link)], pk)
