"""The headings a cohort's findings are written under."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from correspondence.desk import Desk

from ..models import Finding, Headings
from ..models.headings import COHORT_SECTIONS, SECTIONS

CONSEQUENCE = (
    "Empty: the usual heading. What is published keeps the headings it was published with. A yes is to the words with "
    "their headings: findings that are agreed and not yet published have to be asked about again."
)


@admin.register(Headings)
class HeadingsAdmin(Desk):
    """A cohort's own words for the parts of its findings."""

    list_display = ("cohort",)
    autocomplete_fields = ("cohort",)
    list_select_related = ("cohort",)
    fieldsets = (
        (None, {"fields": ("cohort",)}),
        ("Findings of one organisation", {"fields": (*SECTIONS,), "description": CONSEQUENCE}),
        ("Findings of the whole cohort, below their headline", {"fields": (*COHORT_SECTIONS,)}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Headings | None = None) -> tuple[str, ...]:
        return ("cohort",) if obj else ()

    def save_model(self, request: HttpRequest, obj: Headings, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        waiting = Finding.objects.filter(cohort=obj.cohort, state=Finding.State.WITH_ORGANISATION).count()
        if waiting:
            what = "finding is" if waiting == 1 else "findings are"
            self.message_user(request, f"{waiting} {what} with the organisations: ask again.")
