"""Addresses that programs ask for by convention."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone

from findings.models import Finding, Report
from lgr6.context import current_cohort
from participants.guards import shop_window

PAGES = [
    "home",
    "participants:organisation_list",
    "findings:finding_list",
    "findings:resource_list",
    "correspondence:newsletter",
    "accessibility",
    "privacy",
]
# Nothing for a search engine: pages for those who take part, and addresses that carry a key.
KEPT_OUT = ["/accounts/", "/admin/", "/my/", "/cohorts/", "/invitations/", "/calendar/"]


@shop_window
def sitemap(request: HttpRequest) -> HttpResponse:
    pages = [{"location": settings.PORTAL_URL + reverse(name)} for name in PAGES]
    # The slug and the day alone: there may be thousands, and their texts are long.
    findings = [
        {
            "location": settings.PORTAL_URL + reverse("findings:finding_detail", args=[slug]),
            "lastmod": timezone.localdate(published_at),
        }
        for slug, published_at in Finding.objects.published().values_list("slug", "current__published_at")
    ]
    reports = [
        {"location": report.edition.address(), "lastmod": timezone.localdate(report.edition.published_at)}
        for report in Report.objects.public()
    ]
    # The template is the one of Django's own sitemaps.
    return render(
        request, "sitemap.xml", {"urlset": pages + findings + reports}, content_type="application/xml; charset=utf-8"
    )


@shop_window
def robots(request: HttpRequest) -> HttpResponse:
    lines = [
        "User-agent: *",
        *(f"Disallow: {path}" for path in KEPT_OUT),
        "",
        f"Sitemap: {settings.PORTAL_URL}{reverse('sitemap')}",
        "",
    ]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")


@shop_window
def security_txt(request: HttpRequest) -> HttpResponse:
    """RFC 9116: whom to tell of a hole. Valid for half a year from today."""
    cohort = current_cohort()
    contact = f"mailto:{cohort.contact_email}" if cohort and cohort.contact_email else f"{settings.PORTAL_URL}/#contact"
    until = timezone.localdate() + timedelta(days=180)
    lines = [
        f"Contact: {contact}",
        f"Expires: {until}T00:00:00Z",
        "Preferred-Languages: en",
        f"Canonical: {settings.PORTAL_URL}{reverse('security_txt')}",
        "",
    ]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")


@shop_window
def change_password(request: HttpRequest) -> HttpResponse:
    """Where password managers look for the page on which a password is changed."""
    return redirect("account_change_password")


@shop_window
def favicon(request: HttpRequest) -> HttpResponse:
    """Browsers that read no head ask for this address; the picture itself is a static file."""
    return redirect(static("img/favicon.svg"))
