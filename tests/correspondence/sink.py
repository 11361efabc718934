"""A mail server that does as it is told: takes letters and counts them by Message-ID, refuses, keeps silent, hangs up.

In a thread of this process (`Sink()`), or in one of its own that outlives whoever is killed (`python -m
tests.correspondence.sink PORT`): ends with its standard input and prints {"Message-ID": how often it arrived}.
"""

from __future__ import annotations

import json
import re
import socket
import ssl
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Script:
    """What to do at each step, by recipient; a step without an entry is answered with yes.

    An entry is an answer ("450 later"), or one of: "silence", "drop", and at "text" also "keep, drop" and "keep,
    silence", for a server that stored the letter and never says so. `banner`, `tls` and `mail` hold for everybody.
    """

    banner: str = "220 sink"
    tls: ssl.SSLContext | None = None
    mail: str = "250 go on"
    rcpt: dict[str, str] = field(default_factory=dict)
    data: dict[str, str] = field(default_factory=dict)
    text: dict[str, str] = field(default_factory=dict)
    # Letters a connection may carry before the server says goodbye.
    most: int = 1000
    # Seconds between two bytes of every answer.
    slowly: float = 0.0
    # Called with the recipient when the text has come, before and after the letter counts as arrived.
    before_answer: Callable[[str], None] = lambda recipient: None
    after_taking: Callable[[str], None] = lambda recipient: None


class Dropped(Exception):
    pass


class Sink:
    """Listens on a free port, or the one given, until it is closed."""

    def __init__(self, script: Script | None = None, port: int = 0) -> None:
        self.script = script or Script()
        self.arrived: Counter[str] = Counter()
        self.moments: dict[str, float] = {}
        self.texts: list[bytes] = []
        self.connections = 0
        self.over = threading.Event()
        self.door = socket.create_server(("127.0.0.1", port), backlog=200)
        self.port = self.door.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def __enter__(self) -> Sink:
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.door.close()

    def serve(self) -> None:
        while not self.over.is_set():
            try:
                visitor, _ = self.door.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.talk, args=(visitor,), daemon=True).start()

    def talk(self, visitor: socket.socket) -> None:
        conversation = Conversation(self, visitor)
        try:
            conversation.go()
        except (OSError, ValueError, Dropped):
            pass
        finally:
            conversation.lines.close()
            conversation.socket.close()
            visitor.close()


class Conversation:
    def __init__(self, sink: Sink, visitor: socket.socket) -> None:
        self.sink, self.script, self.socket = sink, sink.script, visitor
        self.lines = visitor.makefile("rb")

    def say(self, answer: str) -> None:
        if answer == "silence":
            self.sink.over.wait(60)
            raise Dropped
        if answer == "drop":
            raise Dropped
        for byte in f"{answer}\r\n".encode() if self.script.slowly else []:
            self.socket.sendall(bytes([byte]))
            time.sleep(self.script.slowly)
        if not self.script.slowly:
            self.socket.sendall(f"{answer}\r\n".encode())

    def go(self) -> None:
        self.say(self.script.banner)
        recipient, carried = "", 0
        while line := self.lines.readline():
            words = line.decode().strip()
            verb = words[:4].upper()
            if verb == "EHLO":
                self.say("250-sink\r\n250-STARTTLS\r\n250 SIZE 1000000" if self.script.tls else "250 sink")
            elif verb == "STAR" and self.script.tls:
                self.say("220 go ahead")
                self.lines.close()
                self.socket = self.script.tls.wrap_socket(self.socket, server_side=True)
                self.lines = self.socket.makefile("rb")
            elif verb == "MAIL":
                if carried >= self.script.most:
                    self.say("421 enough for one connection")
                    return
                self.say(self.script.mail)
            elif verb == "RCPT":
                recipient = re.search("<(.*)>", words)[1]
                self.say(self.script.rcpt.get(recipient, "250 go on"))
            elif verb == "DATA":
                answer = self.script.data.get(recipient, "354 go on")
                self.say(answer)
                if answer.startswith("354"):
                    self.take(recipient)
                    carried += 1
            elif verb == "QUIT":
                return
            else:
                self.say("250 fine")

    def take(self, recipient: str) -> None:
        text = b""
        while not text.endswith(b"\r\n.\r\n"):
            line = self.lines.readline()
            if not line:
                raise Dropped
            text += line
        self.script.before_answer(recipient)
        answer = self.script.text.get(recipient, "250 taken")
        if answer.startswith(("250", "keep")):
            found = re.search(rb"(?im)^message-id:\s*(\S+)", text)
            self.sink.arrived[found[1].decode()] += 1
            self.sink.moments[recipient] = time.monotonic()
            self.sink.texts.append(text)
        self.script.after_taking(recipient)
        self.say(answer.removeprefix("keep, "))


def main() -> None:
    with Sink(port=int(sys.argv[1]) if len(sys.argv) > 1 else 0) as sink:
        print(sink.port, flush=True)
        sys.stdin.read()
        print(json.dumps(sink.arrived))


if __name__ == "__main__":
    main()
