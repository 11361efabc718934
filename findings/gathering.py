"""From notes to evidence: passages marked, themes named and merged, a passage taken into a finding."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import slugify

from participants.models import Cohort, User
from research.models import NoteVersion

from . import writing
from .models import Excerpt, Finding, Passage, Theme


def one_way(text: str) -> str:
    """The text with line breaks of one character, as a browser shows and sends it."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def place_in(body: str, at: int) -> int:
    """Where a place of `one_way(body)` is in the body itself. Both in code points."""
    breaks = (match.start() for match in re.finditer("\r\n", body))
    return at + sum(at > place - before for before, place in enumerate(breaks))


def occurrences(text: str, words: str) -> list[int]:
    """Every place where the words begin, overlapping ones too."""
    found, at = [], text.find(words) if words else -1
    while at >= 0:
        found.append(at)
        at = text.find(words, at + 1)
    return found


@dataclass
class Piece:
    """A stretch of a text, and the passages it belongs to."""

    text: str
    passages: list[Passage] = field(default_factory=list)


def pieces_of(body: str, passages: Iterable[Passage]) -> list[Piece]:
    """A text cut where its passages begin and end: joined, the pieces are the text."""
    marked = list(passages)
    cuts = sorted({0, len(body), *(place for passage in marked for place in (passage.start, passage.end))})
    return [
        Piece(body[start:end], [passage for passage in marked if passage.start <= start and end <= passage.end])
        for start, end in pairwise(cuts)
        if start < end <= len(body)
    ]


def mark(
    version: NoteVersion, start: int, end: int, themes: Iterable[Theme], memo: str, by: User, now: datetime
) -> Passage:
    """Marks words of a version, given in code points of its text. The same words marked twice by one person are one
    passage: it keeps its memo, with a new one below. Raises ValidationError for a range outside the text."""
    if not 0 <= start < end <= len(version.body):
        raise ValidationError("These words are not in that version of the note.")
    with transaction.atomic():
        chosen = writing.held(themes)
        passage, is_new = Passage.objects.select_for_update(of=("self",)).get_or_create(
            version=version,
            start=start,
            end=end,
            marked_by=by,
            removed_at=None,
            defaults={"memo": memo, "marked_at": now},
        )
        if not is_new and memo and memo not in passage.memo:
            passage.memo = f"{passage.memo}\n\n{memo}".strip()
            passage.save(update_fields=["memo"])
        passage.themes.add(*chosen)
    return passage


def theme_named(cohort: Cohort, name: str) -> Theme:
    """The cohort's theme of that name, made if there is none yet. Raises ValidationError for a name of no letters."""
    return Theme.objects.get_or_create(cohort=cohort, slug=slug_of(name), defaults={"name": name})[0]


def slug_of(name: str) -> str:
    """What a theme is found by. Raises ValidationError for a name of no letters."""
    slug = slugify(name)[:80]
    if not slug:
        raise ValidationError("Name the theme with letters or figures.")
    return slug


@transaction.atomic
def merge(theme: Theme, into: Theme, by: User, now: datetime) -> None:
    """Lets everything that has one theme have the other, and takes the first out of the list. What is published keeps
    the names it was published with. Raises ValidationError unless both are themes of one cohort."""
    if theme == into or theme.cohort_id != into.cohort_id:
        raise ValidationError("Choose another theme of the same cohort.")
    # Any of them may be given the theme while the others are changed.
    list(Finding.objects.select_for_update().filter(cohort=theme.cohort_id).order_by("pk").values_list("pk"))
    writing.held([theme, into])
    for finding in theme.findings.all():
        writing.choose(finding, "themes", [into], by, now, instead_of=[theme])
    for passage in theme.passages.all():
        passage.themes.add(into)
    theme.delete()


@transaction.atomic
def take(passage: Passage, finding: Finding, by: User, now: datetime) -> Excerpt:
    """Lets a finding rest on a passage. Raises ValidationError with a sentence that says why it cannot."""
    locked = Finding.objects.select_for_update().get(pk=finding.pk)
    if not passage.may_be_quoted:
        raise ValidationError("This note may not be quoted: its passages are for reading and counting.")
    if passage.removed_at is not None or len(passage.quote) != passage.end - passage.start:
        raise ValidationError("These words are no longer marked. Mark them again first.")
    if locked.state == Finding.State.WITHDRAWN:
        raise ValidationError("This finding is withdrawn.")
    if locked.is_scheduled:
        raise ValidationError("This finding is scheduled: take it off the schedule first.")
    if locked.excerpts.filter(version=passage.version, quote=passage.quote, withdrawn_at=None).exists():
        raise ValidationError("These words are in that finding already.")
    excerpt = Excerpt(finding=locked, version=passage.version, quote=passage.quote, added_by=by)
    excerpt.full_clean()
    excerpt.save()
    writing.choose(locked, "themes", writing.held(passage.themes.all()), by, now)
    return excerpt


@transaction.atomic
def begin(passage: Passage, title: str, by: User, now: datetime) -> Finding:
    """A new draft that rests on the passage and has its themes. Raises ValidationError as `take` does."""
    finding = Finding.objects.create(cohort=passage.membership.cohort, title=title, slug=free_slug(title))
    take(passage, finding, by, now)
    return finding


def free_slug(title: str) -> str:
    """An address nobody has: the title's, with a number where it is taken."""
    slug = slugify(title)[:110].strip("-") or "finding"
    taken = set(Finding.objects.filter(slug__startswith=slug).values_list("slug", flat=True))
    return next(one for one in [slug, *(f"{slug}-{n}" for n in range(2, len(taken) + 3))] if one not in taken)
