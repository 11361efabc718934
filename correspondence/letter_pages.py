"""One letter at the staff desk: read before it goes, held, edited, stopped or released, each after its consequence was
said. A letter that a rule has still to write becomes a row of the ledger by what is done to it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from . import ledger
from .desk import Desk, is_confirmed, sentence
from .following import approve, as_it_would_be
from .ledger import CONTROL, mark_of
from .models import Letter, Rule
from .reminders import REGISTERED
from .to_come import Coming, as_written, find, page_of_event, put_down
from .wallclock import MOMENT, in_london

if TYPE_CHECKING:
    from .admin import LetterAdmin

# What somebody may take for a field that the portal fills in: in a letter that is edited nothing is.
FIELD = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{[A-Za-z_][\w. ]*\}")

State = Letter.State


def no_fields(text: str) -> None:
    """A validator for texts that go as they stand. Raises ValidationError with the names of what looks like a field."""
    if found := list(dict.fromkeys(FIELD.findall(text))):
        raise ValidationError(f"{', '.join(found)} is not filled in by the portal: write the word itself.")


class EditForm(forms.Form):
    """A letter's subject and text, as its reader will get them."""

    subject = forms.CharField(
        max_length=250, validators=[no_fields], widget=forms.TextInput(attrs={"class": "vTextField"})
    )
    body = forms.CharField(
        label="Text",
        max_length=20000,
        strip=False,
        validators=[no_fields],
        widget=forms.Textarea(attrs={"rows": 22, "class": "vLargeTextField"}),
    )
    read = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, letter: Letter, data: Any = None) -> None:
        self.letter = letter
        super().__init__(
            data, initial={"subject": letter.subject, "body": letter.body, "read": mark_of(letter.subject, letter.body)}
        )

    def clean_subject(self) -> str:
        subject = self.cleaned_data["subject"]
        if CONTROL.search(subject):
            raise ValidationError("A subject is one line.")
        return str(subject)

    def clean_body(self) -> str:
        body = self.cleaned_data["body"].replace("\r\n", "\n")
        if not body.strip():
            raise ValidationError("Write the text, or go back and stop the letter.")
        return str(body)

    def clean(self) -> dict[str, Any]:
        """What the editor read must be what stands: else somebody's words would be overwritten unread."""
        cleaned = super().clean() or {}
        if cleaned.get("read") != mark_of(self.letter.subject, self.letter.body):
            self.data = {**self.data, "read": mark_of(self.letter.subject, self.letter.body)}
            self.add_error(
                None,
                f"The letter has changed since you opened it. It reads now: “{self.letter.subject}”, "
                f"{self.letter.body} Save once more to put yours in its place.",
            )
        return cleaned


class StopForm(forms.Form):
    because = sentence("Reason", "For staff, beside the letter. Its reader hears nothing.")


# What may be done to a letter in which state.
MAY = {
    "edit": Letter.WAITING,
    "hold": [State.PLANNED, State.RETRY, State.QUEUED],
    "release": [State.HELD],
    "stop": [*Letter.WAITING, *Letter.FOR_A_PERSON],
}
BUTTONS = {
    "edit": "Save as edited",
    "hold": "Hold the letter",
    "release": "Release the letter",
    "stop": "Stop the letter",
}


def deeds_for(letter: Letter) -> list[str]:
    """What staff may do to it now. A letter that is not in the ledger yet is neither held nor released."""
    if letter.is_secret:
        return []
    if letter.pk is None:
        return ["edit", "hold", "stop"]
    return [deed for deed, states in MAY.items() if letter.state in states]


def hold(letter: Letter, said: dict[str, Any], by: str, now: datetime) -> bool:
    return ledger.keep_back(letter, f"Held by {by}, {in_london(now)}.")


def release(letter: Letter, said: dict[str, Any], by: str, now: datetime) -> bool:
    return approve(letter, now)


def edit(letter: Letter, said: dict[str, Any], by: str, now: datetime) -> bool:
    unedited = as_it_would_be(letter, now)
    before = mark_of(unedited.subject, unedited.body) if unedited else ""
    return ledger.edit(letter, said["subject"], said["body"], by, now, before)


def stop(letter: Letter, said: dict[str, Any], by: str, now: datetime) -> bool:
    return ledger.stop(letter, f"Stopped by {by}: {said['because']}")


DEEDS: dict[str, Callable[[Letter, dict[str, Any], str, datetime], bool]] = {
    "edit": edit,
    "hold": hold,
    "release": release,
    "stop": stop,
}
DONE = {
    "edit": "Saved, and marked as edited. It goes as it reads here.",
    "hold": "Held: it does not go until somebody releases it.",
    "release": "Released.",
    "stop": "Stopped: it is never sent.",
}
TOO_LATE = "It was on its way already: nothing was changed."
OVERTAKEN = "Somebody else edited it at the same moment, and theirs stands. Save once more to read it beside yours."
LOG = {"edit": "Edited.", "hold": "Held.", "release": "Released.", "stop": "Stopped."}


def letter_coming(desk: LetterAdmin, request: HttpRequest, kind: str, event: str, person: int) -> HttpResponse:
    """A letter that a rule will write, as its reader would get it if it went now."""
    if not desk.has_view_permission(request):
        raise PermissionDenied
    item = found(kind, event, person)
    if item.letter is not None:
        return redirect("admin:correspondence_letter_change", item.letter.pk)
    letter, fault = written(item)
    context = {
        "item": item,
        "letter": letter,
        "fault": fault,
        "mend": page_of_event(item.occurrence.event) if item.occurrence else "",
        "reason": reason_for(kind),
        "deeds": deeds_for(letter) if letter and desk.has_settle_permission(request) else [],
    }
    return page(desk, request, "admin/correspondence/letter/coming.html", title=item.label, **context)


def letter_coming_deed(
    desk: LetterAdmin, request: HttpRequest, kind: str, event: str, person: int, deed: str
) -> HttpResponse:
    """Holding, editing or stopping a letter that a rule will write; what is in the ledger meanwhile is done there."""
    if not desk.has_settle_permission(request):
        raise PermissionDenied
    item = found(kind, event, person)
    if item.letter is not None:
        return letter_deed(desk, request, item.letter.pk, deed)
    letter, _ = written(item)
    if letter is None or deed not in deeds_for(letter):
        raise Http404

    def take() -> Letter:
        return put_down(item)

    return do(desk, request, deed, letter, take, item.url)


def letter_deed(desk: LetterAdmin, request: HttpRequest, pk: int, deed: str) -> HttpResponse:
    """Holding, releasing, editing or stopping a letter of the ledger that has not gone."""
    if not desk.has_settle_permission(request):
        raise PermissionDenied
    letter = get_object_or_404(Letter, pk=pk)
    back = reverse("admin:correspondence_letter_change", args=[pk])
    if deed not in DEEDS:
        raise Http404
    if deed not in deeds_for(letter):
        messages.warning(request, f"This letter is “{letter.get_state_display()}”: nothing was changed.")
        return redirect(back)
    as_it_reads(letter)

    def take() -> Letter:
        return Letter.objects.select_for_update().get(pk=pk)

    return do(desk, request, deed, letter, take, back)


def do(
    desk: LetterAdmin, request: HttpRequest, deed: str, letter: Letter, take: Callable[[], Letter], back: str
) -> HttpResponse:
    """Asks first, then does it to the letter as `take` finds it, and notes who did."""
    data = request.POST if is_confirmed(request) else None
    form = EditForm(letter, data) if deed == "edit" else StopForm(data) if deed == "stop" else None

    def ask(form: forms.Form | None) -> HttpResponse:
        return desk.ask_first(
            request,
            title=f"{deed.capitalize()} the letter “{letter.subject}”" + ("" if deed == "edit" else "?"),
            consequences=[to_whom(letter), *consequences(deed, letter, timezone.now())],
            button=BUTTONS[deed],
            form=form,
            back=back,
        )

    if not is_confirmed(request) or (form is not None and not form.is_valid()):
        return ask(form)
    now, is_new, read = timezone.now(), letter.pk is None, letter.edited_at
    with transaction.atomic():
        row = take()
        pk = row.pk
        is_overtaken = deed == "edit" and row.edited_at != read
        is_done = not is_overtaken and DEEDS[deed](row, form.cleaned_data if form else {}, str(request.user), now)
        if is_done and is_new and deed == "edit" and not is_held_by_rule(row):
            ledger.approve(row)
        if is_done:
            row.pk = pk
            desk.log_change(request, row, LOG[deed])
    if not is_done and isinstance(form, EditForm):
        form.add_error(None, OVERTAKEN if is_overtaken else TOO_LATE)
        return ask(form)
    if not is_done:
        messages.error(request, TOO_LATE)
    elif not Letter.objects.filter(pk=pk).exists():
        messages.success(request, "Released: it is written anew when it is due, and goes then.")
        return redirect("admin:correspondence_letter_changelist")
    else:
        messages.success(request, DONE[deed])
    return redirect("admin:correspondence_letter_change", pk)


def consequences(deed: str, letter: Letter, now: datetime) -> list[str]:
    """What follows, in sentences."""
    moment = in_london(letter.due_at, f"l {MOMENT}")
    until = in_london(letter.not_after or letter.due_at, f"l {MOMENT}")
    goes = f"It goes at its time, {moment}" if letter.due_at > now else "It goes within a minute"
    if letter.rank is not None:
        goes += ", when a nudge has its turn: one a day and two a week for each person"
    moves = "Should its event move, it goes along to the new time" if letter.event_time else ""
    if deed == "hold":
        said = [f"It does not go until somebody releases it. From {until} on it is too late to be of use."]
        return [*said, *([f"{moves}, and is held there."] if moves else [])]
    if deed == "release":
        if letter.edited_at is None and letter.kind in REGISTERED and letter.due_at > now:
            return [f"{goes}, with what is true then. A rule that holds its letters holds it again."]
        return [f"{goes}, with the text as it stands.", "Who has answered, left or does not want it gets none."]
    if deed == "edit":
        stays = "It stays held until it is released" if letter.state == State.HELD and letter.pk else goes
        said = [f"{stays}, with your text, marked as edited. Nothing else changes it any more."]
        return [*said, *([f"{moves} and is held there with a warning, so that you check the text."] if moves else [])]
    said = ["It is never sent, and no tick of the clock writes it again. It stays in the list, with your reason."]
    return [*said, *(["For another time of its event another letter is written."] if letter.event_time else [])]


def to_whom(letter: Letter) -> str:
    return f"To {letter.address}, one letter."


def found(kind: str, event: str, person: int) -> Coming:
    item = find(kind, event, person, timezone.now())
    if item is None:
        raise Http404
    return item


def written(item: Coming) -> tuple[Letter | None, str]:
    """The letter as it would be written now, or why it cannot be."""
    try:
        return as_written(item), ""
    except Exception as error:
        return None, f"{type(error).__name__}: {error}"


def as_it_reads(letter: Letter) -> None:
    """Gives a letter that is held, and that nobody edited, the text it would be released with."""
    if letter.state == State.HELD and letter.edited_at is None and (fresh := as_it_would_be(letter, timezone.now())):
        letter.subject, letter.body, letter.calendar = fresh.subject, fresh.body, fresh.calendar


def is_held_by_rule(letter: Letter) -> bool:
    return Rule.objects.filter(kind=letter.kind, is_held=True).exists()


def reason_for(kind: str) -> dict[str, Any]:
    """Which rule writes letters of a kind, when, and what their readers are told about why."""
    reminder = REGISTERED.get(kind)
    return {
        "rule": Rule.objects.filter(kind=kind).first(),
        "why": render_to_string(f"{reminder.template}_why.txt").strip() if reminder else "",
        "is_nudge": reminder is not None and reminder.nudge is not None,
    }


def page(desk: Desk, request: HttpRequest, template: str, **context: Any) -> TemplateResponse:
    cast(Any, request).current_app = desk.admin_site.name
    return TemplateResponse(
        request, template, {**desk.admin_site.each_context(request), "opts": desk.opts, "media": desk.media, **context}
    )
