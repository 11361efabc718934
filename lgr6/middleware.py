"""What happens to every request, whoever asks and whatever for."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from copy import copy
from hashlib import blake2b
from threading import Lock
from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.utils.cache import add_never_cache_headers, get_conditional_response

from findings.representations import preferred_type
from participants.guards import is_for_all
from participants.pages import KnownPage

from .context import facts_of

Handler = Callable[[HttpRequest], HttpResponseBase]

# How many public pages a process keeps.
SHELF = 256
# Stands in a key for a page that looks the same whatever a browser accepts.
ANY_TYPE = ""


def shop_window(get_response: Handler) -> Handler:
    """Answers a public page from memory for a few seconds after it was made, and who has the same bytes with 304.

    Only what a view marked `@shop_window` and answered 200 without a cookie is kept: such a page looks the same
    to everybody. Addresses with a query are not kept, so nobody can fill the shelf. A page that answers by `Accept` is
    kept once for each of the few types it can answer with.
    """
    shelf: OrderedDict[tuple[str, str, bool, str], tuple[float, HttpResponseBase]] = OrderedDict()
    lock = Lock()

    def answer(request: HttpRequest) -> HttpResponseBase:
        if request.method != "GET" or request.META.get("QUERY_STRING") or not settings.SHOP_WINDOW_SECONDS:
            return unless_known(request, get_response(request))
        address = (request.META.get("HTTP_HOST", ""), request.path, request.is_secure())
        kind = preferred_type(request)
        with lock:
            kept = shelf.get((*address, ANY_TYPE)) or shelf.get((*address, kind))
        if kept and kept[0] > time.monotonic():
            return unless_known(request, copy_of(kept[1]))
        response = get_response(request)
        known = unless_known(request, response)
        if getattr(response, "for_shop_window", False) and response.status_code == 200 and not response.cookies:
            key = (*address, kind if varies_by_type(response) else ANY_TYPE)
            with lock:
                shelf[key] = (time.monotonic() + settings.SHOP_WINDOW_SECONDS, copy_of(response))
                shelf.move_to_end(key)
                while len(shelf) > SHELF:
                    shelf.popitem(last=False)
        return known

    return answer


class RememberPages:
    """Makes a public page once for all that says the same. The database is asked each time what that is: a page is
    known by a digest of every word and fact on it, so one that changed, or lost a quotation, is another page. Nothing
    is left of it when the process ends: other templates never meet pages of before.

    A class, as Django asks of one that is there before a page is made.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response
        self.made: OrderedDict[bytes, bytes] = OrderedDict()
        self.lock = Lock()

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_template_response(self, request: HttpRequest, response: TemplateResponse) -> TemplateResponse:
        if not isinstance(response, KnownPage) or not settings.PAGES_KEPT:
            return response
        digest = response.digest(facts_of(request).said)
        with self.lock:
            known = self.made.get(digest)
        if known is None:
            response.add_post_render_callback(lambda page: self.keep(digest, page.content))
        else:
            response.content = known
        return response

    def keep(self, digest: bytes, content: bytes) -> None:
        with self.lock:
            self.made[digest] = content
            while len(self.made) > settings.PAGES_KEPT:
                self.made.popitem(last=False)


def varies_by_type(response: HttpResponseBase) -> bool:
    return "accept" in (token.strip().lower() for token in response.headers.get("Vary", "").split(","))


def unless_known(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Names the bytes of a public page by an ETag, and answers 304 in its place to who has them."""
    if (
        not getattr(response, "for_shop_window", False)
        or response.status_code != 200
        or not isinstance(response, HttpResponse)
    ):
        return response
    if "ETag" not in response.headers:
        response.headers["ETag"] = f'"{blake2b(response.content, digest_size=16).hexdigest()}"'
    if "HTTP_IF_NONE_MATCH" not in request.META:
        return response
    return get_conditional_response(request, etag=response.headers["ETag"], response=response) or response


def copy_of(response: HttpResponseBase) -> HttpResponseBase:
    """The same answer for another request. Bytes and headers are shared: this middleware is the outermost."""
    twin = copy(response)
    # Each copy closes the request that it answered, and no other.
    twin._resource_closers = []  # type: ignore[attr-defined]
    return twin


def refuse_poison(get_response: Handler) -> Handler:
    """Refuses NUL in an address or cookie: PostgreSQL cannot compare with it, and no keyboard types it."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        told = [
            request.path,
            *request.COOKIES.values(),
            *(value for _, values in request.GET.lists() for value in values),
        ]
        if any("\x00" in word for word in told):
            return HttpResponseBadRequest("This address has a character that cannot be used.")
        return get_response(request)

    return answer


def refuse_too_much(get_response: Handler) -> Handler:
    """Refuses a request larger than any form of ours before it is read: looking for a form's key would read it."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        length = str(request.META.get("CONTENT_LENGTH") or "")
        if not length.isdecimal() or int(length) <= settings.REQUEST_LIMIT:
            return get_response(request)
        most = settings.REQUEST_LIMIT // 1024**2
        if "application/json" in request.headers.get("Accept", ""):
            return JsonResponse({"error": f"This is more than {most} MB, the most at once."}, status=413)
        return render(request, "413.html", {"most": most}, status=413)

    return answer


def keep_private(get_response: Handler) -> Handler:
    """Pages for one person are stored nowhere: not by a proxy, not by the browser's back button."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if not getattr(response, "for_shop_window", False) and "Cache-Control" not in response.headers:
            add_never_cache_headers(response)
            response.headers["X-Robots-Tag"] = "noindex"
        return response

    return answer


def staff_need_second_factor(get_response: Handler) -> Handler:
    """Staff without TOTP or passkey are sent to set one up before anything of the cohort or the desk opens."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        return get_response(request)

    def process_view(request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponseBase | None:
        # Public pages never look at the user, here neither: they would no longer be the same for everybody.
        if not settings.REQUIRE_STAFF_MFA or is_for_all(view) or request.path.startswith("/accounts/"):
            return None
        user = request.user
        if user.is_authenticated and user.is_staff and not is_mfa_enabled(user):
            return redirect("mfa_index")
        return None

    answer.process_view = process_view  # type: ignore[attr-defined]
    return answer
