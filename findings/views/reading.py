"""Pages made for reading: the list, a finding, the resources. They show releases, never a working copy."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.cache import patch_vary_headers
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify

from participants.guards import shop_window
from participants.models import Cohort, month_range
from participants.pages import KnownPage

from ..citation import LICENCE, LICENCE_URL, address_of, as_linked_data, citation_of, one_line
from ..counting import Counts
from ..feeds import Theme
from ..guards import finding_page
from ..listing import FINDINGS_A_PAGE, FirstPage
from ..models import Facet, Finding, Release, Report, Resource
from ..representations import BY_TYPE, links_of, preferred_type
from ..searching import LONGEST, FoundFindings

LABELS = {
    Facet.Kind.THEME: ("Theme", "All themes"),
    Facet.Kind.PHASE: ("Phase", "All phases"),
    Facet.Kind.ORGANISATION: ("Organisation", "All organisations"),
    Facet.Kind.OUTCOME: ("Outcome", "All outcomes"),
}


@shop_window
def finding_list(request: HttpRequest) -> HttpResponse:
    wanted = {str(kind): value[:120] for kind in Facet.Kind.values if (value := request.GET.get(kind, "").strip())}
    question = one_line(request.GET.get("q", "")[:LONGEST])
    found = FoundFindings(Finding.objects.published(), question, wanted) if question else None
    counts = Counts()
    filters = filters_for(wanted, found, counts)
    listed: Any = (
        found if question else Finding.objects.published().found_by(wanted) if request.GET else FirstPage(counts)
    )
    pages = Paginator(listed, FINDINGS_A_PAGE)
    if request.GET and not question:
        pages.count = counts.findings(wanted)
    page = pages.get_page(request.GET.get("page"))
    context = {
        "here": "findings",
        "page": page,
        "filters": filters,
        "wanted": wanted,
        "question": question,
        "found": found,
        "theme": chosen_theme(filters),
    }
    if request.GET:
        return render(request, "findings/finding_list.html", context)
    says = (pages.count, filters, page.object_list)
    return KnownPage(request, "findings/finding_list.html", says, lambda: context)


@finding_page
def finding_detail(request: HttpRequest, finding: Finding) -> HttpResponse:
    """The page, or what a program asks for by `Accept`: the same address for all."""
    kind = preferred_type(request)
    response = BY_TYPE[kind](finding) if kind in BY_TYPE else finding_html(request, finding)
    response["Link"] = links_of(finding)
    patch_vary_headers(response, ["Accept"])
    return response


def finding_html(request: HttpRequest, finding: Finding) -> HttpResponse:
    release = finding.release
    # The only one of its number is the only one there is.
    releases = list(finding.releases.defer("content")) if release.number > 1 else [release]

    def context() -> dict[str, Any]:
        return {
            **context_of(finding, release),
            "releases": releases,
            "linked_data": in_script(as_linked_data(finding)),
            "themes": [(slugify(name), name) for name in finding.shown["themes"] if slugify(name)],
        }

    changes = [(each.number, each.published_at, each.what_changed) for each in releases]
    says = (finding.slug, finding.first_published_at, release.struck, changes, release.content)
    return KnownPage(request, "findings/finding_detail.html", says, context)


@finding_page
def finding_welsh(request: HttpRequest, finding: Finding) -> HttpResponse:
    """What people have written of it in Welsh."""
    welsh = finding.shown.get("welsh")
    if not welsh:
        raise Http404
    context = {**context_of(finding, finding.release), "welsh": welsh}
    return render(request, "findings/finding_welsh.html", context)


@finding_page
def finding_release(request: HttpRequest, finding: Finding, number: int) -> HttpResponse:
    """A release as it was published, for those who follow a citation of it."""
    release = get_object_or_404(finding.releases, number=number)
    response = render(request, "findings/finding_release.html", context_of(finding, release))
    response["X-Robots-Tag"] = "noindex"
    response["Link"] = f'<{address_of(finding)}>; rel="canonical", <{LICENCE_URL}>; rel="license"'
    return response


def context_of(finding: Finding, release: Release) -> dict[str, Any]:
    return {
        "here": "findings",
        "finding": finding,
        "release": release,
        "shown": release.content,
        "pictures_at": f"{finding.get_absolute_url()}pictures/",
        "work_done": work_done(release.content),
        "citation": citation_of(finding, release),
        "licence": LICENCE,
        "licence_url": LICENCE_URL,
    }


@shop_window
def resource_list(request: HttpRequest) -> HttpResponse:
    resources = Resource.objects.public().select_related("cohort")
    context = {"here": "resources", "resources": resources, "reports": Report.objects.public()}
    return render(request, "findings/resource_list.html", context)


def filters_for(wanted: dict[str, str], found: FoundFindings | None, counts: Counts) -> list[dict[str, Any]]:
    """The four filters, each with its values and how many findings each would show beside the other filters set and
    the words looked for. Where words find more than is listed, the values are given without numbers."""
    if found is not None and found.has_more:
        wanted_here, words, are_told = {}, [], False
    else:
        wanted_here, words, are_told = wanted, found.words if found else [], True
    filters = []
    # Filters that are not set are counted together: one query for them, one for each that is.
    together = counts.facets(wanted_here, words) if len(wanted_here) < len(LABELS) else []
    for kind, (label, every) in LABELS.items():
        others = {other: value for other, value in wanted_here.items() if other != kind}
        rows = counts.facets(others, words) if kind in wanted_here else together
        options = [row if are_told else {**row, "n": None} for row in rows if row["kind"] == kind]
        if options:
            filters.append(
                {"kind": str(kind), "label": label, "every": every, "options": options, "chosen": wanted.get(kind, "")}
            )
    return filters


def chosen_theme(filters: list[dict[str, Any]]) -> Theme | None:
    """The theme that was chosen, where there is such a one: it can be followed alone."""
    options = [option for row in filters if row["kind"] == Facet.Kind.THEME for option in row["options"]]
    chosen = {row["chosen"] for row in filters if row["kind"] == Facet.Kind.THEME}
    return next((Theme(row["value"], row["label"]) for row in options if row["value"] in chosen), None)


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
