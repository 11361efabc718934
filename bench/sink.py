"""A mail server in a process of its own that takes every letter and counts: `python -m bench.sink PORT`.

Ends when its standard input does, and then prints {"received": …, "different": …} by Message-ID.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from .places import HOME


class Counter:
    def __init__(self) -> None:
        self.received = 0
        self.seen: set[bytes] = set()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.received += 1
        found = re.search(rb"(?im)^message-id: *(\S+)", envelope.original_content or b"")
        if found:
            self.seen.add(found[1])
        return "250 OK"


@contextmanager
def counting(port: int) -> Iterator[dict[str, Any]]:
    """The mail server while it is wanted; afterwards the dictionary holds its count, too."""
    figures: dict[str, Any] = {"port": port}
    command = [sys.executable, "-m", "bench.sink", str(port)]
    with subprocess.Popen(command, cwd=HOME, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as sink:
        try:
            assert sink.stdout is not None
            sink.stdout.readline()
            yield figures
            figures |= json.loads(sink.communicate(timeout=30)[0])
        finally:
            sink.kill()


def main() -> None:
    counter = Counter()
    controller = Controller(counter, hostname="127.0.0.1", port=int(sys.argv[1]))
    controller.start()
    print("ready", flush=True)
    sys.stdin.read()
    controller.stop()
    print(json.dumps({"received": counter.received, "different": len(counter.seen)}))


if __name__ == "__main__":
    main()
