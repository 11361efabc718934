"""The desk for what gathers several apps: a cohort with its workshops and phases, and comments wherever they hang."""

from __future__ import annotations

from typing import Any, cast

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils import timezone

from correspondence.desk import Desk, Rows, is_confirmed, say_first, sentences
from correspondence.to_come import outlook
from discussions.models import Comment
from participants.joining import add_organisations
from participants.models import Cohort, Membership, User
from research.admin import PhaseForm
from research.models import ResearchNote, ResearchPhase
from workshops import changing
from workshops.admin import WorkshopForm
from workshops.models import Workshop

from .cloning import clone

# What packages put on the desk: rights go with the staff flag, addresses stand on a person's page, and keys to sign
# in are nobody's to read.
admin.site.unregister([Group, EmailAddress, Authenticator, UserSession])

# More names at once than any cohort had organisations.
MOST_NAMES = 200


class LinesField(forms.CharField):
    """A list of words, one a line; stored as a JSON list."""

    widget = forms.Textarea(attrs={"rows": 5, "class": "vLargeTextField"})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(str(item) for item in value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        if isinstance(value, list):
            return value
        return [line.strip() for line in (super().to_python(value) or "").splitlines() if line.strip()]

    def run_validators(self, value: Any) -> None:
        super().run_validators("\n".join(value))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return list(initial or []) != self.to_python(data)


class CohortForm(forms.ModelForm):
    objectives = LinesField(required=False, max_length=4000, help_text="One a line.")
    ways_of_learning = LinesField(required=False, max_length=4000, help_text="One a line.")
    mentors_from = LinesField(required=False, max_length=4000, help_text="Where mentors come from, one a line.")
    told = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        """Before a running cohort ends, or is a draft again, it is said which letters stop with it."""
        cleaned = super().clean() or {}
        before = Cohort.objects.filter(pk=self.instance.pk, status=Cohort.Status.RUNNING).first()
        if self.errors or before is None or cleaned.get("status") == Cohort.Status.RUNNING:
            return cleaned
        if lines := letters_stopped(before):
            say_first(self, cleaned, lines)
        return cleaned


def letters_stopped(cohort: Cohort) -> list[str]:
    """What becomes of the letters to come when nothing is sent for the cohort any more, in sentences."""
    letters = [letter for letter in outlook(cohort.slug, timezone.now()).letters if not letter.is_stopped]
    people = len({letter.address.lower() for letter in letters})
    context = {"letters": letters, "people": people, "cohort": cohort}
    return sentences("admin/participants/cohort/told.txt", context) if letters else []


class WorkshopInline(Rows):
    """The days the cohort meets. A date that changes is seen by calendars; agenda and replies are on its own page."""

    model = Workshop
    form = WorkshopForm
    can_delete = False
    fields = ("number", "title", "starts_at", "ends_at", "venue", "told")
    show_change_link = True


class PhaseInline(Rows):
    """The stretches of research."""

    model = ResearchPhase
    form = PhaseForm
    can_delete = False
    fields = ("number", "name", "opens_on", "closes_on", "where", "told")
    show_change_link = True


class MembershipRow(forms.ModelForm):
    """Who a membership is of is settled when it is made: notes, seats and agreements hang on it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["organisation"].disabled = True


class MembershipInline(Rows):
    """The organisations. Many at once: “Add organisations” at the top of the page."""

    model = Membership
    form = MembershipRow
    can_delete = False
    fields = ("organisation", "name", "is_participant", "is_partner", "is_host", "is_organiser", "status")
    autocomplete_fields = ("organisation",)
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        return super().get_queryset(request).select_related("organisation")


class NamesForm(forms.Form):
    names = forms.CharField(
        label="Names",
        max_length=MOST_NAMES * 201,
        help_text="One a line, as they should be read in this cohort.",
        widget=forms.Textarea(attrs={"rows": 25, "class": "vLargeTextField"}),
    )

    def clean_names(self) -> list[str]:
        names = [" ".join(line.split()) for line in self.cleaned_data["names"].splitlines()]
        names = list(dict.fromkeys(name for name in names if name))
        if not names:
            raise ValidationError("Write a name on the first line.")
        if len(names) > MOST_NAMES:
            raise ValidationError(f"These are {len(names)} names; add {MOST_NAMES} at a time.")
        limit = 200
        if long := [name for name in names if len(name) > limit]:
            raise ValidationError(f"“{long[0][:60]}…” is longer than {limit} characters.")
        return names


class CloneForm(forms.ModelForm):
    class Meta:
        model = Cohort
        fields = ("title", "number", "slug")
        widgets = {"title": forms.TextInput(attrs={"class": "vTextField"})}


@admin.register(Cohort)
class CohortAdmin(Desk):
    """Editions of the programme. A draft is not public and sends nothing; an ended one stays public, sends nothing."""

    form = CohortForm
    ordering = ("-starts_on", "-pk")
    list_display = (
        "__str__",
        "title",
        "status",
        "starts_on",
        "ends_on",
        "organisations",
        "workshop_number",
        "phase_number",
    )
    list_filter = ("status", "series")
    search_fields = ("title", "series", "slug")
    date_hierarchy = "starts_on"
    inlines = (WorkshopInline, PhaseInline, MembershipInline)
    fieldsets = (
        (None, {"fields": ("series", "number", "title", "highlight", "slug", "status", "question", "told")}),
        ("When", {"fields": ("starts_on", "ends_on", "date_precision")}),
        (
            "What it says of itself",
            {
                "classes": ("collapse",),
                "fields": (
                    "objectives",
                    "ways_of_learning",
                    "announced_organisations",
                    "mentors_from",
                    "mentoring_form",
                    "findings_shared",
                ),
            },
        ),
        (
            "Contact and exchange",
            {
                "classes": ("collapse",),
                "fields": (
                    "contact_name",
                    "contact_role",
                    "contact_email",
                    "contact_phone",
                    "collaboration_tool",
                    "collaboration_url",
                ),
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Cohort]:
        taking_part = Q(memberships__is_participant=True) & ~Q(memberships__status=Membership.Status.WITHDRAWN)
        return (
            super()
            .get_queryset(request)
            .annotate(
                organisation_count=Count("memberships", filter=taking_part, distinct=True),
                workshop_count=Count("workshops", distinct=True),
                phase_count=Count("phases", distinct=True),
            )
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Cohort | None = None) -> tuple[str, ...]:
        return ("slug",) if obj else ()

    def get_prepopulated_fields(self, request: HttpRequest, obj: Cohort | None = None) -> dict[str, Any]:
        return {} if obj else {"slug": ("series", "number")}

    def has_delete_permission(self, request: HttpRequest, obj: Cohort | None = None) -> bool:
        return False

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """A workshop that has a date already is moved, so that calendars see it."""
        if formset.model is not Workshop:
            formset.save()
            return
        for workshop in formset.save(commit=False):
            changing.save(workshop, timezone.now())

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        return [
            path(
                "<path:object_id>/organisations/",
                wrap(self.organisations_new),
                name="participants_cohort_organisations",
            ),
            path("<path:object_id>/clone/", wrap(self.clone), name="participants_cohort_clone"),
            *super().get_urls(),
        ]

    def organisations_new(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Many organisations at once, from a list of names."""
        cohort = self.found(request, object_id)
        form = NamesForm(request.POST or None)
        if is_confirmed(request) and form.is_valid():
            joined = add_organisations(cohort, form.cleaned_data["names"])
            number = len(joined.added)
            self.log_change(request, cohort, f"Added {number} organisations.")
            self.message_user(
                request, f"{number} {'organisation' if number == 1 else 'organisations'} added to {cohort}."
            )
            if joined.already:
                self.message_user(request, f"In the cohort already: {', '.join(joined.already)}.", messages.WARNING)
            return redirect(self.url_of(cohort))
        return self.ask_first(
            request,
            title=f"Add organisations to {cohort}",
            consequences=[
                "Each name becomes a participating organisation of this cohort"
                + (" and shows on the public pages at once." if cohort.status != Cohort.Status.DRAFT else "."),
                "A name known from another cohort is the same organisation. Nobody is written to.",
            ],
            button="Add these organisations",
            form=form,
            obj=cohort,
        )

    def clone(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """A new cohort after the pattern of this one."""
        cohort = self.found(request, object_id)
        form = CloneForm(request.POST or None, initial={"number": cohort.number + 1 if cohort.number else None})
        if is_confirmed(request) and form.is_valid():
            new = clone(cohort, **form.cleaned_data)
            self.log_addition(request, new, f"Made after the pattern of {cohort}.")
            self.message_user(
                request, f"{new} is there as a draft: not public, and it sends nothing until it is set to running."
            )
            return redirect(self.url_of(new))
        return self.ask_first(
            request,
            title=f"Make a new cohort after the pattern of {cohort}",
            consequences=[
                "Workshops, agendas, phases, prompts and the names of kinds come along, without dates and places.",
                "Organisations, people and notes do not.",
                "It is a draft: not public, and it sends nothing. The reminder rules hold for it once it runs.",
            ],
            button="Make the cohort",
            form=form,
            obj=cohort,
        )

    @admin.display(description="organisations", ordering="organisation_count")
    def organisations(self, cohort: Any) -> int:
        return cohort.organisation_count

    @admin.display(description="workshops", ordering="workshop_count")
    def workshop_number(self, cohort: Any) -> int:
        return cohort.workshop_count

    @admin.display(description="phases", ordering="phase_count")
    def phase_number(self, cohort: Any) -> int:
        return cohort.phase_count


class TakenBackFilter(admin.SimpleListFilter):
    title = "taken back"
    parameter_name = "taken_back"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "taken back"), ("no", "to be read")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Comment]) -> QuerySet[Comment]:
        if self.value() in ("yes", "no"):
            return queryset.filter(withdrawn_at__isnull=self.value() == "no")
        return queryset


@admin.register(Comment)
class CommentAdmin(Desk):
    """What people said: in topics, and under notes that are shared. Taken back, its place stays."""

    list_display = ("words", "author", "where", "created_at", "withdrawn_at")
    list_filter = (TakenBackFilter,)
    search_fields = ("body", "author__name")
    list_select_related = ("author", "discussion__topic", "discussion__note")
    date_hierarchy = "created_at"
    fields = ("body", "author", "where", "created_at", "withdrawn_at", "withdrawn_by")
    readonly_fields = fields
    actions = ("take_back", "put_back")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Comment]:
        shared = ResearchNote.objects.visible_to(request.user).shared()
        threads = Q(discussion__topic__isnull=False) | Q(discussion__note__in=shared)
        return super().get_queryset(request).filter(threads)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Comment | None = None) -> bool:
        return False

    @admin.display(description="comment")
    def words(self, comment: Comment) -> str:
        return comment.body[:80]

    @admin.display(description="said in")
    def where(self, comment: Comment) -> str:
        discussion = comment.discussion
        if topic := getattr(discussion, "topic", None):
            return f"Topic: {topic}"
        return f"Note: {discussion.note}"

    @admin.action(description="Take back …", permissions=["change"])
    def take_back(self, request: HttpRequest, queryset: QuerySet[Comment]) -> HttpResponse | None:
        return self.moderate(request, queryset.filter(withdrawn_at=None), "take back")

    @admin.action(description="Put back …", permissions=["change"])
    def put_back(self, request: HttpRequest, queryset: QuerySet[Comment]) -> HttpResponse | None:
        return self.moderate(request, queryset.exclude(withdrawn_at=None), "put back")

    def moderate(self, request: HttpRequest, queryset: QuerySet[Comment], deed: str) -> HttpResponse | None:
        comments = list(queryset)
        if not comments or self.too_many(request, len(comments)):
            self.message_user(request, "There is nothing to change about these.", messages.WARNING)
            return None
        if is_confirmed(request):
            now = timezone.now()
            for comment in comments:
                comment.withdraw(cast(User, request.user), now) if deed == "take back" else comment.put_back()
                self.log_change(request, comment, f"{deed.capitalize()} by staff.")
            self.message_user(request, f"{len(comments)} {'taken' if deed == 'take back' else 'put'} back.")
            return None
        said = (
            ["Their words go from view; the place in the thread stays and says that a comment was taken back."]
            if deed == "take back"
            else ["Everyone who can read the thread reads their words again."]
        )
        about = [{"pk": item.pk, "name": f"{item.author}: {item.body[:80]}"} for item in comments]
        title = f"{deed.capitalize()} {len(comments)} {'comment' if len(comments) == 1 else 'comments'}?"
        return self.ask_first(request, title=title, consequences=said, button=deed.capitalize(), about=about)
