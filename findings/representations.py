"""One address, many formats: what a program may ask for by `Accept` at a finding's page, and each with its ending."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from django.http import HttpRequest, HttpResponse, JsonResponse

from .citation import LICENCE_URL, address_of, as_csl, as_json, as_linked_data, citation_of
from .models import Finding

HTML = "text/html"
CSL = "application/vnd.citationstyles.csl+json"
BIBTEX = "application/x-bibtex"
RIS = "application/x-research-info-systems"
READABLE = {"ensure_ascii": False, "indent": 1}


def json_of(finding: Finding) -> HttpResponse:
    return JsonResponse(as_json(finding), json_dumps_params=READABLE)


def linked_data_of(finding: Finding) -> HttpResponse:
    return JsonResponse(as_linked_data(finding), content_type="application/ld+json", json_dumps_params=READABLE)


def csl_of(finding: Finding) -> HttpResponse:
    answer = JsonResponse([as_csl(finding)], safe=False, content_type=CSL, json_dumps_params=READABLE)
    return as_download(answer, f"{finding.slug}.csl.json")


def bibtex_of(finding: Finding) -> HttpResponse:
    answer = HttpResponse(citation_of(finding).as_bibtex(), content_type=f"{BIBTEX}; charset=utf-8")
    return as_download(answer, f"{finding.slug}.bib")


def ris_of(finding: Finding) -> HttpResponse:
    answer = HttpResponse(citation_of(finding).as_ris(), content_type=f"{RIS}; charset=utf-8")
    return as_download(answer, f"{finding.slug}.ris")


def as_download(response: HttpResponse, name: str) -> HttpResponse:
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


BY_TYPE: dict[str, Callable[[Finding], HttpResponse]] = {
    "application/json": json_of,
    "application/ld+json": linked_data_of,
    CSL: csl_of,
    BIBTEX: bibtex_of,
    RIS: ris_of,
}
# What the headers of browsers never say: most requests need no closer look.
NAMED = re.compile(r"json|bibtex|research-info|application/\*", re.IGNORECASE)


def preferred_type(request: HttpRequest) -> str:
    """The media type to answer with, one of BY_TYPE or HTML. Who accepts none of them gets HTML, as browsers do."""
    accept = request.META.get("HTTP_ACCEPT", "")
    return chosen(accept) if NAMED.search(accept) else HTML


@lru_cache(maxsize=256)
def chosen(accept: str) -> str:
    asking = HttpRequest()
    asking.META["HTTP_ACCEPT"] = accept[:1000]
    return asking.get_preferred_type([HTML, *BY_TYPE]) or HTML


def links_of(finding: Finding) -> str:
    """The Link header (RFC 8288, RFC 8574): what to cite, under which licence it is, and its other formats."""
    address = address_of(finding)
    stem = address.rstrip("/")
    links = [
        f'<{address}>; rel="cite-as"',
        f'<{LICENCE_URL}>; rel="license"',
        f'<{stem}.json>; rel="alternate"; type="application/json"',
        f'<{stem}.csl.json>; rel="describedby"; type="{CSL}"',
        f'<{stem}.bib>; rel="describedby"; type="{BIBTEX}"',
        f'<{stem}.ris>; rel="describedby"; type="{RIS}"',
        f'<{stem}.pdf>; rel="item"; type="application/pdf"',
    ]
    return ", ".join(links)
