"""Packing notes to take away: asked for on a page, packed by a worker, kept for a week.

A worker takes an archive in hand for `LEASE` and says again and again that it is at it; one that died is found out by
the lease, and the next begins anew under another name. What it packs is what the asker may read at that moment.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import BinaryIO

from django.core.cache import cache
from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.db.models import Count, F, Prefetch, QuerySet, Sum
from django.db.models.functions import Length

from discussions.models import Comment
from participants.models import Membership, User

from . import filing
from .models import Addendum, Archive, Attachment, NoteVersion, ResearchNote, kinds_of, notes_to_take
from .models.archives import KEPT
from .parcel import Parcel
from .saving import Refused

logger = logging.getLogger(__name__)

FOLDER = "archives"  # in FILES_DIR
ASKED_AN_HOUR = 6
KEPT_A_PERSON = 5
LEASE = timedelta(seconds=60)
SAY_AGAIN = 5.0  # seconds after which a worker renews its lease, between two files
TRIES = 3
BATCH = 20  # notes in memory at once: of a million characters each at the most
VERSIONS = 20  # versions in memory at once
State, Trouble = Archive.State, Archive.Trouble


class Lost(Exception):
    """The archive is somebody else's now, or was thrown away: whatever was packed is of no use."""


class NothingToPack(Exception):
    """No note is left that the asker may read."""


@dataclass(frozen=True)
class Weight:
    """What an archive would hold: notes, files, and about how many bytes."""

    notes: int
    files: int
    size: int


def weigh(user: User, membership: Membership | None) -> Weight:
    notes = notes_to_take(user, membership)
    texts = notes.order_by().aggregate(count=Count("pk"), size=Sum(Length("body")))
    files = Attachment.objects.present().filter(note__in=notes.order_by().values("pk"))
    enclosed = files.order_by().aggregate(count=Count("pk"), size=Sum("size"))
    return Weight(texts["count"], enclosed["count"], (texts["size"] or 0) + (enclosed["size"] or 0))


def ask(user: User, membership: Membership | None, now: datetime) -> Archive:
    """A new archive that waits to be packed; the one under way, where there is one.

    Raises Refused: 422 without a note, 409 for one archive too many, 429 for too many in an hour.
    """
    own = Archive.objects.visible_to(user)
    if under_way := own.unfinished().first():
        return under_way
    if not notes_to_take(user, membership).exists():
        raise Refused("notes", "There is no note to pack yet.", 422)
    if own.current(now).filter(state=State.READY).count() >= KEPT_A_PERSON:
        raise Refused("archives", f"You have {KEPT_A_PERSON} archives, which is the most. Delete one first.", 409)
    count_asking(user, now)
    try:
        with transaction.atomic():
            return Archive.objects.create(asked_by=user, membership=membership, asked_at=now)
    except IntegrityError:
        # Pressed twice at one moment: the other press was faster.
        return own.latest("asked_at")


def count_asking(user: User, now: datetime) -> None:
    """Refuses more archives in an hour than a person needs. Raises Refused (429)."""
    key = f"archives-{user.pk}-{now:%Y%m%d%H}"
    asked = cache.get(key, 0) + 1
    cache.set(key, asked, timeout=7200)
    if asked > ASKED_AN_HOUR:
        raise Refused("archives", "These are many archives for one hour. Please try again in the next.", 429)


def pack_waiting(now: datetime) -> int:
    """Packs what waits, one after the other; how many came to an end. Any number of workers may do so at once."""
    started, packed = time.monotonic(), 0

    def moment() -> datetime:
        return now + timedelta(seconds=time.monotonic() - started)

    while archive := claim(moment()):
        pack(archive, moment)
        packed += 1
    return packed


def claim(now: datetime) -> Archive | None:
    """Takes the next archive in hand: one whose worker died, else the oldest. None while another is being packed."""
    Archive.objects.filter(state=State.PACKING, held_until__lte=now, attempts__gte=TRIES).update(
        state=State.FAILED, trouble=Trouble.STOPPED, lapses_at=now + KEPT
    )
    if Archive.objects.filter(state=State.PACKING, held_until__gt=now).exists():
        return None
    due = Archive.objects.to_take_in_hand(now)
    found = due.order_by("state", "asked_at").first()
    if found is None:
        return None
    left_behind, name = found.stored_as, f"{FOLDER}/{uuid.uuid4().hex}"
    try:
        with transaction.atomic():
            taken = due.filter(pk=found.pk, stored_as=left_behind).update(
                state=State.PACKING,
                stored_as=name,
                held_until=now + LEASE,
                attempts=F("attempts") + 1,
                begun_at=now,
                done=0,
            )
    except IntegrityError:
        return None
    if not taken:
        return None
    if left_behind:
        filing.throw_away(left_behind)
    return Archive.objects.select_related("asked_by", "membership__cohort", "membership__organisation").get(pk=found.pk)


def pack(archive: Archive, moment: Callable[[], datetime]) -> None:
    """Packs an archive that is in hand. It ends ready, or failed with a reason; a file that is not whole is not kept.

    Raises OperationalError or InterfaceError where the database is away: the lease then brings it to another worker.
    """
    try:
        with filing.whole(archive.stored_as) as file:
            parcel = fill(archive, file, moment)
            size = file.tell()
        finish(archive, parcel, size, moment())
    except Lost:
        logger.info("archive %s was thrown away or taken over while it was packed", archive.pk)
    except filing.NoRoom:
        logger.warning("archive %s: no room in FILES_DIR", archive.pk)
        fail(archive, Trouble.NO_ROOM, moment())
    except NothingToPack:
        fail(archive, Trouble.NOTHING, moment())
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("archive %s could not be packed", archive.pk)
        fail(archive, Trouble.BROKEN, moment())


def fill(archive: Archive, file: BinaryIO, moment: Callable[[], datetime]) -> Parcel:
    """Writes everything into the file, some notes at a time."""
    made_at = moment()
    wanted = list(notes_to_take(archive.asked_by, archive.membership).order_by("created_at", "pk").values_list("pk"))
    if not wanted or not filing.has_room(weigh(archive.asked_by, archive.membership).size):
        raise filing.NoRoom if wanted else NothingToPack
    hold = Hold(archive, len(wanted), moment)
    kinds = Kinds()
    with Parcel(file, hold.say_again) as parcel:
        for start in range(0, len(wanted), BATCH):
            hold.say(start)
            notes = read([pk for (pk,) in wanted[start : start + BATCH]], archive)
            for note in notes:
                note.kind_name = kinds.name(note)
            entries = {note.pk: parcel.put(note) for note in notes}
            if archive.membership is None:
                for pk, versions in histories(notes, archive.asked_by):
                    parcel.put_history(entries[pk], versions)
                    hold.say_again()
            for note in notes:
                # Rows and what hangs on them hold each other until the collector comes, which counts rows, not bytes.
                note.body = ""
        if not parcel.entries:
            raise NothingToPack
        parcel.put_index({"archive": archive}, made_at)
    hold.say(len(wanted))
    return parcel


class Kinds:
    """What each cohort calls the kinds of note, read once a cohort."""

    def __init__(self) -> None:
        self.known: dict[int, dict[str, str]] = {}

    def name(self, note: ResearchNote) -> str:
        cohort = note.membership.cohort
        if cohort.pk not in self.known:
            self.known[cohort.pk] = dict(kinds_of(cohort))
        return self.known[cohort.pk][note.kind]


def read(pks: list[uuid.UUID], archive: Archive) -> list[ResearchNote]:
    """Those of the notes that may still be read, each as one save left it, with what hangs on them: five queries."""
    comments = Comment.objects.filter(withdrawn_at=None).select_related("author")
    related = ("membership__cohort", "author", "phase", "experiment", "discussion")
    notes = notes_to_take(archive.asked_by, archive.membership).filter(pk__in=pks).select_related(*related)
    return list(
        notes.prefetch_related(
            Prefetch("attachments", Attachment.objects.present()),
            Prefetch("addenda", Addendum.objects.select_related("author")),
            Prefetch("discussion__comments", comments),
        ).order_by("created_at", "pk")
    )


def histories(notes: list[ResearchNote], user: User) -> Iterator[tuple[uuid.UUID, Iterable[NoteVersion]]]:
    """The versions of each note, newest first: one query for all, of which a few are in memory at a time."""
    versions = NoteVersion.objects.visible_to(user).filter(note__in=notes).select_related("author")
    return groupby(versions.order_by("-note", "-pk").iterator(chunk_size=VERSIONS), key=lambda version: version.note_id)


class Hold:
    """A worker's hold on an archive: what it says while it packs, and whether it may go on. Raises Lost and NoRoom."""

    def __init__(self, archive: Archive, total: int, moment: Callable[[], datetime]) -> None:
        self.archive, self.total, self.moment = archive, total, moment
        self.done, self.said = 0, time.monotonic()

    def say(self, done: int) -> None:
        self.done, self.said = done, time.monotonic()
        if not filing.has_room(0):
            raise filing.NoRoom
        if not in_hand(self.archive).update(done=done, total=self.total, held_until=self.moment() + LEASE):
            raise Lost

    def say_again(self) -> None:
        if time.monotonic() - self.said > SAY_AGAIN:
            self.say(self.done)


def in_hand(archive: Archive) -> QuerySet[Archive]:
    """The row, while it is still ours: another worker gives it another name."""
    return Archive.objects.filter(pk=archive.pk, state=State.PACKING, stored_as=archive.stored_as)


def finish(archive: Archive, parcel: Parcel, size: int, now: datetime) -> None:
    """Hands the whole file over, with the list of what is in it. Raises Lost, and then the file goes."""
    try:
        with transaction.atomic():
            ready = in_hand(archive).update(
                state=State.READY,
                size=size,
                file_count=len(parcel.file_pks),
                made_at=now,
                lapses_at=now + KEPT,
                held_until=None,
            )
            if not ready:
                raise Lost
            archive.notes.add(*parcel.note_pks)  # type: ignore[arg-type]  # by key
            archive.files.add(*parcel.file_pks)  # type: ignore[arg-type]  # by key
    except BaseException:
        filing.throw_away(archive.stored_as)
        raise


def fail(archive: Archive, trouble: str, now: datetime) -> None:
    in_hand(archive).update(state=State.FAILED, trouble=trouble, lapses_at=now + KEPT, held_until=None)


def throw_away(archive: Archive) -> None:
    """At once, whatever it is at: a worker that packs it notices, and leaves nothing behind."""
    archive.delete()
    if archive.stored_as:
        filing.throw_away(archive.stored_as)


def forget_lapsed(now: datetime) -> int:
    """Throws away what is a week old, and files that no row tells of any more. How many archives."""
    lapsed = list(Archive.objects.filter(lapses_at__lte=now))
    for archive in lapsed:
        throw_away(archive)
    filing.throw_away_older(FOLDER, now - KEPT - LEASE)
    return len(lapsed)
