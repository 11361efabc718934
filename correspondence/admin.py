"""The desk for letters: read, never rewritten. When reminders go. The newsletter."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Case, F, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import path
from django.utils import timezone

from . import erasing, holding, issues, ledger, letter_pages, lists, suppression
from .desk import Desk, Rows, is_confirmed, read_only
from .following import approve
from .issues import send_issue
from .models import Consent, Letter, LetterQuerySet, NewsletterIssue, Rule, Subscriber, Suppression
from .newsletter import words_for
from .rule_form import RuleForm
from .wallclock import in_london

HIDDEN = "Only its reader may see this: it carries a code or key."


class StuckFilter(admin.SimpleListFilter):
    """Letters that wait for a decision."""

    title = "needs a person"
    parameter_name = "stuck"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "refused, in doubt, too late or not written")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.needing_a_person() if self.value() == "yes" else queryset


class EditedFilter(admin.SimpleListFilter):
    """Letters that staff wrote into."""

    title = "edited"
    parameter_name = "edited"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "edited by staff")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(edited_at__isnull=False) if self.value() == "yes" else queryset


class AboutFilter(admin.SimpleListFilter):
    """Letters about one cohort."""

    title = "about"
    parameter_name = "about"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        named = Letter.objects.exclude(about="").order_by("about").values_list("about", flat=True).distinct()
        return [(about, about) for about in named]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(about=self.value()) if self.value() else queryset


@admin.register(Letter)
@read_only
class LetterAdmin(Desk):
    """What was written, to whom, and how far it got. A letter with a code in it shows neither subject nor text."""

    list_display = ("subject_line", "address", "state", "due_at", "sent_at", "answer", "kind", "about")
    list_display_links = ("subject_line",)
    list_filter = (StuckFilter, "state", "kind", AboutFilter, EditedFilter)
    search_fields = ("searchable", "address", "kind", "occurrence", "answer")
    search_help_text = "Subject, address, kind, occasion, as “workshop 3”, or what the mail server said."
    date_hierarchy = "due_at"
    fields = (
        "subject_line",
        "address",
        "text",
        "calendar",
        "state",
        "why_not",
        "edited",
        "answer",
        "reason",
        "event_time",
        "due_at",
        "not_after",
        "sent_at",
        "attempts",
        "tried_at",
        "kind",
        "occurrence",
        "about",
        "message_id",
        "created_at",
    )
    actions = ("approve", "send_again", "leave_unsent")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Letter]:
        searchable = Case(When(is_secret=True, then=Value("")), default=F("subject"))
        return super().get_queryset(request).annotate(searchable=searchable)

    @admin.display(description="subject", ordering="searchable")
    def subject_line(self, letter: Letter) -> str:
        return letter.open_subject

    @admin.display(description="text")
    def text(self, letter: Letter) -> str:
        return HIDDEN if letter.is_secret else letter.body

    @admin.display(description="edited", empty_value="no: as the portal wrote it")
    def edited(self, letter: Letter) -> str | None:
        if letter.edited_at is None:
            return None
        return f"edited by {letter.edited_by} at {in_london(letter.edited_at)}"

    @admin.display(description="why it goes")
    def reason(self, letter: Letter) -> str:
        return render_to_string("admin/correspondence/letter/reason.html", letter_pages.reason_for(letter.kind))

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Letter | None:
        """What is held and not edited reads as it would be released."""
        letter = super().get_object(request, object_id, from_field)
        if letter is not None:
            letter_pages.as_it_reads(letter)
        return letter

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        letter = context.get("original")
        deeds = letter_pages.deeds_for(letter) if letter and self.has_settle_permission(request) else []
        is_unreachable = letter is not None and bool(suppression.unreachable([letter.address]))
        more = {"deeds": deeds, "is_unreachable": is_unreachable}
        return super().render_change_form(request, {**context, **more}, *args, **kwargs)

    def has_settle_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("correspondence.change_letter")

    @admin.action(description="Release what a rule held …", permissions=["settle"])
    def approve(self, request: HttpRequest, queryset: LetterQuerySet) -> HttpResponse | None:
        letters = list(queryset.filter(state=Letter.State.HELD))
        if not letters or self.too_many(request, len(letters)):
            self.message_user(request, "Only letters that wait for staff can be released.", messages.WARNING)
            return None
        if is_confirmed(request):
            self.log_deed(request, letters, "Released.")
            now = timezone.now()
            released = sum(approve(letter, now) for letter in letters)
            self.message_user(request, f"{plural(released, 'letter')} released.")
            return None
        return self.ask_first(
            request,
            title="Release these letters?",
            consequences=[
                f"{plural(len(letters), 'letter')} {'goes' if len(letters) == 1 else 'go'} out within a minute, or "
                "when a nudge has its turn: one a day and two a week for each person.",
                "Those whose time has not come go when it comes. Each goes as it reads on its page.",
                "Who has answered, left or does not want such letters meanwhile gets none.",
            ],
            button="Release",
            about=self.named(letters),
        )

    @admin.action(description="Send again …", permissions=["settle"])
    def send_again(self, request: HttpRequest, queryset: LetterQuerySet) -> HttpResponse | None:
        letters = list(queryset.needing_a_person().exclude(state=Letter.State.UNWRITTEN))
        if not letters or self.too_many(request, len(letters)):
            self.message_user(
                request, "Only letters refused, in doubt or too late can be sent again.", messages.WARNING
            )
            return None
        if is_confirmed(request):
            now = timezone.now()
            sent = sum(ledger.release(letter, now) for letter in letters)
            self.log_deed(request, letters, "Sent again.")
            self.message_user(request, f"{sent} {'letter goes' if sent == 1 else 'letters go'} out within a minute.")
            return None
        doubtful = sum(letter.state == Letter.State.IN_DOUBT for letter in letters)
        late = sum(letter.state == Letter.State.MISSED for letter in letters)
        said = [f"{len(letters)} {'letter goes' if len(letters) == 1 else 'letters go'} out within a minute."]
        if doubtful:
            said.append(f"{doubtful} may have arrived already: these people could read the same letter twice.")
        if late:
            said.append(
                f"{late} came too late to be of use when they were due: read them once more before you send them."
            )
        return self.ask_first(
            request,
            title="Send these letters again?",
            consequences=said,
            button="Send again",
            about=self.named(letters),
        )

    @admin.action(description="Leave unsent …", permissions=["settle"])
    def leave_unsent(self, request: HttpRequest, queryset: LetterQuerySet) -> HttpResponse | None:
        waiting = [Letter.State.PLANNED, Letter.State.RETRY, Letter.State.HELD, Letter.State.QUEUED]
        letters = list(queryset.filter(state__in=waiting) | queryset.needing_a_person())
        if not letters or self.too_many(request, len(letters)):
            self.message_user(request, "Only letters that have not been sent can be left unsent.", messages.WARNING)
            return None
        if is_confirmed(request):
            left = sum(ledger.stop(letter, f"Left unsent by {request.user}.") for letter in letters)
            self.log_deed(request, letters, "Left unsent.")
            self.message_user(request, f"{left} {'letter stays' if left == 1 else 'letters stay'} unsent.")
            return None
        return self.ask_first(
            request,
            title="Leave these letters unsent?",
            consequences=[
                f"{len(letters)} {'letter is' if len(letters) == 1 else 'letters are'} never sent. "
                "They stay in this list as “no longer wanted”.",
            ],
            button="Leave unsent",
            about=self.named(letters),
        )

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        more = {
            "held": holding.active_hold(),
            "can_hold": self.has_settle_permission(request),
            "about": Letter.objects.filter(about=request.GET.get("about") or None)
            .values_list("about", flat=True)
            .first(),
        }
        return super().changelist_view(request, {**more, **(extra_context or {})})

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view

        def page(view: Any) -> Any:
            return wrap(partial(view, self))

        coming = "to-come/<str:kind>/<str:event>/<int:person>/"
        return [
            path(coming, page(letter_pages.letter_coming), name="correspondence_letter_coming"),
            path(
                f"{coming}<slug:deed>/", page(letter_pages.letter_coming_deed), name="correspondence_letter_coming_deed"
            ),
            path("<int:pk>/<slug:deed>/do/", page(letter_pages.letter_deed), name="correspondence_letter_deed"),
            path("hold/", wrap(self.hold), name="correspondence_letter_hold"),
            path("release/", wrap(self.release), name="correspondence_letter_release"),
            *super().get_urls(),
        ]

    def hold(self, request: HttpRequest) -> HttpResponse:
        """Stops all mail, with the numbers of letters that means."""
        if not self.has_settle_permission(request):
            raise PermissionDenied
        now = timezone.now()
        if is_confirmed(request) or holding.active_hold():
            if not holding.active_hold():
                self.log_addition(request, holding.hold(now, f"Held by {request.user}."), "Mail held.")
            self.message_user(request, "Mail is held: nothing goes until it is released here.", messages.WARNING)
            return redirect("admin:correspondence_letter_changelist")
        waiting, coming = self.to_go(now)
        return self.ask_first(
            request,
            title="Hold all mail?",
            consequences=[
                "Nothing goes out until somebody releases it here, but for codes to sign in.",
                f"{plural(waiting, 'letter')} would go now and {plural(coming, 'letter')} later. "
                "Those that come too late by then are not sent.",
            ],
            button="Hold all mail",
        )

    def release(self, request: HttpRequest) -> HttpResponse:
        """Lets mail go again, with the numbers of letters that go, and of those that stay for a person to decide."""
        if not self.has_settle_permission(request):
            raise PermissionDenied
        now, held = timezone.now(), holding.active_hold()
        if held is None or is_confirmed(request):
            if held and holding.let_go(now):
                self.log_change(request, held, "Mail released.")
            self.message_user(request, "Mail goes out, within a minute.")
            return redirect("admin:correspondence_letter_changelist")
        waiting, coming = self.to_go(now)
        doubtful = Letter.objects.filter(state=Letter.State.IN_DOUBT).count()
        said = [
            f"Held since {in_london(held.since)}. {held.because}",
            f"{plural(waiting, 'letter')} due by now {'goes' if waiting == 1 else 'go'} out within a minute, "
            f"{plural(coming, 'letter')} later, and every reminder from now on.",
        ]
        if doubtful:
            said.append(
                f"{plural(doubtful, 'letter')} in doubt {'stays' if doubtful == 1 else 'stay'} unsent until you "
                "decide: compare with the mail server's log by Message-ID, then send again what did not arrive."
            )
        if held.is_restore:
            said.append("If this is a copy to try things out, do not release it: people would get reminders twice.")
        return self.ask_first(request, title="Release mail?", consequences=said, button="Release mail")

    def to_go(self, now: datetime) -> tuple[int, int]:
        """How many letters are due by now, and how many later."""
        unfinished = Letter.objects.unfinished()
        return unfinished.filter(due_at__lte=now).count(), unfinished.filter(due_at__gt=now).count()

    def named(self, letters: list[Letter]) -> list[Any]:
        return [
            {
                "pk": letter.pk,
                "name": f"{self.subject_line(letter)}, to {letter.address} ({letter.get_state_display()})",
            }
            for letter in letters
        ]

    def log_deed(self, request: HttpRequest, letters: list[Letter], words: str) -> None:
        for letter in letters:
            self.log_change(request, letter, words)


def plural(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


@admin.register(Rule)
class RuleAdmin(Desk):
    """When reminders go. The kinds come with the portal; days, time, on or off, and whether its letters wait
    for somebody to release them, are for staff to set."""

    form = RuleForm
    list_display = ("label", "when", "is_on", "is_held")
    list_filter = ("is_on", "is_held")
    search_fields = ("label", "kind")
    fields = ("label", "kind", "days", "at", "minutes", "is_on", "is_held", "sure", "told")
    readonly_fields = ("label", "kind")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Rule | None = None) -> bool:
        return False


class ConsentRows(Rows):
    """Each yes, with its words. Nothing in it can be changed."""

    model = Consent
    fields = readonly_fields = ("confirmed_at", "left_at", "asked_at", "page", "wording", "words")


class ListForm(forms.Form):
    """Addresses as somebody pastes them."""

    addresses = forms.CharField(
        max_length=200_000,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 12, "class": "vLargeTextField"}),
        help_text="One in a line, or a table with the address in one of its columns.",
    )

    def clean_addresses(self) -> str:
        self.reading = lists.read(self.cleaned_data["addresses"])
        if self.reading.faults:
            raise ValidationError(self.reading.faults)
        if not self.reading.asked:
            raise ValidationError(["Nobody is left to be asked.", *self.reading.left_out])
        return str(self.cleaned_data["addresses"])


@admin.register(Subscriber)
@read_only
class SubscriberAdmin(Desk):
    """Who asked for the newsletter, and the record of it."""

    list_display = ("address", "state", "asked_at", "confirmed_at", "left_at")
    list_filter = (("confirmed_at", admin.EmptyFieldListFilter), ("left_at", admin.EmptyFieldListFilter))
    search_fields = ("address",)
    date_hierarchy = "asked_at"
    fields = ("address", "state", "barred", "asked_at", "confirmed_at", "left_at", "wording", "words", "page")
    inlines = (read_only(ConsentRows),)
    actions = ("take_off_the_list", "erase")

    def has_settle_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("correspondence.change_subscriber")

    @admin.display(description="not written to", empty_value="no: letters go there")
    def barred(self, subscriber: Subscriber) -> str | None:
        found = Suppression.objects.filter(mark__in=suppression.marks_of(subscriber.address))
        return "; ".join(f"{one.get_why_display()} {one.words}".strip() for one in found) or None

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return super().changelist_view(
            request, {"can_ask": self.has_settle_permission(request), **(extra_context or {})}
        )

    def get_urls(self) -> list[Any]:
        ask = self.admin_site.admin_view(self.ask_list)
        return [path("ask/", ask, name="correspondence_subscriber_ask"), *super().get_urls()]

    def ask_list(self, request: HttpRequest) -> HttpResponse:
        """First the list, then what it comes to; nothing goes before the second was read."""
        if not self.has_settle_permission(request):
            raise PermissionDenied
        form = ListForm(request.POST if request.method == "POST" else None)
        if not form.is_valid():
            return self.ask_first(
                request,
                title="Ask a list of addresses",
                consequences=[
                    "Each is asked once whether it wants the newsletter. Who does not confirm gets no further letter.",
                    "A list with a mistake in it is refused whole: nothing goes.",
                ],
                button="Read the list",
                form=form,
            )
        asked, said = form.reading.asked, "\n".join(form.reading.asked)
        if request.POST.get("sure") == said:
            number = lists.ask(asked, words_for(request), timezone.now())
            self.message_user(request, f"{addresses_in_words(number).capitalize()} asked.")
            return redirect("admin:correspondence_subscriber_changelist")
        return self.ask_first(
            request,
            title=f"Ask {addresses_in_words(len(asked))}?",
            consequences=[
                f"{plural(len(asked), 'letter')} {'goes' if len(asked) == 1 else 'go'} out now.",
                *form.reading.left_out,
            ],
            button=f"Ask {addresses_in_words(len(asked))}",
            form=form,
            about=asked,
            sure=said,
        )

    @admin.action(description="Take off the list …", permissions=["settle"])
    def take_off_the_list(self, request: HttpRequest, queryset: QuerySet[Subscriber]) -> HttpResponse | None:
        readers = list(queryset.filter(left_at=None))
        if not readers or self.too_many(request, len(readers)):
            self.message_user(request, "These addresses have left already.", messages.WARNING)
            return None
        if is_confirmed(request):
            now = timezone.now()
            for reader in readers:
                reader.leave(now)
                self.log_change(request, reader, "Taken off the list.")
            self.message_user(request, f"{len(readers)} taken off the list.")
            return None
        return self.ask_first(
            request,
            title="Take these addresses off the list?",
            consequences=[
                "They get no further issue, nor one that is on its way to them.",
                "Only they themselves can subscribe again, on the newsletter page.",
            ],
            button="Take off the list",
            about=readers,
        )

    @admin.action(description="Erase …", permissions=["settle"])
    def erase(self, request: HttpRequest, queryset: QuerySet[Subscriber]) -> HttpResponse | None:
        readers = list(queryset)
        if self.too_many(request, len(readers)):
            return None
        if is_confirmed(request):
            now = timezone.now()
            for reader in readers:
                erasing.erase(reader, now)
            self.message_user(request, f"{addresses_in_words(len(readers)).capitalize()} erased.")
            return None
        return self.ask_first(
            request,
            title="Erase these addresses for good?",
            consequences=[
                "The address, its consents, and its letters' texts are deleted and cannot be brought back.",
                "A hash is kept, so that no list brings the address back. Only its owner can, on the newsletter page.",
                "Backups made before today still hold it until they are thrown away.",
            ],
            button="Erase for good",
            about=readers,
        )


def addresses_in_words(number: int) -> str:
    return "one address" if number == 1 else f"{number} addresses"


@admin.register(Suppression)
@read_only
class SuppressionAdmin(Desk):
    """Addresses that are not written to. Which they are is not kept: a whole address can be searched for."""

    list_display = ("__str__", "why", "since", "words")
    list_filter = ("why",)
    search_fields = ("mark",)
    search_help_text = "A whole address"
    date_hierarchy = "since"
    fields = ("why", "since", "words")
    actions = ("write_again",)

    def has_settle_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("correspondence.change_suppression")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        if not search_term.strip():
            return queryset, False
        return queryset.filter(mark__in=suppression.marks_of(search_term.strip())), False

    @admin.action(description="Write there again …", permissions=["settle"])
    def write_again(self, request: HttpRequest, queryset: QuerySet[Suppression]) -> HttpResponse | None:
        chosen = list(queryset.filter(why=Suppression.Why.BOUNCED))
        if not chosen or self.too_many(request, len(chosen)):
            self.message_user(
                request,
                "Only what a mail server refused can be tried again; the rest is its owner's word.",
                messages.WARNING,
            )
            return None
        if is_confirmed(request):
            Suppression.objects.filter(pk__in=[one.pk for one in chosen]).delete()
            self.message_user(request, f"Letters go to {addresses_in_words(len(chosen))} again.")
            return None
        return self.ask_first(
            request,
            title="Write there again?",
            consequences=["Letters go there from now on. If the mail server refuses one again, they stop again."],
            button="Write there again",
            about=chosen,
        )


class IssueForm(forms.ModelForm):
    """An issue as it will be read: nothing in it is filled in."""

    def clean_subject(self) -> str:
        return self.checked("subject")

    def clean_body(self) -> str:
        return self.checked("body")

    def checked(self, name: str) -> str:
        letter_pages.no_fields(self.cleaned_data[name])
        return str(self.cleaned_data[name])


@admin.register(NewsletterIssue)
class NewsletterIssueAdmin(Desk):
    """Issues of the newsletter: written here, sent once."""

    form = IssueForm
    list_display = ("subject", "created_at", "sent_at")
    list_filter = (("sent_at", admin.EmptyFieldListFilter),)
    search_fields = ("subject", "body")
    date_hierarchy = "created_at"
    fields = ("subject", "body", "sent_at")
    readonly_fields = ("sent_at",)

    def has_change_permission(self, request: HttpRequest, obj: NewsletterIssue | None = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.sent_at is None)

    def has_delete_permission(self, request: HttpRequest, obj: NewsletterIssue | None = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or obj.sent_at is None)

    def get_urls(self) -> list[Any]:
        deeds = {"read": self.read, "test": self.test, "send": self.send, "stop": self.stop, "go-on": self.go_on}
        own = [
            path(
                f"<path:object_id>/{deed}/",
                self.admin_site.admin_view(view),
                name=f"correspondence_newsletterissue_{deed.replace('-', '_')}",
            )
            for deed, view in deeds.items()
        ]
        return [*own, *super().get_urls()]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        if issue := context.get("original"):
            context |= {"progress": issues.progress_of(issue), "is_under_way": issues.is_under_way(issue)}
        return super().render_change_form(request, context, *args, **kwargs)

    def issue(self, request: HttpRequest, object_id: str) -> NewsletterIssue:
        """One that may be written to or sent by whoever asks; also after it has been sent. Raises 404 or 403."""
        return self.found(request, object_id, super().has_change_permission)

    def read(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The issue as a reader gets it."""
        issue = self.issue(request, object_id)
        letter = ledger.row_of(issues.as_read(issue, "a subscriber", timezone.now()))
        return letter_pages.page(
            self,
            request,
            "admin/correspondence/newsletterissue/read.html",
            title=f"“{issue}” as it is read",
            original=issue,
            letter=letter,
        )

    def test(self, request: HttpRequest, object_id: str) -> HttpResponse:
        issue, address = self.issue(request, object_id), request.user.get_username()
        if is_confirmed(request):
            issues.send_test(issue, address, timezone.now())
            self.message_user(request, f"A test goes to {address} within a minute.")
            return redirect(self.url_of(issue))
        return self.ask_first(
            request,
            title=f"Send a test of “{issue}”?",
            consequences=[f"One letter goes to you, {address}, marked as a test. No subscriber gets anything."],
            button="Send me a test",
            obj=issue,
        )

    def stop(self, request: HttpRequest, object_id: str) -> HttpResponse:
        issue = self.issue(request, object_id)
        if issue.sent_at is None or issue.stopped_at:
            self.message_user(request, "This issue is not on its way: nothing was stopped.", messages.WARNING)
            return redirect(self.url_of(issue))
        if is_confirmed(request):
            number = issues.stop_issue(issue, str(request.user), timezone.now())
            self.log_change(request, issue, f"Stopped with {plural(number, 'letter')} to go.")
            self.message_user(request, f"Stopped: {plural(number, 'letter')} kept back.")
            return redirect(self.url_of(issue))
        return self.ask_first(
            request,
            title=f"Stop “{issue}”?",
            consequences=[
                "What has not gone does not go until you let it go on. What has gone cannot be called back.",
                "A letter that is being handed over at this moment still goes.",
            ],
            button="Stop the issue",
            obj=issue,
        )

    def go_on(self, request: HttpRequest, object_id: str) -> HttpResponse:
        issue = self.issue(request, object_id)
        if not issue.stopped_at:
            self.message_user(request, "This issue was not stopped.", messages.WARNING)
            return redirect(self.url_of(issue))
        if is_confirmed(request):
            number = issues.go_on_with(issue, timezone.now())
            self.log_change(request, issue, f"Went on with {plural(number, 'letter')}.")
            self.message_user(request, f"{plural(number, 'letter')} to go, within a minute.")
            return redirect(self.url_of(issue))
        return self.ask_first(
            request,
            title=f"Go on with “{issue}”?",
            consequences=["What was kept back goes now, to those who still subscribe. Nobody gets it twice."],
            button="Go on",
            obj=issue,
        )

    def send(self, request: HttpRequest, object_id: str) -> HttpResponse:
        issue = self.found(request, object_id)
        if is_confirmed(request):
            number = send_issue(issue, timezone.now())
            self.log_change(request, issue, f"Sent to {number} subscribers.")
            self.message_user(
                request, f"“{issue}” goes to {number} {'subscriber' if number == 1 else 'subscribers'} now."
            )
            return redirect(self.url_of(issue))
        number = len(issues.readers())
        if not number:
            return self.ask_first(
                request,
                title=f"“{issue}” has no readers yet",
                consequences=["Nobody subscribes at the moment."],
                button="",
                obj=issue,
            )
        return self.ask_first(
            request,
            title=f"Send “{issue}” to {number} {'subscriber' if number == 1 else 'subscribers'}?",
            consequences=[
                f"{number} {'letter goes' if number == 1 else 'letters go'} out now, one to each confirmed address.",
                "It cannot be called back, changed or sent a second time. What has not gone yet can be stopped.",
            ],
            button=f"Send to {number} {'subscriber' if number == 1 else 'subscribers'}",
            obj=issue,
        )
