"""What lies in an archive of notes, under which names: Markdown, photos and files, and a page that leads to them.

Titles and names come from people, and the file is opened on machines we do not know. So every name is rebuilt: no
folder but ours, nothing that Windows keeps for itself, none twice whatever its capitals.
"""

from __future__ import annotations

import json
import logging
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, islice
from typing import Any, BinaryIO
from urllib.parse import quote
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from django.template.loader import render_to_string
from django.utils.text import slugify

from correspondence.wallclock import LONDON, local_day

from . import filing
from .attaching import halves
from .history import Stretch
from .models import Attachment, NoteVersion, ResearchNote

logger = logging.getLogger(__name__)

# Characters of a name, so that no file system finds it too long: 60 of four bytes each are 240.
LONGEST = 60
SPOON = 1024 * 1024  # bytes of a file in memory at once
# Windows opens no file of these names, whatever their ending.
DEVICES = {"con", "prn", "aux", "nul", "conin$", "conout$"} | {
    f"{port}{number}" for port in ("com", "lpt") for number in "0123456789¹²³"
}
# What JSON leaves in a string and YAML does not: control signs, line ends of other alphabets, half a letter.
NOT_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")
# What HTML knows no sign for.
NOT_HTML = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]")
# What Markdown would make something of in a line of ours.
MARKS = re.compile(r"([\\`*_\[\]<>#!|~&])")


@dataclass(frozen=True)
class Enclosed:
    """A photo or file in the parcel: its path from the parcel's top; empty where it could not be read.

    Plain values: a row would keep its note, and the note its text, in memory to the end.
    """

    path: str
    name: str
    alt: str
    is_picture: bool


@dataclass
class Entry:
    """A note as the index page tells of it."""

    path: str
    title: str
    meta: list[str]
    readers: str
    files: list[Enclosed]
    history: str = ""


@dataclass
class Parcel:
    """The ZIP while it is being written. `alive` is called after every file, so that others see that work goes on."""

    file: BinaryIO
    alive: Callable[[], None]
    zip: ZipFile = field(init=False)
    entries: list[Entry] = field(default_factory=list)
    note_pks: list[UUID] = field(default_factory=list)
    file_pks: list[UUID] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)

    def __enter__(self) -> Parcel:
        self.zip = ZipFile(self.file, "w", ZIP_DEFLATED)
        return self

    def __exit__(self, *_: object) -> None:
        self.zip.close()

    def put(self, note: ResearchNote) -> Entry:
        """The note with its files, addenda and comments: all of what was read with it."""
        stem = self.free_name(f"{day_of(note)}-{slug_of(note.title)}", "")
        files = [self.enclose(one, stem) for one in note.attachments.all()]
        entry = Entry(
            path=f"notes/{stem}.md",
            title=str(note),
            meta=[f"{note.author}, {note.membership.name}", note.kind_name, str(note.phase or "")],
            readers=note.readers,
            files=files,
        )
        self.write(entry.path, [note_text(note, files)], note.updated_at)
        self.entries.append(entry)
        self.note_pks.append(note.pk)
        return entry

    def put_history(self, entry: Entry, versions: Iterable[NoteVersion]) -> None:
        """What the note said before, newest first, if it ever said anything else. Read and written one by one."""
        told = last_of_stretches(versions)
        first = list(islice(told, 2))
        if len(first) < 2:
            return
        entry.history = entry.path.replace("notes/", "history/", 1)
        head = render_to_string("research/archive/history.md", {"title": as_typed(entry.title)}, using="plaintext")
        self.write(entry.history, chain([head], map(version_text, chain(first, told))), first[0].created_at)

    def put_index(self, context: dict[str, Any], made_at: datetime) -> None:
        html = render_to_string("research/archive/index.html", {**context, "entries": self.entries, "made_at": made_at})
        self.write("index.html", [NOT_HTML.sub("\ufffd", html)], made_at)

    def enclose(self, attachment: Attachment, stem: str) -> Enclosed:
        """A file of the note; where the disk does not give it, the note says so and goes without."""
        try:
            source = filing.open_to_read(attachment.stored_as)
        except OSError:
            logger.exception("A file of a note cannot be read from FILES_DIR, and an archive goes without it")
            return Enclosed("", attachment.name, attachment.alt, attachment.is_picture)
        path = self.free_name(f"files/{stem}/", safe_name(attachment.name))
        is_text = attachment.content_type.startswith("text/")
        with source, self.zip.open(told_of(path, attachment.added_at, is_text), "w") as entry:
            shutil.copyfileobj(source, entry, SPOON)
        self.file_pks.append(attachment.pk)
        self.alive()
        return Enclosed(path, path.rsplit("/", 1)[-1], attachment.alt, attachment.is_picture)

    def write(self, path: str, texts: Iterable[str], moment: datetime) -> None:
        with self.zip.open(told_of(path, moment), "w") as entry:
            for text in texts:
                entry.write(text.encode())

    def free_name(self, before: str, name: str) -> str:
        """The name as it is, or with a number where it was given before, in whatever capitals."""
        stem, dot, ending = name.rpartition(".") if "." in name else (name, "", "")
        path, number = f"{before}{name}", 2
        while path.casefold() in self.taken:
            path, number = f"{before}{stem}-{number}{dot}{ending}", number + 1
        self.taken.add(path.casefold())
        return path


def told_of(path: str, moment: datetime, is_text: bool = True) -> ZipInfo:
    """What the ZIP says of an entry; London's clock, in the years a ZIP knows. Pictures are packed small already."""
    local = moment.astimezone(LONDON)
    info = ZipInfo(path, max((1980, 1, 1, 0, 0, 0), local.timetuple()[:6]))
    info.compress_type = ZIP_DEFLATED if is_text else ZIP_STORED
    info.external_attr = 0o644 << 16
    return info


def day_of(note: ResearchNote) -> str:
    return (note.happened_on or local_day(note.created_at)).isoformat()


def slug_of(title: str) -> str:
    """The title in letters and hyphens, of any alphabet."""
    return slugify(title, allow_unicode=True)[: LONGEST - 10].strip("-_") or "note"


def safe_name(raw: str) -> str:
    """The name of a file, so that any machine can open it."""
    stem, ending = halves(raw)
    stem = stem[:LONGEST].strip(" -") or "file"
    if stem.casefold() in DEVICES:
        stem = f"{stem}-file"
    return f"{stem}.{ending}" if ending else stem


def quoted(value: object) -> str:
    """A value as YAML takes it and nothing in it can end: JSON, with what YAML minds written as its number."""
    return NOT_YAML.sub(lambda sign: f"\\u{ord(sign.group()):04x}", json.dumps(value, ensure_ascii=False))


def as_typed(text: str) -> str:
    """One line that Markdown shows as it was typed."""
    return MARKS.sub(r"\\\1", " ".join(text.split()))


def at(moment: datetime) -> str:
    """With London's offset on that day."""
    return moment.astimezone(LONDON).isoformat(timespec="seconds")


def front_matter(note: ResearchNote, files: list[Enclosed]) -> str:
    """What is known of the note, one `name: value` a line."""
    told = {
        "uuid": str(note.pk),
        "title": str(note),
        "author": str(note.author),
        "organisation": note.membership.name,
        "cohort": str(note.membership.cohort),
        "phase": str(note.phase) if note.phase else None,
        "experiment": note.experiment.title if note.experiment else None,
        "kind": note.kind_name,
        "happened_on": note.happened_on.isoformat() if note.happened_on else None,
        "audience": note.audience,
        "who_may_read_it": note.readers,
        "may_be_quoted": note.may_be_quoted,
        "version": note.version,
        "begun_at": at(note.created_at),
        "saved_at": at(note.updated_at),
        "files": [
            {"path": f"../{one.path}" if one.path else None, "name": one.name, "description": one.alt} for one in files
        ],
    }
    return "\n".join(f"{name}: {quoted(value)}" for name, value in told.items())


def note_text(note: ResearchNote, files: list[Enclosed]) -> str:
    context = {
        "front_matter": front_matter(note, files),
        "title": as_typed(str(note)),
        "body": note.body,
        "files": [file_line(one) for one in files],
        "addenda": list(map(said, note.addenda.all())),
        "comments": list(map(said, note.discussion.comments.all())) if note.discussion else [],
    }
    return render_to_string("research/archive/note.md", context, using="plaintext")


def file_line(one: Enclosed) -> dict[str, Any]:
    return {
        "path": f"../{quote(one.path)}" if one.path else "",
        "name": as_typed(one.name),
        "alt": as_typed(one.alt),
        "is_picture": one.is_picture,
    }


def said(words: Any) -> dict[str, Any]:
    """An addendum or a comment."""
    return {"author": as_typed(str(words.author)), "at": words.created_at, "body": words.body}


def version_text(version: NoteVersion) -> str:
    context = {"version": version, "author": as_typed(str(version.author)), "title": as_typed(version.title)}
    return render_to_string("research/archive/version.md", context, using="plaintext")


def last_of_stretches(versions: Iterable[NoteVersion]) -> Iterator[NoteVersion]:
    """Of versions, newest first, those that the history shows: the last of every stretch."""
    stretch = None
    for version in versions:
        if stretch is None or not stretch.takes(version):
            stretch = Stretch(version)
            yield version
