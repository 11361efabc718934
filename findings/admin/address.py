"""The desk where a finding gets another address; the one before leads to it for ever."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from correspondence.desk import Desk, is_confirmed

from ..models import Finding


class Address(forms.Form):
    slug = forms.CharField(
        label="New address",
        max_length=120,
        validators=[validate_slug],
        help_text="Letters, figures and hyphens; it follows /findings/.",
    )


def rename(desk: Desk, request: HttpRequest, object_id: str) -> HttpResponse:
    """Asks for the new address and says what becomes of the one before."""
    finding: Finding = desk.found(request, object_id)
    form = Address(request.POST if is_confirmed(request) else None, initial={"slug": finding.slug})
    if is_confirmed(request) and form.is_valid():
        before = finding.slug
        try:
            finding.rename(form.cleaned_data["slug"])
        except ValidationError as error:
            form.add_error("slug", error.messages)
        else:
            desk.log_change(request, finding, f"Renamed from {before} to {finding.slug}.")
            desk.message_user(request, f"It is at {settings.PORTAL_URL}{finding.get_absolute_url()} now.")
            return redirect(desk.url_of(finding))
    return desk.ask_first(
        request,
        title="Give this finding another address?",
        consequences=[
            f"{settings.PORTAL_URL}{finding.get_absolute_url()} and all its formats lead to the new address for ever.",
            "No other finding can ever take either of the two.",
            "Feed readers go on to know it as the same finding.",
        ],
        button="Rename",
        form=form,
        obj=finding,
    )
