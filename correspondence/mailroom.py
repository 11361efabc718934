"""The mail room: in a rehearsal, every letter as its reader sees it. In production there is none."""

from csp.decorators import csp, csp_update
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from .letterhead import html_of
from .models import Letter

# A letter brings its own style, as mail must, and nothing else: no script, no picture, nothing from anywhere.
APART = {
    "default-src": ["'none'"],
    "style-src": ["'unsafe-inline'"],
    "form-action": ["'none'"],
    "frame-ancestors": ["'self'"],
    "base-uri": ["'none'"],
    "sandbox": ["allow-popups", "allow-popups-to-escape-sandbox"],
}


@login_not_required
@require_safe
def mailroom(request: HttpRequest) -> HttpResponse:
    """All letters, newest first; `?to=` narrows them to one address."""
    if not settings.MAILROOM:
        raise Http404
    to = request.GET.get("to", "")[:320]
    letters = Letter.objects.order_by("-pk")
    if to:
        letters = letters.filter(address__iexact=to)
    page = Paginator(letters, 30).get_page(request.GET.get("page"))
    return render(request, "correspondence/mailroom.html", {"page": page, "to": to})


@login_not_required
@csp_update({"frame-src": ["'self'"]})  # type: ignore[arg-type]  # it passes any arguments on
@require_safe
def mailroom_letter(request: HttpRequest, pk: int) -> HttpResponse:
    if not settings.MAILROOM:
        raise Http404
    letter = get_object_or_404(Letter, pk=pk)
    return render(request, "correspondence/mailroom_letter.html", {"letter": letter})


@login_not_required
@xframe_options_sameorigin
@csp(APART)  # type: ignore[arg-type]  # the same
@require_safe
def mailroom_html(request: HttpRequest, pk: int) -> HttpResponse:
    """The HTML part, for the frame on the letter's page. Links open in a page of their own, as a sandbox wants."""
    if not settings.MAILROOM:
        raise Http404
    letter = get_object_or_404(Letter, pk=pk)
    html = html_of(letter.subject, letter.body).replace("<head>", '<head><base target="_blank">', 1)
    return HttpResponse(html or "This letter is too long for an HTML part: it goes as text.")
