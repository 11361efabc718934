from __future__ import annotations

from django.contrib import admin

from correspondence.desk import Desk

from ..models import Resource


@admin.register(Resource)
class ResourceAdmin(Desk):
    """What everyone may read beside the findings."""

    list_display = ("title", "cohort", "url", "is_public", "position")
    list_filter = ("is_public", "cohort")
    search_fields = ("title", "summary")
    autocomplete_fields = ("cohort",)
    list_select_related = ("cohort",)
