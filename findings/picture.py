"""The picture of a finding for those who share its address: its title in the portal's look, 1200 × 630 pixels."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from io import BytesIO
from typing import Any, NamedTuple

from django.contrib.staticfiles import finders
from PIL import Image, ImageDraw, ImageFont

from .citation import one_line, title_of

SIZE = WIDTH, HEIGHT = 1200, 630
MARGIN, EDGE = 88, 28
# static/css/base.css in the light: paper, ink, the pen, and a colour for each phase (0: none).
PAPER, INK, SOFT, PEN = "#fbf8f1", "#1c1a2b", "#4a475c", "#ffdf5d"
PHASES = ["#1c1a2b", "#0f6b66", "#3a4fb8", "#8a3d8f", "#a8510b", "#2f6b1f", "#a32552"]
# Largest first: the title takes the first size in which it fits.
TITLE_SIZES = (84, 72, 62, 54, 46)
TITLE_TOP, TITLE_HEIGHT, LEADING = 160, 320, 1.14
LONGEST = 400  # characters that are looked at; a title has 200 at most
HEADLINE, TEXT = "bricolage-grotesque", "atkinson-hyperlegible-next"


class Word(NamedTuple):
    """A word of the title, whether the pen goes over it, and the gap before it: none for a comma after marked words."""

    text: str
    is_marked: bool = False
    gap: str = " "


def picture_of(shown: dict[str, Any]) -> bytes:
    """A PNG for the content of a release; the same content gives the same bytes.

    Characters that the portal's fonts have no shape for are left out.
    """
    colour = shown["phase_colour"] if 0 < shown["phase_colour"] < len(PHASES) else 0
    above = " · ".join(filter(None, [one_line(shown["cohort"]), one_line(shown["phase"])]))
    return draw(title_of(shown), one_line(shown["highlight"]), above, one_line(shown["organisation"]), colour)


@lru_cache(maxsize=64)
def draw(title: str, highlight: str, above: str, organisation: str, colour: int) -> bytes:
    picture = Image.new("RGB", SIZE, PAPER)
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, 0, EDGE, HEIGHT), fill=PHASES[colour])
    write_line(pen, MARGIN, 84, above, TEXT, 30, SOFT)
    lines, size = fitted(words_of(title, highlight), WIDTH - 2 * MARGIN)
    for number, line in enumerate(lines):
        write_marked(pen, MARGIN, TITLE_TOP + round(number * size * LEADING), line, size)
    write_line(pen, MARGIN, 528, organisation, TEXT, 38, INK)
    # The portal's mark: one quarter of it leans, as the shapes of its badges do.
    pen.pieslice((WIDTH - 232, 494, WIDTH - 88, 638), 180, 270, fill=PHASES[colour])
    pen.rectangle((WIDTH - 160, 494, WIDTH - 88, 566), fill=PEN)
    out = BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()


def words_of(title: str, highlight: str) -> list[Word]:
    """The drawable words of a title, each with whether it is marked."""
    before, found, after = title.partition(highlight) if highlight else (title, "", "")
    words: list[Word] = []
    gap = " "
    for part, is_marked in [(before, False), (found, True), (after, False)]:
        for number, text in enumerate(drawable(part[:LONGEST], HEADLINE).split()):
            goes_on = number == 0 and not part[:1].isspace()
            words.append(Word(text, is_marked, gap if goes_on else " "))
        gap = " " if part[-1:].isspace() else "" if words else " "
    return words


def fitted(words: list[Word], width: int) -> tuple[list[list[Word]], int]:
    """The lines of a title, and the largest size in which they have room; at the smallest, what has none is cut off."""
    for size in TITLE_SIZES:
        lines = list(lines_of(words, size, width))
        room = int(TITLE_HEIGHT / (size * LEADING))
        if len(lines) <= room:
            return lines, size
    kept = lines[:room]
    kept[-1] = [*kept[-1][:-1], Word("…")]
    return kept, size


def lines_of(words: list[Word], size: int, width: int) -> Iterator[list[Word]]:
    line: list[Word] = []
    for word in words:
        for piece in pieces_of(word, size, width):
            if line and length_of(said([*line, piece]), HEADLINE, size) > width and (piece.gap or len(piece.text) > 2):
                yield line
                line = []
            line.append(piece)
    if line:
        yield line


def said(line: list[Word]) -> str:
    return "".join(f"{word.gap}{word.text}" for word in line).lstrip()


def pieces_of(word: Word, size: int, width: int) -> Iterator[Word]:
    """The word, cut where it is longer than a line."""
    piece, gap = "", word.gap
    for letter in word.text:
        if piece and length_of(piece + letter, HEADLINE, size) > width:
            yield Word(piece, word.is_marked, gap)
            piece, gap = "", ""
        piece += letter
    yield Word(piece, word.is_marked, gap)


def write_marked(pen: ImageDraw.ImageDraw, x: float, y: float, line: list[Word], size: int) -> None:
    """The pen first, so that it lies under the words."""
    places = []
    for number, word in enumerate(line):
        x += length_of(word.gap, HEADLINE, size) if number else 0
        width = length_of(word.text, HEADLINE, size)
        if word.is_marked:
            after = line[number + 1] if number + 1 < len(line) else Word("")
            more = length_of(after.gap, HEADLINE, size) if after.is_marked else 0.06 * size if after.gap else 0
            pen.rectangle((x - 0.06 * size, y + 0.42 * size, x + width + more, y + 1.06 * size), fill=PEN)
        places.append((x, word.text))
        x += width
    for start, text in places:
        write(pen, start, y, text, HEADLINE, size, INK)


def write_line(pen: ImageDraw.ImageDraw, x: float, y: float, text: str, face: str, size: int, colour: str) -> None:
    """One line, cut where the picture's room ends."""
    shown = drawable(text[:LONGEST], face)
    room = WIDTH - 2 * MARGIN - 190
    if length_of(shown, face, size) > room:
        while shown and length_of(f"{shown}…", face, size) > room:
            shown = shown[:-1]
        shown = f"{shown.rstrip()}…"
    write(pen, x, y, shown, face, size, colour)


def write(pen: ImageDraw.ImageDraw, x: float, y: float, text: str, face: str, size: int, colour: str) -> None:
    for font, run in runs_of(text, face, size):
        pen.text((x, y + size), run, font=font, fill=colour, anchor="ls")
        x += font.getlength(run)


def length_of(text: str, face: str, size: int) -> float:
    return sum(font.getlength(run) for font, run in runs_of(text, face, size))


def runs_of(text: str, face: str, size: int) -> Iterable[tuple[ImageFont.FreeTypeFont, str]]:
    """The text in pieces that one of the face's two files has the shapes of."""
    runs: list[tuple[str, str]] = []
    for letter in text:
        subset = subset_with(letter, face) or "latin"
        if runs and runs[-1][0] == subset:
            runs[-1] = (subset, runs[-1][1] + letter)
        else:
            runs.append((subset, letter))
    return [(font_of(face, subset, size), run) for subset, run in runs]


def drawable(text: str, face: str) -> str:
    """Composed, and without what the fonts have no shape for."""
    kept = "".join(letter for letter in unicodedata.normalize("NFC", text) if subset_with(letter, face))
    return " ".join(kept.split())


@cache
def font_of(face: str, subset: str, size: int) -> ImageFont.FreeTypeFont:
    """A font of the portal's own. Raises ValueError where its file is missing."""
    path = finders.find(f"fonts/{face}-{subset}-wght-normal.woff2")
    if not isinstance(path, str):
        raise ValueError("There is no such font.")
    # The basic layout needs no library of the machine, so every machine draws the same.
    font = ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)
    font.set_variation_by_axes([800 if face == HEADLINE else 500])
    return font


@lru_cache(maxsize=4096)
def subset_with(letter: str, face: str) -> str:
    """Which of the face's files has a shape for the letter: latin, latin-ext, or none."""
    if letter == " ":
        return "latin"
    subsets = ("latin", "latin-ext")
    return next((name for name in subsets if shape(letter, face, name) != shape("\uffff", face, name)), "")


def shape(letter: str, face: str, subset: str) -> bytes:
    return bytes(font_of(face, subset, 32).getmask(letter))
