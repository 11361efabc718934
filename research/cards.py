"""What differs between two versions of a card, box by box."""

from __future__ import annotations

from dataclasses import dataclass

from .differences import Compared, compare
from .models import BOXES, CardVersion, Experiment


@dataclass(frozen=True)
class Box:
    """One box of two versions of a card."""

    label: str
    before: str
    after: str
    compared: Compared


@dataclass(frozen=True)
class CardChange:
    """A version of a card, and the boxes it changed."""

    version: CardVersion
    boxes: list[Box]


def in_words(name: str, boxes: dict[str, str]) -> str:
    """What a box says: an outcome by its name."""
    text = boxes.get(name, "")
    return str(Experiment.Outcome(text).label) if name == "outcome" and text in Experiment.Outcome.values else text


def side_by_side(before: dict[str, str], after: dict[str, str]) -> list[Box]:
    """The boxes that differ, in the order of the card."""
    pairs = [(name, in_words(name, before), in_words(name, after)) for name in BOXES]
    # An outcome is one thing, not so many words: it is put in or taken out whole.
    return [
        Box(BOXES[name], a, b, compare(a, b, steps=0) if name == "outcome" else compare(a, b))
        for name, a, b in pairs
        if a != b
    ]


def changes_of(versions: list[CardVersion], experiment: Experiment) -> list[CardChange]:
    """What each version changed against the one it was written from. One query for those the page has not."""
    bases = {version.base_version for version in versions}
    texts = dict(experiment.versions.filter(number__in=bases).values_list("number", "boxes"))
    return [
        CardChange(version, side_by_side(texts.get(version.base_version, {}), version.boxes)) for version in versions
    ]
