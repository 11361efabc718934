"""Setting when a kind of reminder goes: before a rule is saved, staff read how many letters that moves, and whose."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminTimeWidget
from django.utils import timezone

from .desk import say_first, sentences
from .models import Rule
from .reminders import REGISTERED
from .to_come import Effect, rule_effects
from .wallclock import LONDON

# From how many letters on a rule is saved only with a tick beside their number.
MANY = 200
NAMED = 5


class RuleForm(forms.ModelForm):
    """When letters of a kind go. What that changes is said first, and saved the second time."""

    days = forms.IntegerField(min_value=-365, max_value=365, help_text=Rule._meta.get_field("days").help_text)
    minutes = forms.IntegerField(
        min_value=-43200, max_value=43200, initial=0, help_text=Rule._meta.get_field("minutes").help_text
    )
    at = forms.TimeField(
        label="At",
        required=False,
        widget=AdminTimeWidget(format="%H:%M"),
        help_text="London wall-clock time, such as 09:00. Empty: count in minutes instead. From 01:00 to 02:00 does "
        "not exist on the last Sunday of March: such a letter goes an hour later then.",
    )
    told = forms.CharField(required=False, widget=forms.HiddenInput)
    sure = forms.BooleanField(label="Yes, this many letters", required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("at") is not None and cleaned.get("minutes"):
            self.add_error("minutes", "With a time of day there are no minutes: set them to 0, or empty the time.")
        if not self.errors and self.instance.kind in REGISTERED:
            self.ask(cleaned, timezone.now())
        return cleaned

    def ask(self, cleaned: dict[str, Any], now: datetime) -> None:
        """What was said stands in the form, so that what changed meanwhile is said anew."""
        before = Rule.objects.get(pk=self.instance.pk)
        names = ("days", "at", "minutes", "is_on", "is_held")
        after = Rule(kind=before.kind, label=before.label, **{name: cleaned[name] for name in names})
        if all(getattr(before, name) == getattr(after, name) for name in names):
            return
        effects = rule_effects(before, after, now)
        if not effects:
            return
        going = sum(effect.people for effect in effects if effect.after)
        at_once = sum(effect.people for effect in effects if effect.is_now)
        lines = sentences("admin/correspondence/rule/told.txt", context_of(before, after, effects))
        is_much = going > MANY or (at_once > 0 and not after.is_held)
        if is_much:
            self.fields["sure"].widget = forms.CheckboxInput()
        is_agreed = not is_much or bool(cleaned.get("sure"))
        if say_first(self, cleaned, lines, is_agreed) and not is_agreed:
            self.add_error("sure", "Tick this to save it.")


def context_of(before: Rule, after: Rule, effects: list[Effect]) -> dict[str, Any]:
    """Numbers and the first dates, for the template that says them."""
    going = [effect for effect in effects if effect.after]
    return {
        "before": before,
        "after": after,
        "effects": effects[:NAMED],
        "more": len(effects) - NAMED,
        "letters": sum(effect.people for effect in going),
        "stopping": sum(effect.people for effect in effects if not effect.after),
        "readers": len(set().union(*(effect.addresses for effect in going))),
        "at_once": sum(effect.people for effect in effects if effect.is_now),
        "skipped": [effect for effect in going if is_skipped(after, effect)],
        "is_much": sum(effect.people for effect in going) > MANY,
    }


def is_skipped(rule: Rule, effect: Effect) -> bool:
    """Whether the clock in London never shows the rule's time on that day."""
    return rule.at is not None and effect.after is not None and effect.after.astimezone(LONDON).time() != rule.at
