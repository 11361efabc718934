from django import forms


class NewsletterForm(forms.Form):
    """The address to write to. Line ends and NUL are refused by the field itself."""

    address = forms.EmailField(
        label="Your e-mail address",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={
            "required": "Enter the address we should write to.",
            "invalid": "This does not look like an e-mail address, as name@example.org does.",
        },
    )

    def clean_address(self) -> str:
        return self.cleaned_data["address"].lower()
