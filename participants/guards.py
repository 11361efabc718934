"""Who may open a page. An outsider gets the answer a missing page gives."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe

from .models import Cohort, Mentor, Seat, User

Viewed = Callable[..., HttpResponse]


def is_for_all(view: Any) -> bool:
    """Whether the page asks for no account; so Django's middleware knows it, and every page is closed by default."""
    return not getattr(view, "login_required", True)


class SignedIn(HttpRequest):
    """What a view behind a sign-in gets: the middleware lets nobody else through."""

    user: User


def shop_window(view: Viewed) -> Viewed:
    """Opens a view to everybody. The view must not look at `request.user`, the session or a cookie."""

    @login_not_required
    @require_safe
    @wraps(view)
    def shown(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        if response.status_code == 200:
            # Browsers ask again each time; a proxy may answer for half a minute.
            patch_cache_control(response, public=True, max_age=0, s_maxage=30)
            response.for_shop_window = True  # type: ignore[attr-defined]
        return response

    return shown


def cohort_page(view: Viewed) -> Viewed:
    """Finds the cohort of the URL for people who work in it; passes it on in place of its slug."""

    @wraps(view)
    def guarded(request: HttpRequest, cohort_slug: str, *args: Any, **kwargs: Any) -> HttpResponse:
        cohort = get_object_or_404(Cohort.objects.visible_to(request.user), slug=cohort_slug)
        request.cohort = cohort  # type: ignore[attr-defined]
        return view(request, cohort, *args, **kwargs)

    return guarded


def seated_page(view: Viewed) -> Viewed:
    """A cohort page for people with a seat, and for staff: a mentor gets a 404."""

    @cohort_page
    @wraps(view)
    def guarded(request: HttpRequest, cohort: Cohort, *args: Any, **kwargs: Any) -> HttpResponse:
        if not cohort.has_seat:  # type: ignore[attr-defined]
            raise Http404
        return view(request, cohort, *args, **kwargs)

    return guarded


def is_seated(user: User | AnonymousUser, cohort: Cohort) -> bool:
    if not user.is_authenticated:
        return False
    return Seat.objects.live().filter(user=user, membership__cohort=cohort).exists()


def mentor_in(user: User | AnonymousUser, cohort: Cohort) -> Mentor | None:
    """The person's live mentor role in the cohort, if any."""
    if not user.is_authenticated:
        return None
    return Mentor.objects.live().filter(user=user, cohort=cohort).first()
