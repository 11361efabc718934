"""The desk for people: who takes part, for whom, and since when."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from allauth.account.models import EmailAddress
from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Count, Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils import timezone

from correspondence.desk import Desk, Rows, is_confirmed

from . import invitations
from .models import Cohort, Invitation, Membership, Mentor, Mentorship, Organisation, Seat, User
from .staff import ensure_staff_group, member_of_staff


class LiveFilter(admin.SimpleListFilter):
    """Whether a seat or role is held now."""

    title = "now"
    parameter_name = "live"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "held now"), ("no", "ended")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "yes":
            return queryset.live()
        return queryset.exclude(ended_at=None) if self.value() == "no" else queryset


@admin.register(Organisation)
class OrganisationAdmin(Desk):
    """Organisations across all cohorts."""

    list_display = ("name", "slug", "website", "cohorts")
    list_filter = ("memberships__cohort",)
    search_fields = ("name",)
    fields = ("name", "slug", "website")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Organisation]:
        return super().get_queryset(request).prefetch_related("memberships__cohort")

    def get_readonly_fields(self, request: HttpRequest, obj: Organisation | None = None) -> tuple[str, ...]:
        return ("slug",) if obj else ()

    def get_prepopulated_fields(self, request: HttpRequest, obj: Organisation | None = None) -> dict[str, Any]:
        return {} if obj else {"slug": ("name",)}

    @admin.display(description="in")
    def cohorts(self, organisation: Organisation) -> str:
        return ", ".join(str(membership.cohort) for membership in organisation.memberships.all())


class SeatFormSet(forms.BaseInlineFormSet):
    """New seats of one organisation: nobody gets two."""

    def clean(self) -> None:
        super().clean()
        new = [form.cleaned_data["user"] for form in self.extra_forms if form.cleaned_data.get("user")]
        seated = (
            Seat.objects.filter(membership=self.instance, ended_at=None) if self.instance.pk else Seat.objects.none()
        )
        held = set(seated.values_list("user", flat=True))
        for user in new:
            if user.pk in held:
                raise ValidationError(f"{user} has a seat here already.")
            held.add(user.pk)


class SeatInline(Rows):
    """The people of an organisation. A seat is ended on the list of seats, where the consequence is shown."""

    model = Seat
    formset = SeatFormSet
    can_delete = False
    fields = ("user", "started_at", "ended_at")
    readonly_fields = ("started_at", "ended_at")
    autocomplete_fields = ("user",)
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Seat]:
        return super().get_queryset(request).select_related("user", "membership")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class MentorshipFormSet(forms.BaseInlineFormSet):
    """New mentors of one organisation: from its own cohort, and each once."""

    def clean(self) -> None:
        super().clean()
        mentors = [form.cleaned_data["mentor"] for form in self.extra_forms if form.cleaned_data.get("mentor")]
        held: set[int] = set()
        if self.instance.pk:
            live = Mentorship.objects.filter(membership=self.instance, ended_at=None)
            held = set(live.values_list("mentor", flat=True))
        for mentor in mentors:
            if mentor.cohort_id != self.instance.cohort_id:
                raise ValidationError(f"{mentor} mentors in another cohort.")
            if mentor.pk in held:
                raise ValidationError(f"{mentor} mentors this organisation already.")
            held.add(mentor.pk)


class MentorshipInline(Rows):
    """Who mentors the organisation, and so reads the notes it shares."""

    model = Mentorship
    formset = MentorshipFormSet
    can_delete = False
    fields = ("mentor", "started_at", "ended_at")
    readonly_fields = ("started_at", "ended_at")
    autocomplete_fields = ("mentor",)
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Mentorship]:
        return super().get_queryset(request).select_related("mentor__user", "membership")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Membership)
class MembershipAdmin(Desk):
    """Organisations in a cohort: their people, their mentors, where they stand."""

    ordering = ("name",)
    list_display = ("name", "cohort", "role_words", "status", "people", "mentors")
    list_filter = ("cohort", "status", "is_participant", "is_partner", "is_host", "is_organiser")
    search_fields = ("name", "organisation__name")
    autocomplete_fields = ("cohort", "organisation", "joint_bodies")
    list_select_related = ("cohort", "organisation")
    inlines = (SeatInline, MentorshipInline)
    fieldsets = (
        (None, {"fields": ("cohort", "organisation", "name")}),
        ("Roles", {"fields": ("is_participant", "is_partner", "is_host", "is_organiser", "joint_bodies")}),
        (
            "Where it stands",
            {
                "fields": ("status",),
                "description": "When an organisation is withdrawn, its people can no longer sign in to this cohort; "
                "its notes stay.",
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        return (
            super()
            .get_queryset(request)
            .annotate(
                people_count=Count("seats", filter=Q(seats__ended_at=None), distinct=True),
                mentor_count=Count(
                    "mentorships",
                    filter=Q(mentorships__ended_at=None, mentorships__mentor__ended_at=None),
                    distinct=True,
                ),
            )
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Membership | None = None) -> tuple[str, ...]:
        return ("cohort", "organisation") if obj else ()

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        now = timezone.now()
        for row in formset.save(commit=False):
            row.started_at = row.started_at or now
            row.save()
        formset.save_m2m()

    @admin.display(description="roles")
    def role_words(self, membership: Membership) -> str:
        return ", ".join(membership.roles)

    @admin.display(description="people", ordering="people_count")
    def people(self, membership: Any) -> int:
        return membership.people_count

    @admin.display(description="mentors", ordering="mentor_count")
    def mentors(self, membership: Any) -> int:
        return membership.mentor_count


class SeatForm(forms.ModelForm):
    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        ended, started = self.instance.ended_at, cleaned.get("started_at")
        if ended and started and started > ended:
            self.add_error("started_at", "The seat must start before it ended.")
        return cleaned


@admin.register(Seat)
class SeatAdmin(Desk):
    """Who sits where. Ending a seat closes what the person could open; it is never deleted."""

    form = SeatForm
    list_display = ("user", "membership", "cohort", "started_at", "ended_at")
    list_filter = (LiveFilter, "membership__cohort", "membership")
    search_fields = ("user__name", "user__email", "membership__name")
    autocomplete_fields = ("user", "membership")
    list_select_related = ("user", "membership__cohort")
    date_hierarchy = "started_at"
    fields = ("user", "membership", "started_at", "ended_at")
    actions = ("end_seats",)

    def get_readonly_fields(self, request: HttpRequest, obj: Seat | None = None) -> tuple[str, ...]:
        return ("user", "membership", "ended_at") if obj else ("ended_at",)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"started_at": timezone.now(), **super().get_changeform_initial_data(request)}

    def has_delete_permission(self, request: HttpRequest, obj: Seat | None = None) -> bool:
        return False

    @admin.display(description="cohort", ordering="membership__cohort")
    def cohort(self, seat: Seat) -> str:
        return str(seat.membership.cohort)

    @admin.action(description="End seats now …", permissions=["change"])
    def end_seats(self, request: HttpRequest, queryset: QuerySet[Seat]) -> HttpResponse | None:
        seats = list(queryset.filter(ended_at=None).select_related("user", "membership__cohort"))
        if not seats or self.too_many(request, len(seats)):
            self.message_user(request, "These seats have ended already.", messages.WARNING)
            return None
        if is_confirmed(request):
            now = timezone.now()
            with transaction.atomic():
                for seat in seats:
                    seat.end(max(now, seat.started_at))
                    self.log_change(request, seat, "Ended the seat.")
            self.message_user(request, f"{len(seats)} {'seat has' if len(seats) == 1 else 'seats have'} ended.")
            return None
        return self.ask_first(
            request,
            title="End these seats now?",
            consequences=[
                f"{len(seats)} {'person can' if len(seats) == 1 else 'people can'} no longer open their organisation's "
                "pages, from this moment.",
                "Shared notes stay with the organisation; private drafts stay with their author.",
                "No letter goes out about it: tell them yourself.",
            ],
            button="End now",
            about=[
                {"pk": seat.pk, "name": f"{seat.user}, {seat.membership} ({seat.membership.cohort})"} for seat in seats
            ],
        )


class MentorForm(forms.ModelForm):
    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        started, ended = cleaned.get("started_at"), cleaned.get("ended_at")
        if started and ended and ended < started:
            self.add_error("ended_at", "This must be after the start.")
        return cleaned


class MentorsInline(Rows):
    """The organisations a mentor mentors."""

    model = Mentorship
    can_delete = False
    fields = ("membership", "started_at", "ended_at")
    readonly_fields = fields
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Mentorship]:
        return super().get_queryset(request).select_related("mentor__user", "membership")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Mentor)
class MentorAdmin(Desk):
    """Who mentors in which cohort."""

    form = MentorForm
    list_display = ("user", "cohort", "affiliation", "started_at", "ended_at")
    list_filter = (LiveFilter, "cohort")
    search_fields = ("user__name", "user__email", "affiliation")
    autocomplete_fields = ("user", "cohort")
    list_select_related = ("user", "cohort")
    date_hierarchy = "started_at"
    fields = ("user", "cohort", "affiliation", "started_at", "ended_at")
    inlines = (MentorsInline,)

    def get_readonly_fields(self, request: HttpRequest, obj: Mentor | None = None) -> tuple[str, ...]:
        return ("user", "cohort") if obj else ()

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"started_at": timezone.now(), **super().get_changeform_initial_data(request)}

    def has_delete_permission(self, request: HttpRequest, obj: Mentor | None = None) -> bool:
        return False


class MentorshipForm(MentorForm):
    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        mentor, membership = cleaned.get("mentor"), cleaned.get("membership")
        if mentor and membership and mentor.cohort_id != membership.cohort_id:
            self.add_error("membership", "This organisation is in another cohort than the mentor.")
        return cleaned


@admin.register(Mentorship)
class MentorshipAdmin(Desk):
    """Which mentor has which organisation, and so reads what it shares."""

    form = MentorshipForm
    list_display = ("mentor", "membership", "cohort", "started_at", "ended_at")
    list_filter = (LiveFilter, "membership__cohort", "membership")
    search_fields = ("mentor__user__name", "membership__name")
    autocomplete_fields = ("mentor", "membership")
    list_select_related = ("mentor__user", "membership__cohort")
    date_hierarchy = "started_at"
    fields = ("mentor", "membership", "started_at", "ended_at")
    actions = ("end_mentorships",)

    def get_readonly_fields(self, request: HttpRequest, obj: Mentorship | None = None) -> tuple[str, ...]:
        return ("mentor", "membership", "ended_at") if obj else ("ended_at",)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"started_at": timezone.now(), **super().get_changeform_initial_data(request)}

    def has_delete_permission(self, request: HttpRequest, obj: Mentorship | None = None) -> bool:
        return False

    @admin.display(description="cohort", ordering="membership__cohort")
    def cohort(self, mentorship: Mentorship) -> str:
        return str(mentorship.membership.cohort)

    @admin.action(description="End now …", permissions=["change"])
    def end_mentorships(self, request: HttpRequest, queryset: QuerySet[Mentorship]) -> HttpResponse | None:
        chosen = list(queryset.filter(ended_at=None).select_related("mentor__user", "membership"))
        if not chosen or self.too_many(request, len(chosen)):
            self.message_user(request, "These have ended already.", messages.WARNING)
            return None
        if is_confirmed(request):
            now = timezone.now()
            with transaction.atomic():
                for mentorship in chosen:
                    mentorship.end(now)
                    self.log_change(request, mentorship, "Ended.")
            self.message_user(request, f"{len(chosen)} ended.")
            return None
        return self.ask_first(
            request,
            title="End the mentoring of these organisations?",
            consequences=[
                "The mentor no longer reads what the organisation shares, from this moment.",
                "Sessions that are booked stay booked: cancel them on the list of sessions if need be.",
            ],
            button="End now",
            about=[{"pk": item.pk, "name": f"{item.mentor.user} for {item.membership}"} for item in chosen],
        )


class AddressFormSet(forms.BaseInlineFormSet):
    """A person's addresses: none may be another person's."""

    def clean(self) -> None:
        super().clean()
        seen: set[str] = set()
        for form in self.forms:
            address = (form.cleaned_data.get("email") or "").lower()
            others = EmailAddress.objects.filter(email__iexact=address).exclude(user=self.instance)
            accounts = User.objects.filter(email__iexact=address).exclude(pk=self.instance.pk)
            if address and (address in seen or others.exists() or accounts.exists()):
                form.add_error("email", "This address is in use.")
                raise ValidationError("An address is in use already.")
            seen.add(address)


class EmailAddressInline(Rows):
    """Where sign-in codes and letters go: changed here, so that the old address stops working at once."""

    model = EmailAddress
    formset = AddressFormSet
    can_delete = False
    fields = ("email", "primary", "verified")
    readonly_fields = ("primary", "verified")
    verbose_name = "e-mail address"
    verbose_name_plural = "e-mail address: codes to sign in and letters go to the primary one"

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class SeatsInline(Rows):
    """Where a person sits."""

    model = Seat
    can_delete = False
    fields = ("membership", "started_at", "ended_at")
    readonly_fields = fields
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Seat]:
        return super().get_queryset(request).select_related("user", "membership__cohort")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class UserForm(forms.ModelForm):
    def clean_email(self) -> str:
        return self.cleaned_data["email"].lower()


@admin.register(User)
class UserAdmin(Desk):
    """People. Participants and mentors come by invitation; only a superuser makes, names or changes staff."""

    form = UserForm
    list_display = ("name", "email", "where", "is_active", "is_staff", "last_login")
    list_filter = ("is_staff", "is_active", "seats__membership__cohort")
    search_fields = ("name", "email")
    date_hierarchy = "date_joined"
    fieldsets = (
        (None, {"fields": ("name", "email", "is_active")}),
        ("Rights at the desk", {"fields": ("is_staff", "is_superuser")}),
        ("Since when", {"fields": ("date_joined", "last_login")}),
    )
    inlines = (EmailAddressInline, SeatsInline)

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        live = Seat.objects.live().select_related("membership")
        return super().get_queryset(request).prefetch_related(Prefetch("seats", queryset=live, to_attr="live_seats"))

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        fixed = ("date_joined", "last_login", *(("email",) if obj else ()))
        return fixed if request.user.is_superuser else (*fixed, "is_staff", "is_superuser")

    def get_inlines(self, request: HttpRequest, obj: User | None) -> Any:
        return self.inlines if obj else ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Who could change a superuser's address could sign in as one."""
        above = obj is not None and obj != request.user and (obj.is_staff or obj.is_superuser)
        return super().has_change_permission(request, obj) and (bool(request.user.is_superuser) or not above)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if not change:
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)
        if not change:
            EmailAddress.objects.create(user=obj, email=obj.email, primary=True, verified=True)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        user = form.instance
        primary = EmailAddress.objects.filter(user=user, primary=True).first()
        if primary and user.email != primary.email.lower():
            user.email = primary.email.lower()
            user.save(update_fields=["email"])
        if request.user.is_superuser:
            group = ensure_staff_group()
            user.groups.add(group) if user.is_staff else user.groups.remove(group)

    @admin.display(description="sits at")
    def where(self, user: Any) -> str:
        return ", ".join(str(seat.membership) for seat in user.live_seats)


class StateFilter(admin.SimpleListFilter):
    """How an invitation stands now: it expires without anybody writing that down."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return Invitation.State.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> QuerySet[Invitation]:
        now = timezone.now()
        if self.value() == Invitation.State.OPEN:
            return queryset.filter(accepted_at=None, cancelled_at=None, expires_at__gt=now)
        if self.value() == Invitation.State.EXPIRED:
            return queryset.filter(accepted_at=None, cancelled_at=None, expires_at__lte=now)
        if self.value() == Invitation.State.ACCEPTED:
            return queryset.exclude(accepted_at=None)
        if self.value() == Invitation.State.CANCELLED:
            return queryset.exclude(cancelled_at=None)
        return queryset


class InvitationForm(forms.ModelForm):
    class Meta:
        model = Invitation
        fields = ("email", "name", "cohort", "membership", "affiliation")

    def validate_constraints(self) -> None:
        """`invite` decides: the same invitation again is not a mistake."""


class CsvForm(forms.Form):
    """A file of people to invite to one cohort."""

    cohort = forms.ModelChoiceField(Cohort.objects.all())
    file = forms.FileField(
        label="CSV file",
        help_text="First line: email, name, organisation, role, affiliation. Role is participant or mentor; "
        "only e-mail and organisation must be there. UTF-8, commas or semicolons, up to 1000 rows.",
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
    )


class CsvAgain(forms.Form):
    """The same file as text, between preview and button."""

    cohort = forms.ModelChoiceField(Cohort.objects.all(), widget=forms.HiddenInput)
    text = forms.CharField(max_length=invitations.CSV_BYTES, widget=forms.HiddenInput, strip=False)


@admin.register(Invitation)
class InvitationAdmin(Desk):
    """Whom we asked to take part. Adding one sends the letter; the link in it is shown to nobody else."""

    form = InvitationForm
    refusals = (invitations.Refused,)
    list_display = ("email", "name", "place", "cohort", "state", "expires_at", "invited_by")
    list_filter = (StateFilter, "cohort", "membership")
    search_fields = ("email", "name", "membership__name")
    autocomplete_fields = ("cohort", "membership")
    list_select_related = ("cohort", "membership", "invited_by")
    date_hierarchy = "created_at"
    actions = ("renew", "cancel")

    def get_fields(self, request: HttpRequest, obj: Invitation | None = None) -> tuple[str, ...]:
        asked = InvitationForm.Meta.fields
        kept = ("state", "created_at", "expires_at", "accepted_at", "cancelled_at", "invited_by", "renewals")
        return (*asked, *kept) if obj else asked

    def get_readonly_fields(self, request: HttpRequest, obj: Invitation | None = None) -> tuple[str, ...]:
        return tuple(self.get_fields(request, obj)) if obj else ()

    def has_change_permission(self, request: HttpRequest, obj: Invitation | None = None) -> bool:
        """Changed by its actions only: who was asked, and for what, stays as the letter said it."""
        return obj is None and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Invitation | None = None) -> bool:
        return False

    def get_urls(self) -> list[Any]:
        csv = self.admin_site.admin_view(self.from_csv)
        return [path("csv/", csv, name="participants_invitation_csv"), *super().get_urls()]

    @admin.display(description="for")
    def place(self, invitation: Invitation) -> str:
        return str(invitation.membership or f"mentor {invitation.affiliation}".strip())

    @admin.display(description="state")
    def state(self, invitation: Invitation) -> str:
        return invitation.state_at(timezone.now()).label

    def save_model(self, request: HttpRequest, obj: Invitation, form: Any, change: bool) -> None:
        invitation, obj.is_new = invitations.invite(  # type: ignore[attr-defined]
            obj.email, obj.name, obj.cohort, obj.membership, obj.affiliation, member_of_staff(request), timezone.now()
        )
        obj.pk = invitation.pk

    def log_addition(self, request: HttpRequest, obj: Invitation, message: Any) -> Any:
        return super().log_addition(request, obj, message) if obj.is_new else None  # type: ignore[attr-defined]

    def response_add(self, request: HttpRequest, obj: Invitation, post_url_continue: str | None = None) -> HttpResponse:
        if obj.is_new:  # type: ignore[attr-defined]
            self.message_user(request, f"The invitation goes to {obj.email} within a minute.")
        else:
            self.message_user(request, f"{obj.email} was invited already: nothing new is sent.", messages.WARNING)
        page = "add" if "_addanother" in request.POST else "changelist"
        return redirect(f"admin:participants_invitation_{page}")

    def decide(self, request: HttpRequest, queryset: QuerySet[Invitation], deed: Any, done: str, **asked: Any) -> Any:
        """Asks first, then does the deed to each; tells of those it was refused for."""
        chosen = list(queryset.filter(accepted_at=None, cancelled_at=None).select_related("cohort", "membership"))
        if not chosen or self.too_many(request, len(chosen)):
            self.message_user(request, "These were accepted or cancelled already.", messages.WARNING)
            return None
        if not is_confirmed(request):
            about = [{"pk": item.pk, "name": f"{item.email}, {self.place(item)}, {item.cohort}"} for item in chosen]
            return self.ask_first(request, about=about, **asked)
        now, number = timezone.now(), 0
        for invitation in chosen:
            try:
                deed(invitation, now)
            except invitations.Refused as refusal:
                self.message_user(request, f"{invitation.email}: {refusal}", messages.ERROR)
            else:
                self.log_change(request, invitation, f"{done}.")
                number += 1
        if number:
            self.message_user(request, f"{number} {done.lower()}.")
        return None

    @admin.action(description="Renew …", permissions=["change"])
    def renew(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> HttpResponse | None:
        return self.decide(
            request,
            queryset,
            invitations.renew,
            "Renewed",
            title="Renew these invitations?",
            consequences=[
                f"Each gets a new letter with a new link, good for {Invitation.LASTS.days} days.",
                "The link of the earlier letter stops working.",
            ],
            button="Renew",
        )

    @admin.action(description="Cancel …", permissions=["change"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> HttpResponse | None:
        return self.decide(
            request,
            queryset,
            invitations.cancel,
            "Cancelled",
            title="Cancel these invitations?",
            consequences=[
                "The link in the letter stops working.",
                "No letter says so: tell them yourself if they should know.",
            ],
            button="Cancel the invitations",
        )

    def from_csv(self, request: HttpRequest) -> HttpResponse:
        """Upload, then row by row what will happen, then the button. The same file again invites nobody twice."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        by, again = member_of_staff(request), CsvAgain(request.POST or None)
        rows: list[invitations.Row] = []
        form = CsvForm() if is_confirmed(request) else CsvForm(request.POST or None, request.FILES or None)
        refusal = ""
        try:
            if is_confirmed(request) and again.is_valid():
                self.say_what_was_done(request, invited(**again.cleaned_data, by=by))
                return redirect("admin:participants_invitation_changelist")
            if form.is_bound and form.is_valid():
                again, rows = preview(**form.cleaned_data, by=by)
        except invitations.Refused as error:
            refusal = str(error)
        number = sum(row.outcome == invitations.Outcome.INVITE for row in rows)
        return self.ask_first(
            request,
            title="Invite people from a CSV file",
            consequences=[],
            button=f"Invite {number} {'person' if number == 1 else 'people'}" if number else "",
            form=form,
            template="admin/participants/invitation/csv.html",
            status=422 if request.method == "POST" and not rows else 200,
            rows=rows,
            number=number,
            again=again,
            refusal=refusal,
            back=reverse("admin:participants_invitation_changelist"),
        )

    def say_what_was_done(self, request: HttpRequest, rows: list[invitations.Row]) -> None:
        number = sum(row.outcome == invitations.Outcome.INVITE for row in rows)
        said = f"{number} invited; their letters go out within a minute."
        if left := len(rows) - number:
            said += f" {left} {'row' if left == 1 else 'rows'} needed nothing or could not be used."
        self.message_user(request, said)


def preview(cohort: Cohort, file: Any, by: User) -> tuple[CsvAgain, list[invitations.Row]]:
    """What each row of the file would do, and the file once more for the button. Raises Refused."""
    content = file.read(invitations.CSV_BYTES + 1)
    rows = invitations.import_csv(BytesIO(content), cohort, by, timezone.now(), commit=False)
    return CsvAgain(initial={"cohort": cohort.pk, "text": content.decode("utf-8-sig")}), rows


def invited(cohort: Cohort, text: str, by: User) -> list[invitations.Row]:
    """What was done with each row. Raises Refused."""
    return invitations.import_csv(BytesIO(text.encode()), cohort, by, timezone.now(), commit=True)
