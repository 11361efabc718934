from django import forms

from .models import Agreement


class AgreementForm(forms.Form):
    """An organisation's answer, and the digest of the words it answers."""

    agreement = forms.IntegerField(widget=forms.HiddenInput)
    digest = forms.RegexField(r"^[0-9a-f]{64}$", widget=forms.HiddenInput)
    answer = forms.ChoiceField(
        label="Your organisation’s answer",
        choices=[
            (Agreement.Answer.YES, "Yes, it may be published in these words"),
            (Agreement.Answer.NO, "No"),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose yes or no.", "invalid_choice": "Choose yes or no."},
    )
    remark = forms.CharField(
        label="A remark for the staff",
        help_text="What should change, or on what condition you agree. The public never sees it.",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
