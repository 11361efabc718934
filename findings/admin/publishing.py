"""A finding published, now or by the clock, and withdrawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from correspondence.desk import Because, is_confirmed, sentence
from correspondence.wallclock import LONDON, at_wall_clock, in_london
from participants.staff import member_of_staff

from ..citation import address_of
from ..models import Finding

if TYPE_CHECKING:
    from .finding import FindingAdmin


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


def publish(desk: FindingAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
    """Shows what everybody will read and where, or why it cannot be published yet."""
    finding = desk.found(request, object_id)
    latest = finding.latest_release()
    form = PublishForm(request.POST if is_confirmed(request) else None, is_first=latest is None)
    hindrances = finding.hindrances()
    if latest and finding.state == Finding.State.PUBLISHED and latest.content == finding.content():
        hindrances.append("These very words are published already.")
    if is_confirmed(request) and not hindrances and form.is_valid():
        try:
            desk.message_user(request, published(desk, request, finding, form.cleaned_data))
        except ValidationError as error:
            hindrances = error.messages
        else:
            return redirect(desk.url_of(finding))
    if hindrances:
        return desk.not_now(request, title="This cannot be published yet", reasons=hindrances, obj=finding)
    return desk.ask_first(
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
        pictures_at=finding.asked_pictures_path(),
    )


def published(desk: FindingAdmin, request: HttpRequest, finding: Finding, chosen: dict[str, Any]) -> str:
    """Publishes or schedules; what happened, in a sentence. Raises ValidationError."""
    now, by, words = timezone.now(), member_of_staff(request), chosen.get("what_changed", "")
    if chosen["at"] is None:
        release = finding.publish(now, by, words)
        desk.log_change(request, finding, f"Published release {release.number}.")
        return f"Published: release {release.number} is at {address_of(finding)}"
    finding.schedule(chosen["at"], by, words, now)
    when = in_london(chosen["at"])
    desk.log_change(request, finding, f"Scheduled for {when}.")
    return f"Scheduled: it is published on {when}, London time, if nothing stands in the way then."


def unschedule(desk: FindingAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
    """Takes it off the schedule."""
    finding = desk.found(request, object_id)
    if not finding.is_scheduled:
        return desk.not_now(request, title="It is not scheduled", obj=finding)
    if is_confirmed(request):
        finding.unschedule()
        desk.log_change(request, finding, "Taken off the schedule.")
        desk.message_user(request, "It is off the schedule: it is not published by itself.")
        return redirect(desk.url_of(finding))
    return desk.ask_first(
        request,
        title="Take it off the schedule?",
        consequences=["It is not published by itself, and can be changed again."],
        button="Take it off",
        obj=finding,
    )


def withdraw(desk: FindingAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
    """Takes the text from the public, with a reason."""
    finding = desk.found(request, object_id)
    if finding.state != Finding.State.PUBLISHED:
        reasons = ["Only a published finding can be withdrawn."]
        return desk.not_now(request, title="There is nothing to withdraw", reasons=reasons, obj=finding)
    form = Because(request.POST if is_confirmed(request) else None)
    if is_confirmed(request) and form.is_valid():
        finding.withdraw(timezone.now(), form.cleaned_data["because"])
        desk.log_change(request, finding, "Withdrawn.")
        desk.message_user(request, f"Withdrawn. {address_of(finding)} says when and why.")
        return redirect(desk.url_of(finding))
    return desk.ask_first(
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
