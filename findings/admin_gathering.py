"""At the desk, what comes of gathering: themes merged, and organisations that said "us too" about what is quoted."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from correspondence.desk import Desk, is_confirmed
from participants.models import User
from research.models import UsToo

from . import gathering
from .models import Finding, Theme


class MergeForm(forms.Form):
    """The theme that stays."""

    into: Any = forms.ModelChoiceField(None, label="The theme that stays")

    def __init__(self, data: Any, *, theme: Theme) -> None:
        super().__init__(data)
        others = Theme.objects.filter(cohort=theme.cohort_id).exclude(pk=theme.pk)
        self.fields["into"].queryset = others  # type: ignore[attr-defined]


def merge(desk: Desk, request: HttpRequest, object_id: str) -> HttpResponse:
    """Lets what has this theme have another one of the cohort, and takes this one out of the list."""
    theme = desk.found(request, object_id, desk.has_delete_permission)
    form = MergeForm(request.POST if is_confirmed(request) else None, theme=theme)
    if is_confirmed(request) and form.is_valid():
        into, old = form.cleaned_data["into"], theme.pk
        try:
            gathering.merge(theme, into)
        except ValidationError as refused:
            form.add_error("into", refused)
        else:
            theme.pk = old
            desk.log_change(request, into, f"Merged “{theme}” into it.")
            desk.log_deletions(request, [theme])  # type: ignore[arg-type]  # it reads them one by one
            desk.message_user(request, f"“{theme}” is “{into}” now.")
            return redirect(desk.url_of(into))
    passages = theme.passages.filter(removed_at=None).count()
    findings = list(theme.findings.all())
    asked = [finding for finding in findings if finding.state != Finding.State.DRAFT]
    return desk.ask_first(
        request,
        title=f"Merge “{theme}” into another theme?",
        consequences=[
            f"{number_of(findings, 'finding')} and {number_of(passages, 'passage')} get the other theme, and "
            f"“{theme}” goes from the list of {theme.cohort}.",
            *(f"“{finding}” names the other theme in its working copy: ask for its yes again." for finding in asked),
            "What is published keeps the theme it was published with, until the finding is published again.",
            "It cannot be undone.",
        ],
        button="Merge",
        form=form,
        obj=theme,
    )


def number_of(things: Any, word: str) -> str:
    number = things if isinstance(things, int) else len(things)
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def proposed(finding: Finding, user: User) -> QuerySet[UsToo]:
    """What organisations said under notes the finding quotes that are not concerned in it yet. Their names go nowhere
    without their yes."""
    quoted = finding.excerpts.filter(withdrawn_at=None).values("version__note")
    said = UsToo.objects.visible_to(user).filter(note__in=quoted).exclude(membership__in=finding.concerned())
    return said.select_related("membership", "note")
