"""The notes that may be quoted, and words of one taken into a finding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import F, Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from correspondence.desk import is_confirmed
from discussions.words import wanted
from participants.models import User
from participants.staff import member_of_staff
from research.models import NoteVersion, ResearchNote

from ..models import Excerpt, Finding

if TYPE_CHECKING:
    from .finding import FindingAdmin


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


def quote(desk: FindingAdmin, request: HttpRequest, object_id: str, note: str) -> HttpResponse:
    """Takes words of a note into the finding."""
    finding = desk.found(request, object_id)
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
        desk.log_change(request, finding, f"Quoted from a note of {found.membership}.")
        desk.message_user(request, f"Quoted. {found.membership} must agree before the finding is published.")
        return redirect(desk.url_of(finding))
    return desk.ask_first(
        request,
        title=f"Quote from “{found}”",
        consequences=[f"{found.membership} is asked before anything of it is published."],
        button="Add these words",
        form=form,
        obj=finding,
        template="admin/findings/finding/quote.html",
        note=found,
    )
