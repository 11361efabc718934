from django import forms
from django.core.exceptions import ValidationError

from .models import Agreement, Permission


def marked() -> forms.RegexField:
    """A SHA-256, so that an answer says to which words it is one."""
    return forms.RegexField(r"^[0-9a-f]{64}$", widget=forms.HiddenInput)


def remark() -> forms.CharField:
    return forms.CharField(
        label="A remark for the staff",
        help_text="What should change, or on what condition you agree. The public never sees it.",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


def choice(label: str, choices: list[tuple[str, str]]) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label,
        choices=choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose yes or no.", "invalid_choice": "Choose yes or no."},
    )


class AgreementForm(forms.Form):
    """An organisation's answer, and the digest of the words it answers."""

    agreement = forms.IntegerField(widget=forms.HiddenInput)
    digest = marked()
    answer = choice(
        "Your organisation’s answer",
        [
            (Agreement.Answer.YES, "Yes, it may be published in these words"),
            (Agreement.Answer.NO, "No"),
        ],
    )
    remark = remark()


class PermissionForm(forms.Form):
    """A voice's answer for one excerpt, and the mark of the words it answers for."""

    excerpt = forms.IntegerField(widget=forms.HiddenInput)
    voice = forms.ChoiceField(choices=Permission.Voice, widget=forms.HiddenInput)
    mark = marked()
    answer = choice(
        "Your answer",
        [
            (Permission.Answer.YES, "Yes, these words may be quoted"),
            (Permission.Answer.CHANGE, "Only in other words"),
            (Permission.Answer.NO, "No, leave them out"),
        ],
    )
    proposal = forms.CharField(
        label="The other words",
        help_text="Only if you want other words: how the passage may be quoted instead.",
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    remark = remark()

    def clean_proposal(self) -> str:
        proposal: str = self.cleaned_data["proposal"].strip()
        wants = self.cleaned_data.get("answer") == Permission.Answer.CHANGE
        if wants and not proposal:
            raise ValidationError("Write how the passage may be quoted.")
        return proposal if wants else ""
