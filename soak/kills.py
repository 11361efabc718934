"""N12: processes are killed at random times while people save; what was acknowledged must be there afterwards."""

from __future__ import annotations

import random
import time
import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from bench import places
from bench.writers import Acknowledged, Writers

from . import Row

KILLS = 200
CONTROL_KILLS = 8
PEOPLE = 12
PAUSE = 0.6  # seconds between the saves of one person: a hundred a minute, under the portal's limit


def prove(folder: Path, share: float) -> list[Row]:
    return [on_sqlite(folder, share), on_postgresql(folder, share)]


def on_sqlite(folder: Path, share: float) -> Row:
    database = f"sqlite:///{folder / 'kills.sqlite3'}"
    env = places.environment(database)
    people = places.prepare(env, PEOPLE)
    with places.portal(env) as portal:
        done = play(portal, people, database, {"worker": portal.kill_worker, "server": portal.restart}, KILLS * share)
    with places.portal(env, "soak.hasty") as portal:
        hasty = play(portal, people, database, {"server": portal.restart}, CONTROL_KILLS)
    return row(
        "SQLite", done, hasty.missing > 0, f"answers before the commit, {hasty.kills} kills: {hasty.missing} missing"
    )


def on_postgresql(folder: Path, share: float) -> Row:
    try:
        with places.postgres(folder) as server:
            env = places.environment(server.url)
            people = places.prepare(env, PEOPLE)

            def kill_postgres() -> None:
                server.kill()
                server.start()

            with places.portal(env) as portal:
                ways = {"worker": portal.kill_worker, "server": portal.restart, "PostgreSQL": kill_postgres}
                done = play(portal, people, server.url, ways, KILLS * share)
            with places.portal(env, "soak.hasty") as portal:
                hasty = play(portal, people, server.url, {"server": portal.restart}, CONTROL_KILLS)
            places.tell(server.url, "ALTER SYSTEM SET synchronous_commit = off")
            places.tell(server.url, "ALTER SYSTEM SET wal_writer_delay = '2s'")
            places.tell(server.url, "SELECT pg_reload_conf()")
            with places.portal(env) as portal:
                unsynced = play(portal, people, server.url, {"PostgreSQL": kill_postgres}, CONTROL_KILLS)
    except places.NotHere as missing:
        return Row("N12", "PostgreSQL", "kills", "0", f"not run here: no {missing}", "", False)
    control = (
        f"answers before the commit, {hasty.kills} kills: {hasty.missing} missing; "
        f"synchronous_commit=off, {unsynced.kills} kills of PostgreSQL: {unsynced.missing} missing"
    )
    return row("PostgreSQL", done, hasty.missing > 0 and unsynced.missing > 0, control)


class Played:
    """What came of so many kills."""

    def __init__(self, killed: Counter[str], writers: Writers, missing: int) -> None:
        self.killed, self.missing = killed, missing
        self.kills = sum(killed.values())
        self.saves = len(writers.acknowledged)
        self.errors = writers.statuses[500]
        self.conflicts = writers.statuses[409]


def play(
    portal: places.Portal,
    people: list[dict[str, str]],
    database: str,
    ways: dict[str, Callable[[], None]],
    kills: float,
) -> Played:
    killed: Counter[str] = Counter()
    with Writers(portal.port, people, PAUSE) as writers:
        for number in range(max(1, round(kills))):
            # The portal is well again, and people save: only then does the next kill mean anything.
            wait_for_saves(writers, 3)
            time.sleep(random.uniform(0, 1))
            way = list(ways)[number % len(ways)]
            ways[way]()
            killed[way] += 1
        wait_for_saves(writers, len(people))
    return Played(killed, writers, missing_from(database, writers.acknowledged))


def wait_for_saves(writers: Writers, more: int, seconds: float = 90) -> None:
    wanted, end = len(writers.acknowledged) + more, time.monotonic() + seconds
    while len(writers.acknowledged) < wanted:
        if time.monotonic() > end:
            raise RuntimeError(f"Nobody can save any more: {dict(writers.statuses)}")
        time.sleep(0.05)


def missing_from(database: str, acknowledged: list[Acknowledged]) -> int:
    """How many acknowledged saves are not there with their number and their very text."""
    stored = {
        uuid.UUID(str(save_id)): (number, body)
        for save_id, number, body in places.rows(database, "SELECT save_id, number, body FROM research_noteversion")
    }
    return sum(stored.get(uuid.UUID(save.save_id)) != (save.version, save.body) for save in acknowledged)


def row(database: str, done: Played, control_found: bool, control: str) -> Row:
    parts = ", ".join(f"{way} {count}" for way, count in done.killed.items())
    return Row(
        "N12",
        database,
        f"kill -9 at random times ({parts}) while {PEOPLE} people save",
        f"{done.kills} kills",
        f"{done.saves} saves acknowledged, {done.missing} missing; {done.errors} answers 500; "
        f"{done.conflicts} conflicts with oneself",
        control,
        done.missing == 0 and done.errors == 0 and done.conflicts == 0 and control_found,
    )
