"""The cohort's own list of themes: it grows, and two can become one."""

from __future__ import annotations

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils import timezone

from correspondence.desk import Desk, is_confirmed
from participants.staff import member_of_staff

from .. import gathering
from ..models import Finding, Theme


@admin.register(Theme)
class ThemeAdmin(Desk):
    """Subjects that findings share."""

    list_display = ("name", "cohort", "slug")
    list_filter = ("cohort",)
    search_fields = ("name",)
    autocomplete_fields = ("cohort",)
    list_select_related = ("cohort",)

    def get_readonly_fields(self, request: HttpRequest, obj: Theme | None = None) -> tuple[str, ...]:
        return ("cohort", "slug") if obj else ()

    def get_prepopulated_fields(self, request: HttpRequest, obj: Theme | None = None) -> dict[str, Any]:
        return {} if obj else {"slug": ("name",)}

    def get_urls(self) -> list[Any]:
        merging = self.admin_site.admin_view(partial(merge, self))
        return [path("<path:object_id>/merge/", merging, name="findings_theme_merge"), *super().get_urls()]


class MergeForm(forms.Form):
    """The theme that stays."""

    into: Any = forms.ModelChoiceField(None, label="The theme that stays")

    def __init__(self, data: Any, *, theme: Theme) -> None:
        super().__init__(data)
        others = Theme.objects.filter(cohort=theme.cohort_id).exclude(pk=theme.pk)
        self.fields["into"].queryset = others  # type: ignore[attr-defined]


def merge(desk: Desk, request: HttpRequest, object_id: str) -> HttpResponse:
    """Lets what has this theme have another one of the cohort, and takes this one out of the list."""
    theme = desk.found(request, object_id, desk.has_delete_permission)
    form = MergeForm(request.POST if is_confirmed(request) else None, theme=theme)
    if is_confirmed(request) and form.is_valid():
        into, old = form.cleaned_data["into"], theme.pk
        try:
            gathering.merge(theme, into, member_of_staff(request), timezone.now())
        except ValidationError as refused:
            form.add_error("into", refused)
        else:
            theme.pk = old
            desk.log_change(request, into, f"Merged “{theme}” into it.")
            desk.log_deletions(request, [theme])  # type: ignore[arg-type]  # it reads them one by one
            desk.message_user(request, f"“{theme}” is “{into}” now.")
            return redirect(desk.url_of(into))
    passages = theme.passages.filter(removed_at=None).count()
    findings = list(theme.findings.all())
    asked = [finding for finding in findings if finding.state != Finding.State.DRAFT]
    return desk.ask_first(
        request,
        title=f"Merge “{theme}” into another theme?",
        consequences=[
            f"{number_of(findings, 'finding')} and {number_of(passages, 'passage')} get the other theme, and "
            f"“{theme}” goes from the list of {theme.cohort}.",
            *(f"“{finding}” names the other theme in its working copy: ask for its yes again." for finding in asked),
            "What is published keeps the theme it was published with, until the finding is published again.",
            "It cannot be undone.",
        ],
        button="Merge",
        form=form,
        obj=theme,
    )


def number_of(things: Any, word: str) -> str:
    number = things if isinstance(things, int) else len(things)
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
