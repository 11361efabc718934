"""Which finding everyone may read, at this moment; and who gathers what it is written from."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_cache_control

from participants.asking import asked_often
from participants.guards import cohort_page, shop_window
from participants.models import Cohort

from .models import Finding


def finding_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Opens a view on a published finding to everybody; passes the finding on in place of its slug.

    A withdrawn one answers 410 with the day and the reason, whatever its format; a former address leads to the one of
    today; any other is not there.
    """

    @shop_window
    @wraps(view)
    def guarded(request: HttpRequest, slug: str, *args: Any, **kwargs: Any) -> HttpResponse:
        finding = next(iter(public_finding(slug)), None)
        if finding is None:
            return lead_on(request, slug)
        if finding.state == Finding.State.WITHDRAWN:
            context = {"finding": finding, "here": "findings"}
            return render(request, "findings/finding_withdrawn.html", context, status=410)
        return view(request, finding, *args, **kwargs)

    return guarded


@asked_often
def public_finding(slug: str) -> QuerySet[Finding]:
    read = ["slug", "state", "published_at", "current", "withdrawn_at", "withdrawn_because"]
    return Finding.objects.public().filter(slug=slug).only(*read).order_by()


def lead_on(request: HttpRequest, slug: str) -> HttpResponse:
    """From a former address to the same page or format at the address of today. Raises Http404 for any other."""
    finding = Finding.objects.public().filter(former_slugs__slug=slug).first()
    page = request.resolver_match
    if finding is None or page is None:
        raise Http404
    response = redirect(reverse(page.view_name, kwargs={**page.kwargs, "slug": finding.slug}), permanent=True)
    # As long as a page is kept: the finding may get its former address back.
    patch_cache_control(response, public=True, max_age=0, s_maxage=30)
    return response


def gathering_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A cohort page for staff and the cohort's mentors: those who only take part get a 404."""

    @cohort_page
    @wraps(view)
    def guarded(request: HttpRequest, cohort: Cohort, *args: Any, **kwargs: Any) -> HttpResponse:
        if not (request.user.is_staff or cohort.is_mentor):  # type: ignore[attr-defined, union-attr]
            raise Http404
        return view(request, cohort, *args, **kwargs)

    return guarded
