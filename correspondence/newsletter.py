"""The newsletter: asked for, confirmed by the owner of the address, left with one click.

No page here sets a cookie, so no form here carries a token against forged requests: the worst a forged one can do is
to have a letter sent that asks "was this you?", three a day at most.
"""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from .forms import NewsletterForm
from .ledger import compose, write_at_most
from .models import Subscriber
from .suppression import lift

LETTERS_A_DAY = 3

page = require_http_methods(["GET", "HEAD", "POST"])


@login_not_required
@csrf_exempt  # No cookie, hence no token: see above.
@page
def newsletter(request: HttpRequest) -> HttpResponse:
    form = NewsletterForm(request.POST if request.method == "POST" else None)
    words = words_for(request)
    if form.is_valid():
        address = form.cleaned_data["address"]
        subscribe(address, page_of(request), timezone.now(), words)
        # The same answer whether the address is known or not; no redirect, as a message for it would need a cookie.
        return render(request, "correspondence/newsletter_asked.html", {"address": address})
    context = {"form": form, "wording": Subscriber.WORDING, "words": words}
    response = render(request, "correspondence/newsletter.html", context, status=422 if form.is_bound else 200)
    if response.status_code == 200:
        patch_cache_control(response, public=True, max_age=0)
    return response


@login_not_required
@csrf_exempt  # The token in the address is the key.
@page
def newsletter_confirm(request: HttpRequest, token: str) -> HttpResponse:
    subscriber = get_object_or_404(Subscriber, confirm_token=token)
    now = timezone.now()
    may_confirm = subscriber.can_confirm(now)
    if request.method == "POST" and may_confirm:
        subscriber.confirm(now)
        # Who confirms from the mailbox itself can be written to, whatever was known of the address before.
        lift(subscriber.address)
        return redirect("correspondence:newsletter_confirm", token)
    context = {"subscriber": subscriber, "may_confirm": may_confirm, "form": NewsletterForm()}
    status = 200 if may_confirm or subscriber.is_active else 410
    return render(request, "correspondence/newsletter_confirm.html", context, status=status)


@login_not_required
@csrf_exempt  # RFC 8058: a mail programme posts here without ever having seen the page.
@page
def newsletter_leave(request: HttpRequest, token: str) -> HttpResponse:
    subscriber = get_object_or_404(Subscriber, token=token)
    if request.method == "POST":
        subscriber.leave(timezone.now())
    if request.POST.get("List-Unsubscribe") == "One-Click":
        return HttpResponse("You have left the newsletter.\n", content_type="text/plain; charset=utf-8")
    if request.method == "POST":
        return redirect("correspondence:newsletter_leave", token)
    return render(request, "correspondence/newsletter_leave.html", {"subscriber": subscriber})


@transaction.atomic
def subscribe(address: str, entered_on: str, now: datetime, words: str, letter: str = "newsletter_confirm") -> bool:
    """Writes to an address that asked for the newsletter: to confirm, or to say that it gets it already.

    An address is written to three times a day at most, whoever asks for it and however often. Whether a letter goes.
    """
    Subscriber.objects.get_or_create(address=address, defaults={"asked_at": now, "page": entered_on, "words": words})
    subscriber = Subscriber.objects.select_for_update().get(address=address)
    if not subscriber.is_active:
        subscriber.ask_again(now, entered_on, words)
    template = "newsletter_known" if subscriber.is_active else letter
    subject, body = compose(f"correspondence/email/{template}", {"subscriber": subscriber})
    return write_at_most(
        LETTERS_A_DAY,
        kind="newsletter_confirm",
        address=address,
        subject=subject,
        body=body,
        now=now,
        not_after=now + Subscriber.CONFIRM_WITHIN,
        is_secret=True,
    )


def words_for(request: HttpRequest) -> str:
    """What the page asks its reader to agree to."""
    return " ".join(render_to_string("correspondence/newsletter_words.txt", request=request).split())


def page_of(request: HttpRequest) -> str:
    """The path of the page whose form was sent, as the browser tells it: kept with the consent."""
    try:
        return urlsplit(request.headers.get("Referer", "")).path[:200].replace("\x00", "")
    except ValueError:
        return ""
