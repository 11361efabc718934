"""Keeping files on disk, outside whatever a web server shows: whole or not at all, each under a random name."""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from pathlib import Path

from django.conf import settings

# Below this much free space, in bytes, the portal calls for help while there is still room to work.
SPARE = 200 * 1024 * 1024
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class NoRoom(Exception):
    """The disk for files is full. Nothing was kept."""


def folder() -> Path:
    """Where files are kept. Raises OSError where it cannot be made."""
    path = Path(settings.FILES_DIR)
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def keep(content: bytes) -> str:
    """Writes a file and returns its name; when it returns, the file is on the disk.

    Raises NoRoom when the disk is full and OSError for other faults; nothing half written stays behind.
    """
    name = uuid.uuid4().hex
    partial, final = folder() / f"{name}.part", folder() / name
    try:
        with partial.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.rename(final)
        sync_folder(final.parent)
    except OSError as error:
        partial.unlink(missing_ok=True)
        final.unlink(missing_ok=True)
        if error.errno in FULL:
            raise NoRoom from error
        raise
    return name


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


def throw_away(name: str) -> None:
    (Path(settings.FILES_DIR) / name).unlink(missing_ok=True)


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
