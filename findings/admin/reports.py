"""The desk where a cohort's report is put together from its findings, published, and its PDF looked after."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils import timezone

from correspondence.desk import Desk, Rows, is_confirmed, read_only
from participants.staff import member_of_staff

from .. import printing
from ..models import Finding, Report, ReportChapter, ReportEdition
from ..tasks import print_soon


class ChapterInline(Rows):
    """The findings of the report. Readers get them in the order of their places."""

    model = ReportChapter
    fields = ("position", "finding")
    verbose_name = "finding"
    verbose_name_plural = "findings in this report"

    def get_formset(self, request: HttpRequest, obj: Report | None = None, **kwargs: Any) -> Any:
        """Offers the published findings of the report's cohort, and those chosen already."""
        formset = super().get_formset(request, obj, **kwargs)
        field: Any = formset.form.base_fields.get("finding")
        if field is not None and obj is not None:
            is_offered = Q(state=Finding.State.PUBLISHED) | Q(pk__in=obj.chapters.values("finding"))
            field.queryset = Finding.objects.filter(is_offered, cohort=obj.cohort_id).select_related("current")
            field.label_from_instance = named_as_published
            field.widget.can_add_related = False
        return formset

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReportChapter]:
        return super().get_queryset(request).select_related("finding__current")


def named_as_published(finding: Finding) -> str:
    is_out = finding.state == Finding.State.PUBLISHED
    return finding.known_title if is_out else f"{finding.known_title} ({finding.get_state_display()})"


@read_only
class EditionInline(Rows):
    """What was published, and when."""

    model = ReportEdition
    fields = ("number", "published_at", "published_by")
    verbose_name_plural = "editions"

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReportEdition]:
        return super().get_queryset(request).select_related("published_by", "report")


@admin.register(Report)
class ReportAdmin(Desk):
    """Reports. Readers see the latest edition; this is what the next one is made from."""

    change_form_template = "admin/findings/report/change_form.html"
    list_display = ("title", "cohort", "edition_number", "published_at")
    list_filter = ("cohort",)
    search_fields = ("title", "subtitle")
    autocomplete_fields = ("cohort",)
    list_select_related = ("cohort", "current")
    inlines = (ChapterInline, EditionInline)
    fields = ("cohort", "title", "slug", "subtitle", "cover", "foreword")

    @admin.display(description="edition", ordering="current__number")
    def edition_number(self, report: Report) -> str:
        return str(report.current.number) if report.current else "not published"

    @admin.display(description="published", ordering="current__published_at")
    def published_at(self, report: Report) -> Any:
        return report.current.published_at if report.current else None

    def get_inlines(self, request: HttpRequest, obj: Report | None) -> Any:
        return self.inlines if obj else ()

    def get_readonly_fields(self, request: HttpRequest, obj: Report | None = None) -> tuple[str, ...]:
        if obj is None:
            return ()
        return ("cohort", "slug") if obj.current_id else ("cohort",)

    def get_prepopulated_fields(self, request: HttpRequest, obj: Report | None = None) -> dict[str, Any]:
        return {} if obj else {"slug": ("title",)}

    def has_delete_permission(self, request: HttpRequest, obj: Report | None = None) -> bool:
        """What was never public may go; an address that was stays for life."""
        return super().has_delete_permission(request, obj) and obj is not None and obj.current_id is None

    def view_on_site(self, obj: Report) -> str | None:  # type: ignore[override]
        return obj.get_absolute_url() if obj.current_id else None

    def save_model(self, request: HttpRequest, obj: Report, form: Any, change: bool) -> None:
        """Writes what was typed and nothing else: an edition may come out while the form is on its way."""
        if not change:
            super().save_model(request, obj, form, change)
            return
        own = {field.name for field in obj._meta.concrete_fields}
        if typed := own.intersection(form.changed_data):
            obj.save(update_fields=typed)

    def response_add(self, request: HttpRequest, obj: Report, post_url_continue: str | None = None) -> HttpResponse:
        self.message_user(request, "The report is begun. Choose its findings below.")
        return redirect(self.url_of(obj))

    def get_urls(self) -> list[Any]:
        pages = {"publish": self.publish, "print": self.print_anew}
        wrap = self.admin_site.admin_view
        return [
            *(
                path(f"<path:object_id>/{name}/", wrap(view), name=f"findings_report_{name}")
                for name, view in pages.items()
            ),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The report as it stands, what hinders it, and how far the PDF of the latest edition is."""
        report = self.get_object(request, object_id)
        context = dict(extra_context or {})
        if report:
            context["hindrances"] = report.hindrances(report.in_order())
            if report.current_id:
                edition = report.edition
                chapters = edition.in_order()
                found = printing.printing_of(edition, chapters)
                context |= {
                    "edition": edition,
                    "printing": found,
                    "is_ready": printing.is_ready(found),
                    "gone": [chapter for chapter in chapters if chapter.withdrawn_at],
                }
        return super().change_view(request, object_id, form_url, context)

    def publish(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Shows what an edition would hold, then makes it."""
        report = self.found(request, object_id)
        chapters = report.in_order()
        hindrances = report.hindrances(chapters)
        if is_confirmed(request) and not hindrances:
            try:
                edition = report.publish(timezone.now(), member_of_staff(request))
            except ValidationError as error:
                hindrances = error.messages
            else:
                printing.ask(edition, timezone.now())
                print_soon()
                self.log_change(request, report, f"Published edition {edition.number}.")
                self.message_user(request, f"Published: edition {edition.number} is at {edition.address()}")
                return redirect(self.url_of(report))
        if hindrances:
            return self.not_now(request, title="This cannot be published yet", reasons=hindrances, obj=report)
        return self.ask_first(
            request,
            title=f"Publish edition {report.edition.number + 1 if report.current_id else 1}?",
            consequences=[
                f"Everybody can read it at {settings.PORTAL_URL}{report.get_absolute_url()} at once.",
                "Each finding stands in it with the words of its latest release. Later corrections of a finding are on"
                " its own page; they come into the next edition.",
                "A finding that is withdrawn leaves the report at once, and says so in its place.",
                "The PDF is made meanwhile, and is there within minutes.",
            ],
            button="Publish",
            obj=report,
            template="admin/findings/report/publish.html",
            content=report.content(chapters),
            chapters=chapters,
        )

    def print_anew(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Asks once more for a PDF that could not be made."""
        report = self.found(request, object_id)
        if not report.current_id:
            reasons = ["The report has no edition yet."]
            return self.not_now(request, title="There is nothing to print", reasons=reasons, obj=report)
        if is_confirmed(request):
            printing.ask(report.edition, timezone.now())
            print_soon()
            self.message_user(request, "The PDF is being made; this page says how far it is.")
            return redirect(self.url_of(report))
        return self.ask_first(
            request,
            title="Make the PDF?",
            consequences=["It is made from the latest edition. Where nothing has changed it is the same file."],
            button="Make the PDF",
            obj=report,
        )
