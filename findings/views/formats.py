"""A published finding, and all of them, in the formats that machines read."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from participants.guards import shop_window

from ..citation import LICENCE, LICENCE_URL, citation_of
from ..feeds import Theme, as_atom, as_json_feed, theme_called
from ..guards import finding_page
from ..models import Finding
from ..pdf import STYLE, PdfUnavailable, pdf_of
from ..picture import picture_of
from ..representations import READABLE, bibtex_of, csl_of, json_of, ris_of
from .reading import work_done


@finding_page
def finding_json(request: HttpRequest, finding: Finding) -> HttpResponse:
    return json_of(finding)


@finding_page
def finding_csl(request: HttpRequest, finding: Finding) -> HttpResponse:
    return csl_of(finding)


@finding_page
def finding_bib(request: HttpRequest, finding: Finding) -> HttpResponse:
    return bibtex_of(finding)


@finding_page
def finding_ris(request: HttpRequest, finding: Finding) -> HttpResponse:
    return ris_of(finding)


@finding_page
def finding_png(request: HttpRequest, finding: Finding) -> HttpResponse:
    return HttpResponse(picture_of(finding.shown), content_type="image/png")


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
    return atom_answer(as_atom())


@shop_window
def feed_json(request: HttpRequest) -> HttpResponse:
    return json_feed_answer(as_json_feed())


@shop_window
def theme_atom(request: HttpRequest, slug: str) -> HttpResponse:
    return atom_answer(as_atom(theme_or_404(slug)))


@shop_window
def theme_json(request: HttpRequest, slug: str) -> HttpResponse:
    return json_feed_answer(as_json_feed(theme_or_404(slug)))


def atom_answer(feed: bytes) -> HttpResponse:
    return HttpResponse(feed, content_type="application/atom+xml; charset=utf-8")


def json_feed_answer(feed: dict[str, object]) -> HttpResponse:
    return JsonResponse(feed, content_type="application/feed+json", json_dumps_params=READABLE)


def theme_or_404(slug: str) -> Theme:
    """Raises Http404 where no public finding has the theme."""
    theme = theme_called(slug)
    if theme is None:
        raise Http404
    return theme
