"""R2: processes that hand letters over are killed at random times, and lose their database; the mail server counts.

Three drainers, as Celery's workers are, and beside them what the clock does every 15 seconds: the sweep.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from tests.correspondence.sink import Sink

from . import Row

if TYPE_CHECKING:
    from bench.places import Postgres

HOME = Path(__file__).resolve().parent.parent
LETTERS, KILLS, DRAINERS = 1500, 80, 3
CONTROL_LETTERS, CONTROL_KILLS = 400, 30
# Seconds: between two kills at most, from a text's arrival to the server's yes, and for which an undecided letter may
# be unseen by staff.
PAUSE, SLOWNESS, SEEN = 3.0, 0.3, 60
MINUTES = 15
# Seconds for which the database is away, and letters that have arrived before.
AWAY, AWAY_LETTERS, BEFORE = 20, 600, 60

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
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone
from correspondence import handing_over, ledger
ledger.sweep = lambda now: None
STUBBORN = handing_over.STUBBORN
handing_over.STUBBORN = STUBBORN
while True:
    try:
        handing_over.hand_out(timezone.now(), lambda letters, now: set())
    except (InterfaceError, OperationalError):
        connection.close()
    time.sleep(0.2)
"""

# Sweeps, and says every second how many letters are in which state, and for how long the doubtful had been unseen.
KEEP = """
import json, time, django
from datetime import timedelta
django.setup()
from django.db.models import Count
from django.utils import timezone
from django.db import InterfaceError, OperationalError, connection
from correspondence import ledger
from correspondence.models import Letter
BLIND = False
seen, swept = {}, 0.0

def look():
    global swept
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

while True:
    try:
        look()
    except (InterfaceError, OperationalError):
        connection.close()
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
        words = f"{self.twice} twice, {self.lost} lost, {self.sent} sent, {self.doubtful} in doubt"
        if not self.doubtful:
            return words
        return f"{words} ({self.arrived_in_doubt} of them had arrived), each shown within {self.slowest:.0f} s"


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
    return [*done, *away(folder)]


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


def away(folder: Path) -> list[Row]:
    """PostgreSQL stopped, and frozen, while letters are under way. SQLite is a file: it cannot be away."""
    from bench import places

    rows = []
    with places.postgres(folder / "hasty") as server:
        hasty = play_away(server, server.stop, server.start, is_stubborn=False)
    control = f"given up at once when it is away: {hasty.doubtful} in doubt"
    with places.postgres(folder / "stopped") as server:
        done = play_away(server, server.stop, server.start)
    rows.append(row_away("stopped", "PostgreSQL stopped", done, control, hasty.doubtful > done.doubtful))
    with places.postgres(folder / "frozen") as server:
        freeze, thaw = (partial(server.signal_all, number) for number in (signal.SIGSTOP, signal.SIGCONT))
        done = play_away(server, freeze, thaw)
    rows.append(row_away("frozen", "PostgreSQL frozen (SIGSTOP)", done, "the line above", True))
    return rows


def row_away(name: str, fault: str, done: Done, control: str, control_found: bool) -> Row:
    return Row(
        goal=f"R2 {name}",
        database="PostgreSQL",
        fault=f"{fault} for {AWAY} s while {DRAINERS} processes hand letters over",
        trials=f"{done.letters} letters, 1 outage",
        outcome=done.words(),
        control=control,
        held=done.twice == done.lost == 0 and done.slowest <= SEEN + AWAY and control_found,
    )


def play_away(
    server: Postgres, take: Callable[[], None], give_back: Callable[[], None], is_stubborn: bool = True
) -> Done:
    drain = DRAIN if is_stubborn else DRAIN.replace("STUBBORN = handing_over.STUBBORN", "STUBBORN = 0")
    with stage(server.url, AWAY_LETTERS, drain) as (sink, keeper, _):
        wait(lambda: len(sink.arrived) >= BEFORE, keeper)
        take()
        time.sleep(AWAY)
        give_back()
        wait(lambda: keeper.is_over, keeper)
        time.sleep(2)
    return judged(AWAY_LETTERS, 0, keeper, sink)


def play(database: str, letters: int, kills: int, is_blind: bool = False) -> Done:
    """Until every letter is sent or in doubt; raises TimeoutError when that does not come about."""
    chance, killed = random.Random(letters), 0
    with stage(database, letters, DRAIN, is_blind) as (sink, keeper, drainers):
        wait(lambda: bool(sink.arrived), keeper)
        while killed < kills:
            time.sleep(chance.uniform(0.2, PAUSE))
            victim = chance.randrange(DRAINERS)
            stop(drainers[victim])
            drainers[victim] = start(DRAIN, keeper.env)
            killed += 1
        wait(lambda: keeper.is_over, keeper)
        time.sleep(2)
    return judged(letters, killed, keeper, sink)


@contextmanager
def stage(
    database: str, letters: int, drain: str, is_blind: bool = False
) -> Iterator[tuple[Sink, Keeper, list[subprocess.Popen]]]:
    """Letters that are due, processes that hand them over, one that sweeps, and the mail server."""
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
        drainers = [start(drain, env) for _ in range(DRAINERS)]
        try:
            yield sink, keeper, drainers
        finally:
            for process in [*drainers, keeper.process]:
                stop(process)


def wait(until: Callable[[], bool], keeper: Keeper) -> None:
    end = time.monotonic() + 60 * MINUTES
    while not until():
        if time.monotonic() > end:
            raise TimeoutError(f"{keeper.last['states']} after {MINUTES} minutes")
        time.sleep(0.5)


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
        self.env = env
        self.last: dict[str, Any] = {"states": {"planned": 1}, "seen": {}, "sent": []}
        self.process = start(KEEP.replace("BLIND = False", f"BLIND = {is_blind}"), env)
        Thread(target=self.listen, daemon=True).start()

    def listen(self) -> None:
        for line in self.process.stdout or []:
            self.last = json.loads(line)

    @property
    def is_over(self) -> bool:
        return not set(self.last["states"]) - {"sent", "in_doubt"}


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
