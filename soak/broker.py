"""R5: Redis is stopped, frozen, emptied and killed while people save and letters fall due.

The portal, a Celery worker and beat are those of production; the mail server counts what arrived, and when.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench import places
from bench.writers import Writers
from tests.correspondence.sink import Sink
from tests.races.broker import Redis

from . import Row
from .kills import missing_from

PEOPLE, PAUSE = 4, 2.0
LETTERS = 30  # they fall due one after the other during the outage
OUTAGE = 60  # seconds
SOON = 90  # seconds after Redis's return until the last of them has arrived
LONGEST = 3  # seconds a request may take
FAULT = f"{PEOPLE} people saving, {LETTERS} letters falling due, {OUTAGE} s"

WRITE = """
import json, sys, django
from datetime import timedelta
django.setup()
from django.utils import timezone
from correspondence import ledger
fault, letters, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
now = timezone.now()
intents = [ledger.Intent(kind="soak", occurrence=fault, version="1", address=f"pat{number}@sample.example",
    subject="A sample", body="A sample.", due_at=now + timedelta(seconds=seconds * number / letters))
    for number in range(letters)]
ledger.write(intents)
print(json.dumps([ledger.message_id_of(intent.key) for intent in intents]))
"""


def prove(folder: Path, share: float = 1.0) -> list[Row]:
    if not shutil.which("redis-server"):
        return [Row("R5", "PostgreSQL, Redis", FAULT, "0", "not run here: no redis-server", "", False)]
    seconds = OUTAGE * share
    try:
        with ExitStack() as stack:
            server = stack.enter_context(places.postgres(folder))
            sink = stack.enter_context(Sink())
            redis = stack.enter_context(running_redis(folder))
            env = places.environment(
                server.url,
                REDIS_URL=f"redis://127.0.0.1:{redis.port}/0",
                EMAIL_URL=f"smtp://127.0.0.1:{sink.port}",
            )
            people = places.prepare(env, PEOPLE)
            stack.enter_context(celery(env, "worker", "--concurrency", "2"))
            portal = stack.enter_context(places.portal(env))
            stage = Stage(env, redis, sink, portal, people, server.url)
            # Without beat nothing looks at the ledger again: a letter that hangs on the queue alone stays where it is.
            forgotten = stage.play("without the clock", dead, seconds / 3)
            stack.enter_context(celery(env, "beat", "--schedule", str(folder / "beat"), "--pidfile="))
            control = f"Redis killed while no clock runs: {forgotten.late} of {LETTERS} letters not gone after {SOON} s"
            return [
                stage.play(fault, outage, seconds).row(fault, control, forgotten.late > 0)
                for fault, outage in FAULTS.items()
            ]
    except places.NotHere as missing:
        return [Row("R5", "PostgreSQL, Redis", FAULT, "0", f"not run here: no {missing}", "", False)]


@contextmanager
def running_redis(folder: Path) -> Iterator[Redis]:
    redis = Redis(str(folder))
    try:
        yield redis
    finally:
        redis.end()


@contextmanager
def celery(env: dict[str, str], *arguments: str) -> Iterator[None]:
    command = [sys.executable, "-m", "celery", "-A", "lgr6", arguments[0], "--loglevel", "CRITICAL", *arguments[1:]]
    process = subprocess.Popen(command, cwd=places.HOME, env=env, start_new_session=True, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextmanager
def stopped(redis: Redis) -> Iterator[None]:
    redis.send(signal.SIGTERM)
    redis.process.wait()
    yield
    redis.start()


@contextmanager
def frozen(redis: Redis) -> Iterator[None]:
    redis.send(signal.SIGSTOP)
    yield
    redis.send(signal.SIGCONT)


@contextmanager
def emptied(redis: Redis) -> Iterator[None]:
    redis.flush()
    yield
    redis.flush()


@contextmanager
def dead(redis: Redis) -> Iterator[None]:
    redis.end()
    yield
    redis.start()


FAULTS: dict[str, Callable[[Redis], object]] = {
    "stopped": stopped,
    "frozen (SIGSTOP)": frozen,
    "emptied (FLUSHALL), twice": emptied,
    "killed (kill -9), without a file of its own": dead,
}


class Stage:
    """Everything that runs through all outages."""

    def __init__(
        self,
        env: dict[str, str],
        redis: Redis,
        sink: Sink,
        portal: places.Portal,
        people: list[dict[str, str]],
        database: str,
    ) -> None:
        self.env, self.redis, self.sink, self.portal = env, redis, sink, portal
        self.people, self.database = people, database

    def play(self, fault: str, outage: Callable[[Redis], object], seconds: float) -> Played:
        with Writers(self.portal.port, self.people, PAUSE) as writers:
            written = places.run(["-c", WRITE, fault, str(LETTERS), str(seconds)], self.env)
            letters = json.loads(written.splitlines()[-1])
            with outage(self.redis):  # type: ignore[attr-defined]
                time.sleep(seconds)
            returned = time.monotonic()
            while time.monotonic() - returned < SOON and not all(self.sink.arrived[letter] for letter in letters):
                time.sleep(0.5)
            took = time.monotonic() - returned
        return Played(
            writers=writers,
            missing=missing_from(self.database, writers.acknowledged),
            late=sum(not self.sink.arrived[letter] for letter in letters),
            twice=sum(self.sink.arrived[letter] > 1 for letter in letters),
            took=took,
        )


class Played:
    """What came of one outage."""

    def __init__(self, writers: Writers, missing: int, late: int, twice: int, took: float) -> None:
        self.saves, self.missing, self.longest = len(writers.acknowledged), missing, writers.longest
        self.bad = {status: number for status, number in writers.statuses.items() if status != 200}
        self.late, self.twice, self.took = late, twice, took

    def row(self, fault: str, control: str, control_found: bool) -> Row:
        bad = f"other answers: {self.bad}" if self.bad else "no other answer"
        gone = f"all letters gone {self.took:.0f} s" if not self.late else f"{self.late} letters not gone {SOON} s"
        outcome = (
            f"{self.saves} saves answered, {bad}, longest {self.longest:.1f} s, {self.missing} missing; "
            f"{gone} after its return, {self.twice} twice"
        )
        held = not (self.bad or self.missing or self.late or self.twice) and self.longest <= LONGEST and control_found
        name = f"R5 {fault.split()[0].strip(',')}"
        return Row(name, "PostgreSQL, Redis", f"Redis {fault}: {FAULT}", "1 outage", outcome, control, held)
