"""Finding notes by their words, in titles, texts and comments, and showing where the words stand."""

from __future__ import annotations

import re
import unicodedata
from uuid import UUID

from django.db.models.functions import Left
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from discussions.models import Comment, SearchEntry
from discussions.words import passages, wanted

from .models import ResearchNote
from .models.notes import ResearchNoteQuerySet

# More than anybody looks through; what comes after needs another word to be found.
MOST = 1_000
# Characters of a note that are read for its passage, of the passage, and of what comes before the first word found.
READ, SHOWN, BEFORE = 20_000, 240, 70

# What Markdown writes between the words: addresses of links, then marks at the start of a line and within it.
ADDRESS = re.compile(r"\]\([^()\s]*\)")
MARKS = re.compile(r"^[ \t]*(?:[#>|+-]+|\d+[.)])[ \t]|[*_~`|\[\]\\]+|!(?=\[)", re.MULTILINE)


def index_note(note: ResearchNote, title: str, body: str) -> int:
    """Makes the words of a note's text and its addenda what is found. How many entries were not so yet."""
    if note.discussion is None:
        return 0
    said = [body, *note.addenda.values_list("body", flat=True)]
    return SearchEntry.objects.index_thread(note.discussion, title, "\n".join(said))


class Found:
    """The notes that have every word of a question, the MOST best of them: a list for a Paginator, of one query.

    Where no note has the last word, words that begin with it do: somebody may have typed half of it.
    """

    def __init__(self, notes: ResearchNoteQuerySet, question: str) -> None:
        self.words = wanted(question)
        places = ranks(notes, self.words)
        self.is_begun = False
        if self.words and not places:
            begun = [*self.words[:-1], f"{self.words[-1]}*"]
            if places := ranks(notes, begun):
                self.words, self.is_begun = begun, True
        self.has_more = len(places) > MOST
        self.places = places[:MOST]

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, part: slice) -> list[ResearchNote]:
        """Notes as a list shows them, each with `marked_title`, `passage` and, where that is its place, `comment`."""
        places = dict(self.places[part])
        rows = (
            ResearchNote.objects.filter(pk__in=places)
            .for_list()
            .prefetch_related("addenda")
            .annotate(reading=Left("body", READ))
        )
        notes = {note.pk: note for note in rows}
        comments = self.comments_of([note for pk, note in notes.items() if places[pk] == SearchEntry.Place.COMMENT])
        for note in notes.values():
            note.comment = comments.get(note.discussion_id)
            note.marked_title = mark(str(note), self.words)
            said = [note.comment.body] if note.comment else [note.reading, *(more.body for more in note.addenda.all())]  # type: ignore[attr-defined]
            note.passage = passage(next((text for text in said if has_any(text, self.words)), said[0]), self.words)
        return [notes[pk] for pk in places if pk in notes]

    def comments_of(self, notes: list[ResearchNote]) -> dict[int | None, Comment]:
        """The latest comment of each note that has the words."""
        if not notes:
            return {}
        entries = SearchEntry.objects.filter(
            discussion__in=[note.discussion_id for note in notes],
            place=SearchEntry.Place.COMMENT,
            words__has=" ".join(self.words),
        )
        said = Comment.objects.filter(search_entry__in=entries).select_related("author")
        return {comment.discussion_id: comment for comment in said}


def ranks(notes: ResearchNoteQuerySet, words: list[str]) -> list[tuple[UUID, int]]:
    return [(row["pk"], row["place"]) for row in notes.ranked(words)[: MOST + 1]]


def plain(text: str) -> str:
    """Markdown as words alone, on one line."""
    return " ".join(MARKS.sub("", ADDRESS.sub("]", unicodedata.normalize("NFC", text))).split())


def has_any(text: str, sought: list[str]) -> bool:
    return next(passages(plain(text), sought), None) is not None


def passage(text: str, sought: list[str]) -> SafeString:
    """The passage of a Markdown text where the first sought word stands, with the words marked; else its beginning."""
    words = plain(text)
    first = next(passages(words, sought), (0, 0))[0]
    start = words.rfind(" ", 0, first - BEFORE) + 1 if first > BEFORE else 0
    end = words.rfind(" ", first, start + SHOWN) if len(words) > start + SHOWN else len(words)
    shown = words[start : end if end > first else start + SHOWN]
    return format_html(
        "{}{}{}", "… " if start else "", mark(shown, sought), " …" if start + len(shown) < len(words) else ""
    )


def mark(text: str, sought: list[str]) -> SafeString:
    """The text, escaped, with `<mark>` round every sought word."""
    pieces, reached = [], 0
    for start, end in passages(text, sought):
        pieces.append((text[reached:start], text[start:end]))
        reached = end
    return format_html("{}{}", format_html_join("", "{}<mark>{}</mark>", pieces), text[reached:])
