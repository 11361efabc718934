"""A published finding, and all of them, in the formats that machines read."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from participants.guards import shop_window

from ..citation import LICENCE, LICENCE_URL, as_json, citation_of
from ..feeds import as_atom, as_json_feed
from ..guards import finding_page
from ..models import Finding
from ..pdf import STYLE, PdfUnavailable, pdf_of
from .reading import work_done

READABLE = {"ensure_ascii": False, "indent": 1}


@finding_page
def finding_json(request: HttpRequest, finding: Finding) -> HttpResponse:
    return JsonResponse(as_json(finding), json_dumps_params=READABLE)


@finding_page
def finding_bib(request: HttpRequest, finding: Finding) -> HttpResponse:
    return as_download(citation_of(finding).as_bibtex(), "application/x-bibtex", f"{finding.slug}.bib")


@finding_page
def finding_ris(request: HttpRequest, finding: Finding) -> HttpResponse:
    return as_download(citation_of(finding).as_ris(), "application/x-research-info-systems", f"{finding.slug}.ris")


@finding_page
def finding_pdf(request: HttpRequest, finding: Finding) -> HttpResponse:
    context = {
        "style": STYLE,
        "finding": finding,
        "release": finding.release,
        "shown": finding.shown,
        "work_done": work_done(finding.shown),
        "citation": citation_of(finding),
        "licence": LICENCE,
        "licence_url": LICENCE_URL,
    }
    try:
        pdf = pdf_of(render_to_string("findings/finding_pdf.html", context))
    except PdfUnavailable:
        return render(request, "findings/pdf_unavailable.html", {"finding": finding, "here": "findings"}, status=503)
    response = HttpResponse(pdf, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{finding.slug}-release-{finding.release.number}.pdf"'
    return response


@shop_window
def feed_atom(request: HttpRequest) -> HttpResponse:
    return HttpResponse(as_atom(), content_type="application/atom+xml; charset=utf-8")


@shop_window
def feed_json(request: HttpRequest) -> HttpResponse:
    return JsonResponse(as_json_feed(), content_type="application/feed+json", json_dumps_params=READABLE)


def as_download(text: str, content_type: str, name: str) -> HttpResponse:
    response = HttpResponse(text, content_type=f"{content_type}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
