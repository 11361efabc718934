"""What staff and mentors fill in where they gather evidence from notes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Exists, OuterRef, Q

from discussions.words import wanted
from participants.models import Cohort, Membership, User
from research.forms import PARAGRAPH_LIMIT, Question, Text
from research.models import NoteVersion, ResearchPhase

from .gathering import occurrences, one_way, place_in, slug_of
from .models import Finding, Passage, Theme

AROUND = 40  # characters before and after words that stand in a note more than once


class GatheringFilter(forms.Form):
    """Which notes, or passages, to show. What makes no sense is passed over."""

    by = forms.ChoiceField(
        label="Side by side", choices=[("", "By organisation"), ("phase", "By phase")], required=False
    )
    organisation = forms.ChoiceField(required=False)
    phase = forms.ChoiceField(required=False)
    theme = forms.ChoiceField(required=False)
    q = Question(label="Words", required=False, widget=forms.TextInput(attrs={"type": "search"}))

    def __init__(self, data: Any, *, cohort: Cohort, user: User) -> None:
        super().__init__(data)
        self.user = user
        memberships = Membership.objects.visible_to(user).filter(cohort=cohort).order_by("name")
        self.memberships = list(memberships.select_related("organisation"))
        self.phases = list(ResearchPhase.objects.filter(cohort=cohort))
        self.themes = list(Theme.objects.filter(cohort=cohort))
        self.offer("organisation", "Every organisation", [(m.organisation.slug, m.name) for m in self.memberships])
        self.offer("phase", "Every phase", [(str(p.number), str(p)) for p in self.phases])
        self.offer("theme", "Every theme", [*((t.slug, t.name) for t in self.themes), ("-", "No theme yet")])

    def offer(self, name: str, everything: str, pairs: list[tuple[str, str]]) -> None:
        self.fields[name].choices = [("", everything), *pairs]  # type: ignore[attr-defined]

    @property
    def asked(self) -> dict[str, Any]:
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}

    def of_note(self, note: str) -> Q:
        """What is asked of a note; `note` is the way to it, such as "version__note__"."""
        asked, conditions = self.asked, Q()
        if "organisation" in asked:
            conditions &= Q(**{f"{note}membership__organisation__slug": asked["organisation"]})
        if "phase" in asked:
            conditions &= Q(**{f"{note}phase__number": int(asked["phase"])})
        return conditions

    def of_theme(self) -> Q:
        theme = self.asked.get("theme")
        return Q() if not theme else Q(themes=None) if theme == "-" else Q(themes__slug=theme)

    def notes(self, notes: Any) -> Any:
        """Those of the notes that fit; of a theme, those with a passage of it."""
        asked = self.asked
        found = notes.filter(self.of_note(""))
        if "theme" in asked:
            marked = Passage.objects.visible_to(self.user).present().filter(self.of_theme())
            found = found.filter(Exists(marked.filter(version__note=OuterRef("pk"))))
        return found.matching(wanted(asked["q"])) if "q" in asked else found

    def passages(self, passages: Any) -> Any:
        return passages.filter(self.of_note("version__note__"), self.of_theme())


class ThemeForm(forms.Form):
    """A theme for the cohort's list."""

    name = forms.CharField(label="Its name", max_length=80, error_messages={"required": "Name the theme first."})

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        slug_of(name)
        return name


class ThemesForm(forms.Form):
    """Themes of the cohort's own list, and a name for a new one."""

    themes: Any = forms.ModelMultipleChoiceField(None, required=False, widget=forms.CheckboxSelectMultiple)
    new_theme = forms.CharField(
        label="A new theme", max_length=80, required=False, help_text="It joins the cohort’s list."
    )

    def __init__(self, data: Any, *, cohort: Cohort, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.fields["themes"].queryset = Theme.objects.filter(cohort=cohort)  # type: ignore[attr-defined]

    def clean_new_theme(self) -> str:
        name: str = self.cleaned_data["new_theme"]
        if name:
            slug_of(name)
        return name


class PassageForm(ThemesForm):
    """The words to mark, as they stand in a version of a note; `start` and `end` are then their place in its body."""

    words = Text(
        label="The words to mark",
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Exactly as they stand in the note: copy them, and paste them here.",
        error_messages={"required": "Copy the words from the note first."},
    )
    start = forms.CharField(required=False, widget=forms.HiddenInput)
    memo = Text(
        label="Memo",
        max_length=PARAGRAPH_LIMIT,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What it tells you. Staff and this organisation’s mentors read it; it is never published.",
    )
    field_order = ("words", "start", "themes", "new_theme", "memo")

    def __init__(self, data: Any, *, version: NoteVersion, **kwargs: Any) -> None:
        super().__init__(data, cohort=version.note.membership.cohort, **kwargs)
        self.version, self.text = version, one_way(version.body)
        words = one_way(str(self["words"].value() or "")).strip()
        self.places = occurrences(self.text, words)
        if len(self.places) > 1:
            self.fields["start"] = forms.ChoiceField(
                label="Which of them",
                choices=[(str(at), self.around(at, len(words))) for at in self.places],
                widget=forms.RadioSelect,
                error_messages={
                    name: f"These words stand there {len(self.places)} times: say which you mean."
                    for name in ("required", "invalid_choice")
                },
            )

    def around(self, at: int, length: int) -> str:
        """The words at a place with what stands beside them."""
        end = at + length
        before, after = self.text[max(0, at - AROUND) : at], self.text[end : end + AROUND]
        return f"… {before}[{self.text[at:end][: 2 * AROUND]}]{after} …"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        words = cleaned.get("words")
        if words and not self.places:
            self.add_error("words", "These words are not in the note. Paste them exactly as they stand there.")
        if words and not self.errors:
            at = int(cleaned["start"]) if len(self.places) > 1 else self.places[0]
            cleaned["start"] = place_in(self.version.body, at)
            cleaned["end"] = place_in(self.version.body, at + len(words))
        return cleaned


class PassageChangeForm(ThemesForm):
    """Themes and memo of a passage. A memo changed meanwhile in another window is not overwritten."""

    memo = Text(label="Memo", max_length=PARAGRAPH_LIMIT, required=False, widget=forms.Textarea(attrs={"rows": 4}))
    memo_was = Text(required=False, strip=False, widget=forms.HiddenInput)
    field_order = ("themes", "new_theme", "memo", "memo_was")

    def __init__(self, data: Any, *, passage: Passage, user: User) -> None:
        initial = {"themes": passage.themes.all(), "memo": passage.memo, "memo_was": passage.memo}
        super().__init__(data, cohort=passage.membership.cohort, initial=initial)
        self.passage = passage
        if passage.marked_by != user:
            del self.fields["memo"], self.fields["memo_was"]

    @property
    def is_stale(self) -> bool:
        """Whether the memo is another one now than when the form was opened."""
        return "memo" in self.fields and self.cleaned_data["memo_was"].strip() != self.passage.memo.strip()


class TakeForm(forms.Form):
    """Which finding a passage goes into."""

    finding: Any = forms.ModelChoiceField(None, required=False, empty_label="A new finding")
    title = forms.CharField(
        label="Title of a new finding",
        max_length=200,
        required=False,
        help_text="Says what was learned. Only where you chose “A new finding”.",
    )

    def __init__(self, data: Any, *, cohort: Cohort) -> None:
        super().__init__(data)
        findings = Finding.objects.filter(cohort=cohort).exclude(state=Finding.State.WITHDRAWN)
        self.fields["finding"].queryset = findings.order_by("-created_at")  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and not cleaned.get("finding") and not cleaned.get("title"):
            self.add_error("title", "Choose a finding, or give a new one its title.")
        return cleaned
