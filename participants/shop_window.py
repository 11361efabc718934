"""Marks a page as part of the shop window: open to all, the same for all, kept for a few seconds."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe


def shop_window(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
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
