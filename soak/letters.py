"""R2: processes that hand letters over are killed at random times; the mail server counts what arrived.

Three drainers, as Celery's workers are, and beside them what the clock does every 15 seconds: the sweep.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

from tests.correspondence.sink import Sink

from . import Row

HOME = Path(__file__).resolve().parent.parent
LETTERS, KILLS, DRAINERS = 1500, 80, 3
CONTROL_LETTERS, CONTROL_KILLS = 300, 12
# Seconds: between two kills at most, from a text's arrival to the server's yes, and for which an undecided letter may
# be unseen by staff.
PAUSE, SLOWNESS, SEEN = 3.0, 0.3, 60
MINUTES = 15

WRITE = """
import sys, django
django.setup()
from django.utils import timezone
from correspondence import ledger
now = timezone.now()
ledger.write(ledger.Intent(kind="soak", occurrence="soak", version="1", address=f"pat{number}@sample.example",
    subject="A sample", body="A sample.", due_at=now) for number in range(int(sys.argv[1])))
"""

# Takes up letters as long as it lives. The sweep is the keeper's alone, as seldom as the clock does it.
DRAIN = """
import time, django
django.setup()
from django.utils import timezone
from correspondence import handing_over, ledger
ledger.sweep = lambda now: None
while True:
    handing_over.hand_out(timezone.now(), lambda letters, now: set())
    time.sleep(0.2)
"""

# Sweeps, and says every second how many letters are in which state, and for how long the doubtful had been unseen.
KEEP = """
import json, time, django
from datetime import timedelta
django.setup()
from django.db.models import Count
from django.utils import timezone
from correspondence import ledger
from correspondence.models import Letter
BLIND = False
seen, swept = {}, 0.0
while True:
    now = timezone.now()
    if time.monotonic() - swept >= 15 or BLIND:
        if BLIND:
            Letter.objects.filter(state="sending", tried_at__lte=now - timedelta(seconds=3)).update(
                state="planned", held_until=None)
            Letter.objects.filter(state="claimed").update(held_until=now)
        ledger.sweep(now)
        swept = time.monotonic()
    for message_id, tried_at in Letter.objects.filter(state="in_doubt").values_list("message_id", "tried_at"):
        seen.setdefault(message_id, round((timezone.now() - tried_at).total_seconds(), 1))
    states = dict(Letter.objects.values_list("state").annotate(number=Count("pk")).order_by())
    sent = list(Letter.objects.filter(state="sent").values_list("message_id", flat=True))
    print(json.dumps({"states": states, "seen": seen, "sent": sent}), flush=True)
    time.sleep(1)
"""


@dataclass
class Done:
    letters: int
    kills: int
    sent: int
    doubtful: int
    arrived_in_doubt: int
    twice: int
    lost: int
    slowest: float

    def words(self) -> str:
        return (
            f"{self.twice} twice, {self.lost} lost, {self.sent} sent, {self.doubtful} in doubt "
            f"({self.arrived_in_doubt} of them had arrived), each shown within {self.slowest:.0f} s"
        )


def prove(folder: Path, share: float = 1.0) -> list[Row]:
    from bench import places

    done = []
    for name in ("SQLite", "PostgreSQL"):
        with ExitStack() as stack:
            if name == "SQLite":
                urls = [f"sqlite:///{folder / f'{part}.sqlite3'}" for part in ("letters", "blind")]
            else:
                servers = [stack.enter_context(places.postgres(folder / part)) for part in ("letters", "blind")]
                urls = [server.url for server in servers]
            done.append(row(name, urls, share))
    return done


def row(database: str, urls: list[str], share: float) -> Row:
    done = play(urls[0], int(LETTERS * share), int(KILLS * share))
    blind = play(urls[1], CONTROL_LETTERS, CONTROL_KILLS, is_blind=True)
    return Row(
        goal="R2",
        database=database,
        fault=f"{DRAINERS} processes that hand letters over, killed at random times",
        trials=f"{done.letters} letters, {done.kills} kills",
        outcome=done.words(),
        control=f"letters in doubt sent again blindly, {blind.kills} kills: {blind.twice} twice",
        held=done.twice == done.lost == 0 and done.slowest <= SEEN and blind.twice > 0,
    )


def play(database: str, letters: int, kills: int, is_blind: bool = False) -> Done:
    """Until every letter is sent or in doubt; raises TimeoutError when that does not come about."""
    with Sink() as sink:
        sink.script.before_answer = lambda recipient: time.sleep(SLOWNESS / 2)
        sink.script.after_taking = lambda recipient: time.sleep(SLOWNESS / 2)
        env = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "lgr6.settings",
            "REHEARSAL": "true",
            "SECRET_KEY": "only-for-the-long-proofs-0123456789-abcdefghijklmnopqrstuvwxyz",
            "DATABASE_URL": database,
            "REDIS_URL": "",
            "EMAIL_URL": f"smtp://127.0.0.1:{sink.port}",
        }
        call(["manage.py", "migrate", "--verbosity", "0"], env)
        call(["-c", WRITE, str(letters)], env)
        keeper = Keeper(env, is_blind)
        drainers = [start(DRAIN, env) for _ in range(DRAINERS)]
        killed, end = 0, time.monotonic() + 60 * MINUTES
        chance = random.Random(letters)
        try:
            while killed < kills or set(keeper.states) - {"sent", "in_doubt"}:
                if time.monotonic() > end:
                    raise TimeoutError(f"{keeper.states} after {MINUTES} minutes and {killed} kills")
                time.sleep(chance.uniform(0.2, PAUSE) if killed < kills else 1)
                if killed < kills and sink.arrived:
                    victim = chance.randrange(DRAINERS)
                    stop(drainers[victim])
                    drainers[victim] = start(DRAIN, env)
                    killed += 1
            time.sleep(2)
        finally:
            for process in [*drainers, keeper.process]:
                stop(process)
        return judged(letters, killed, keeper, sink)


def judged(letters: int, kills: int, keeper: Keeper, sink: Sink) -> Done:
    """The mail server's count against the ledger's."""
    sent, doubtful = set(keeper.last["sent"]), set(keeper.last["seen"]) - set(keeper.last["sent"])
    missing = sum(not sink.arrived[message_id] for message_id in sent)
    return Done(
        letters=letters,
        kills=kills,
        sent=len(sent),
        doubtful=len(doubtful),
        arrived_in_doubt=sum(bool(sink.arrived[message_id]) for message_id in doubtful),
        twice=sum(count > 1 for count in sink.arrived.values()),
        lost=missing + letters - len(sent | doubtful),
        slowest=max(keeper.last["seen"].values(), default=0.0),
    )


class Keeper:
    """The sweep of the clock, and what it last said of the ledger."""

    def __init__(self, env: dict[str, str], is_blind: bool) -> None:
        self.last: dict[str, Any] = {"states": {"planned": 1}, "seen": {}, "sent": []}
        self.process = start(KEEP.replace("BLIND = False", f"BLIND = {is_blind}"), env)
        Thread(target=self.listen, daemon=True).start()

    def listen(self) -> None:
        for line in self.process.stdout or []:
            self.last = json.loads(line)

    @property
    def states(self) -> dict[str, int]:
        return self.last["states"]


def start(script: str, env: dict[str, str]) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-c", script], cwd=HOME, env=env, stdout=subprocess.PIPE, text=True)


def stop(process: subprocess.Popen) -> None:
    process.kill()
    process.wait()


def call(command: list[str], env: dict[str, str]) -> None:
    subprocess.run([sys.executable, *command], cwd=HOME, env=env, check=True)


if __name__ == "__main__":
    # For one database alone: python -m soak.letters NAME URL URL-OF-THE-CONTROL [SHARE]
    print(row(sys.argv[1], sys.argv[2:4], float(sys.argv[4]) if len(sys.argv) > 4 else 1.0))
