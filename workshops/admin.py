"""The desk for the days the cohort meets."""

from __future__ import annotations

import copy
from collections import Counter
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html_join

from correspondence.desk import Because, Desk, Rows, is_confirmed, say_first, sentences
from correspondence.to_come import effects_in_words
from participants.models import Cohort, User

from . import changing
from .models import AgendaItem, Attendance, Material, Workshop


class WorkshopForm(forms.ModelForm):
    """A workshop; before people are told of another time or place, it says so."""

    told = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("ends_at") and not cleaned.get("starts_at"):
            self.add_error("starts_at", "An end needs a start.")
        if not self.errors:
            self.ask(cleaned)
        if self.instance.is_cancelled and {"starts_at", "ends_at"} & set(self.changed_data):
            self.add_error("starts_at", "A cancelled workshop has no other time: make a new one.")
        return cleaned

    def ask(self, cleaned: dict[str, Any]) -> None:
        """Another time or place that people are told of is saved the second time, once it was said how many they are.

        What was said stands in the form, so that a change made meanwhile asks anew.
        """
        before = Workshop.objects.select_related("cohort").filter(pk=self.instance.pk).first()
        if before is None or before.is_cancelled:
            return
        after = copy.copy(before)
        for name in Workshop.WHEN_AND_WHERE:
            setattr(after, name, cleaned.get(name, getattr(before, name)))
        now = timezone.now()
        if after.as_calendars_see_it == before.as_calendars_see_it:
            return
        people, letters = changing.to_be_told(before, after, now=now).count(), letters_moved(before, after, now)
        if not people and not letters:
            return
        context = {"before": before, "after": after, "people": people, "letters": letters}
        lines = sentences("admin/workshops/workshop/told.txt", context)
        say_first(self, cleaned, lines)


def letters_moved(before: Workshop, after: Workshop | None, now: datetime) -> list[str]:
    """What becomes of the letters to come about a workshop that moves, or without `after` is cancelled, in
    sentences."""
    if before.cohort.status != Cohort.Status.RUNNING or (after and after.starts_at == before.starts_at):
        return []
    return effects_in_words(before, after if after and after.starts_at else None, now)


class AgendaInline(Rows):
    """The day's programme."""

    model = AgendaItem
    fields = ("starts", "title", "detail")


class MaterialInline(Rows):
    """What to read or use."""

    model = Material


class AttendanceInline(Rows):
    """Who answered what, and who came. What people need is seen by staff only, and forgotten 30 days after."""

    model = Attendance
    can_delete = False
    fields = ("user", "reply", "access_needs", "dietary_needs", "presence")
    autocomplete_fields = ("user",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Attendance]:
        return super().get_queryset(request).select_related("user", "workshop").order_by("user__name")


@admin.register(Workshop)
class WorkshopAdmin(Desk):
    """Workshops: when, where, what, and who comes."""

    form = WorkshopForm
    ordering = ("cohort", "number")
    list_display = ("__str__", "cohort", "starts_at", "venue", "state", "coming")
    list_filter = ("cohort", "state")
    search_fields = ("title", "venue", "cohort__title")
    autocomplete_fields = ("cohort",)
    list_select_related = ("cohort",)
    date_hierarchy = "starts_at"
    inlines = (AgendaInline, MaterialInline, AttendanceInline)
    fieldsets = (
        (None, {"fields": ("cohort", "number", "title", "introduction", "told")}),
        (
            "When and where",
            {
                "fields": ("starts_at", "ends_at", "length", "venue", "address", "getting_there", "join_url"),
                "description": "Another time or place is told once to all who had a letter about it or may come, "
                "with the new entry for their calendars. Reminders follow by themselves.",
            },
        ),
        ("Who comes", {"fields": ("replies", "needs")}),
        ("Called off", {"fields": ("state", "cancelled_because"), "classes": ("collapse",)}),
    )
    actions = ("cancel",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Workshop]:
        yes = Count("attendances", filter=Q(attendances__reply=Attendance.Reply.YES))
        return super().get_queryset(request).annotate(yes_count=yes)

    def get_fieldsets(self, request: HttpRequest, obj: Workshop | None = None) -> Any:
        return self.fieldsets if obj else self.fieldsets[:2]

    def get_readonly_fields(self, request: HttpRequest, obj: Workshop | None = None) -> tuple[str, ...]:
        fixed = ("state", "cancelled_because", "replies", "needs")
        return (*fixed, "cohort") if obj else fixed

    def get_inlines(self, request: HttpRequest, obj: Workshop | None) -> Any:
        return self.inlines if obj else self.inlines[:2]

    def has_delete_permission(self, request: HttpRequest, obj: Workshop | None = None) -> bool:
        """Cancelled, not deleted: replies hang on it, and calendars must hear of it."""
        return super().has_delete_permission(request, obj) and obj is not None and obj.cohort.status == "draft"

    def save_model(self, request: HttpRequest, obj: Workshop, form: Any, change: bool) -> None:
        if told := changing.save(obj, timezone.now()):
            self.message_user(request, f"{plural(told, 'person gets', 'people get')} a notice of the change.")

    @admin.display(description="said yes", ordering="yes_count")
    def coming(self, workshop: Any) -> int:
        return workshop.yes_count

    @admin.display(description="replies")
    def replies(self, workshop: Workshop) -> str:
        said = Counter(workshop.attendances.exclude(reply="").values_list("reply", flat=True))
        seated = User.objects.seated_in(workshop.cohort)
        answered = workshop.attendances.exclude(reply="").values("user")
        silent = seated.exclude(pk__in=answered).count()
        return (
            f"{said[Attendance.Reply.YES]} yes, {said[Attendance.Reply.MAYBE]} maybe, "
            f"{said[Attendance.Reply.NO]} no; {silent} of {seated.count()} have not answered"
        )

    @admin.display(description="what they need")
    def needs(self, workshop: Workshop) -> str:
        """Totals for the venue, over those who said yes or maybe; the same words count together."""
        lines = []
        for label, field in (("Access", "access_needs"), ("Food", "dietary_needs")):
            asked = [words.strip() for words in workshop.attendances.coming().values_list(field, flat=True)]
            totals = Counter(words.casefold() for words in asked if words)
            said = "; ".join(f"{words} ({number})" for words, number in sorted(totals.items()))
            lines.append((label, said or "nothing asked for"))
        return format_html_join("", "<p>{}: {}</p>", lines)

    @admin.action(description="Cancel …", permissions=["change"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Workshop]) -> HttpResponse | None:
        workshops = list(queryset.exclude(state=Workshop.State.CANCELLED).select_related("cohort"))
        if not workshops:
            self.message_user(request, "These are cancelled already.", messages.WARNING)
            return None
        form = Because(request.POST if is_confirmed(request) else None)
        if is_confirmed(request) and form.is_valid():
            told, now = 0, timezone.now()
            with transaction.atomic():
                for workshop in workshops:
                    told += changing.cancel(workshop, form.cleaned_data["because"], now)
                    self.log_change(request, workshop, "Cancelled.")
            notices = plural(told, "notice goes", "notices go")
            self.message_user(request, f"{len(workshops)} cancelled; {notices} out, and calendars show it.")
            return None
        now = timezone.now()
        told = sum(changing.to_be_told(workshop, now=now).count() for workshop in workshops)
        people = sum(workshop.attendances.coming().count() for workshop in workshops)
        return self.ask_first(
            request,
            title=f"Cancel {len(workshops)} {'workshop' if len(workshops) == 1 else 'workshops'}?",
            consequences=[
                f"{plural(people, 'person has', 'people have')} said yes or maybe.",
                f"{plural(told, 'notice goes', 'notices go')} out at once, with your reason, to everybody who had a "
                "letter about it or said yes or maybe. It takes the entry out of their calendars.",
                "The page stays and says that it is cancelled, and why.",
                "No reminder goes out any more. It cannot be undone: a new workshop would be another one.",
                *(line for workshop in workshops for line in letters_moved(workshop, None, now)),
            ],
            button="Cancel the workshop" if len(workshops) == 1 else "Cancel the workshops",
            about=[{"pk": item.pk, "name": f"{item}, {item.cohort}"} for item in workshops],
            form=form,
        )


def plural(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
