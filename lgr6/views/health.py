"""Whether the portal lives and is well, and what it answers when it is not, or a request cannot be trusted."""

from __future__ import annotations

import sys
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from correspondence.clock import oldest_late
from correspondence.holding import active_hold
from correspondence.models import Heartbeat
from research import filing

# The clock ticks every minute; three missed ticks are silence.
CLOCK_SILENT = timedelta(minutes=3)


@login_not_required
@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Live: the process answers. Looks at nothing else."""
    return JsonResponse({"status": "live"})


@login_not_required
@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Well: the database answers, letters are on time, the clock ticks, files can be kept. 503 names what is not."""
    now = timezone.now()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        waiting, held = oldest_late(now), active_hold()
        beat = Heartbeat.objects.filter(name="clock").values_list("at", flat=True).first()
    except DatabaseError:
        return JsonResponse({"status": "red", "database": "does not answer"}, status=503)
    late = (now - waiting).total_seconds() if waiting else 0
    checks = {
        "database": "answers",
        "oldest_due_letter_seconds": round(late),
        "letters": "held" if held else "late" if late > settings.LATE_LETTER_SECONDS else "on time",
        "clock": "silent" if beat is None or now - beat > CLOCK_SILENT else "ticks",
        "files": filing.state(),
    }
    well = (checks["letters"], checks["clock"], checks["files"]) == ("on time", "ticks", "writable")
    return JsonResponse({"status": "green" if well else "red", **checks}, status=200 if well else 503)


@login_not_required
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without its key. A save by script gets JSON, never a page."""
    if "application/json" in (request.content_type, request.headers.get("Accept")):
        words = "The page's key is out of date: sign in again, then save."
        return JsonResponse({"error": words, "sign_in": True}, status=403)
    return render(request, "403_csrf.html", status=403)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """413 for more text than the portal takes in one go, which Django calls a bad request; 400 for all else."""
    too_long = isinstance(exception, RequestDataTooBig)
    return render(request, "400.html", {"too_long": too_long}, status=413 if too_long else 400)


def server_error(request: HttpRequest) -> HttpResponse:
    """503 while the database is away, locked or full: that passes, and what was sent can be sent again. Else 500."""
    if not isinstance(sys.exception(), (OperationalError, InterfaceError)):
        return HttpResponse(render_to_string("500.html"), status=500)
    headers = {"Retry-After": "5"}
    if request.content_type == "application/json":
        message = "The portal cannot save just now. Keep the text and try again."
        return JsonResponse({"error": message}, status=503, headers=headers)
    return HttpResponse(render_to_string("503.html"), status=503, headers=headers)
