"""What a file is, by its content: a short list of kinds is taken, and nothing that could explode or act."""

from __future__ import annotations

import codecs
import struct
import unicodedata
import zipfile
from io import BytesIO
from typing import NamedTuple

import filetype


class Kind(NamedTuple):
    """A kind of file: what it is called on the way out, and which endings its name may have on the way in."""

    content_type: str
    extension: str
    also: tuple[str, ...] = ()

    def may_end_in(self, ending: str) -> bool:
        return ending in ("", self.extension, *self.also)


class BadFile(Exception):
    """A file that is not taken, and why, in words for whoever chose it."""


PICTURE = Kind("image/*", "", ("jpg", "jpeg", "jpe", "jfif", "png", "webp", "gif"))
PDF = Kind("application/pdf", "pdf")
TEXT = Kind("text/plain", "txt", ("text", "md", "log"))
CSV = Kind("text/csv", "csv", ("tsv",))
OPEN_XML = "application/vnd.openxmlformats-officedocument."
OPEN_DOCUMENT = "application/vnd.oasis.opendocument."
# By the part that makes it one.
OFFICE = {
    "word/document.xml": Kind(f"{OPEN_XML}wordprocessingml.document", "docx"),
    "xl/workbook.xml": Kind(f"{OPEN_XML}spreadsheetml.sheet", "xlsx"),
    "ppt/presentation.xml": Kind(f"{OPEN_XML}presentationml.presentation", "pptx"),
}
# By what their first part, "mimetype", says.
ODF = {
    f"{OPEN_DOCUMENT}text".encode(): Kind(f"{OPEN_DOCUMENT}text", "odt"),
    f"{OPEN_DOCUMENT}spreadsheet".encode(): Kind(f"{OPEN_DOCUMENT}spreadsheet", "ods"),
    f"{OPEN_DOCUMENT}presentation".encode(): Kind(f"{OPEN_DOCUMENT}presentation", "odp"),
}
# By what the library `filetype` calls them.
SOUND = {
    "audio/mpeg": Kind("audio/mpeg", "mp3"),
    "audio/mp4": Kind("audio/mp4", "m4a"),
    "audio/x-wav": Kind("audio/wav", "wav"),
}

MOST_PARTS = 2000
MOST_UNPACKED = 200 * 1024 * 1024  # bytes
MOST_RATIO = 100  # unpacked to packed; a small text of one letter packs better than any real one
RATIO_COUNTS_ABOVE = 1024 * 1024  # bytes unpacked: below, a high ratio does nobody harm
MOST_DIRECTORY = 512 * 1024  # bytes of a zip's list of parts: 2000 parts with long names
ARCHIVES = (
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"Rar!",
    b"7z\xbc\xaf\x27\x1c",
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ",
    b"\x28\xb5\x2f\xfd",
)
ACTIVE = (b"<!doctype", b"<html", b"<script", b"<svg", b"<?xml", b"<?php", b"<iframe", b"<body", b"<head", b"<object")
SCANNERS_SAMPLE = b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE"  # harmless; every scanner is tried with it
SNIFFED = 2048  # bytes at the beginning in which browsers look for what a file might be

WELCOME = (
    "Pictures (JPEG, PNG, WebP, GIF), PDF, Word, Excel, PowerPoint, OpenDocument, plain text, CSV and sound are taken"
)


def kind_of(content: bytes, ending: str) -> Kind:
    """What it is by its content. Raises BadFile for what is not on the list, or is not what its name says."""
    kind = recognised(content, ending)
    if not kind.may_end_in(ending):
        what = "a picture" if kind is PICTURE else f"of the kind .{kind.extension}"
        raise BadFile(f"The name ends in .{ending}, but the file is {what}. Save it again under its right name.")
    return kind


def recognised(content: bytes, ending: str) -> Kind:
    if not content:
        raise BadFile("This file is empty.")
    if SCANNERS_SAMPLE in content:
        raise BadFile("A virus scanner would stop this file, so it is not taken.")
    guess = filetype.guess(content)
    if guess and guess.mime in ("image/jpeg", "image/png", "image/webp", "image/gif"):
        return PICTURE
    if guess and guess.mime in ("image/heic", "image/heif", "image/avif"):
        raise BadFile("This is an HEIC or AVIF picture, which few programs open. Export it as JPEG and add that.")
    if content.startswith(b"%PDF-"):
        return pdf(content)
    if content.startswith(b"PK\x03\x04"):
        return office(content)
    if guess and guess.mime in SOUND:
        return sound(content, SOUND[guess.mime])
    # Programs and all other kinds that are no text fall out there; scripts say so in their first two letters.
    if content.startswith(b"#!"):
        raise not_on_the_list()
    return text(content, ending)


def not_on_the_list() -> BadFile:
    return BadFile(f"A file of this kind is not taken. {WELCOME}.")


def pdf(content: bytes) -> Kind:
    """Raises BadFile for one that is cut off, or that is something else as well."""
    if b"%%EOF" not in content[-2048:]:
        raise BadFile("This PDF is cut off or damaged. Export it again.")
    if has_markup(content) or b"PK\x05\x06" in content[-66_000:]:
        raise BadFile("This PDF is a second kind of file at the same time, so it is not taken. Export it again.")
    return PDF


def has_markup(content: bytes) -> bool:
    beginning = content[:SNIFFED].lower()
    return any(tag in beginning for tag in ACTIVE)


def sound(content: bytes, kind: Kind) -> Kind:
    if has_markup(content) or b"PK\x05\x06" in content[-66_000:]:
        raise not_on_the_list()
    return kind


def text(content: bytes, ending: str) -> Kind:
    """Plain text, or a table as text. Raises BadFile for no text, and for what a browser might take for a page."""
    words = decoded(content)
    if any(unicodedata.category(letter) == "Cc" and letter not in "\t\n\r\f\v" for letter in set(words)):
        raise not_on_the_list()
    if has_markup(words[:SNIFFED].encode()):
        raise BadFile("This is a web page, a drawing or a script, not plain text. Save it as PDF and add that.")
    return CSV if CSV.may_end_in(ending) and ending else TEXT


def decoded(content: bytes) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings = ["utf-16"]
    else:
        # What old spreadsheets write comes last: it knows a letter for nearly every byte.
        encodings = ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise not_on_the_list()


def office(content: bytes) -> Kind:
    """A document that is a zip, judged by its list of parts and the first bytes of each. Nothing is unpacked.

    Raises BadFile for a bomb, an archive in the archive, macros, a password, or a plain zip.
    """
    parts = parts_of(content)
    names = {part.filename for part in parts}
    refuse_bombs(parts, len(content))
    if any(is_macro(name) for name in names):
        raise BadFile("This document holds macros, which can act on the reader's computer. Save it without them.")
    with zipfile.ZipFile(BytesIO(content)) as archive:
        try:
            kind = kind_of_office(archive, names)
            if any(is_archive(archive, part) for part in parts):
                raise BadFile("This document holds an archive, which nobody can look into. Take it out and save again.")
        except (zipfile.BadZipFile, OSError, ValueError, EOFError, NotImplementedError, RuntimeError) as error:
            raise damaged() from error
        except zipfile.zlib.error as error:  # type: ignore[attr-defined]  # zipfile lets it through
            raise damaged() from error
    return kind


def damaged() -> BadFile:
    return BadFile("This document is damaged. Open it, save it again and add it then.")


def parts_of(content: bytes) -> list[zipfile.ZipInfo]:
    """The zip's list of parts, whose length is known to be bearable before it is read."""
    too_many = BadFile(f"This document has more than {MOST_PARTS} parts, which no real one needs.")
    end = content.rfind(b"PK\x05\x06", -65_557)
    if end < 0 or len(content) < end + 22:
        raise damaged()
    count, directory = struct.unpack_from("<HI", content, end + 10)
    if count > MOST_PARTS or directory > MOST_DIRECTORY:
        raise too_many
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error) as error:
        raise damaged() from error
    if len(parts) > MOST_PARTS:
        raise too_many
    if any(part.flag_bits & 1 for part in parts):
        raise BadFile("This document is locked with a password. Save it without one: only readers of the note see it.")
    return parts


def refuse_bombs(parts: list[zipfile.ZipInfo], size: int) -> None:
    unpacked, packed = sum(part.file_size for part in parts), sum(part.compress_size for part in parts)
    steep = any(
        part.file_size > RATIO_COUNTS_ABOVE and part.file_size > MOST_RATIO * max(part.compress_size, 1)
        for part in parts
    )
    # Parts that together are longer than the file lie over one another: the trick of the best bombs.
    if steep or unpacked > MOST_UNPACKED or unpacked > MOST_RATIO * size or packed > size:
        raise BadFile("This document would unpack to far more than it seems, as only a trap does. It is not taken.")


def is_macro(name: str) -> bool:
    return name.lower().endswith("vbaproject.bin") or name.startswith(("Basic/", "Scripts/"))


def is_archive(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> bool:
    """By its name or its first bytes. The table behind a chart is a document in a document, and harmless."""
    name = part.filename.lower()
    if "/embeddings/" in name and name.endswith((".xlsx", ".docx", ".pptx")):
        return False
    if name.endswith((".zip", ".7z", ".rar", ".gz", ".tar", ".bz2", ".xz", ".jar", ".exe", ".dll", ".docm", ".xlsm")):
        return True
    if part.is_dir() or not part.file_size:
        return False
    with archive.open(part) as opened:
        return opened.read(8).startswith(ARCHIVES)


def kind_of_office(archive: zipfile.ZipFile, names: set[str]) -> Kind:
    if "[Content_Types].xml" in names:
        found = next((kind for name, kind in OFFICE.items() if name in names), None)
    elif "mimetype" in names and archive.getinfo("mimetype").file_size < 100:
        found = ODF.get(archive.read("mimetype").strip())
    else:
        found = None
    if found is None:
        raise BadFile("An archive is not taken, since nobody can look into it. Add the files in it one by one.")
    return found
