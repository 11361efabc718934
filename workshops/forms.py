"""What a person is asked before a workshop."""

from django import forms

from .models import Attendance


class ReplyForm(forms.ModelForm):
    """Whether somebody comes, and what they need on the day."""

    reply = forms.ChoiceField(label="Will you come?", choices=Attendance.Reply, widget=forms.RadioSelect)

    class Meta:
        model = Attendance
        fields = ["reply", "access_needs", "dietary_needs"]
        widgets = {
            "access_needs": forms.Textarea(attrs={"rows": 2}),
            "dietary_needs": forms.Textarea(attrs={"rows": 2}),
        }
        help_texts = {
            "access_needs": "Step-free access, a hearing loop, a quiet room… Only Culture24 reads this; "
            "deleted 30 days after the workshop.",
            "dietary_needs": "What you do not eat. Only Culture24 reads this; deleted 30 days after the workshop.",
        }
