"""What staff type into a finding, and whether it may stand."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone

from participants.models import User

from .. import writing
from ..models import Finding
from ..models.finding_version import CHOSEN, typed
from ..models.headings import headings_of
from ..wording import typo


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
            for name in ("membership", "phase", *CHOSEN):
                if name in self.fields:
                    field: Any = self.fields[name]
                    field.queryset = field.queryset.filter(cohort=self.instance.cohort)
            for key, heading in headings_of(self.instance.cohort).items():
                if key in self.fields:
                    self.fields[key].label = heading

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        title, highlight = cleaned.get("title", ""), cleaned.get("highlight", "")
        if highlight and highlight not in title:
            self.add_error("highlight", "These words are not in the title.")
        return cleaned

    def typo(self) -> str:
        """What is corrected, in words; empty where more than spelling changes."""
        before = Finding.objects.get(pk=self.instance.pk).text()
        return typo(before, {**self.instance.text(), **{name: before[name] for name in CHOSEN}})

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
        on_their_way = {name: self.cleaned_data[name] for name in CHOSEN}
        rows = writing.differences(stands, typed(stands), typed(self.instance, on_their_way))
        if rows and stands.is_scheduled:
            writing.keep_refused(self.instance, self.by, timezone.now(), on_their_way)
            self.add_error(None, "It was scheduled meanwhile, and cannot be changed: take it off the schedule first.")
            return
        if self.cleaned_data["base"] == stands.version:
            return
        self.cleaned_data["base"] = stands.version
        if not rows:
            return
        writing.keep_refused(self.instance, self.by, timezone.now(), on_their_way)
        last = stands.versions.filter(number=stands.version).select_related("written_by").first()
        self.overtaken = {"rows": rows, "last": last}
        data: Any = self.data
        self.data = data = data.copy()
        data[self.add_prefix("base")] = str(stands.version)
        self.add_error(None, "Somebody else saved this finding since you opened it: compare below, then save again.")
