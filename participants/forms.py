from zoneinfo import available_timezones

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


def zones() -> list[tuple[str, str]]:
    """Time zones by the name of a place, London first."""
    places = sorted(name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "US/")))
    names = ["Europe/London", *(name for name in places if name != "Europe/London")]
    return [(name, name.replace("_", " ").replace("/", ": ", 1)) for name in names]


class ProfileForm(forms.ModelForm):
    """What a person may change about themselves here; the address is changed where it is proved."""

    class Meta:
        model = User
        fields = ["name", "timezone"]
        labels = {"name": "Your name", "timezone": "Your time zone"}
        help_texts = {
            "timezone": "Digests reach you at eight in the morning there. Programme dates stay in London time."
        }
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "name"})}

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["timezone"] = forms.ChoiceField(
            label="Your time zone", help_text=self.Meta.help_texts["timezone"], choices=zones()
        )
