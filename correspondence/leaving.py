"""Leaving a kind of reminder by the link in a letter: without an account, with one press, never by looking.

The link's key belongs to one letter, and so to one address and one kind; nobody can work it out from the letter's
other marks. It only ever says no: who wants the letters again signs in and says so.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from .models import Choice, Letter, Rule

PLACE = "place-of-the-token"


def leave_token(key: str) -> str:
    """The same for a letter however often it is written; kept with it, so that a new SECRET_KEY breaks no link."""
    return salted_hmac("correspondence.leaving", key, algorithm="sha256").hexdigest()[:40]


def leave_url(token: str) -> str:
    return settings.PORTAL_URL + way_to_leave().replace(PLACE, token)


@cache
def way_to_leave() -> str:
    """The path, with PLACE where the token goes. Working it out takes a tenth of what planning a letter does."""
    return reverse("correspondence:letters_leave", args=[PLACE])


def headers_to_leave(url: str) -> dict[str, str]:
    """What mail programs make a button of (RFC 8058)."""
    return {"List-Unsubscribe": f"<{url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def choose(address: str, kind: str, pace: str, now: datetime) -> None:
    """Counts from now on, also for letters that are written and have not gone."""
    Choice.objects.update_or_create(
        address=address.lower(), kind=kind, defaults={"pace": Choice.Pace(pace), "changed_at": now}
    )


@login_not_required
@csrf_exempt  # RFC 8058: a mail programme posts here without ever having seen the page.
@require_http_methods(["GET", "HEAD", "POST"])
def letters_leave(request: HttpRequest, token: str) -> HttpResponse:
    from .reminders import choice_of  # which make links to here

    letter = get_object_or_404(Letter, leave_token=token)
    if request.method == "POST":
        choose(letter.address, choice_of(letter.kind), Choice.Pace.NEVER, timezone.now())
    if request.POST.get("List-Unsubscribe") == "One-Click":
        return HttpResponse("You get no more of these letters.\n", content_type="text/plain; charset=utf-8")
    if request.method == "POST":
        return redirect("correspondence:letters_leave", token)
    context = {
        "letter": letter,
        "rule": Rule.objects.filter(kind=letter.kind).first(),
        "has_left": bool(Choice.objects.refused([choice_of(letter.kind)], [letter.address])),
    }
    return render(request, "correspondence/letters_leave.html", context)
