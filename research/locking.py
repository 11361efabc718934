"""Locking the notes of a phase that is over: seals, unlocks by staff, and addenda.

Whether a note is locked is worked out from dates (`ResearchNote.is_locked`). The clock only writes down what each
note said by then: a seal, which staff can check for ever after.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from correspondence.ledger import compose, write_letter
from participants.models import Cohort, User

from .differences import compare
from .models import Addendum, NoteVersion, ResearchNote, Seal, Unlock, last_locked_day
from .searching import index_note

UNLOCKED_FOR = timedelta(hours=72)
# A save that was taken just before the hour has ended by then: no request takes as long.
SETTLING = timedelta(minutes=5)


def sealed_content(note: ResearchNote) -> dict[str, Any]:
    """Everything a seal covers, in plain values. Who may read and quote the note is theirs to change, so not that."""
    return {
        "title": note.title,
        "body": note.body,
        "kind": note.kind,
        "phase": note.phase.number if note.phase else None,
        "experiment": note.experiment_id,
        "happened_on": note.happened_on.isoformat() if note.happened_on else None,
        "files": sorted(file.sha256 for file in note.attachments.all() if file.removed_at is None),
    }


def content_hash(note: ResearchNote) -> str:
    """SHA-256, in hexadecimal, of the note's content as JSON: keys sorted, no spaces, UTF-8."""
    canonical = json.dumps(sealed_content(note), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def awaiting_seal(now: datetime) -> QuerySet[ResearchNote]:
    """Locked notes without a seal of what they say now: none yet, or opened or written since."""
    unlocked = Unlock.objects.filter(note=OuterRef("note"), unlocked_at__gt=OuterRef("locked_at"))
    written = NoteVersion.objects.filter(
        note=OuterRef("note"), number__isnull=False, created_at__gt=OuterRef("locked_at")
    )
    standing = Seal.objects.filter(~Exists(unlocked), ~Exists(written), note=OuterRef("pk")).filter(
        closes_on=OuterRef("phase__closes_on")
    )
    return ResearchNote.objects.filter(
        ~Exists(Unlock.objects.in_force(now).filter(note=OuterRef("pk"))),
        ~Exists(standing),
        shared_at__isnull=False,
        phase__closes_on__lte=last_locked_day(now),
    )


def seal_locked(now: datetime) -> int:
    """Seals every note that is locked and has no seal yet. How many. Any number of clocks may do so at once."""
    due = awaiting_seal(now - SETTLING)
    return sum(seal(pk, now) for pk in list(due.order_by().values_list("pk", flat=True)))


@transaction.atomic
def seal(pk: uuid.UUID, now: datetime) -> bool:
    """Seals one note; not if somebody else just did."""
    waiting = ResearchNote.objects.select_for_update(of=("self",)).select_related("phase").filter(pk=pk).first()
    if waiting is None or not awaiting_seal(now - SETTLING).filter(pk=pk).exists():
        return False
    closes_on = waiting.phase.closes_on if waiting.phase else None
    assert closes_on  # noqa: S101  `awaiting_seal` has those with a last day only
    waiting.seals.create(
        version=waiting.version,
        content_hash=content_hash(waiting),
        closes_on=closes_on,
        locked_at=now,
    )
    return True


@dataclass(frozen=True)
class Standing:
    """How a note stands with the end of its phase, for its page.

    `state`: "open"; "grace", its phase is over and it can be changed `until` a moment; "locked", since `since`;
    "unlocked" by staff `until` a moment, with `unlock`; "reopened", it was locked and the phase's dates were moved.
    """

    state: str = "open"
    since: datetime | None = None
    until: datetime | None = None
    unlock: Unlock | None = None
    seal: Seal | None = None


def standing(note: ResearchNote, now: datetime) -> Standing:
    """At most two queries; none for a note that has no phase or was never shared."""
    phase = note.phase
    if note.shared_at is None or phase is None:
        return Standing()
    seal = note.seals.first()
    if not phase.is_locked(now):
        closed = phase.closes_at is not None and phase.closes_at <= now
        state = "reopened" if seal else "grace" if closed else "open"
        return Standing(state, until=phase.locks_at, seal=seal)
    unlock = note.unlocks.select_related("unlocked_by").first()
    if unlock and unlock.relocks_at > now:
        return Standing("unlocked", until=unlock.relocks_at, unlock=unlock, seal=seal)
    assert phase.locks_at  # noqa: S101  a phase without one is never locked
    since = max(phase.locks_at, unlock.relocks_at) if unlock else phase.locks_at
    return Standing("locked", since=since, unlock=unlock, seal=seal)


@transaction.atomic
def unlock_note(note: ResearchNote, by: User, reason: str, now: datetime, until: datetime) -> Unlock | None:
    """Opens a locked note until a moment, and tells its author why. None for one that is open already."""
    ResearchNote.objects.select_for_update().filter(pk=note.pk).first()
    if not note.is_locked(now):
        return None
    unlock = note.unlocks.create(unlocked_by=by, unlocked_at=now, reason=reason, relocks_at=until)
    if note.membership.cohort.status == Cohort.Status.RUNNING and note.can_be_edited_by(note.author):
        subject, body = compose("research/email/note_unlocked", {"note": note, "unlock": unlock})
        write_letter(
            kind="note_unlocked",
            occurrence=f"note {note.pk}",
            version=str(unlock.pk),
            address=note.author.email,
            subject=subject,
            body=body,
            now=now,
            about=note.membership.cohort.slug,
            not_after=until,
        )
    return unlock


def seal_holds(note: ResearchNote) -> bool | None:
    """Whether the note still says what it said when it was sealed; None for one without a seal."""
    seal = next(iter(note.seals.all()), None)
    return None if seal is None else seal.content_hash == content_hash(note)


@transaction.atomic
def add_addendum(
    note: ResearchNote, author: User, body: str, save_id: uuid.UUID, now: datetime, late_text: NoteVersion | None = None
) -> Addendum:
    """Adds words under a note; the same form sent twice adds them once."""
    added, _ = note.addenda.get_or_create(
        save_id=save_id,
        defaults={"author": author, "body": body, "late_text": late_text, "created_at": now},
    )
    # Under the lock that a save takes: what is found is what the note says now, with the addendum.
    kept = ResearchNote.objects.select_for_update(of=("self",)).select_related("discussion").get(pk=note.pk)
    index_note(kept, kept.title, kept.body)
    return added


def late_texts(note: ResearchNote, author: User) -> QuerySet[NoteVersion]:
    """What the person wrote that came after the lock and is in no addendum yet."""
    return note.versions.filter(author=author, is_late=True, addenda=None).defer("body")


def what_is_new(late: NoteVersion, note: ResearchNote) -> str:
    """The passages of a late text that the note has not: what an addendum would say."""
    return "".join(piece.text for piece in compare(note.body, late.body).pieces if piece.how == "added").strip()
