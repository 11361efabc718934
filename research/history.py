"""The versions of a note as people read them: saves at somebody's word, and stretches of saves by the editor itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from django.db.models import QuerySet

from .models import NoteVersion

# Autosaves of one person within this time count as one, unless something else came between.
STRETCH = timedelta(minutes=10)
STRETCHES_A_PAGE = 25
ROWS_READ = 500  # however many versions a note has, a page reads no more


@dataclass
class Stretch:
    """The latest version of a stretch, and the autosaves it stands for, newest first."""

    latest: NoteVersion
    earlier: list[NoteVersion] = field(default_factory=list)

    def takes(self, version: NoteVersion) -> bool:
        """Whether the version, the next older one, belongs to the stretch."""
        latest = self.latest
        return (
            latest.is_autosave
            and version.is_autosave
            and not latest.is_conflict
            and not version.is_conflict
            and version.author_id == latest.author_id
            and version.audience == latest.audience
            and latest.created_at - version.created_at <= STRETCH
        )


@dataclass(frozen=True)
class HistoryPage:
    """A page of stretches; `older`: the id of the version that the next page starts below, if there is more."""

    stretches: list[Stretch]
    older: int | None


def stretches_of(versions: Iterable[NoteVersion]) -> list[Stretch]:
    """The versions, newest first, in stretches."""
    found: list[Stretch] = []
    for version in versions:
        if found and found[-1].takes(version):
            found[-1].earlier.append(version)
        else:
            found.append(Stretch(version))
    return found


def page_of(versions: QuerySet[NoteVersion], below: int | None) -> HistoryPage:
    """A page of a note's versions, without their texts: two queries, whose cost does not grow with the note's age.

    Newest first, in the order they were taken. A stretch longer than what a page reads goes on on the next.
    """
    # A few people wrote the many versions: each is read once.
    lines = versions.defer("body").select_related(None).prefetch_related("author").order_by("-pk")
    if below is not None:
        lines = lines.filter(pk__lt=below)
    read = list(lines[: ROWS_READ + 1])
    has_more = len(read) > ROWS_READ
    stretches = stretches_of(read[:ROWS_READ])
    if has_more and len(stretches) > 1:
        # The last one may go on below what was read.
        stretches.pop()
    has_more = has_more or len(stretches) > STRETCHES_A_PAGE
    shown = stretches[:STRETCHES_A_PAGE]
    last = [shown[-1].latest, *shown[-1].earlier][-1].pk if shown else None
    return HistoryPage(shown, last if has_more else None)
