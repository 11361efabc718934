"""Which finding everyone may read, at this moment."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from participants.guards import shop_window

from .models import Finding


def finding_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Opens a view on a published finding to everybody; passes the finding on in place of its slug.

    A withdrawn one answers 410 with the day and the reason, whatever its format; any other is not there.
    """

    @shop_window
    @wraps(view)
    def guarded(request: HttpRequest, slug: str, *args: Any, **kwargs: Any) -> HttpResponse:
        finding = get_object_or_404(Finding.objects.public(), slug=slug)
        if finding.state == Finding.State.WITHDRAWN:
            context = {"finding": finding, "here": "findings"}
            return render(request, "findings/finding_withdrawn.html", context, status=410)
        return view(request, finding, *args, **kwargs)

    return guarded
