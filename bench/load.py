"""Requests a second of one address: by wrk where it is installed, else by a few threads of our own.

Threads of our own cost as much as the server does, so that ratios come out nearer to 1 than wrk's: the results name
the client that was used.
"""

import re
import shutil
import socket
import subprocess
import threading
import time

CONNECTIONS = 8
CLIENT = "wrk" if shutil.which("wrk") else "threads"


def requests_a_second(port: int, path: str, seconds: float, known: str = "") -> float:
    """Asks 127.0.0.1 for the path over kept-alive connections, as one who has the page with the ETag `known`.

    Raises RuntimeError on any answer but 200 and, where that is known, 304.
    """
    return (with_wrk if CLIENT == "wrk" else with_threads)(port, path, seconds, known)


def with_wrk(port: int, path: str, seconds: float, known: str) -> float:
    header = ["-H", f"If-None-Match: {known}"] if known else []
    address = f"http://127.0.0.1:{port}{path}"
    answer = subprocess.run(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s", *header, address],
        capture_output=True,
        text=True,
        check=True,
        timeout=seconds + 30,
    ).stdout
    if "Non-2xx" in answer or "Socket errors" in answer:
        raise RuntimeError(f"{path} did not answer 200 throughout:\n{answer}")
    found = re.search(r"Requests/sec:\s+([\d.]+)", answer)
    if found is None:
        raise RuntimeError(f"wrk said nothing of requests a second:\n{answer}")
    return float(found[1])


def with_threads(port: int, path: str, seconds: float, known: str) -> float:
    end = time.monotonic() + seconds
    counts, errors = [0] * CONNECTIONS, []

    def ask(number: int) -> None:
        header = f"If-None-Match: {known}\r\n" if known else ""
        request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{header}\r\n".encode()
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=10) as door:
                while time.monotonic() < end:
                    door.sendall(request)
                    read_answer(door)
                    counts[number] += 1
        except (OSError, RuntimeError) as error:
            errors.append(error)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(CONNECTIONS)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=seconds + 30)
    if errors:
        raise RuntimeError(f"{path}: {errors[0]}")
    return sum(counts) / (time.monotonic() - started)


def read_answer(door: socket.socket) -> None:
    data = b""
    while b"\r\n\r\n" not in data:
        data += more(door)
    head, _, body = data.partition(b"\r\n\r\n")
    if head.startswith(b"HTTP/1.1 304"):
        return
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(head.split(b"\r\n")[0].decode())
    length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
    if length is None:
        raise RuntimeError("an answer without Content-Length")
    left = int(length[1]) - len(body)
    while left > 0:
        left -= len(more(door))


def more(door: socket.socket) -> bytes:
    data = door.recv(65536)
    if not data:
        raise RuntimeError("the server closed the connection")
    return data
