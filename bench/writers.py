"""People who write, each on a thread: they save, keep what was not answered, and send it again until it is."""

from __future__ import annotations

import http.client
import json
import secrets
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

# Long enough for a database that is waited for, short enough that a person has not given up.
PATIENCE = 60


@dataclass(frozen=True)
class Acknowledged:
    """A save that was answered 200: the portal has said that this version holds this text."""

    save_id: str
    version: int
    body: str


@dataclass
class Writers:
    """Everybody's answers together. `pause` lies between the saves of one person, in seconds."""

    port: int
    people: list[dict[str, str]]
    pause: float
    answered: Any = None  # called with each Acknowledged, on the writer's thread
    acknowledged: list[Acknowledged] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    without_retry_after: int = 0
    seconds: list[float] = field(default_factory=list)
    longest: float = 0
    waiting: dict[int, float] = field(default_factory=dict)  # writer → since when its save has had no yes
    over: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> Writers:
        for number, person in enumerate(self.people):
            self.threads.append(threading.Thread(target=self.write, args=(number, person), daemon=True))
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join(timeout=2 * PATIENCE)

    def write(self, number: int, person: dict[str, str]) -> None:
        # Not all in the same moment.
        self.over.wait(self.pause * number / len(self.people))
        writer = Writer(self.port, person)
        note, version, count = uuid.uuid4(), 0, 0
        while not self.over.is_set():
            count += 1
            started = time.monotonic()
            save = {"save_id": str(uuid.uuid4()), "base_version": version, "title": f"Writer {number}"}
            save["body"] = f"Text {count} of writer {number}. " * (1 + count % 40)
            version = self.until_stored(number, writer, note, save)
            self.over.wait(max(0, self.pause - (time.monotonic() - started)))
        writer.close()

    def until_stored(self, number: int, writer: Writer, note: uuid.UUID, save: dict[str, Any]) -> int:
        """The same save again and again, as the protocol has it. Gives back the version that stands after it."""
        pause = 0.25
        while not self.over.is_set():
            status, said, took, headers = writer.post(note, save)
            with self.lock:
                self.statuses[status] += 1
                self.seconds.append(took)
                self.longest = max(self.longest, took)
                if status == 503 and not headers.get("Retry-After"):
                    self.without_retry_after += 1
                if status == 200:
                    self.waiting.pop(number, None)
                else:
                    self.waiting.setdefault(number, time.monotonic())
            if status == 200:
                done = Acknowledged(save["save_id"], said["version"], save["body"])
                self.acknowledged.append(done)
                if self.answered:
                    self.answered(done)
                return said["version"]
            if status == 409:
                # Nobody else writes in this note: the portal has mistaken us for another.
                return said["version"]
            self.over.wait(pause)
            pause = min(2 * pause, 2)
        return save["base_version"]


class Writer:
    """One person's connection. Status 0: no answer came."""

    def __init__(self, port: int, person: dict[str, str]) -> None:
        self.port, self.person = port, person
        self.connection: http.client.HTTPConnection | None = None
        token = secrets.token_hex(16)
        self.headers = {
            "Content-Type": "application/json",
            "Cookie": f"sessionid={person['session']}; csrftoken={token}",
            "X-CSRFToken": token,
        }

    def post(self, note: uuid.UUID, save: dict[str, Any]) -> tuple[int, dict[str, Any], float, dict[str, str]]:
        started = time.monotonic()
        try:
            self.connection = self.connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
            self.connection.request("POST", f"{self.person['notes']}{note}/save/", json.dumps(save), self.headers)
            answer = self.connection.getresponse()
            said = json.loads(answer.read())
            return answer.status, said, time.monotonic() - started, dict(answer.headers)
        except (OSError, http.client.HTTPException, ValueError):
            self.close()
            return 0, {}, time.monotonic() - started, {}

    def close(self) -> None:
        if self.connection:
            self.connection.close()
        self.connection = None
