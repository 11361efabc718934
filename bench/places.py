"""Servers of our own for benchmarks and long proofs: PostgreSQL, the portal, people who are signed in.

Everything listens on 127.0.0.1 at a free port, keeps its files in a temporary folder, and ends with its block.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg2

HOME = Path(__file__).resolve().parent.parent


class NotHere(Exception):
    """Something that is needed is not on this machine; the message names it."""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def environment(database: str, **more: str) -> dict[str, str]:
    """A rehearsal of our own: nothing of .env, and never the user's database."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "lgr6.settings",
        "REHEARSAL": "true",
        "DEBUG": "false",
        "SECRET_KEY": secrets.token_urlsafe(60),
        "ALLOWED_HOSTS": "localhost,127.0.0.1",
        "PORTAL_URL": "http://localhost:8000",
        "DATABASE_URL": database,
        "REDIS_URL": "",
        "EMAIL_URL": "mailroom:",
        "SHOP_WINDOW_SECONDS": "3",
        **more,
    }


def run(command: list[str], env: dict[str, str], minutes: float = 15) -> str:
    """What our Python prints; raises CalledProcessError when it fails, TimeoutExpired when it does not end."""
    return subprocess.run(
        [sys.executable, *command],
        cwd=HOME,
        env=env,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=60 * minutes,
    ).stdout


class Postgres:
    """A PostgreSQL of our own, on disk as a real one is: what it has acknowledged, a killed one still knows."""

    def __init__(self, folder: Path, options: str = "") -> None:
        programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")) or [Path(shutil.which("initdb") or "")]
        self.programs = programs[-1].parent
        if not (self.programs / "initdb").exists():
            raise NotHere("PostgreSQL")
        self.folder, self.port = folder / "postgres", free_port()
        self.url = f"postgres://postgres@127.0.0.1:{self.port}/postgres"
        self.options = (
            f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder} {options}"
        )
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
        self.folder.mkdir()
        if os.getuid() == 0:
            shutil.chown(self.folder, "postgres")
        self.call("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")

    def call(self, program: str, *arguments: str) -> None:
        as_its_user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        command = [*as_its_user, str(self.programs / program), "-D", str(self.folder / "data"), *arguments]
        # Its folder, not ours: the server's user may not be let into the project's.
        subprocess.run(
            command, cwd=self.folder, check=True, timeout=120, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def start(self, seconds: float = 60) -> None:
        """Waits for what a killed one has left: its processes must be gone before another may open the data."""
        end = time.monotonic() + seconds
        while True:
            try:
                return self.start_once()
            except subprocess.CalledProcessError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)

    def start_once(self) -> None:
        self.call("pg_ctl", "-l", str(self.folder / "log"), "-w", "-o", self.options, "start")

    def stop(self) -> None:
        self.call("pg_ctl", "-m", "immediate", "-w", "stop")

    @property
    def postmaster(self) -> int:
        return int((self.folder / "data" / "postmaster.pid").read_text().split()[0])

    def signal_all(self, number: signal.Signals) -> None:
        """To the postmaster and every process it has."""
        children = subprocess.run(["pgrep", "-P", str(self.postmaster)], capture_output=True, text=True).stdout.split()
        for pid in [self.postmaster, *map(int, children)]:
            os.kill(pid, number)

    def kill(self) -> None:
        """SIGKILL of the postmaster, as a machine short of memory does; it can be started again at once."""
        os.kill(self.postmaster, signal.SIGKILL)


@contextmanager
def postgres(folder: Path, options: str = "") -> Iterator[Postgres]:
    """Raises NotHere where PostgreSQL is not installed."""
    server = Postgres(folder, options)
    server.start()
    try:
        yield server
    finally:
        server.stop()


class Portal:
    """gunicorn with the portal, in a process group of its own."""

    def __init__(self, env: dict[str, str], application: str = "lgr6.wsgi", workers: int = 2) -> None:
        self.port, self.application = free_port(), application
        more = {
            "PORT": str(self.port),
            "HOST": "127.0.0.1",
            "BENCH_WORKERS": str(workers),
            "SERVER_LOG_LEVEL": "critical",
        }
        self.env = {**env, **more}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "gunicorn", "-c", "python:bench.server", self.application]
        self.process = subprocess.Popen(
            command, cwd=HOME, env=self.env, start_new_session=True, stderr=subprocess.DEVNULL
        )
        self.wait()

    def wait(self, seconds: float = 60) -> None:
        """Until it answers."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert self.process is not None
            if self.process.poll() is not None:
                raise RuntimeError(f"The portal ended with {self.process.returncode}.")
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=2) as door:
                    door.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
                    if door.recv(12) == b"HTTP/1.1 200":
                        return
            except OSError:
                pass
            time.sleep(0.1)
        raise RuntimeError("The portal does not answer.")

    def workers(self) -> list[int]:
        assert self.process is not None
        found = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True).stdout
        return [int(pid) for pid in found.split()]

    def kill_worker(self) -> None:
        """SIGKILL of one worker; the server starts another."""
        if workers := self.workers():
            os.kill(random.choice(workers), signal.SIGKILL)

    def restart(self) -> None:
        self.kill()
        self.start()

    def kill(self) -> None:
        """SIGKILL of the server and all its workers: what a machine that is switched off does to them."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None


@contextmanager
def portal(env: dict[str, str], application: str = "lgr6.wsgi", workers: int = 2) -> Iterator[Portal]:
    server = Portal(env, application, workers)
    server.start()
    try:
        yield server
    finally:
        server.kill()


def prepare(env: dict[str, str], people: int) -> list[dict[str, str]]:
    """Tables, a running cohort and so many signed-in people with a seat; of each the session and where they write."""
    run(["manage.py", "migrate", "--verbosity", "0"], env)
    run(["manage.py", "createcachetable"], env)
    return json.loads(run(["-m", "bench.people", str(people)], env).splitlines()[-1])


def tell(database: str, sql: str) -> None:
    """A statement to PostgreSQL, outside any transaction."""
    with closing(psycopg2.connect(database, connect_timeout=10)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute(sql)


def rows(database: str, sql: str) -> list[tuple[Any, ...]]:
    """What the database says to somebody who is not the portal."""
    if database.startswith("sqlite:///"):
        with closing(sqlite3.connect(database.removeprefix("sqlite:///"), timeout=30)) as connection:
            return connection.execute(sql).fetchall()
    with closing(psycopg2.connect(database, connect_timeout=10)) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()
