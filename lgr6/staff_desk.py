"""The staff's desk: Django admin, signed in to like everything else, opening on the cohort."""

from __future__ import annotations

from functools import update_wrapper
from typing import Any

from allauth.account.decorators import secure_admin_login
from django.contrib.admin import AdminSite
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache


class StaffDesk(AdminSite):
    """Every model of the programme for staff, one page above them that says how the cohort stands."""

    site_title = "Staff desk · Let’s Get Real"
    site_header = "Let’s Get Real"
    index_title = "Staff desk"
    index_template = "admin/index.html"
    enable_nav_sidebar = False

    @method_decorator([never_cache, login_not_required, secure_admin_login])
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().login(request, extra_context)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """People without a place at the desk are told so at once, instead of by way of the sign-in page."""
        inner = super().admin_view(view, cacheable)

        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if request.user.is_authenticated and not self.has_permission(request):
                raise PermissionDenied
            return inner(request, *args, **kwargs)

        return update_wrapper(guarded, inner)

    def get_urls(self) -> list[Any]:
        from .letters_to_come import letters_to_come  # models are not there yet when Django makes the site

        page = path("letters-to-come/<slug:slug>/", self.admin_view(letters_to_come), name="letters_to_come")
        return [page, *super().get_urls()]

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return redirect("account_logout")

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return redirect("account_change_password")

    def password_change_done(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return redirect("account_change_password")

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """How the chosen cohort stands: `?cohort=<slug>`, else the one the public pages speak of, else the latest."""
        from .overview import overview_for  # models are not there yet when Django makes the site

        overview = overview_for(request.GET.get("cohort", ""), timezone.now())
        return super().index(request, {"overview": overview, **(extra_context or {})})
