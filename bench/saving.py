"""Saving: how long people wait for “Saved” while everybody writes, each a text every two seconds."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from . import Line, places
from .writers import Writers

SECONDS = float(os.environ.get("SAVING_SECONDS", "60"))
PAUSE = 2.0  # seconds between the saves of one person
WARM_UP = 6  # seconds that are not counted: the server's processes read their code
PEOPLE = {"SQLite": 18, "PostgreSQL": 60}
WORKERS = 2
WANTED_P95 = 300  # milliseconds


def measure(folder: Path, seconds: float = SECONDS) -> list[dict[str, Any]]:
    """A row a database; a database that is not on this machine has none."""
    found = []
    for database, people in PEOPLE.items():
        try:
            with address(database, folder) as url:
                found.append({"database": database, "people": people, **save_on(url, people, seconds)})
        except places.NotHere:
            continue
    return found


@contextmanager
def address(database: str, folder: Path) -> Iterator[str]:
    """Raises NotHere where the machine has no such database."""
    if database == "SQLite":
        yield f"sqlite:///{folder / 'saving.sqlite3'}"
        return
    with places.postgres(folder) as server:
        yield server.url


def save_on(database: str, people: int, seconds: float) -> dict[str, Any]:
    env = places.environment(database)
    who = places.prepare(env, people)
    with places.portal(env, workers=WORKERS) as portal, Writers(portal.port, who, PAUSE) as writers:
        time.sleep(WARM_UP)
        with writers.lock:
            writers.seconds.clear()
            writers.statuses.clear()
        time.sleep(seconds)
        with writers.lock:
            times, statuses = list(writers.seconds), dict(writers.statuses)
    return {
        "measured_seconds": seconds,
        "saves": len(times),
        "milliseconds": {
            "p50": round(1000 * statistics.median(times)),
            "p95": round(1000 * statistics.quantiles(times, n=20)[-1]),
            "longest": round(1000 * max(times)),
        },
        # 0: no answer; 503: the database was locked or away.
        "not_saved": {status: count for status, count in statuses.items() if status != 200},
    }


def lines(figures: dict[str, Any]) -> list[Line]:
    found = []
    for row in figures["rows"]:
        p95, not_saved = row["milliseconds"]["p95"], row["not_saved"]
        who = (
            f"{row['people']} people save every {PAUSE:.0f} s for {row['measured_seconds']:.0f} s on {row['database']}"
        )
        found.append(Line(f"{who}: p95", f"{p95} ms", f"< {WANTED_P95} ms", p95 < WANTED_P95))
        refused = f"{sum(not_saved.values())} of {row['saves']}"
        found.append(Line(f"{who}: not saved at once", refused, "0", not not_saved))
    return found
