"""A cohort's report for everyone: the web edition, earlier editions, and the PDF once it is printed."""

from __future__ import annotations

import logging

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from participants.guards import shop_window
from research import filing

from ..citation import LICENCE, LICENCE_URL
from ..models import Printing, Report, ReportEdition
from ..printing import is_ready, printing_of

logger = logging.getLogger(__name__)


@shop_window
def report_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """The latest edition, whole, with what was withdrawn since left out."""
    report = get_object_or_404(Report.objects.public(), slug=slug)
    return show(request, report, report.edition)


@shop_window
def report_edition(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """An edition by its number, as it is cited."""
    report = get_object_or_404(Report.objects.public(), slug=slug)
    return show(request, report, get_object_or_404(report.editions, number=number))


def show(request: HttpRequest, report: Report, edition: ReportEdition) -> HttpResponse:
    chapters = edition.in_order()
    is_latest = edition.pk == report.current_id
    printing = printing_of(edition, chapters) if is_latest else None
    context = {
        "here": "findings",
        "report": report,
        "edition": edition,
        "shown": edition.content,
        "chapters": chapters,
        "is_latest": is_latest,
        "pdf": printing if is_ready(printing) else None,
        "has_no_press": printing is not None and printing.trouble == Printing.Trouble.NO_LIBRARIES,
        "licence": LICENCE,
        "licence_url": LICENCE_URL,
    }
    return render(request, "findings/report_detail.html", context)


@shop_window
def report_pdf(request: HttpRequest, slug: str) -> HttpResponse:
    """The PDF of exactly what the latest edition shows at this moment; 503 until it is printed."""
    report = get_object_or_404(Report.objects.public(), slug=slug)
    edition = report.edition
    printing = printing_of(edition, edition.in_order())
    if printing and printing.state == Printing.State.READY:
        try:
            pdf = filing.read(printing.stored_as)
        except OSError:
            logger.exception("A report cannot be read from FILES_DIR")
        else:
            response = HttpResponse(pdf, content_type="application/pdf")
            response["Content-Disposition"] = f'inline; filename="{report.slug}-edition-{edition.number}.pdf"'
            return response
    has_no_press = printing is not None and printing.trouble == Printing.Trouble.NO_LIBRARIES
    context = {"here": "findings", "report": report, "has_no_press": has_no_press}
    response = render(request, "findings/report_unprinted.html", context, status=503)
    response["Retry-After"] = "60"
    return response
