"""Hanging a file on a note: looked at first, then kept on disk, then told to the database, so that a row has its file.

A client names each upload (`upload_id`); a repeat after a lost answer is answered alike, not stored again.
"""

from __future__ import annotations

import hashlib
import logging
import unicodedata
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.module_loading import import_string

from participants.models import Cohort, User

from . import documents, filing, pictures
from .models import Attachment, ResearchNote
from .models.attachments import ALT_LIMIT, KEPT_AFTER_REMOVAL
from .saving import Refused, begin_empty, count, find, membership_for

# The limits, told on every page where a file is chosen.
MEGABYTE = 1024 * 1024
FILE_LIMIT = 10 * MEGABYTE  # bytes of one file as it comes
FILES_A_NOTE = 20
UPLOADS_A_MINUTE = 60
STEM_LIMIT = 100  # characters of a name before its ending
# What the window for choosing files offers. With these names iPhones hand over JPEG instead of HEIC.
PICTURES = "image/jpeg,image/png,image/webp,image/gif"
ACCEPT = f"{PICTURES},.pdf,.docx,.xlsx,.pptx,.odt,.ods,.odp,.txt,.md,.csv,.mp3,.m4a,.wav"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Judged:
    """A file that may be kept: its bytes as they will be kept, and what they are."""

    content: bytes
    name: str
    content_type: str
    width: int | None = None
    height: int | None = None


def judge(upload: UploadedFile, must_be_picture: bool = False, long_side: int = pictures.LONG_SIDE) -> Judged:
    """Looks at what came; pictures are made `long_side` pixels long at most.

    Raises Refused: 413 for too much, 422 for what is not taken.
    """
    size = upload.size or 0
    if size > FILE_LIMIT:
        raise Refused("file", f"This file is too large: {FILE_LIMIT // MEGABYTE} MB is the most.", 413)
    content = upload.read()
    stem, ending = halves(upload.name or "")
    try:
        kind = documents.kind_of(content, ending)
        if kind is not documents.PICTURE and must_be_picture:
            raise documents.BadFile("A picture is meant here. Other files are added on a note's own page.")
        if kind is not documents.PICTURE:
            return Judged(content, f"{stem or 'file'}.{kind.extension}", kind.content_type)
        content, width, height = pictures.redraw(content, long_side)
    except (documents.BadFile, pictures.BadPicture) as bad:
        raise Refused("file", str(bad)) from bad
    return Judged(content, f"{stem or 'picture'}.{pictures.EXTENSION}", pictures.TYPE, width, height)


def halves(raw: str) -> tuple[str, str]:
    """A name made harmless, and its ending in lower case: no folder, no invisible or turning sign, no second ending."""
    name = unicodedata.normalize("NFC", raw.replace("\\", "/").rsplit("/", 1)[-1])
    name = "".join(" " if letter.isspace() else letter for letter in name)
    # Cf turns and hides, Cs is half a letter, Co and Cn are nobody's letters.
    name = "".join(letter for letter in name if unicodedata.category(letter) not in {"Cc", "Cf", "Cs", "Co", "Cn"})
    stem, dot, ending = name.rpartition(".")
    if not dot or not (ending.isascii() and ending.isalnum() and len(ending) <= 5):
        stem, ending = name, ""
    for sign in '.<>:"|?*%':
        stem = stem.replace(sign, "-")
    return " ".join(stem.split())[:STEM_LIMIT].strip(" -"), ending.lower()


def count_upload(user: User, now: datetime) -> None:
    """Refuses more uploads in a minute than a person makes. Raises Refused (429)."""
    count(user, now, "files", UPLOADS_A_MINUTE, "file")


@dataclass(frozen=True)
class Upload:
    """One file on its way to a note. `organisation`: the slug of the one to begin a note for, if seated in several."""

    upload_id: uuid.UUID
    file: UploadedFile
    alt: str = ""
    organisation: str = ""
    must_be_picture: bool = False


def attach(pk: uuid.UUID, cohort: Cohort, upload: Upload, user: User, now: datetime) -> Attachment:
    """Hangs a file on a note, beginning an empty private one where there is none. Raises NoSuchNote or Refused."""
    if seen := hung_before(pk, cohort, upload, user, now):
        return seen
    judged = judge(upload.file, upload.must_be_picture)
    scanned_at = scan(judged, now)
    with kept(judged) as stored_as, transaction.atomic():
        note = open_note(pk, cohort, upload.organisation, user, now)
        if seen := note.attachments.filter(upload_id=upload.upload_id).first():
            filing.throw_away(stored_as)
            return seen
        refuse_one_too_many(note)
        return note.attachments.create(
            upload_id=upload.upload_id,
            stored_as=stored_as,
            name=judged.name,
            alt=" ".join(upload.alt.split())[:ALT_LIMIT],
            content_type=judged.content_type,
            size=len(judged.content),
            sha256=hashlib.sha256(judged.content).hexdigest(),
            width=judged.width,
            height=judged.height,
            scanned_at=scanned_at,
            added_by=user,
            added_at=now,
        )


@transaction.atomic
def hung_before(pk: uuid.UUID, cohort: Cohort, upload: Upload, user: User, now: datetime) -> Attachment | None:
    """What this upload made the first time. Raises what hanging it would, before a byte is looked at."""
    note = find(pk, cohort, user)
    if note is None:
        membership_for(upload.organisation, user, cohort)
        return None
    refuse_closed(note, user, now)
    seen = note.attachments.filter(upload_id=upload.upload_id).first()
    if seen is None:
        refuse_one_too_many(note)
    return seen


def open_note(pk: uuid.UUID, cohort: Cohort, organisation: str, user: User, now: datetime) -> ResearchNote:
    """The note, locked, as it is now; an empty private one where there was none."""
    note = find(pk, cohort, user) or begin_empty(pk, membership_for(organisation, user, cohort), user, now)
    refuse_closed(note, user, now)
    return note


def refuse_closed(note: ResearchNote, user: User, now: datetime) -> None:
    if note.is_locked(now):
        words = (
            "The phase of this note is over, and it is locked: its files stay as they are. Add words under it instead."
        )
        raise Refused("file", words, 403)
    if not note.can_be_edited_by(user):
        raise Refused("file", "This note can no longer be changed.", 403)


def refuse_one_too_many(note: ResearchNote) -> None:
    if note.attachments.present().count() >= FILES_A_NOTE:
        raise Refused("file", f"A note can have {FILES_A_NOTE} files. Take one off, or begin a second note.")


@contextmanager
def kept(judged: Judged) -> Iterator[str]:
    """Keeps a file while its row is written: when that fails, the file goes too. Raises Refused (507 or 503)."""
    try:
        stored_as = filing.keep(judged.content)
    except filing.NoRoom as error:
        words = "There is no room left for files just now; the programme team is told. Notes are still saved."
        raise Refused("file", words, 507) from error
    except OSError as error:
        logger.exception("A file could not be kept in FILES_DIR")
        raise Refused("file", "Files cannot be kept just now. Notes are still saved; try again later.", 503) from error
    try:
        yield stored_as
    except BaseException:
        filing.throw_away(stored_as)
        raise


def scan(judged: Judged, now: datetime) -> datetime | None:
    """When the scanner of the setting FILE_SCANNER passed the file; none without a scanner. Raises Refused.

    The setting names a callable that takes the bytes and returns what is wrong with them, or an empty string.
    """
    if not settings.FILE_SCANNER:
        return None
    scanner: Callable[[bytes], str] = import_string(settings.FILE_SCANNER)
    try:
        found = scanner(judged.content)
    except Exception as error:
        logger.exception("The virus scanner failed")
        raise Refused("file", "Files cannot be checked for viruses just now. Please try again later.", 503) from error
    if found:
        raise Refused("file", "A virus scanner stopped this file, so it is not taken.")
    return now


def forget_removed(now: datetime) -> int:
    """Deletes for good what was taken off more than 30 days ago: rows first, then their files. Returns how many."""
    gone = Attachment.objects.filter(removed_at__lte=now - KEPT_AFTER_REMOVAL)
    stored = []
    with transaction.atomic():
        for attachment in gone.select_for_update():
            stored.append(attachment.stored_as)
            attachment.delete()
    for name in stored:
        filing.throw_away(name)
    return len(stored)


def files_of(note: ResearchNote, user: User, now: datetime) -> dict[str, Any]:
    """What a page shows of a note's files, and what it needs to add some."""
    attachments = list(note.attachments.present().select_related("added_by"))
    for attachment in attachments:
        attachment.note = note
    can_edit = note.can_be_edited_by(user) and not note.is_locked(now)
    removed = list(note.attachments.to_put_back(user, now)) if can_edit else []
    return {
        "note": note,
        "cohort": note.membership.cohort,
        "pictures": [one for one in attachments if one.is_picture],
        "documents": [one for one in attachments if not one.is_picture],
        "removed": removed,
        "can_edit": can_edit,
        "room": max(0, FILES_A_NOTE - len(attachments)),
        "most": FILES_A_NOTE,
        "limit": FILE_LIMIT,
        "megabytes": FILE_LIMIT // MEGABYTE,
        "alt_limit": ALT_LIMIT,
        "accept": ACCEPT,
        "upload_id": uuid.uuid4(),
    }
