"""What staff do about the yes of others: links to review without an account, and other words taken over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone

from correspondence.desk import is_confirmed
from correspondence.wallclock import DAY, in_london
from participants.models import User
from participants.staff import member_of_staff

from .. import consent
from ..models import Excerpt, Finding, ReviewLink

if TYPE_CHECKING:
    from .finding import FindingAdmin


class LinkForm(forms.Form):
    """Who gets a link, and whom they speak for: an organisation of the finding, or what one person wrote."""

    voice = forms.ChoiceField(label="Speaks for")
    name = forms.CharField(max_length=200)
    email = forms.EmailField(label="E-mail address", max_length=320)

    def __init__(self, *args: Any, finding: Finding, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        writers = {excerpt.writer for excerpt in finding.excerpts.present() if excerpt.writer is not None}
        self.voices: dict[str, dict[str, Any]] = {
            f"organisation-{membership.pk}": {"membership": membership}
            for membership in sorted(finding.concerned(), key=str)
        }
        self.voices |= {f"writer-{person.pk}": {"writer": person} for person in sorted(writers, key=str)}
        voice: Any = self.fields["voice"]
        voice.choices = [
            (key, str(who.get("membership") or f"what {who['writer']} wrote")) for key, who in self.voices.items()
        ]

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].split())


def links(desk: FindingAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
    """The links to this finding, and one more."""
    finding = desk.found(request, object_id)
    form = LinkForm(request.POST if is_confirmed(request) else None, finding=finding)
    if is_confirmed(request) and form.is_valid():
        given = form.cleaned_data
        link = consent.send_link(
            finding,
            name=given["name"],
            email=given["email"],
            by=member_of_staff(request),
            now=timezone.now(),
            **form.voices[given["voice"]],
        )
        desk.log_change(request, finding, f"Sent a review link to {link.name}, for {link.speaks_for}.")
        desk.message_user(
            request, f"A letter with a link goes to {link.email}. It works until {in_london(link.expires_at, DAY)}."
        )
        return redirect(desk.url_of(finding, "links"))
    return desk.ask_first(
        request,
        title="Review by link",
        consequences=[
            "Somebody without an account gets a letter with a link of their own, reads the finding as it would be "
            "published, and answers.",
            "The link works for 14 days, and can be closed here at any time. What was answered by it stays.",
        ]
        if form.voices
        else ["The finding is about no organisation and quotes none: there is nobody to ask."],
        button="Send a link" if form.voices else "",
        form=form if form.voices else None,
        obj=finding,
        template="admin/findings/finding/links.html",
        links=[(link, link.is_open(timezone.now())) for link in finding.review_links.select_related("membership")],
    )


def close_link(desk: FindingAdmin, request: HttpRequest, object_id: str, pk: int) -> HttpResponse:
    finding = desk.found(request, object_id)
    link = get_object_or_404(ReviewLink, finding=finding, pk=pk)
    if is_confirmed(request):
        link.revoke(timezone.now())
        desk.log_change(request, finding, f"Closed the review link of {link.name}.")
        desk.message_user(request, f"Closed: the link of {link.name} opens nothing any more.")
        return redirect(desk.url_of(finding, "links"))
    return desk.ask_first(
        request,
        title=f"Close the link of {link.name}?",
        consequences=["It opens nothing any more, from now on.", "What was answered by it stays."],
        button="Close the link",
        obj=finding,
    )


def reword(desk: FindingAdmin, request: HttpRequest, object_id: str, pk: int) -> HttpResponse:
    """Takes over the words an organisation wants in place of a quotation."""
    finding = desk.found(request, object_id)
    excerpt = get_object_or_404(Excerpt.objects.present(), finding=finding, pk=pk)
    if is_confirmed(request):
        try:
            consent.take_over(excerpt, timezone.now())
        except ValidationError as error:
            desk.message_user(request, " ".join(error.messages), "ERROR")
        else:
            desk.log_change(request, finding, f"Took over the words of {excerpt.membership} for an excerpt.")
            desk.message_user(request, "Taken over. Ask again: who wrote the passage has to agree to the new words.")
        return redirect(desk.url_of(finding))
    if not excerpt.proposal:
        return desk.ask_first(
            request, title="No other words are asked for", consequences=[], button="", obj=finding, status=409
        )
    return desk.ask_first(
        request,
        title="Take these words over?",
        consequences=[
            f"In the note: “{excerpt.words}”",
            f"Wanted by {excerpt.membership}: “{excerpt.proposal}”",
            "Readers are told that the words are those the organisation chose.",
            "The organisation’s yes is given with this. Who wrote the passage is asked anew.",
        ],
        button="Take these words over",
        obj=finding,
    )


def ask(desk: FindingAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
    """Puts the words as they stand before every organisation concerned."""
    finding = desk.found(request, object_id)
    if is_confirmed(request):
        number = consent.ask(finding, timezone.now())
        desk.log_change(request, finding, f"Asked the organisations: {number} letters.")
        desk.message_user(
            request, f"Asked. {number} {'letter goes' if number == 1 else 'letters go'} out within a minute."
        )
        return redirect(desk.url_of(finding))
    concerned = sorted(finding.concerned(), key=str)
    if not concerned:
        return desk.ask_first(
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
    return desk.ask_first(
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
