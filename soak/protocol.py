"""N4: the state machine of the suite (tests/research/test_note_protocol.py), with new and longer sequences."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from bench import places

from . import Row

SEQUENCES = {"SQLite": 500, "PostgreSQL": 200}
MINUTES = 45
FAULT = (
    "2 to 4 clients type, save, lose request or answer, retry, crash, come back, delete, share and restore in any order"
)


def prove(folder: Path, share: float) -> list[Row]:
    rows = [play("SQLite", f"sqlite:///{folder / 'protocol.sqlite3'}", share)]
    try:
        with places.postgres(folder) as server:
            rows.append(play("PostgreSQL", server.url, share))
    except places.NotHere as missing:
        rows.append(Row("N4", "PostgreSQL", FAULT, "0", f"not run here: no {missing}", "", False))
    return rows


def play(database: str, url: str, share: float) -> Row:
    count = max(1, round(SEQUENCES[database] * share))
    said = pytest("whatever_clients", url, NOTE_SEQUENCES=str(count))
    control = pytest("the_machine_finds", url)
    found = int(match[1]) if (match := re.search(r"(\d+) passed", control)) else 0
    held = "1 passed" in said
    outcome = "every acknowledged text in the versions, every other in a draft" if held else "a text was lost"
    kinds = "without compare-and-set, without versions, without names of saves"
    return Row(
        "N4", database, FAULT, f"{count} sequences", outcome, f"{kinds}: {found} of 3 found", held and found == 3
    )


def pytest(words: str, url: str, **more: str) -> str:
    command = [sys.executable, "-m", "pytest", "-o", "addopts=", "-p", "no:cacheprovider", "-k", words]
    env = {**places.environment(url), "TEST_DB_SUFFIX": "_soak", "DJANGO_SETTINGS_MODULE": "tests.settings", **more}
    done = subprocess.run(
        [*command, "tests/research/test_note_protocol.py"],
        cwd=places.HOME,
        env=env,
        capture_output=True,
        text=True,
        timeout=60 * MINUTES,
    )
    if done.returncode:
        print(done.stdout[-5000:], file=sys.stderr)
    return done.stdout.splitlines()[-1] if done.stdout else ""
