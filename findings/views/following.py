"""Asking to be told when a finding is corrected. No page here sets a cookie: see correspondence/newsletter.py."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from correspondence.forms import NewsletterForm

from ..following import confirm, follow
from ..models import Finding, Follower

page = require_http_methods(["GET", "HEAD", "POST"])


@login_not_required
@csrf_exempt  # No cookie, hence no token.
@page
def finding_follow(request: HttpRequest, slug: str) -> HttpResponse:
    finding = get_object_or_404(Finding.objects.published(), slug=slug)
    form = NewsletterForm(request.POST if request.method == "POST" else None)
    asked = ""
    if form.is_valid():
        asked = form.cleaned_data["address"]
        follow(finding, asked, timezone.now())
    # The same answer whether the address is known or not; no redirect, as a message for it would need a cookie.
    context = {"finding": finding, "form": form, "asked": asked, "here": "findings"}
    return render(request, "findings/finding_follow.html", context, status=422 if form.errors else 200)


@login_not_required
@csrf_exempt  # The key in the address is the permission.
@page
def follow_confirm(request: HttpRequest, key: str) -> HttpResponse:
    follower = get_object_or_404(Follower.objects.select_related("finding__current"), confirm_key=key)
    now = timezone.now()
    if request.method == "POST" and follower.can_confirm(now):
        confirm(follower, now)
        return redirect("findings:follow_confirm", key)
    context = {"follower": follower, "may_confirm": follower.can_confirm(now), "here": "findings"}
    status = 200 if follower.confirmed_at or follower.can_confirm(now) else 410
    return render(request, "findings/follow_confirm.html", context, status=status)


@login_not_required
@csrf_exempt  # RFC 8058: a mail programme posts here without ever having seen the page.
@page
def follow_leave(request: HttpRequest, key: str) -> HttpResponse:
    follower = get_object_or_404(Follower.objects.select_related("finding__current"), leave_key=key)
    has_left = request.method == "POST"
    if has_left:
        follower.delete()
    if request.POST.get("List-Unsubscribe") == "One-Click":
        return HttpResponse("You get no more of these letters.\n", content_type="text/plain; charset=utf-8")
    return render(request, "findings/follow_leave.html", {"follower": follower, "has_left": has_left})
