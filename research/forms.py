"""What people fill in: notes, filters, comments and the cards of experiments."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet

from participants.models import Cohort, Membership, Mentorship, Seat, User

from .locking import late_texts
from .models import BOXES, Experiment, NoteVersion, ResearchNote, ResearchPhase, kinds_of
from .models.attachments import ALT_LIMIT
from .models.us_too import LINE_LIMIT
from .saving import BODY_LIMIT, TITLE_LIMIT, VERSION_LIMIT, Change, Refused

SEARCH_LIMIT = 200  # characters
PARAGRAPH_LIMIT = 10_000  # characters of a comment, or of one box of an experiment's card


class Text(forms.CharField):
    """Text of several lines. Browsers send CRLF from a form and LF from a script: it is stored one way."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"widget": forms.Textarea, **kwargs})

    def to_python(self, value: Any) -> str:
        return (super().to_python(value) or "").replace("\r\n", "\n").replace("\r", "\n")


class Question(forms.CharField):
    """Words to look for. Nothing somebody types here is an error: what is too long is cut, what is no text left out."""

    def to_python(self, value: Any) -> str:
        return (super().to_python(str(value or "").replace("\x00", " ")) or "")[:SEARCH_LIMIT]


class Refusable(forms.Form):
    """A form that also shows what saving refused, with the status the page answers."""

    refused_with = 0

    @property
    def status(self) -> int:
        """What the page answers: all is well unless something was refused."""
        return self.refused_with or (422 if self.is_bound else 200)

    def refuse(self, refusal: Refused) -> None:
        self.add_error(refusal.name if refusal.name in self.fields else None, refusal.message)
        self.refused_with = refusal.status


def offer_organisations(form: forms.Form, memberships: list[Membership]) -> None:
    """Asks for which organisation it is, where there is a choice."""
    if len(memberships) > 1:
        form.fields["organisation"].choices = [(m.organisation.slug, m.name) for m in memberships]  # type: ignore[attr-defined]
        form.fields["organisation"].required = True
    else:
        del form.fields["organisation"]


class NoteForm(Refusable):
    """A note as its page asks for it; `change` is what saving takes."""

    save_id = forms.UUIDField(widget=forms.HiddenInput)
    base_version = forms.IntegerField(min_value=0, max_value=VERSION_LIMIT, widget=forms.HiddenInput)
    organisation = forms.ChoiceField(label="Write for", required=False)
    title = forms.CharField(max_length=TITLE_LIMIT, required=False)
    body = Text(label="Note", max_length=BODY_LIMIT, required=False, strip=False)
    kind = forms.ChoiceField()
    phase = forms.ChoiceField(required=False)
    experiment = forms.ChoiceField(required=False)
    happened_on = forms.DateField(
        label="When it happened", required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    audience = forms.ChoiceField(label="Who can read it", widget=forms.RadioSelect)
    may_be_quoted = forms.BooleanField(label="May be quoted in a finding", required=False)

    def __init__(
        self, data: Any, *, note: ResearchNote, user: User, cohort: Cohort, memberships: list[Membership], **kwargs: Any
    ) -> None:
        """`memberships`: those the note may be written for; one, once it exists."""
        super().__init__(data, **kwargs)
        self.phases = {str(phase.number): phase for phase in cohort.phases.prefetch_related("prompts")}
        self.experiments = {str(e.pk): e for e in Experiment.objects.filter(membership__in=memberships)}
        self.choices("kind", kinds_of(cohort))
        self.choices("phase", [("", "No phase"), *((number, str(phase)) for number, phase in self.phases.items())])
        self.choices("experiment", [("", "No experiment"), *((pk, e.title) for pk, e in self.experiments.items())])
        self.choices(
            "audience", [choice for choice in ResearchNote.Audience.choices if note.can_become(choice[0], user)]
        )
        if not self.experiments:
            del self.fields["experiment"]
        offer_organisations(self, memberships)

    def choices(self, name: str, pairs: list[tuple[str, str]]) -> None:
        self.fields[name].choices = pairs  # type: ignore[attr-defined]

    @property
    def chosen_phase(self) -> ResearchPhase | None:
        """The phase whose prompts stand beside the note."""
        return self.phases.get(str(self["phase"].value() or ""))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if {"save_id", "base_version"} & set(self.errors):
            raise forms.ValidationError("This page was out of date. Your text is still here: please save again.")
        if not cleaned.get("title") and not cleaned.get("body", "").strip() and "body" not in self.errors:
            self.add_error("body", "Write a sentence first.")
        return cleaned

    def change(self, share: str = "") -> Change:
        """The save it asks for; `share`: the audience of the button pressed, in place of the one chosen."""
        cleaned = self.cleaned_data
        fields = {name: cleaned[name] for name in ("kind", "happened_on", "audience", "may_be_quoted")}
        fields["phase"] = self.phases.get(cleaned["phase"])
        if "experiment" in self.fields:
            fields["experiment"] = self.experiments.get(cleaned["experiment"])
        if share in (ResearchNote.Audience.ORGANISATION, ResearchNote.Audience.COHORT):
            fields["audience"] = share
        return Change(
            save_id=cleaned["save_id"],
            base_version=cleaned["base_version"],
            title=cleaned["title"],
            body=cleaned["body"],
            fields=fields,
            organisation=cleaned.get("organisation", ""),
        )


class NoteFilter(forms.Form):
    """What to look for among the notes one may read. What makes no sense is passed over."""

    q = Question(
        label="Words in notes and comments",
        required=False,
        widget=forms.TextInput(attrs={"type": "search", "maxlength": SEARCH_LIMIT}),
    )
    phase = forms.ChoiceField(required=False)
    kind = forms.ChoiceField(required=False)
    organisation = forms.ChoiceField(required=False)
    mine = forms.BooleanField(label="Mine only", required=False)

    def __init__(self, data: Any, *, cohort: Cohort, user: User) -> None:
        super().__init__(data)
        self.user = user
        self.kinds = kinds_of(cohort)
        self.phases = list(cohort.phases.all())
        memberships = cohort.memberships.select_related("organisation").annotate(
            is_own=Exists(Seat.objects.live().filter(user=user, membership=OuterRef("pk"))),
            is_mentored=Exists(Mentorship.objects.live().filter(mentor__user=user, membership=OuterRef("pk"))),
        )
        self.memberships = list(memberships)
        self.can_write = any(m.is_own for m in self.memberships)
        reads_all = user.is_staff or self.can_write
        choices = {
            "phase": [("", "Every phase"), *((str(phase.number), str(phase)) for phase in self.phases)],
            "kind": [("", "Every kind"), *self.kinds],
            "organisation": [
                ("", "Every organisation"),
                *((m.organisation.slug, m.name) for m in self.memberships if reads_all or m.is_mentored),
            ],
        }
        for name, pairs in choices.items():
            self.fields[name].choices = pairs  # type: ignore[attr-defined]

    @property
    def asked(self) -> dict[str, Any]:
        """The filters that are set and make sense."""
        if not self.is_bound:
            return {}
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}

    def narrow(self, notes: Any) -> Any:
        """The notes that fit the filters; for the words, see searching.py."""
        asked = self.asked
        conditions = Q()
        if "phase" in asked:
            conditions &= Q(phase__number=int(asked["phase"]))
        if "kind" in asked:
            conditions &= Q(kind=asked["kind"])
        if "organisation" in asked:
            conditions &= Q(membership__organisation__slug=asked["organisation"])
        if "mine" in asked:
            conditions &= Q(author=self.user)
        return notes.filter(conditions)


class CommentForm(forms.Form):
    body = Text(
        label="Your comment",
        max_length=PARAGRAPH_LIMIT,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": "Write a sentence first."},
    )


class UsTooForm(forms.Form):
    """One line for an organisation that met the same."""

    organisation = forms.ChoiceField(label="Say it for", required=False)
    line = forms.CharField(
        label="Us too:",
        max_length=LINE_LIMIT,
        help_text="One line: what did you see?",
        error_messages={"required": "Write a few words first."},
    )

    def __init__(self, data: Any, *, memberships: list[Membership]) -> None:
        super().__init__(data)
        self.memberships = {m.organisation.slug: m for m in memberships}
        offer_organisations(self, memberships)

    @property
    def membership(self) -> Membership:
        """The one chosen, or the only one there is."""
        slug = self.cleaned_data.get("organisation")
        return self.memberships[slug] if slug else next(iter(self.memberships.values()))


class AddendumForm(forms.Form):
    """Words under a locked note, taken from a text that came too late where there is one."""

    save_id = forms.UUIDField(widget=forms.HiddenInput)
    late_text = forms.ModelChoiceField(NoteVersion.objects.none(), required=False, widget=forms.HiddenInput)
    body = Text(
        label="Your addendum",
        max_length=PARAGRAPH_LIMIT,
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={"required": "Write a sentence first."},
    )

    def __init__(self, data: Any, *, note: ResearchNote, user: User, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.fields["late_text"].queryset = late_texts(note, user)  # type: ignore[attr-defined]


class RestoreForm(forms.Form):
    """The yes to restoring a version, given to the note as it stood then."""

    save_id = forms.UUIDField(widget=forms.HiddenInput)
    base_version = forms.IntegerField(min_value=0, max_value=VERSION_LIMIT, widget=forms.HiddenInput)


class AudienceForm(RestoreForm):
    """Who is to read a note from now on, given to the note as it stood then."""

    audience = forms.ChoiceField(label="Who can read it", widget=forms.RadioSelect)

    def __init__(self, data: Any, *, note: ResearchNote, user: User, **kwargs: Any) -> None:
        initial = {"save_id": uuid.uuid4(), "base_version": note.version, "audience": note.audience}
        super().__init__(data, **{**kwargs, "initial": {**initial, **kwargs.get("initial", {})}})
        self.fields["audience"].choices = [  # type: ignore[attr-defined]
            choice for choice in ResearchNote.Audience.choices if note.can_become(choice[0], user)
        ]


class ExperimentFilter(forms.Form):
    """Which cards to show, among those one may read. What makes no sense is passed over."""

    outcome = forms.ChoiceField(choices=[("", "Every outcome"), *Experiment.Outcome.choices], required=False)
    organisation = forms.ChoiceField(required=False)

    def __init__(self, data: Any, *, readable: QuerySet[Experiment]) -> None:
        super().__init__(data)
        names = readable.order_by("membership__name").values_list("membership__organisation__slug", "membership__name")
        self.organisations = list(names.distinct())
        self.fields["organisation"].choices = [("", "Every organisation"), *self.organisations]  # type: ignore[attr-defined]
        if len(self.organisations) < 2:
            del self.fields["organisation"]

    @property
    def asked(self) -> dict[str, Any]:
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}

    def narrow(self, cards: QuerySet[Experiment]) -> QuerySet[Experiment]:
        columns = {"outcome": "outcome", "organisation": "membership__organisation__slug"}
        return cards.filter(**{columns[name]: value for name, value in self.asked.items()})


class DescriptionForm(forms.Form):
    """What a picture shows, for those who cannot see it; empty where nobody has said yet."""

    alt = forms.CharField(
        max_length=ALT_LIMIT,
        required=False,
        error_messages={"max_length": f"A description can have {ALT_LIMIT} characters."},
    )


class QuickNoteForm(Refusable):
    """A picture and one line. The hidden names make a second press of the button the same note."""

    note_id = forms.UUIDField(widget=forms.HiddenInput)
    save_id = forms.UUIDField(widget=forms.HiddenInput)
    organisation = forms.ChoiceField(label="Write for", required=False)
    file = forms.FileField(
        label="Picture",
        allow_empty_file=True,
        error_messages={"required": "Choose a picture, or take one."},
    )
    line = forms.CharField(
        label="One line",
        max_length=TITLE_LIMIT,
        error_messages={"required": "Write a few words: what do we see?"},
    )

    def __init__(self, data: Any, files: Any, *, memberships: list[Membership], **kwargs: Any) -> None:
        super().__init__(data, files, **kwargs)
        offer_organisations(self, memberships)


class ExperimentForm(forms.Form):
    """The card of an experiment. Question and hunch are kept as dated versions."""

    base_version = forms.IntegerField(min_value=0, max_value=VERSION_LIMIT, widget=forms.HiddenInput)
    organisation = forms.ChoiceField(label="Whose experiment", required=False)
    title = forms.CharField(max_length=160)
    question = Text(label="Our question", max_length=PARAGRAPH_LIMIT, help_text="What do you want to find out?")
    hunch = Text(
        label="Our hunch", max_length=PARAGRAPH_LIMIT, required=False, help_text="What do you think is going on?"
    )
    small_experiment = Text(
        label="The small experiment",
        max_length=PARAGRAPH_LIMIT,
        required=False,
        help_text="The smallest thing you can try with what you have.",
    )
    what_we_saw = Text(label="What we saw", max_length=PARAGRAPH_LIMIT, required=False)
    what_we_changed = Text(label="What we changed", max_length=PARAGRAPH_LIMIT, required=False)
    what_next = Text(label="What we do next", max_length=PARAGRAPH_LIMIT, required=False)
    outcome = forms.ChoiceField(
        choices=Experiment.Outcome,
        help_text="An experiment that did not work, or was stopped, is worth as much as any other.",
    )

    def __init__(self, data: Any, *, memberships: list[Membership], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.memberships = {m.organisation.slug: m for m in memberships}
        for field in self.fields.values():
            if isinstance(field, Text):
                field.widget.attrs["rows"] = 3
        offer_organisations(self, memberships)

    @staticmethod
    def initial_of(experiment: Experiment) -> dict[str, Any]:
        return {**experiment.boxes, "base_version": experiment.version}

    @property
    def membership(self) -> Membership:
        """Whose experiment it is: the one chosen, or the only one there is."""
        slug = self.cleaned_data.get("organisation")
        return self.memberships[slug] if slug else next(iter(self.memberships.values()))

    @property
    def boxes(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in BOXES}


def fresh(data: Any, base_version: int) -> Any:
    """The same typing as a save of its own, started from the version that stands now."""
    copy = data.copy()
    copy["base_version"] = base_version
    copy["save_id"] = uuid.uuid4()
    return copy
