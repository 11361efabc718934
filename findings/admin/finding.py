"""The desk where findings are written from notes, put before the organisations, published and withdrawn."""

from __future__ import annotations

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils import timezone

from correspondence.desk import Desk
from participants.staff import member_of_staff

from .. import consent, writing
from ..models import Agreement, Finding
from ..models.finding_version import CHOSEN
from ..models.headings import COHORT_SECTIONS, SECTIONS
from . import address, asking, contributors, pictures, publishing, quoting, versions
from .drafts import name_saved
from .forms import FindingForm
from .inlines import AgreementInline, ExcerptInline, ReleaseInline

NOTES_A_PAGE = 10
# Name, address below the finding's, and view of every page of its own.
PAGES = (
    ("ask", "ask/", asking.ask),
    ("links", "links/", asking.links),
    ("close_link", "links/<int:pk>/close/", asking.close_link),
    ("reword", "excerpts/<int:pk>/reword/", asking.reword),
    ("quote", "quote/<str:note>/", quoting.quote),
    ("pictures", "pictures/", pictures.pictures),
    ("picture", "pictures/<int:pk>/", pictures.describe),
    ("take_off_picture", "pictures/<int:pk>/take-off/", pictures.take_off),
    ("contributor", "contributors/<int:pk>/", contributors.name_contributor),
    ("versions", "versions/", versions.versions),
    ("bring_back", "versions/<int:pk>/", versions.bring_back),
    ("publish", "publish/", publishing.publish),
    ("unschedule", "unschedule/", publishing.unschedule),
    ("withdraw", "withdraw/", publishing.withdraw),
    ("rename", "rename/", address.rename),
)


@admin.register(Finding)
class FindingAdmin(Desk):
    """Findings. Readers see the latest release; this is the working copy."""

    form = FindingForm
    refusals = (*Desk.refusals, ValidationError, writing.Overtaken)
    list_display = ("title", "cohort", "membership", "state", "outcome", "published_at")
    list_filter = ("cohort", "state", "outcome", "themes", ("membership", admin.RelatedOnlyFieldListFilter))
    search_fields = ("title", "summary", "membership__name")
    autocomplete_fields = ("cohort",)
    list_select_related = ("cohort", "membership")
    date_hierarchy = "published_at"
    inlines = (ExcerptInline, AgreementInline, ReleaseInline)

    class Media:
        js = (forms.Script("js/finding-draft.js", type="module"),)

    add_fieldsets = (
        (
            None,
            {
                "fields": ("cohort", "title", "slug", "summary"),
                "description": "The rest, and the notes to quote from, come on the next page.",
            },
        ),
    )
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "title",
                    "highlight",
                    "slug",
                    "summary",
                    "membership",
                    "contributors",
                    "phase",
                    "outcome",
                    "themes",
                    "base",
                )
            },
        ),
        ("Text", {"fields": (*SECTIONS,)}),
        ("Text of a finding of the whole cohort", {"fields": (*COHORT_SECTIONS,)}),
        ("In Welsh, where people have written it", {"fields": ("title_cy", "summary_cy", "body_cy")}),
        ("When the work was done", {"fields": ("work_from", "work_to")}),
        ("Agreement", {"fields": ("is_typo",)}),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Finding | None = None) -> Any:
        """The parts of its own kind first; those of the other are folded away while nothing is written there.

        A finding without an organisation may still be given one: of the whole cohort it is once that is written.
        """
        if obj is None:
            return self.add_fieldsets
        parts: list[Any] = [*self.fieldsets]
        about, own, other, welsh, when, agreement = parts
        is_of_all = obj.membership_id is None and is_written(obj, other)
        if is_of_all:
            own, other = other, own
        if (is_of_all or obj.membership_id) and not is_written(obj, other):
            other = (other[0], {**other[1], "classes": ("collapse",)})
        shown = [about, own, other, welsh, when]
        if obj.is_scheduled:
            return [(name, {**part, "fields": [f for f in part["fields"] if f != "base"]}) for name, part in shown]
        may_correct = obj.agreements.filter(answer=Agreement.Answer.YES).exists()
        return [*shown, agreement] if may_correct else shown

    def get_inlines(self, request: HttpRequest, obj: Finding | None) -> Any:
        return self.inlines if obj else ()

    def get_readonly_fields(self, request: HttpRequest, obj: Finding | None = None) -> tuple[str, ...]:
        if is_locked(request, obj):
            return tuple(str(name) for _, part in self.fieldsets[:-1] for name in part["fields"] if name != "base")
        # Outside a draft the address is known: `rename` keeps the one before.
        return ("slug",) if obj and obj.state != Finding.State.DRAFT else ()

    def get_prepopulated_fields(self, request: HttpRequest, obj: Finding | None = None) -> dict[str, Any]:
        return {} if obj else {"slug": ("title",)}

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in CHOSEN:
            kwargs["widget"] = forms.CheckboxSelectMultiple
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """What it points to is chosen here, and made elsewhere; only the list of themes grows from here."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name in {"membership", "contributors", "phase"} and hasattr(field.widget, "can_add_related"):
            field.widget.can_add_related = False
        return field

    def get_form(self, request: HttpRequest, obj: Finding | None = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        form.by = request.user
        for name in {*CHOSEN} & {*form.base_fields}:
            field: Any = Finding._meta.get_field(name)
            form.base_fields[name].help_text = field.help_text
        return form

    def has_delete_permission(self, request: HttpRequest, obj: Finding | None = None) -> bool:
        """A draft nobody was asked about may go; an address that was public stays for life."""
        is_young = obj is not None and obj.state == Finding.State.DRAFT and obj.published_at is None
        return super().has_delete_permission(request, obj) and is_young

    def view_on_site(self, obj: Finding) -> str | None:  # type: ignore[override]
        return obj.get_absolute_url() if obj.published_at else None

    def response_add(self, request: HttpRequest, obj: Finding, post_url_continue: str | None = None) -> HttpResponse:
        self.message_user(request, "The finding is a draft now. Write it here, and quote from the notes below.")
        return name_saved(request, redirect(self.url_of(obj)))

    def response_change(self, request: HttpRequest, obj: Finding) -> HttpResponse:
        return name_saved(request, super().response_change(request, obj))

    def save_model(self, request: HttpRequest, obj: Finding, form: Any, change: bool) -> None:
        """Writes what was typed and nothing else: an organisation may say no while the form is on its way."""
        if not change:
            obj.version = 1
            super().save_model(request, obj, form, change)
            return
        if is_changed(form):
            writing.begin_save(obj, form.cleaned_data["base"], member_of_staff(request), timezone.now())
            writing.held(form.cleaned_data.get("themes", ()))
        own = {field.name for field in obj._meta.concrete_fields}
        before, what = Finding.objects.get(pk=obj.pk).digest(), form.cleaned_data.get("is_typo") and form.typo()
        if changed := own.intersection(form.changed_data):
            obj.save(update_fields=changed)
        if what:
            number = consent.carry_over(
                Finding.objects.get(pk=obj.pk), before, what, member_of_staff(request), timezone.now()
            )
            self.message_user(request, f"A typo: {what}. {number} {'yes holds' if number == 1 else 'yeses hold'} on.")

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if is_changed(form):
            now = timezone.now()
            writing.keep(form.instance, form.instance.version, member_of_staff(request), now)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """An excerpt taken out keeps its row: what a release quoted can always be traced."""
        for excerpt in formset.save(commit=False):
            excerpt.save(update_fields=["is_counter"])
        for excerpt in formset.deleted_objects:
            consent.take_out(excerpt, timezone.now())

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        own = [
            path(f"<path:object_id>/{route}", wrap(partial(view, self)), name=f"findings_finding_{name}")
            for name, route, view in PAGES
        ]
        return [*own, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The working copy, where it stands, and the notes to write it from."""
        finding = self.get_object(request, object_id)
        context = dict(extra_context or {})
        if finding and self.has_change_permission(request, finding):
            filtered = quoting.NoteFilter(request.GET if "notes-words" in request.GET else None, finding=finding)
            notes = quoting.quotable(finding, member_of_staff(request))
            if filtered.is_bound and filtered.is_valid():
                notes = quoting.chosen_notes(notes, **filtered.cleaned_data)
            context |= {
                "concerned": sorted(finding.concerned(), key=str),
                "hindrances": finding.hindrances(),
                "us_toos": contributors.proposed(finding, member_of_staff(request)),
                "note_filter": filtered,
                "notes": Paginator(notes, NOTES_A_PAGE).get_page(request.GET.get("notes_page")),
            }
        return super().change_view(request, object_id, form_url, context)


def is_locked(request: HttpRequest, finding: Finding | None) -> bool:
    """Whether the page is to be read only. A form that was open when the finding was scheduled is still taken, to be
    refused with its words."""
    return finding is not None and finding.is_scheduled and "base" not in request.POST


def is_changed(form: forms.BaseForm) -> bool:
    """Whether anything of the finding itself was typed or chosen anew."""
    return bool({*form.changed_data} - {"base", "is_typo"})


def is_written(finding: Finding, part: tuple[str | None, dict[str, Any]]) -> bool:
    return any(getattr(finding, name) for name in part[1]["fields"])
