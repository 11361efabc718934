"""N11: the database is stopped, frozen, locked or full for half a minute while people save."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from bench import places
from bench.writers import Writers

from . import Row
from .kills import missing_from, wait_for_saves

PEOPLE = 6
PAUSE = 1.0
OUTAGE = 30  # seconds
BACK_WITHIN = 60  # seconds after the database's return until everybody's save is stored
# Two waits for a statement or a connection (DATABASE_PATIENCE), and what queues before the threads. SQLite waits 20 s
# for its lock, once for the count of saves and once for the save.
LONGEST = {"PostgreSQL": 45, "SQLite": 55}
FAULT = f"{PEOPLE} people saving, outage of {OUTAGE} s"


def prove(folder: Path, share: float) -> list[Row]:
    seconds = OUTAGE * share
    return [*on_postgresql(folder, seconds), locked(folder, seconds), full(folder, seconds)]


def on_postgresql(folder: Path, seconds: float) -> list[Row]:
    try:
        with places.postgres(folder) as server:
            people = places.prepare(env := places.environment(server.url), PEOPLE)

            @contextmanager
            def frozen() -> Iterator[None]:
                server.signal_all(signal.SIGSTOP)
                try:
                    yield
                finally:
                    server.signal_all(signal.SIGCONT)

            @contextmanager
            def stopped() -> Iterator[None]:
                server.stop()
                try:
                    yield
                finally:
                    server.start()

            with places.portal(env) as portal:
                halted = play(portal, people, server.url, stopped, seconds)
                silent = play(portal, people, server.url, frozen, seconds)
            with places.portal({**env, "DATABASE_PATIENCE": "0"}) as portal:
                endless = play(portal, people, server.url, frozen, seconds)
    except places.NotHere as missing:
        return [Row("N11 stopped", "PostgreSQL", FAULT, "0", f"not run here: no {missing}", "", False)]
    control = f"without a limit to waiting: longest answer {endless.longest:.0f} s, as long as the outage"
    return [
        halted.row("N11 stopped", "PostgreSQL", "PostgreSQL stopped", "the next line's", True),
        silent.row("N11 frozen", "PostgreSQL", "PostgreSQL frozen (SIGSTOP)", control, endless.longest > 0.8 * seconds),
    ]


def locked(folder: Path, seconds: float) -> Row:
    path = folder / "locked.sqlite3"
    people = places.prepare(env := places.environment(f"sqlite:///{path}"), PEOPLE)

    @contextmanager
    def holding_the_lock() -> Iterator[None]:
        with closing(sqlite3.connect(path, isolation_level=None, timeout=20)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")

    with places.portal(env) as portal:
        # Twice as long: half a minute is merely waited for.
        done = play(portal, people, f"sqlite:///{path}", holding_the_lock, 2 * seconds)
    return done.row(
        "N11 locked",
        "SQLite",
        "database locked by another process twice that long",
        "none: the lock is the control",
        True,
    )


def full(folder: Path, seconds: float) -> Row:
    fault = "disk full"
    disk = folder / "disk"
    disk.mkdir()
    try:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(disk)], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return Row(
            "N11 full", "SQLite", f"{fault}: {FAULT}", "0", "not run here: only root may mount a disk", "", False
        )
    try:
        path = disk / "full.sqlite3"
        people = places.prepare(env := places.environment(f"sqlite:///{path}"), PEOPLE)

        @contextmanager
        def filled() -> Iterator[None]:
            ballast = disk / "ballast"
            with ballast.open("wb") as file:
                try:
                    while True:
                        os.write(file.fileno(), b"\0" * 4096)
                except OSError:
                    pass
            yield
            ballast.unlink()

        with places.portal(env) as portal:
            done = play(portal, people, f"sqlite:///{path}", filled, seconds)
        return done.row("N11 full", "SQLite", fault, "none: the full disk is the control", True)
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=False)


class Played:
    """What came of one outage."""

    def __init__(self, writers: Writers, refused: int, back: float, missing: int) -> None:
        self.saves, self.missing, self.back, self.refused = len(writers.acknowledged), missing, back, refused
        self.longest, self.silent = writers.longest, writers.without_retry_after
        self.bad = {status: n for status, n in writers.statuses.items() if status not in (200, 503)}

    def row(self, goal: str, database: str, fault: str, control: str, control_found: bool) -> Row:
        bad = "no other answer" if not self.bad else f"other answers: {self.bad}"
        outcome = (
            f"{self.refused} answers 503, each with Retry-After, {bad}; longest answer {self.longest:.0f} s; "
            f"all saved {self.back:.0f} s after its return; {self.saves} saves acknowledged, {self.missing} missing"
        )
        held = not self.bad and not self.silent and not self.missing and self.refused > 0
        held = held and self.back <= BACK_WITHIN and self.longest <= LONGEST[database] and control_found
        return Row(goal, database, f"{fault}: {FAULT}", "1 outage", outcome, control, held)


def play(
    portal: places.Portal,
    people: list[dict[str, str]],
    database: str,
    outage: Callable[[], object],
    seconds: float,
) -> Played:
    with Writers(portal.port, people, PAUSE) as writers:
        wait_for_saves(writers, 2 * len(people))
        with outage():  # type: ignore[attr-defined]
            time.sleep(seconds)
        returned = time.monotonic()
        # Whoever waits now has a save from the outage; it is over when none of those is left.
        while any(since < returned for since in list(writers.waiting.values())):
            if time.monotonic() - returned > 3 * BACK_WITHIN:
                break
            time.sleep(0.05)
        back = time.monotonic() - returned
        wait_for_saves(writers, len(people))
    return Played(writers, writers.statuses[503], back, missing_from(database, writers.acknowledged))
