"""What is asked when times are offered, booked, moved, cancelled, and when a session is written up."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.dateparse import parse_datetime

from participants.models import Membership, User

from .booking import WISH_LENGTH
from .models import FollowUp, MentoringSession, Slot
from .offering import WEEKS_AT_MOST

RECORD_LENGTH = 20_000
REMARK_LENGTH = 5_000


class DayInput(forms.DateInput):
    """The browser's own date picker; it speaks ISO dates whatever the language."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class OfferForm(forms.Form):
    """A time a mentor offers, once or every week."""

    day = forms.DateField(label="Day", widget=DayInput)
    starts = forms.TimeField(
        label="Starts at", widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}), help_text="London time."
    )
    length = forms.IntegerField(label="Length in minutes", min_value=10, max_value=240, initial=45)
    join_url = forms.URLField(
        label="Link to join",
        max_length=200,
        required=False,
        assume_scheme="https",
        help_text="Of the video call. Shown to those who book, and to nobody else.",
    )
    weeks = forms.IntegerField(
        label="How many weeks in a row",
        min_value=1,
        max_value=WEEKS_AT_MOST,
        initial=1,
        help_text="1 offers it once; 4 offers it in this week and the next three, at the same time by the clock.",
    )


class BookForm(forms.Form):
    """What an organisation would like to talk about; and which, for somebody with a seat in two."""

    membership = forms.ModelChoiceField(Membership.objects.none(), label="For", empty_label=None)
    wish = forms.CharField(
        label="What would you like to talk about?",
        max_length=WISH_LENGTH,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="Your mentor reads this before you meet. You may leave it empty.",
    )

    def __init__(self, memberships: QuerySet[Membership], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.memberships = list(memberships)
        if len(self.memberships) > 1:
            self.fields["membership"].queryset = memberships  # type: ignore[attr-defined]
        else:
            del self.fields["membership"]

    @property
    def chosen(self) -> Membership:
        """The organisation the time is for, once the form is valid."""
        return self.cleaned_data.get("membership") or self.memberships[0]


class CancelForm(forms.Form):
    """Why a session is called off. A mentor or staff must say; an organisation may."""

    because = forms.CharField(label="Why?", max_length=250, required=False, help_text="Everybody concerned reads this.")
    keep_offering = forms.BooleanField(label="Offer this time again, so that somebody else can book it", required=False)

    def __init__(self, *args: Any, is_own: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["because"].required = not is_own
        if is_own:
            # The time was the mentor's to give: what an organisation leaves is free again.
            del self.fields["keep_offering"]

    @property
    def choices(self) -> dict[str, Any]:
        return {"because": self.cleaned_data["because"], "keep_offering": self.cleaned_data.get("keep_offering", True)}


class MoveForm(CancelForm):
    """To which of the mentor's free times a session moves."""

    field_order = ["slot", "because", "keep_offering"]
    slot = forms.ModelChoiceField(Slot.objects.none(), label="New time", widget=forms.RadioSelect, empty_label=None)

    def __init__(self, free: list[tuple[int, str]], *args: Any, slots: QuerySet[Slot], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Any time of the mentor is understood, so that one taken meanwhile gets a clear answer; free ones are shown.
        self.fields["slot"].queryset = slots  # type: ignore[attr-defined]
        self.fields["slot"].choices = free  # type: ignore[attr-defined]
        if "keep_offering" in self.fields:
            self.fields["keep_offering"].label = "Offer the old time again, so that somebody else can book it"


class RecordForm(forms.Form):
    """What became of a session. `read_at` names the record the writer had before them."""

    state = forms.ChoiceField(
        label="Did you meet?",
        widget=forms.RadioSelect,
        choices=[(MentoringSession.State.HELD, "Yes, we met"), (MentoringSession.State.NO_SHOW, "Nobody came")],
    )
    record = forms.CharField(
        label="Shared record",
        max_length=RECORD_LENGTH,
        required=False,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text="What you talked about and found. The organisation reads it. You can use Markdown.",
    )
    read_at = forms.CharField(widget=forms.HiddenInput, required=False, max_length=40)

    def clean_read_at(self) -> datetime | None:
        try:
            return parse_datetime(self.cleaned_data["read_at"])
        except ValueError as error:
            raise ValidationError("Please open the page again.") from error

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("state") == MentoringSession.State.HELD and not cleaned.get("record", "").strip():
            self.add_error("record", "Please write a sentence or two, so that the organisation has something to keep.")
        return cleaned


class RemarkForm(forms.Form):
    """What a mentor notes for mentors alone."""

    body = forms.CharField(
        label="Remark",
        max_length=REMARK_LENGTH,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="For this organisation's mentors only. Neither the organisation nor Culture24 reads it.",
    )


class FollowUpForm(forms.ModelForm):
    """Something agreed, who does it and by when."""

    class Meta:
        model = FollowUp
        fields = ["text", "owner", "due_on"]
        labels = {"text": "What was agreed", "owner": "Who does it", "due_on": "By when"}
        widgets = {"due_on": DayInput}

    def __init__(self, *args: Any, people: QuerySet[User], today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["owner"].queryset = people  # type: ignore[attr-defined]
        self.fields["owner"].empty_label = "Nobody yet"  # type: ignore[attr-defined]

    def clean_due_on(self) -> date | None:
        day = self.cleaned_data["due_on"]
        if day and day < self.today:
            raise ValidationError("This day has passed.")
        return day
