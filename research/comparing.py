"""What differs between two texts, word by word, for people to see before they choose."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

# Where this many words differ in a row difflib takes a second: then lines are compared, and beyond that nothing is.
PIECES = 1_500

WORD = re.compile(r"\s+|\w+|[^\w\s]")
LINE = re.compile(r"[^\n]*\n|[^\n]+")


@dataclass(frozen=True)
class Stretch:
    """A piece of text that is in both ("same"), in the first only ("gone"), or in the second only ("new")."""

    sort: str
    text: str


def compare(before: str, after: str) -> list[Stretch]:
    """The two texts as one row of stretches. What is too long to compare comes back as one gone and one new."""
    for pattern in (WORD, LINE):
        first, second = pattern.findall(before), pattern.findall(after)
        head = alike(first, second)
        tail = alike(first[head:][::-1], second[head:][::-1])
        gone, new = first[head : len(first) - tail], second[head : len(second) - tail]
        if max(len(gone), len(new)) <= PIECES:
            middle = differing(gone, new)
            break
    else:
        middle = [("gone", gone), ("new", new)]
    row = [("same", first[:head]), *middle, ("same", first[len(first) - tail :])]
    return [Stretch(sort, "".join(pieces)) for sort, pieces in row if pieces]


def alike(first: list[str], second: list[str]) -> int:
    """How many pieces the two begin with alike."""
    return next(
        (at for at, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), min(len(first), len(second))
    )


def differing(gone: list[str], new: list[str]) -> list[tuple[str, list[str]]]:
    found: list[tuple[str, list[str]]] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, gone, new, autojunk=False).get_opcodes():
        if tag == "equal":
            found.append(("same", gone[i1:i2]))
        else:
            found += [("gone", gone[i1:i2]), ("new", new[j1:j2])]
    return found
