"""The mail room: in a rehearsal, every letter as its reader sees it. In production there is none."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from .models import Letter


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
@require_safe
def mailroom_letter(request: HttpRequest, pk: int) -> HttpResponse:
    if not settings.MAILROOM:
        raise Http404
    letter = get_object_or_404(Letter, pk=pk)
    return render(request, "correspondence/mailroom_letter.html", {"letter": letter})
