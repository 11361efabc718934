"""N14: each time somebody is told “version 7”, another connection looks at once whether version 7 has their text."""

from __future__ import annotations

import threading
from pathlib import Path

from bench import places
from bench.writers import Acknowledged, Writers

from . import Row

SAMPLES = 1000
CONTROL_SAMPLES = 50
PEOPLE = 10
PAUSE = 0.6
FAULT = f"{PEOPLE} people save; the row is read by another connection as soon as the answer is there"


def prove(folder: Path, share: float) -> list[Row]:
    samples = max(1, round(SAMPLES * share))
    rows = [look("SQLite", f"sqlite:///{folder / 'truth.sqlite3'}", samples)]
    try:
        with places.postgres(folder) as server:
            rows.append(look("PostgreSQL", server.url, samples))
    except places.NotHere as missing:
        rows.append(Row("N14", "PostgreSQL", FAULT, "0", f"not run here: no {missing}", "", False))
    return rows


def look(database: str, url: str, samples: int) -> Row:
    people = places.prepare(env := places.environment(url), PEOPLE)
    with places.portal(env) as portal:
        lies = count_lies(portal, people, url, samples)
    with places.portal(env, "soak.hasty") as portal:
        found = count_lies(portal, people, url, CONTROL_SAMPLES)
    control = f"answers before the commit: {found} lies in {CONTROL_SAMPLES}"
    return Row("N14", database, FAULT, f"{samples} answers", f"{lies} lies", control, lies == 0 and found > 0)


def count_lies(portal: places.Portal, people: list[dict[str, str]], url: str, samples: int) -> int:
    lies: list[bool] = []
    enough = threading.Event()

    def look_it_up(done: Acknowledged) -> None:
        if len(lies) < samples:
            # Hexadecimal with or without hyphens: the databases keep a UUID each in its own way.
            names = f"'{done.save_id}', '{done.save_id.replace('-', '')}'"
            sql = f"SELECT number, body FROM research_noteversion WHERE CAST(save_id AS varchar(36)) IN ({names})"
            lies.append(places.rows(url, sql) != [(done.version, done.body)])
        if len(lies) >= samples:
            enough.set()

    with Writers(portal.port, people, PAUSE, look_it_up):
        if not enough.wait(10 * samples):
            raise RuntimeError("Nobody can save.")
    return sum(lies[:samples])
