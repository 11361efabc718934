"""A Redis of one's own, to be stopped, frozen, emptied and killed."""

from __future__ import annotations

import socket
import subprocess
import time


class Redis:
    """On a free port, and without a file: what it knows is gone with it."""

    def __init__(self, folder: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.folder = folder
        self.start()

    def start(self) -> None:
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", self.folder]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        until = time.monotonic() + 10
        while time.monotonic() < until:
            try:
                return socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.05)
        raise AssertionError("Redis did not start")

    def send(self, sign: int) -> None:
        self.process.send_signal(sign)

    def flush(self) -> None:
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as client:
            client.sendall(b"FLUSHALL\r\n")
            assert client.recv(100) == b"+OK\r\n"

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
