"""The desk for mentoring. What mentors remark among themselves is not here: staff do not read it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone

from correspondence.desk import Because, Desk, is_confirmed, read_only
from participants.staff import member_of_staff

from . import booking, offering
from .models import FollowUp, MentoringSession, Slot


@admin.register(Slot)
class SlotAdmin(Desk):
    """Times that mentors offer. Added here, a time is offered in the mentor's name."""

    refusals = (IntegrityError, booking.Refused)
    list_display = ("mentor", "starts_at", "ends_at", "is_booked", "withdrawn_at")
    list_filter = ("mentor__cohort", ("withdrawn_at", admin.EmptyFieldListFilter))
    search_fields = ("mentor__user__name", "mentor__affiliation")
    autocomplete_fields = ("mentor",)
    list_select_related = ("mentor__user",)
    date_hierarchy = "starts_at"
    fields = ("mentor", "starts_at", "ends_at", "join_url", "withdrawn_at")
    actions = ("withdraw",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Slot]:
        booked = Exists(MentoringSession.objects.live().filter(slot=OuterRef("pk")))
        return super().get_queryset(request).annotate(booked=booked)

    def get_readonly_fields(self, request: HttpRequest, obj: Slot | None = None) -> tuple[str, ...]:
        """What was offered stays as it was; the link may change."""
        return ("mentor", "starts_at", "ends_at", "withdrawn_at") if obj else ("withdrawn_at",)

    def has_delete_permission(self, request: HttpRequest, obj: Slot | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Slot, form: Any, change: bool) -> None:
        with transaction.atomic():
            if not change:
                booking.lock_diary(obj.mentor_id)
                offering.check_clear(obj)
            obj.save()

    @admin.display(description="booked", boolean=True, ordering="booked")
    def is_booked(self, slot: Any) -> bool:
        return slot.booked

    @admin.action(description="Withdraw …", permissions=["change"])
    def withdraw(self, request: HttpRequest, queryset: QuerySet[Slot]) -> HttpResponse | None:
        slots = list(queryset.filter(withdrawn_at=None).select_related("mentor__user"))
        if not slots or self.too_many(request, len(slots)):
            self.message_user(request, "These are withdrawn already.", messages.WARNING)
            return None
        if not is_confirmed(request):
            return self.ask_first(
                request,
                title=f"Withdraw {len(slots)} {'time' if len(slots) == 1 else 'times'}?",
                consequences=[
                    "Nobody can book them any more. No letter says so: tell the mentor.",
                    "A time that is booked stays: cancel its session instead, so that the organisation hears of it.",
                ],
                button="Withdraw",
                about=slots,
            )
        now, number = timezone.now(), 0
        for slot in slots:
            try:
                booking.withdraw(slot, now)
            except booking.Refused as refusal:
                self.message_user(request, f"{slot}: {refusal}", messages.ERROR)
            else:
                self.log_change(request, slot, "Withdrawn.")
                number += 1
        if number:
            self.message_user(request, f"{number} withdrawn.")
        return None


@admin.register(MentoringSession)
@read_only
class MentoringSessionAdmin(Desk):
    """Sessions as they were booked and held. Booked, moved and recorded on their own pages."""

    list_display = ("membership", "mentor", "starts_at", "state", "has_record")
    list_filter = (
        "membership__cohort",
        "state",
        ("recorded_at", admin.EmptyFieldListFilter),
        ("membership", admin.RelatedOnlyFieldListFilter),
    )
    search_fields = ("membership__name", "mentor__user__name")
    list_select_related = ("membership__cohort", "mentor__user")
    date_hierarchy = "starts_at"
    fields = (
        "membership",
        "mentor",
        "starts_at",
        "ends_at",
        "state",
        "wish",
        "shared_record",
        "recorded_at",
        "booked_by",
        "booked_at",
        "cancelled_by",
        "cancelled_at",
        "cancelled_because",
    )
    actions = ("cancel",)

    def has_settle_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("mentoring.change_mentoringsession")

    @admin.display(description="record", boolean=True, ordering="recorded_at")
    def has_record(self, session: MentoringSession) -> bool:
        return session.recorded_at is not None

    @admin.display(description="shared record")
    def shared_record(self, session: MentoringSession) -> str:
        return render_to_string("admin/markdown.html", {"text": session.record, "none": "Not written yet."})

    @admin.action(description="Cancel …", permissions=["settle"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[MentoringSession]) -> HttpResponse | None:
        now = timezone.now()
        chosen = queryset.filter(state=MentoringSession.State.BOOKED, ends_at__gt=now)
        sessions = list(chosen.select_related("mentor__user", "membership__cohort"))
        if not sessions or self.too_many(request, len(sessions)):
            self.message_user(request, "Only sessions that are booked and not over can be cancelled.", messages.WARNING)
            return None
        form = Because(request.POST if is_confirmed(request) else None)
        if not (is_confirmed(request) and form.is_valid()):
            people = sum(len(session.people()) for session in sessions)
            return self.ask_first(
                request,
                title=f"Cancel {len(sessions)} {'session' if len(sessions) == 1 else 'sessions'}?",
                consequences=[
                    f"{people} {'person gets' if people == 1 else 'people get'} a letter with your reason: "
                    "the organisation's people and the mentor.",
                    "The time can be booked again.",
                ],
                button="Cancel the session" if len(sessions) == 1 else "Cancel the sessions",
                about=sessions,
                form=form,
            )
        number = 0
        for session in sessions:
            try:
                booking.cancel(session, member_of_staff(request), form.cleaned_data["because"], now)
            except booking.Refused as refusal:
                self.message_user(request, f"{session}: {refusal}", messages.ERROR)
            else:
                self.log_change(request, session, "Cancelled.")
                number += 1
        if number:
            self.message_user(request, f"{number} cancelled; the letters go out within a minute.")
        return None


class DoneFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "done"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", "open"), ("late", "late"), ("yes", "done")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[FollowUp]) -> QuerySet[FollowUp]:
        if self.value() == "late":
            return queryset.filter(done_at=None, due_on__lt=timezone.localdate())
        if self.value() in ("yes", "no"):
            return queryset.filter(done_at__isnull=self.value() == "no")
        return queryset


@admin.register(FollowUp)
class FollowUpAdmin(Desk):
    """What was agreed in sessions, by whom and by when."""

    list_display = ("text", "membership", "owner", "due_on", "done_at")
    list_filter = ("membership__cohort", DoneFilter, ("membership", admin.RelatedOnlyFieldListFilter))
    search_fields = ("text", "membership__name", "owner__name")
    autocomplete_fields = ("owner",)
    list_select_related = ("membership__cohort", "owner")
    date_hierarchy = "due_on"
    fields = ("text", "membership", "session", "owner", "due_on", "created_at", "done_at")
    readonly_fields = ("membership", "session", "created_at", "done_at")
    actions = ("tick", "reopen")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: FollowUp | None = None) -> bool:
        return False

    @admin.action(description="Mark as done", permissions=["change"])
    def tick(self, request: HttpRequest, queryset: QuerySet[FollowUp]) -> None:
        now = timezone.now()
        chosen = list(queryset.filter(done_at=None))
        for follow_up in chosen:
            follow_up.tick(now)
            self.log_change(request, follow_up, "Marked as done.")
        self.message_user(request, f"{len(chosen)} marked as done. “Open again” takes it back.")

    @admin.action(description="Open again", permissions=["change"])
    def reopen(self, request: HttpRequest, queryset: QuerySet[FollowUp]) -> None:
        chosen = list(queryset.exclude(done_at=None))
        for follow_up in chosen:
            follow_up.reopen()
            self.log_change(request, follow_up, "Opened again.")
        self.message_user(request, f"{len(chosen)} open again.")
