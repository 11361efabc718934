"""What differs between two texts: paragraphs first, then words, within a bounded number of steps.

Two texts of a megabyte that have little in common would keep a full comparison busy for hours. Here the work is
counted: when it is used up, whole paragraphs stand as taken out and put in, and the answer says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

STEPS = 500_000  # comparisons in all, at most half a second and 50 MB
AROUND = 300  # characters of a long unchanged stretch that stand beside a change
WORDS = re.compile(r"\w+|\s+|[^\w\s]")


@dataclass(frozen=True)
class Piece:
    """A stretch of text that is the "same" in both, "removed", or "added"."""

    how: str
    text: str

    @property
    def is_long(self) -> bool:
        """Whether it is so long a stretch of the same that its ends are enough to read."""
        return len(self.text) > 4 * AROUND

    @property
    def head(self) -> str:
        return self.text[:AROUND]

    @property
    def tail(self) -> str:
        return self.text[-AROUND:]

    @property
    def hidden(self) -> int:
        return len(self.text) - 2 * AROUND


@dataclass(frozen=True)
class Compared:
    """The pieces in the order they are read; `is_coarse`: too much differs to show it word by word."""

    pieces: list[Piece]
    is_coarse: bool

    @property
    def is_same(self) -> bool:
        return all(piece.how == "same" for piece in self.pieces)


class TooMuch(Exception):
    """The steps are used up."""


class Steps:
    """A number of steps that can be taken once."""

    def __init__(self, left: int) -> None:
        self.left = left

    def take(self, steps: int) -> None:
        self.left -= steps
        if self.left < 0:
            raise TooMuch


def compare(before: str, after: str, steps: int = STEPS) -> Compared:
    """The two texts as one, with what was taken out and what was put in."""
    budget = Steps(steps)
    pieces: list[Piece] = []
    is_coarse = False
    for removed, added in changes(before.splitlines(keepends=True), after.splitlines(keepends=True), budget):
        if removed and removed == added:
            pieces.append(Piece("same", removed))
            continue
        try:
            pieces += words(removed, added, budget)
        except TooMuch:
            is_coarse = True
            pieces += [Piece("removed", removed), Piece("added", added)]
    return Compared(joined(pieces), is_coarse)


def words(removed: str, added: str, budget: Steps) -> list[Piece]:
    """Two paragraphs, word by word. Raises TooMuch."""
    if not removed or not added:
        return [Piece("removed", removed), Piece("added", added)]
    pieces: list[Piece] = []
    for out, into in changes(WORDS.findall(removed), WORDS.findall(added), budget, strict=True):
        if out == into:
            pieces.append(Piece("same", out))
        else:
            pieces += [Piece("removed", out), Piece("added", into)]
    return pieces


def changes(a: list[str], b: list[str], budget: Steps, strict: bool = False) -> Iterator[tuple[str, str]]:
    """Stretches of both lists, in order: equal pairs are the same, unequal ones stand for each other.

    When the steps run out the whole middle is one stretch, unless `strict`: then it raises TooMuch.
    """
    start, end = common_ends(a, b)
    middle_a, middle_b = a[start : len(a) - end], b[start : len(b) - end]
    if start:
        yield "".join(a[:start]), "".join(b[:start])
    try:
        matches = matching(middle_a, middle_b, budget)
    except TooMuch:
        if strict:
            raise
        matches = []
    i = j = 0
    for at_a, at_b, length in [*matches, (len(middle_a), len(middle_b), 0)]:
        if i < at_a or j < at_b:
            yield "".join(middle_a[i:at_a]), "".join(middle_b[j:at_b])
        if length:
            same = "".join(middle_a[at_a : at_a + length])
            yield same, same
        i, j = at_a + length, at_b + length
    if end:
        yield "".join(a[len(a) - end :]), "".join(b[len(b) - end :])


def common_ends(a: list[str], b: list[str]) -> tuple[int, int]:
    """How many items the lists share at the start, and how many of the rest at the end."""
    most = min(len(a), len(b))
    start = next((at for at in range(most) if a[at] != b[at]), most)
    most -= start
    end = next((at for at in range(most) if a[-1 - at] != b[-1 - at]), most)
    return start, end


def matching(a: list[str], b: list[str], budget: Steps) -> list[tuple[int, int, int]]:
    """The runs both lists share, as (start in a, start in b, length): Myers' shortest edit script (1986).

    Each diagonal k keeps the furthest x that d edits reach on it. Raises TooMuch when the steps are used up.
    """
    if not a or not b:
        return []
    furthest = {1: 0}
    trail = []
    for d in range(len(a) + len(b) + 1):
        # Copying the diagonals is work too, if quick work.
        budget.take(2 * d + 1)
        trail.append(furthest.copy())
        for k in range(-d, d + 1, 2):
            down = k == -d or (k != d and furthest[k - 1] < furthest[k + 1])
            x = furthest[k + 1] if down else furthest[k - 1] + 1
            y = begun = x - k
            while x < len(a) and y < len(b) and a[x] == b[y]:
                x, y = x + 1, y + 1
            budget.take(y - begun)
            furthest[k] = x
            if x >= len(a) and y >= len(b):
                return walked_back(trail, len(a), len(b))
    raise AssertionError("an edit script always ends")


def walked_back(trail: list[dict[int, int]], x: int, y: int) -> list[tuple[int, int, int]]:
    """The runs along the way that led from the start to (x, y)."""
    runs = []
    for d in range(len(trail) - 1, -1, -1):
        furthest, k = trail[d], x - y
        down = k == -d or (k != d and furthest[k - 1] < furthest[k + 1])
        from_k = k + 1 if down else k - 1
        from_x = furthest[from_k]
        begun = from_x if down else from_x + 1
        if d == 0:
            begun = 0
        if x > begun:
            runs.append((begun, begun - k, x - begun))
        x, y = from_x, from_x - from_k
    return runs[::-1]


def joined(pieces: list[Piece]) -> list[Piece]:
    """Neighbours of one kind as one piece, a removal before the addition in its place, nothing empty."""
    found: list[Piece] = []
    for is_same, group in groupby((piece for piece in pieces if piece.text), lambda piece: piece.how == "same"):
        run = list(group)
        for how in ["same"] if is_same else ["removed", "added"]:
            if text := "".join(piece.text for piece in run if piece.how == how):
                found.append(Piece(how, text))
    return found
