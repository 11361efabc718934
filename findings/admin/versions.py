"""Every text of a finding that was saved, or refused as another had been faster; and bringing one back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone

from correspondence.desk import is_confirmed
from participants.staff import member_of_staff

from .. import writing
from ..models.finding_version import typed

if TYPE_CHECKING:
    from .finding import FindingAdmin

VERSIONS_A_PAGE = 20


def versions(desk: FindingAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
    finding = desk.found(request, object_id)
    rows = finding.versions.select_related("written_by")
    return desk.ask_first(
        request,
        title="Every text that was saved",
        consequences=[] if rows else ["Nothing has been saved at this desk yet."],
        button="",
        obj=finding,
        template="admin/findings/finding/versions.html",
        page=Paginator(rows, VERSIONS_A_PAGE).get_page(request.GET.get("page")),
    )


def bring_back(desk: FindingAdmin, request: HttpRequest, object_id: str, pk: int) -> HttpResponse:
    """Shows how a version differs from what stands, and puts it in its place."""
    finding = desk.found(request, object_id)
    version = get_object_or_404(finding.versions.select_related("written_by"), pk=pk)
    if is_confirmed(request):
        try:
            writing.bring_back(finding, version, member_of_staff(request), timezone.now())
        except ValidationError as error:
            desk.message_user(request, " ".join(error.messages), "ERROR")
        else:
            desk.log_change(request, finding, f"Brought back: {version}.")
            desk.message_user(request, "Brought back. What stood there before is among the versions.")
        return redirect(desk.url_of(finding))
    rows = writing.differences(finding, typed(finding), version.content)
    return desk.ask_first(
        request,
        title="Bring this text back?" if rows else "This is the text that stands",
        consequences=[
            "It becomes the working copy; what stands there now stays among the versions.",
            "Every yes to other words has to be asked for again.",
            "What is published stays as it is until the next release.",
        ]
        if rows
        else [],
        button="Bring it back" if rows else "",
        obj=finding,
        template="admin/findings/finding/version.html",
        version=version,
        rows=rows,
    )
