"""The desk for the exchange. Comments are moderated at lgr6/admin.py, which knows what they hang on."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest

from correspondence.desk import Desk

from .models import Topic


@admin.register(Topic)
class TopicAdmin(Desk):
    """What the cohort and its organisations talk about. Topics are started in the exchange."""

    ordering = ("-is_pinned", "-created_at")
    list_display = (
        "title",
        "cohort",
        "membership",
        "started_by",
        "created_at",
        "comment_number",
        "is_pinned",
        "closed_at",
    )
    list_filter = ("cohort", "is_pinned", ("membership", admin.RelatedOnlyFieldListFilter))
    search_fields = ("title", "started_by__name")
    list_select_related = ("cohort", "membership", "started_by")
    date_hierarchy = "created_at"
    fields = ("title", "cohort", "membership", "started_by", "created_at", "is_pinned", "closed_at")
    readonly_fields = ("cohort", "membership", "started_by", "created_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Topic]:
        said = Count("discussion__comments", filter=Q(discussion__comments__withdrawn_at=None))
        return super().get_queryset(request).annotate(said=said)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Topic | None = None) -> bool:
        return False

    @admin.display(description="comments", ordering="said")
    def comment_number(self, topic: Any) -> int:
        return topic.said
