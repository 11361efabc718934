"""Saving a note: compare and set, so that no text is lost or silently overwritten.

A client names each save (`save_id`) and says which version it started from (`base_version`, 0 for a note that does not
exist yet). A repeat of a save gets the same answer. A save that started from an older version changes nothing: its
text is kept beside the history, and the client is told what the note says now.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, QuerySet

from discussions.models import Discussion
from participants.models import Cohort, Membership, Seat, User

from .models import NoteVersion, ResearchNote
from .searching import index_note

TITLE_LIMIT = 200  # characters
BODY_LIMIT = 1_000_000  # characters
VERSION_LIMIT = 2_147_483_647  # the largest number both databases store
SAVES_A_MINUTE = 120
ME = ResearchNote.Audience.ME


class NoSuchNote(Exception):
    """There is no such note for this person: missing, someone else's, deleted, or of another cohort."""


class Refused(Exception):
    """A save that cannot be taken as it is, and the field that says why. Nothing was stored."""

    def __init__(self, name: str, message: str, status: int = 422) -> None:
        super().__init__(message)
        self.name = name
        self.message = message
        self.status = status


@dataclass(frozen=True)
class Change:
    """What one save asks for.

    `fields` holds those of kind, phase, experiment, happened_on, audience and may_be_quoted that the client named;
    the others stay as they are. `organisation` is the slug of the one to write for, needed by those seated in several.
    `is_autosave`: the editor saved by itself.
    """

    save_id: uuid.UUID
    base_version: int
    title: str
    body: str
    fields: dict[str, Any] = field(default_factory=dict)
    organisation: str = ""
    is_autosave: bool = False

    def rewrites(self, note: ResearchNote) -> bool:
        """Whether it brings another text than the note has."""
        return (self.title, self.body) != (note.title, note.body)

    @property
    def is_blank(self) -> bool:
        return not self.title.strip() and not self.body.strip()


@dataclass(frozen=True)
class Outcome:
    """What came of a save: the version it made, or, with `kept`, the version that stands and the text put aside.

    `is_locked`: it was put aside because its phase is over; no later save can bring it in, an addendum can.
    """

    note: ResearchNote
    version: int
    kept: NoteVersion | None = None

    @property
    def is_locked(self) -> bool:
        return self.kept is not None and self.kept.is_late


def memberships_to_write_for(user: User, cohort: Cohort) -> QuerySet[Membership]:
    """Organisations of the cohort in which the person holds a seat now."""
    seats = Seat.objects.live().filter(user=user, membership=OuterRef("pk"))
    return Membership.objects.filter(Exists(seats), cohort=cohort).select_related("organisation")


def count_save(user: User, now: datetime) -> None:
    """Refuses more saves in a minute than a person's editors make. Raises Refused (429)."""
    count(user, now, "saves", SAVES_A_MINUTE, "save_id")


def count(user: User, now: datetime, what: str, most: int, field: str) -> None:
    """Counts one more of something in this minute of the clock. Raises Refused (429) past the `most` of it."""
    key = f"{what}-{user.pk}-{now:%Y%m%d%H%M}"
    number = cache.get(key, 0) + 1
    cache.set(key, number, timeout=120)
    if number > most:
        raise Refused(field, f"These are too many {what} in a minute. Please wait a little and try again.", 429)


@transaction.atomic
def save_note(pk: uuid.UUID, cohort: Cohort, change: Change, author: User, now: datetime) -> Outcome:
    """Saves a note, beginning it where there is none. Raises NoSuchNote or Refused."""
    note = find(pk, cohort, author) or begin(pk, cohort, change, author, now)
    if answered := answered_before(note, change):
        return answered
    is_locked = note.is_locked(now)
    refuse_what_does_not_fit(note, change, author, now, is_locked)
    audience = change.fields.get("audience", note.audience)
    values = {**change.fields, "title": change.title, "body": change.body, "updated_at": now}
    if audience != ME and note.shared_at is None:
        values["shared_at"] = now
    stricter = ME if audience == ME else note.audience
    if is_locked and change.rewrites(note):
        return Outcome(note, note.version, keep(note, change, author, now, stricter, None, is_late=True))
    untouched = ResearchNote.objects.filter(pk=pk, version=change.base_version)
    if untouched.update(version=F("version") + 1, **values):
        number = change.base_version + 1
        keep(note, change, author, now, audience, number)
        index_note(note, change.title, change.body)
        return Outcome(note, number)
    # The stricter of both: what was written to be private is not shown because the note is shared.
    kept = keep(note, change, author, now, stricter, None)
    return Outcome(note, note.version, kept)


def find(pk: uuid.UUID, cohort: Cohort, author: User) -> ResearchNote | None:
    """The note, locked until the save is done; none if nobody has begun it. Raises NoSuchNote."""
    notes = ResearchNote.objects.select_for_update(of=("self",)).select_related("membership", "phase", "discussion")
    note = notes.filter(pk=pk).first()
    if note and (note.membership.cohort_id != cohort.pk or not note.is_kept_by(author)):
        raise NoSuchNote
    if note and note.deleted_at:
        raise Refused("body", "This note was deleted meanwhile. Put it back, then save again.", 404)
    return note


def begin(pk: uuid.UUID, cohort: Cohort, change: Change, author: User, now: datetime) -> ResearchNote:
    """An empty private note at version 0; the one that another client has begun meanwhile, where there is one."""
    if change.base_version:
        raise NoSuchNote
    if change.is_blank:
        raise Refused("body", "Write a sentence first.")
    return begin_empty(pk, membership_for(change.organisation, author, cohort), author, now)


def begin_empty(pk: uuid.UUID, membership: Membership, author: User, now: datetime) -> ResearchNote:
    """A private note at version 0: its first save, or its first file, is yet to come."""
    try:
        with transaction.atomic():
            return ResearchNote.objects.create(
                uuid=pk,
                membership=membership,
                author=author,
                discussion=Discussion.objects.create(),
                created_at=now,
                updated_at=now,
            )
    except IntegrityError:
        note = find(pk, membership.cohort, author)
        if note is None:
            raise
        return note


def membership_for(organisation: str, author: User, cohort: Cohort) -> Membership:
    """The one they write for, by its slug where there are several. Raises Refused."""
    memberships = list(memberships_to_write_for(author, cohort))
    if organisation:
        memberships = [m for m in memberships if m.organisation.slug == organisation]
    if len(memberships) != 1:
        raise Refused("organisation", "Choose the organisation you write for.")
    return memberships[0]


def answered_before(note: ResearchNote, change: Change) -> Outcome | None:
    """The answer this save got already. A name used again for something else is no repeat."""
    seen = note.versions.filter(save_id=change.save_id).first()
    if seen is None or (seen.title, seen.body) != (change.title, change.body):
        return None
    if seen.is_conflict:
        return Outcome(note, note.version, seen)
    if change.fields.get("audience", seen.audience) != seen.audience:
        return None
    # While the note stands as that save left it, every field can be compared: a yes taken back must not go unheard.
    if seen.number == note.version and any(getattr(note, name) != asked for name, asked in change.fields.items()):
        return None
    assert seen.number is not None  # noqa: S101  only conflicts have none
    return Outcome(note, seen.number)


def refuse_what_does_not_fit(note: ResearchNote, change: Change, author: User, now: datetime, is_locked: bool) -> None:
    """Raises Refused for what the note's own state forbids."""
    audience = change.fields.get("audience", note.audience)
    if not note.can_become(audience, author):
        raise Refused("audience", "Only its author can make this note private.")
    if audience != ME and not change.body.strip() and not (change.title and note.attachments.present().exists()):
        raise Refused("body", "Write a sentence first: an empty note cannot be shared.")
    if is_locked:
        if not change.rewrites(note):
            refuse_moved(note, change)
    else:
        refuse_locked_phase(note, change, audience, now)
    experiment = change.fields.get("experiment")
    if experiment and experiment.membership_id != note.membership_id:
        raise Refused("experiment", "Choose an experiment of the note's own organisation.")


def refuse_moved(note: ResearchNote, change: Change) -> None:
    """Raises Refused for what would file a locked note elsewhere."""
    for name in ("phase", "kind", "experiment", "happened_on"):
        if change.fields.get(name, getattr(note, name)) != getattr(note, name):
            raise Refused(name, f"This note is locked, as {note.phase} is over. It stays where it is.")


def refuse_locked_phase(note: ResearchNote, change: Change, audience: str, now: datetime) -> None:
    """Raises Refused for words that others would read in a phase after its notes were locked."""
    phase = change.fields.get("phase", note.phase)
    if phase is None or not phase.is_locked(now) or (note.shared_at is None and audience == ME):
        return
    if phase != note.phase or note.shared_at is None:
        raise Refused(
            "phase", f"{phase} is over and its notes are locked. To share this, choose another phase or none."
        )


def keep(
    note: ResearchNote,
    change: Change,
    author: User,
    now: datetime,
    audience: str,
    number: int | None,
    is_late: bool = False,
) -> NoteVersion:
    """Stores the text of a save for good; without a number it lost a conflict, or came after the lock (`is_late`)."""
    # A name used before for another text must not stop this one from being kept.
    taken = note.versions.filter(save_id=change.save_id).exists()
    return note.versions.create(
        number=number,
        save_id=uuid.uuid4() if taken else change.save_id,
        base_version=change.base_version,
        is_autosave=change.is_autosave,
        is_late=is_late,
        title=change.title,
        body=change.body,
        audience=audience,
        author=author,
        created_at=now,
    )
