from __future__ import annotations

from typing import cast

from django import forms

from participants.models import Cohort, Membership

BODY_LIMIT = 20_000
# What stands for the whole cohort in the choice of readers; memberships are numbers.
WHOLE_COHORT = "cohort"


class ReplyForm(forms.Form):
    body = forms.CharField(
        label="Your reply",
        max_length=BODY_LIMIT,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="Markdown works: **bold**, lists with a dash, links as [words](https://…).",
    )


class TopicForm(forms.Form):
    """A new topic: its title, the first word, and who may read it."""

    title = forms.CharField(label="Title", max_length=160, help_text="What it is about, in a line.")
    body = forms.CharField(
        label="Your first message",
        max_length=BODY_LIMIT,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text="Markdown works: **bold**, lists with a dash, links as [words](https://…).",
    )
    where = forms.ChoiceField(label="Who will read it", widget=forms.RadioSelect)

    def __init__(self, *args, cohort: Cohort, memberships: list[Membership], **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.memberships = {str(membership.pk): membership for membership in memberships}
        everyone = f"The whole cohort: everyone with a seat in {cohort}, and the staff who run it"
        among = "the people of {0} and the staff who run the programme"
        where = cast(forms.ChoiceField, self.fields["where"])
        where.choices = [(WHOLE_COHORT, everyone)] + [
            (pk, f"Only {membership}: {among.format(membership)}") for pk, membership in self.memberships.items()
        ]
        where.initial = WHOLE_COHORT

    @property
    def membership(self) -> Membership | None:
        """The organisation that keeps the topic to itself; None for the whole cohort."""
        return self.memberships.get(self.cleaned_data["where"])
