"""Keeping files on disk, outside whatever a web server shows: whole or not at all, each under a random name."""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

# Below this much free space, in bytes, the portal calls for help while there is still room to work.
SPARE = 200 * 1024 * 1024
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class NoRoom(Exception):
    """The disk for files is full. Nothing was kept."""


def folder(inside: str = "") -> Path:
    """Where files are kept, or a folder inside. Raises OSError where it cannot be made."""
    path = Path(settings.FILES_DIR)
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if inside:
        path /= inside
        path.mkdir(mode=0o700, exist_ok=True)
    return path


def keep(content: bytes) -> str:
    """Writes a file and returns its name; when it returns, the file is on the disk.

    Raises NoRoom when the disk is full and OSError for other faults; nothing half written stays behind.
    """
    name = uuid.uuid4().hex
    with whole(name) as file:
        file.write(content)
    return name


@contextmanager
def whole(name: str) -> Iterator[BinaryIO]:
    """A new file to write to, which has its name once it is written and on the disk; until then `<name>.part`.

    Raises NoRoom when the disk is full, whatever came after, and OSError for other faults; nothing half written stays.
    """
    partial, final = partial_path(name), Path(settings.FILES_DIR) / name
    folder(Path(name).parent.name)
    try:
        with partial.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.rename(final)
        sync_folder(final.parent)
    except BaseException as error:
        throw_away(name)
        if isinstance(error, OSError) and error.errno in FULL:
            raise NoRoom from error
        raise


def partial_path(name: str) -> Path:
    return Path(settings.FILES_DIR) / f"{name}.part"


def sync_folder(path: Path) -> None:
    """A new name outlives a power cut only when its folder is written down too."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read(name: str) -> bytes:
    """The file's bytes. Raises OSError where it is not there or cannot be read."""
    return (Path(settings.FILES_DIR) / name).read_bytes()


def open_to_read(name: str) -> BinaryIO:
    """The file, to be read bit by bit. Raises OSError where it is not there or cannot be read."""
    return (Path(settings.FILES_DIR) / name).open("rb")


def is_there(name: str) -> bool:
    return (Path(settings.FILES_DIR) / name).is_file()


def throw_away(name: str) -> None:
    """The file, and what a process that died may have left of it."""
    (Path(settings.FILES_DIR) / name).unlink(missing_ok=True)
    partial_path(name).unlink(missing_ok=True)


def throw_away_older(inside: str, moment: datetime) -> None:
    """Everything in that folder which nobody has written to since."""
    for path in folder(inside).iterdir():
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < moment.timestamp():
                path.unlink()


def has_room(size: int) -> bool:
    """Whether so many bytes fit and SPARE is left for the notes' own files. Raises OSError."""
    return shutil.disk_usage(folder()).free - size > SPARE


def state() -> str:
    """How the place for files is, in words: "writable" when all is well. Writes nothing."""
    try:
        path = folder()
        free = shutil.disk_usage(path).free
    except OSError:
        return "not writable"
    if not os.access(path, os.W_OK | os.X_OK):
        return "not writable"
    return "nearly full" if free < SPARE else "writable"
