"""A worker that is killed while it packs: nothing half made is handed out, and another begins anew."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from zipfile import ZipFile

import pytest
from django.db import connections
from django.utils import timezone

from research import filing
from research.models import Archive
from research.packing import LEASE, ask, pack_waiting
from tests.factories import a_membership, a_note, a_participant, an_attachment
from tests.races.test_clock import HOME, database_url

pytestmark = pytest.mark.django_db(transaction=True)
NOTES = 45

# Packs until it comes to the deed and the number it is told of, says so, and goes no further.
WORKER = """
import sys, time
from pathlib import Path
import django
django.setup()
from django.utils import timezone
from research import packing
places = {"note": (packing.Parcel, "put"), "index": (packing.Parcel, "put_index"), "row": (packing, "finish")}
owner, deed = places[sys.argv[2]]
original, count = getattr(owner, deed), 0
def stops(*args):
    global count
    count += 1
    if count > int(sys.argv[3]):
        Path(sys.argv[1], "stands-still").touch()
        time.sleep(600)
    return original(*args)
setattr(owner, deed, stops)
packing.pack_waiting(timezone.now())
"""


def killed_at(folder: Path, deed: str, number: int) -> None:
    env = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "lgr6.settings",
        "REHEARSAL": "true",
        "SECRET_KEY": "only-for-the-test-suite-0123456789-abcdefghijklmnopqrstuvwxyz",
        "DATABASE_URL": database_url(),
        "REDIS_URL": "",
        "FILES_DIR": str(filing.folder()),
    }
    worker = subprocess.Popen([sys.executable, "-c", WORKER, str(folder), deed, str(number)], cwd=HOME, env=env)
    try:
        while not (folder / "stands-still").exists():
            assert worker.poll() is None, "the worker did not come that far"
            time.sleep(0.01)
    finally:
        worker.kill()
        worker.wait()


@pytest.mark.parametrize(("deed", "number"), [("note", 0), ("note", 30), ("index", 0), ("row", 0)])
def test_a_killed_worker_leaves_nothing_that_is_handed_out_and_another_begins_anew(settings, tmp_path, deed, number):
    settings.FILES_DIR = tmp_path / "files"
    membership = a_membership()
    pat = a_participant(membership)
    for count in range(NOTES):
        an_attachment(a_note(membership, pat), content=b"x" * 100_000 if count < 3 else b"")
    archive = ask(pat, None, timezone.now())
    connections.close_all()

    killed_at(tmp_path, deed, number)

    archive.refresh_from_db()
    dead = archive.stored_as
    assert (archive.state, archive.attempts, archive.notes.count()) == ("packing", 1, 0)
    assert filing.partial_path(dead).exists() or deed == "row"
    assert pack_waiting(timezone.now()) == 0
    assert pack_waiting(timezone.now() + LEASE) == 1

    archive = Archive.objects.get()
    assert (archive.state, archive.attempts, archive.notes.count()) == ("ready", 2, NOTES)
    assert [f"archives/{path.name}" for path in (filing.folder() / "archives").iterdir()] == [archive.stored_as]
    with ZipFile(filing.folder() / archive.stored_as) as parcel:
        assert parcel.testzip() is None
        assert len(parcel.namelist()) == 2 * NOTES + 1
