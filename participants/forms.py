from django import forms

from .models import User


class AcceptForm(forms.Form):
    """The name a newcomer goes by."""

    name = forms.CharField(
        label="Your name",
        max_length=120,
        help_text="As you would like others in the programme to read it.",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )


class ProfileForm(forms.ModelForm):
    """What a person may change about themselves here; the address is changed where it is proved."""

    class Meta:
        model = User
        fields = ["name"]
        labels = {"name": "Your name"}
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "name"})}
