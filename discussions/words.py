"""Words as search knows them: without accents or capitals, and each brought to its stem.

Both databases index what this module makes of a text, so both find the same. A newer stemmer, or a change here, asks
for `manage.py rebuild_search`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from snowballstemmer.english_stemmer import EnglishStemmer

# A word with the 's of "the museum's"; an underscore parts words, as in Markdown.
WORD = re.compile(r"[^\W_]+(?:['’]s\b)?")
LONGEST = 40  # characters of a stem; longer ones are addresses and keys
MOST_WORDS = 5_000  # different words of one text: stemming more would keep a save waiting
MOST_WANTED = 8  # words of a question

# Letters that are no accented form of another.
LETTERS = str.maketrans({"ø": "o", "đ": "d", "ł": "l", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th", "ı": "i"})
AMERICAN = re.compile(r"iz(e|es|ed|er|ers|ing|ation|ations|ational)$")
# Passed over in a question that has other words.
SMALL_WORDS = frozenset(
    "a about all an and are as at be but by did do for from had has have how i if in is it its me my no not of on or"  # noqa: SIM905  read as a line
    " our so that the their them they this to us was we were what when where which who why will with you your".split()
)


def stems(text: str) -> list[str]:
    """The different stems of a text in the order they occur, MOST_WORDS at the most."""
    words = dict.fromkeys(word[: 2 * LONGEST] for word in WORD.findall(unicodedata.normalize("NFC", text)))
    found: dict[str, None] = {}
    for word in words:
        found[stem(word)] = None
        if len(found) > MOST_WORDS:
            break
    found.pop("", None)
    return list(found)[:MOST_WORDS]


@lru_cache(maxsize=32_768)
def stem(word: str) -> str:
    """ "Organizing" and "organisation" → "organis", "Café" → "cafe". A stemmer a word: it is not safe among threads."""
    parts = unicodedata.normalize("NFKD", re.sub(r"['’]s$", "", word.casefold())).casefold().translate(LETTERS)
    plain = "".join(letter for letter in parts if letter.isalnum())
    return EnglishStemmer().stemWord(AMERICAN.sub(r"is\1", plain))[:LONGEST]


def wanted(question: str) -> list[str]:
    """The stems to look for, in whatever somebody typed: quotes, brackets and operators part words, no more."""
    words = WORD.findall(unicodedata.normalize("NFC", question[:2_000]))
    telling = [word for word in words if word.casefold() not in SMALL_WORDS] or words
    return stems(" ".join(telling))[:MOST_WANTED]


def passages(text: str, sought: list[str]) -> Iterator[tuple[int, int]]:
    """Where the sought words stand in a text, each as start and end. A star at a stem's end takes what begins so."""
    whole = {word for word in sought if not word.endswith("*")}
    begun = tuple(word.removesuffix("*") for word in sought if word.endswith("*"))
    for match in WORD.finditer(text):
        found = stem(match[0][: 2 * LONGEST])
        if found in whole or (begun and found.startswith(begun)):
            yield match.span()
