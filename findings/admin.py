"""The desk where findings are written from notes, put before the organisations, published and withdrawn."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import F, Prefetch, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join

from correspondence.desk import Because, Desk, Rows, is_confirmed, read_only, sentence
from correspondence.wallclock import LONDON, at_wall_clock
from discussions.words import wanted
from participants.models import User
from participants.staff import member_of_staff
from research.models import NoteVersion, ResearchNote

from . import admin_consent, admin_gathering, admin_versions, consent, writing
from .admin_address import rename
from .admin_drafts import name_saved
from .models import Agreement, Excerpt, Finding, Release, Resource, Theme
from .models.finding_version import typed
from .wording import typo

NOTES_A_PAGE = 10


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
        merge = self.admin_site.admin_view(partial(admin_gathering.merge, self))
        return [path("<path:object_id>/merge/", merge, name="findings_theme_merge"), *super().get_urls()]


class FindingForm(forms.ModelForm):
    """The working copy. Themes, phases and organisations are those of its cohort."""

    is_typo = forms.BooleanField(
        label="Only a typo",
        required=False,
        help_text="The organisations’ yes then holds for the corrected words, and they read what was corrected. Only "
        "for spelling: a change of figures, of a “not”, or of more than a few words needs a new yes.",
    )

    # The version its writer saw: see writing.py.
    base = forms.IntegerField(widget=forms.HiddenInput, required=False)
    # Who saved meanwhile, when, and each field that differs, once a save was refused for that.
    overtaken: dict[str, Any] | None = None
    by: User

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["base"] = self.instance.version
            for name in ("membership", "phase", "themes"):
                if name in self.fields:
                    field: Any = self.fields[name]
                    field.queryset = field.queryset.filter(cohort=self.instance.cohort)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        title, highlight = cleaned.get("title", ""), cleaned.get("highlight", "")
        if highlight and highlight not in title:
            self.add_error("highlight", "These words are not in the title.")
        return cleaned

    def typo(self) -> str:
        """What is corrected, in words; empty where more than spelling changes."""
        before = Finding.objects.get(pk=self.instance.pk).text()
        return typo(before, {**self.instance.text(), "themes": before["themes"]})

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]  # a ModelForm fills its instance here
        if self.instance.pk and "base" in self.fields and not self.errors:
            self.see_who_was_faster()
        if not self.errors and self.cleaned_data.get("is_typo") and not self.typo():
            self.add_error(
                "is_typo", "This is more than a typo, or nothing changed: save without the tick, and ask again."
            )

    def see_who_was_faster(self) -> None:
        """Refuses what was not written on top of what stands, unless it says the same; keeps it beside the versions."""
        stands = Finding.objects.get(pk=self.instance.pk)
        themes = self.cleaned_data["themes"]
        rows = writing.differences(stands, typed(stands), typed(self.instance, themes))
        if rows and stands.is_scheduled:
            writing.keep_refused(self.instance, self.by, timezone.now(), themes)
            self.add_error(None, "It was scheduled meanwhile, and cannot be changed: take it off the schedule first.")
            return
        if self.cleaned_data["base"] == stands.version:
            return
        self.cleaned_data["base"] = stands.version
        if not rows:
            return
        writing.keep_refused(self.instance, self.by, timezone.now(), themes)
        last = stands.versions.filter(number=stands.version).select_related("written_by").first()
        self.overtaken = {"rows": rows, "last": last}
        data: Any = self.data
        self.data = data = data.copy()
        data[self.add_prefix("base")] = str(stands.version)
        self.add_error(None, "Somebody else saved this finding since you opened it: compare below, then save again.")


class ExcerptForm(forms.ModelForm):
    """Words from a note, as they stand there."""

    class Meta:
        model = Excerpt
        fields = ("quote",)

    quote = forms.CharField(
        label="The words to quote",
        max_length=20_000,
        help_text="Leave only what you quote, word for word.",
        widget=forms.Textarea(attrs={"rows": 8, "class": "vLargeTextField"}),
    )

    def clean_quote(self) -> str:
        """As the note has it: browsers send line breaks as two characters."""
        quote = self.cleaned_data["quote"].replace("\r\n", "\n")
        body = self.instance.version.body
        return quote.replace("\n", "\r\n") if "\r\n" in body else quote


class PublishForm(forms.Form):
    """When to publish, and what changed since the release before."""

    NOW, LATER = "now", "later"

    what_changed = sentence("What changed", "One sentence; readers of earlier releases see it.")
    when = forms.ChoiceField(
        choices=[(NOW, "Now"), (LATER, "At the London time below, if nothing stands in the way then")],
        widget=forms.RadioSelect,
        initial=NOW,
        required=False,
    )
    day = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}))
    time = forms.TimeField(
        required=False, widget=forms.TimeInput(attrs={"type": "time"}), help_text="On London’s clock that day."
    )

    def __init__(self, *args: Any, is_first: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if is_first:
            del self.fields["what_changed"]

    def clean(self) -> dict[str, Any]:
        """`at`: the moment in UTC; None for now. Of an hour that comes twice it is the first."""
        cleaned = super().clean() or {}
        cleaned["at"] = None
        if cleaned.get("when") != self.LATER or self.errors:
            return cleaned
        for name in ("day", "time"):
            if not cleaned.get(name):
                self.add_error(name, "Say when, or choose “Now”.")
        if not self.errors:
            cleaned["at"] = at = at_wall_clock(cleaned["day"], cleaned["time"])
            if at.astimezone(LONDON).time() != cleaned["time"]:
                self.add_error("time", "This time does not exist: the clocks go forward that night. Choose another.")
            elif at <= timezone.now():
                self.add_error("time", "That moment is past: choose one to come, or “Now”.")
        return cleaned


class NoteFilter(forms.Form):
    """Which of the notes that may be quoted to show."""

    organisation: Any = forms.ModelChoiceField(None, required=False, empty_label="All organisations")
    phase: Any = forms.ModelChoiceField(None, required=False, empty_label="All phases")
    words = forms.CharField(required=False, max_length=100)

    prefix = "notes"

    def __init__(self, data: Any, *, finding: Finding) -> None:
        super().__init__(data)
        self.fields["organisation"].queryset = finding.cohort.memberships.all()  # type: ignore[attr-defined]
        self.fields["phase"].queryset = finding.cohort.phases.all()  # type: ignore[attr-defined]


class ExcerptInline(Rows):
    """The words the finding rests on. Taken out, they go from the working copy; what is published stays as it is."""

    model = Excerpt
    fields = ("words", "note", "is_counter", "answers", "withdrawn")
    readonly_fields = ("words", "note", "answers", "withdrawn")
    verbose_name_plural = "excerpts: tick “Delete” and save to take one out"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Excerpt]:
        rows = super().get_queryset(request).select_related("finding")
        return rows.with_voices()  # type: ignore[attr-defined]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and not (obj and obj.is_scheduled)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_change_permission(request, obj)

    @admin.display(description="words")
    def words(self, excerpt: Excerpt) -> str:
        return "(The note is private now.)" if excerpt.version.note.is_draft else excerpt.words

    @admin.display(description="from")
    def note(self, excerpt: Excerpt) -> str:
        note = excerpt.version.note
        if note.is_draft:
            return f"a note of {note.membership} that is private now"
        later = " (edited since)" if note.version != excerpt.version.number else ""
        return f"“{note}”, {note.membership}, version {excerpt.version.number}{later}"

    @admin.display(description="answers")
    def answers(self, excerpt: Excerpt) -> str:
        said = format_html_join("", "<p>{}</p>", ((str(row),) for row in excerpt.permissions.all()))
        if not excerpt.proposal:
            return said or "–"
        url = reverse("admin:findings_finding_reword", args=[excerpt.finding_id, excerpt.pk])
        return said + format_html('<p>Wanted: “{}” <a href="{}">Take these words over …</a></p>', excerpt.proposal, url)

    @admin.display(description="left out")
    def withdrawn(self, excerpt: Excerpt) -> str:
        if excerpt.withdrawn_at is None:
            return "–"
        return f"{excerpt.get_withdrawn_because_display() or 'taken out'}, {date_format(excerpt.withdrawn_at, 'j F Y')}"


@read_only
class AgreementInline(Rows):
    """Who was asked, what they said, and every answer before."""

    model = Agreement
    fields = ("membership", "said", "speaker", "answered_at", "remark", "before")
    readonly_fields = ("said", "speaker", "before")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Agreement]:
        rows = super().get_queryset(request).select_related("membership", "answered_by", "answered_by_link", "finding")
        return rows.prefetch_related("history__by", "history__link")

    @admin.display(description="answer")
    def said(self, agreement: Agreement) -> str:
        return agreement.get_answer_display() or "not answered"

    @admin.display(description="every answer")
    def before(self, agreement: Agreement) -> str:
        return format_html_join("", "<p>{}</p>", ((str(record),) for record in agreement.history.all())) or "–"


@read_only
class ReleaseInline(Rows):
    """What was published, and when."""

    model = Release
    fields = ("number", "published_at", "published_by", "what_changed")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Release]:
        return super().get_queryset(request).select_related("published_by", "finding")


@admin.register(Finding)
class FindingAdmin(Desk):
    """Findings. Readers see the latest release; this is the working copy."""

    form = FindingForm
    refusals = (*Desk.refusals, writing.Overtaken)
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
            {"fields": ("title", "highlight", "slug", "summary", "membership", "phase", "outcome", "themes", "base")},
        ),
        ("Text", {"fields": ("thought", "matters", "did", "happened", "learned", "next_steps")}),
        ("In Welsh, where people have written it", {"fields": ("title_cy", "summary_cy", "body_cy")}),
        ("When the work was done", {"fields": ("work_from", "work_to")}),
        ("Agreement", {"fields": ("is_typo",)}),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Finding | None = None) -> Any:
        if obj is None:
            return self.add_fieldsets
        if obj.is_scheduled:
            return [
                (name, {"fields": [f for f in part["fields"] if f != "base"]}) for name, part in self.fieldsets[:-1]
            ]
        may_correct = obj.agreements.filter(answer=Agreement.Answer.YES).exists()
        return self.fieldsets if may_correct else self.fieldsets[:-1]

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
        if db_field.name == "themes":
            kwargs["widget"] = forms.CheckboxSelectMultiple
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def get_form(self, request: HttpRequest, obj: Finding | None = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        form.by = request.user
        if "themes" in form.base_fields:
            form.base_fields["themes"].help_text = ""
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
        pages: dict[str, Callable[..., HttpResponse]] = {
            "ask": self.ask,
            "publish": self.publish,
            "unschedule": self.unschedule,
            "withdraw": self.withdraw,
            "links": partial(admin_consent.links, self),
            "versions": partial(admin_versions.versions, self),
        }
        wrap = self.admin_site.admin_view
        return [
            *(
                path(f"<path:object_id>/{name}/", wrap(view), name=f"findings_finding_{name}")
                for name, view in pages.items()
            ),
            path("<path:object_id>/rename/", wrap(partial(rename, self)), name="findings_finding_rename"),
            path("<path:object_id>/quote/<str:note>/", wrap(self.quote), name="findings_finding_quote"),
            path(
                "<path:object_id>/versions/<int:pk>/",
                wrap(partial(admin_versions.bring_back, self)),
                name="findings_finding_bring_back",
            ),
            path(
                "<path:object_id>/links/<int:pk>/close/",
                wrap(partial(admin_consent.close_link, self)),
                name="findings_finding_close_link",
            ),
            path(
                "<path:object_id>/excerpts/<int:pk>/reword/",
                wrap(partial(admin_consent.reword, self)),
                name="findings_finding_reword",
            ),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The working copy, where it stands, and the notes to write it from."""
        finding = self.get_object(request, object_id)
        context = dict(extra_context or {})
        if finding and self.has_change_permission(request, finding):
            filtered = NoteFilter(request.GET if "notes-words" in request.GET else None, finding=finding)
            notes = quotable(finding, member_of_staff(request))
            if filtered.is_bound and filtered.is_valid():
                notes = chosen_notes(notes, **filtered.cleaned_data)
            context |= {
                "concerned": sorted(finding.concerned(), key=str),
                "hindrances": finding.hindrances(),
                "us_toos": admin_gathering.proposed(finding, member_of_staff(request)),
                "note_filter": filtered,
                "notes": Paginator(notes, NOTES_A_PAGE).get_page(request.GET.get("notes_page")),
            }
        return super().change_view(request, object_id, form_url, context)

    def quote(self, request: HttpRequest, object_id: str, note: str) -> HttpResponse:
        """Takes words of a note into the finding."""
        finding = self.found(request, object_id)
        try:
            found = get_object_or_404(quotable(finding, member_of_staff(request)), pk=note)
        except ValidationError as error:
            raise Http404 from error
        version = get_object_or_404(NoteVersion, note=found, number=found.version)
        excerpt = Excerpt(finding=finding, version=version, added_by=member_of_staff(request))
        form = ExcerptForm(
            request.POST if is_confirmed(request) else None, instance=excerpt, initial={"quote": version.body}
        )
        if is_confirmed(request) and form.is_valid():
            form.save()
            self.log_change(request, finding, f"Quoted from a note of {found.membership}.")
            self.message_user(request, f"Quoted. {found.membership} must agree before the finding is published.")
            return redirect(self.url_of(finding))
        return self.ask_first(
            request,
            title=f"Quote from “{found}”",
            consequences=[f"{found.membership} is asked before anything of it is published."],
            button="Add these words",
            form=form,
            obj=finding,
            template="admin/findings/finding/quote.html",
            note=found,
        )

    def ask(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Puts the words as they stand before every organisation concerned."""
        finding = self.found(request, object_id)
        if is_confirmed(request):
            number = consent.ask(finding, timezone.now())
            self.log_change(request, finding, f"Asked the organisations: {number} letters.")
            self.message_user(
                request, f"Asked. {number} {'letter goes' if number == 1 else 'letters go'} out within a minute."
            )
            return redirect(self.url_of(finding))
        concerned = sorted(finding.concerned(), key=str)
        if not concerned:
            return self.ask_first(
                request,
                title="There is nobody to ask",
                consequences=["The finding is about no single organisation and quotes none."],
                button="",
                obj=finding,
            )
        digest = finding.digest()
        waiting = {row.membership for row in finding.excerpts.present() if row.is_open}
        answered = {
            a.membership_id
            for a in finding.agreements.all()
            if a.answer and a.digest == digest and a.membership not in waiting
        }
        about = []
        for membership in concerned:
            people = User.objects.seated_at(membership)
            names = ", ".join(str(person) for person in people) or "nobody is seated there"
            done = "has answered for these words: no letter" if membership.pk in answered else names
            about.append({"pk": membership.pk, "name": f"{membership}: {done}"})
        return self.ask_first(
            request,
            title="Ask these organisations to agree?",
            consequences=[
                "Each of the people named gets one letter with a link to the words as they stand now.",
                "Who was written to about these very words already is not written to again.",
                "If you change the words afterwards, ask again: a yes is to exactly these words.",
            ],
            button="Ask the organisations",
            about=about,
            obj=finding,
        )

    def publish(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Shows what everybody will read and where, or why it cannot be published yet."""
        finding = self.found(request, object_id)
        latest = finding.latest_release()
        form = PublishForm(request.POST if is_confirmed(request) else None, is_first=latest is None)
        hindrances = finding.hindrances()
        if latest and finding.state == Finding.State.PUBLISHED and latest.content == finding.content():
            hindrances.append("These very words are published already.")
        if is_confirmed(request) and not hindrances and form.is_valid():
            try:
                self.message_user(request, self.published(request, finding, form.cleaned_data))
            except ValidationError as error:
                hindrances = error.messages
            else:
                return redirect(self.url_of(finding))
        if hindrances:
            return self.not_now(request, title="This cannot be published yet", reasons=hindrances, obj=finding)
        return self.ask_first(
            request,
            title=f"Publish release {latest.number + 1 if latest else 1}?",
            consequences=[
                f"Everybody can read it at {address_of(finding)}, and in feeds and search.",
                "The address stays for life, also if you withdraw the text later.",
                "At a later time, every yes, link and picture is looked at again in that minute. If something stands "
                "in the way then, it is not published, and you get a letter that says what.",
                "Until then nobody can change the finding, unless it is taken off the schedule.",
            ],
            button="Publish",
            form=form,
            obj=finding,
            template="admin/findings/finding/publish.html",
            content=finding.content(),
        )

    def published(self, request: HttpRequest, finding: Finding, chosen: dict[str, Any]) -> str:
        """Publishes or schedules; what happened, in a sentence. Raises ValidationError."""
        now, by, words = timezone.now(), member_of_staff(request), chosen.get("what_changed", "")
        if chosen["at"] is None:
            release = finding.publish(now, by, words)
            self.log_change(request, finding, f"Published release {release.number}.")
            return f"Published: release {release.number} is at {address_of(finding)}"
        finding.schedule(chosen["at"], by, words, now)
        when = date_format(chosen["at"].astimezone(LONDON), "j F Y, H:i")
        self.log_change(request, finding, f"Scheduled for {when}.")
        return f"Scheduled: it is published on {when}, London time, if nothing stands in the way then."

    def unschedule(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Takes it off the schedule."""
        finding = self.found(request, object_id)
        if not finding.is_scheduled:
            return self.not_now(request, title="It is not scheduled", obj=finding)
        if is_confirmed(request):
            finding.unschedule()
            self.log_change(request, finding, "Taken off the schedule.")
            self.message_user(request, "It is off the schedule: it is not published by itself.")
            return redirect(self.url_of(finding))
        return self.ask_first(
            request,
            title="Take it off the schedule?",
            consequences=["It is not published by itself, and can be changed again."],
            button="Take it off",
            obj=finding,
        )

    def withdraw(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Takes the text from the public, with a reason."""
        finding = self.found(request, object_id)
        if finding.state != Finding.State.PUBLISHED:
            reasons = ["Only a published finding can be withdrawn."]
            return self.not_now(request, title="There is nothing to withdraw", reasons=reasons, obj=finding)
        form = Because(request.POST if is_confirmed(request) else None)
        if is_confirmed(request) and form.is_valid():
            finding.withdraw(timezone.now(), form.cleaned_data["because"])
            self.log_change(request, finding, "Withdrawn.")
            self.message_user(request, f"Withdrawn. {address_of(finding)} says when and why.")
            return redirect(self.url_of(finding))
        return self.ask_first(
            request,
            title="Withdraw this finding?",
            consequences=[
                "The text goes from its page, the list, search, feeds and downloads at once.",
                f"{address_of(finding)} stays and says when it was withdrawn, and your reason.",
                "It can be published again.",
            ],
            button="Withdraw",
            form=form,
            obj=finding,
        )


def is_locked(request: HttpRequest, finding: Finding | None) -> bool:
    """Whether the page is to be read only. A form that was open when the finding was scheduled is still taken, to be
    refused with its words."""
    return finding is not None and finding.is_scheduled and "base" not in request.POST


def is_changed(form: forms.BaseForm) -> bool:
    """Whether anything of the finding itself was typed or chosen anew."""
    return bool({*form.changed_data} - {"base", "is_typo"})


def address_of(finding: Finding) -> str:
    return settings.PORTAL_URL + finding.get_absolute_url()


def quotable(finding: Finding, user: User) -> Any:
    """The notes of the cohort that may be quoted, latest first, each with its latest version as `latest`."""
    latest = NoteVersion.objects.filter(number=F("note__version"))
    return (
        ResearchNote.objects.visible_to(user)
        .shared()
        .filter(may_be_quoted=True, membership__cohort=finding.cohort)
        .select_related("membership", "phase", "author")
        .prefetch_related(Prefetch("versions", queryset=latest, to_attr="latest"))
        .order_by("-updated_at", "pk")
    )


def chosen_notes(notes: Any, *, organisation: Any, phase: Any, words: str) -> Any:
    if organisation:
        notes = notes.filter(membership=organisation)
    if phase:
        notes = notes.filter(phase=phase)
    return notes.matching(wanted(words)) if words.strip() else notes


@admin.register(Resource)
class ResourceAdmin(Desk):
    """What everyone may read beside the findings."""

    list_display = ("title", "cohort", "url", "is_public", "position")
    list_filter = ("is_public", "cohort")
    search_fields = ("title", "summary")
    autocomplete_fields = ("cohort",)
    list_select_related = ("cohort",)


from . import admin_reports  # noqa: E402, F401  a desk of its own, registered with this one
