"""Pages made for reading: the list, a finding, the resources. They show releases, never a working copy."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.utils.safestring import SafeString, mark_safe

from participants.guards import shop_window
from participants.models import Cohort, month_range

from ..citation import LICENCE, LICENCE_URL, as_linked_data, citation_of
from ..guards import finding_page
from ..models import Facet, Finding, Report, Resource

FINDINGS_A_PAGE = 12
LABELS = {
    Facet.Kind.THEME: ("Theme", "All themes"),
    Facet.Kind.PHASE: ("Phase", "All phases"),
    Facet.Kind.ORGANISATION: ("Organisation", "All organisations"),
    Facet.Kind.OUTCOME: ("Outcome", "All outcomes"),
}


@shop_window
def finding_list(request: HttpRequest) -> HttpResponse:
    wanted = {str(kind): value[:120] for kind in Facet.Kind.values if (value := request.GET.get(kind, "").strip())}
    findings = Finding.objects.published().found_by(wanted)
    page = Paginator(findings, FINDINGS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "here": "findings",
        "page": page,
        "filters": filters_for(wanted),
        "wanted": wanted,
        "query": urlencode(wanted),
    }
    return render(request, "findings/finding_list.html", context)


@finding_page
def finding_detail(request: HttpRequest, finding: Finding) -> HttpResponse:
    shown = finding.shown
    context = {
        "here": "findings",
        "finding": finding,
        "release": finding.release,
        "shown": shown,
        "work_done": work_done(shown),
        "citation": citation_of(finding),
        "licence": LICENCE,
        "licence_url": LICENCE_URL,
        "linked_data": in_script(as_linked_data(finding)),
    }
    return render(request, "findings/finding_detail.html", context)


@shop_window
def resource_list(request: HttpRequest) -> HttpResponse:
    resources = Resource.objects.public().select_related("cohort")
    context = {"here": "resources", "resources": resources, "reports": Report.objects.public()}
    return render(request, "findings/resource_list.html", context)


def filters_for(wanted: dict[str, str]) -> list[dict[str, Any]]:
    """The four filters, each with its values and how many findings each would show beside the other filters set."""
    filters = []
    # Filters that are not set are counted together: one query for them, one for each that is.
    together = counts_under(wanted) if len(wanted) < len(LABELS) else []
    for kind, (label, every) in LABELS.items():
        others = {other: value for other, value in wanted.items() if other != kind}
        rows = counts_under(others) if kind in wanted else together
        options = [row for row in rows if row["kind"] == kind]
        if options:
            filters.append(
                {"kind": str(kind), "label": label, "every": every, "options": options, "chosen": wanted.get(kind, "")}
            )
    return filters


def counts_under(wanted: dict[str, str]) -> list[dict[str, Any]]:
    found = Finding.objects.published().found_by(wanted).order_by()
    return list(Facet.objects.filter(release__in=found.values("current")).counted())


def work_done(shown: dict[str, Any]) -> str:
    """When the work was done, to the month: “May to July 2018”; empty where that was not stated."""
    days = [date.fromisoformat(shown[key]) for key in ("work_from", "work_to") if shown[key]]
    if len(days) == 2 and (days[0].year, days[0].month) != (days[1].year, days[1].month):
        return month_range(days[0], days[1], Cohort.Precision.MONTH)
    return f"{days[0]:%B %Y}" if days else ""


def in_script(data: dict[str, Any]) -> SafeString:
    """JSON for a script element: nothing in it can end the element."""
    text = json.dumps(data, ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return mark_safe(text)  # noqa: S308  what could be markup is escaped above
