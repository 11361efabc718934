"""Public pages: requests a second against a bare Django view of the same bytes, and queries when nothing is kept."""

import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from . import Line, load

ROUNDS = 5
SECONDS = 2
WANTED_RATIO = 0.7
WANTED_QUERIES = 8
# What the server sets by itself on both sides.
OWN_HEADERS = {"Content-Length", "Date", "Server", "Connection"}


def measure(folder: Path) -> list[dict[str, Any]]:
    """A row a page. The database of the settings is the rehearsal's."""
    import django

    django.setup()
    pages = {path: look_at(path) for path in paths()}
    kept = folder / "pages.json"
    kept.write_text(json.dumps({path: page["bytes"] for path, page in pages.items()}), encoding="utf-8")
    rows = []
    with served("lgr6.wsgi") as portal, served("bench.bare", BENCH_BYTES=str(kept)) as bare:
        for path, page in pages.items():
            rates: dict[int, list[float]] = {portal: [], bare: []}
            for port in (portal, bare):
                load.requests_a_second(port, path, 1)
            # Side by side, a round at a time: what else the machine does falls on both.
            for _ in range(ROUNDS):
                for port, found in rates.items():
                    found.append(load.requests_a_second(port, path, SECONDS))
            ratio = statistics.median(a / b for a, b in zip(rates[portal], rates[bare], strict=True))
            rows.append(
                {
                    "page": path,
                    "bytes": len(page["bytes"]["body"].encode()),
                    "cold_queries": page["queries"],
                    "portal_per_second": round(statistics.median(rates[portal])),
                    "bare_per_second": round(statistics.median(rates[bare])),
                    "ratio": round(ratio, 3),
                }
            )
    return rows


def lines(figures: dict[str, Any]) -> list[Line]:
    found = []
    for row in figures["rows"]:
        rates = f"{row['ratio']:.2f} ({row['portal_per_second']}/{row['bare_per_second']})"
        what = f"{row['page']}: requests a second of a bare view's, warm"
        found.append(Line(what, rates, f"≥ {WANTED_RATIO}", row["ratio"] >= WANTED_RATIO))
        queries = row["cold_queries"]
        found.append(
            Line(f"{row['page']}: queries, cold", str(queries), f"≤ {WANTED_QUERIES}", queries <= WANTED_QUERIES)
        )
    return found


def paths() -> list[str]:
    """The shop window's main pages, with the first published finding's own."""
    from findings.models import Finding

    finding = Finding.objects.filter(state=Finding.State.PUBLISHED).order_by("pk").first()
    if finding is None:
        raise RuntimeError("The rehearsal has no published finding to measure.")
    return ["/", "/organisations/", "/findings/", finding.get_absolute_url(), "/resources/"]


def look_at(path: str) -> dict[str, Any]:
    """Queries of the page when no answer is kept, and its bytes."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext, override_settings

    with override_settings(SHOP_WINDOW_SECONDS=0):
        client = Client(headers={"host": "127.0.0.1"})
        # Once before, so that what Django reads once a process does not count as the page's.
        client.get(path)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            answer = client.get(path)
    if answer.status_code != 200:
        raise RuntimeError(f"{path} answered {answer.status_code}")
    headers = {name: value for name, value in answer.items() if name not in OWN_HEADERS}
    return {"queries": len(queries), "bytes": {"body": answer.content.decode(), "headers": headers}}


@contextmanager
def served(application: str, **environment: str) -> Iterator[int]:
    """gunicorn with one application on a free port of this machine; ends it afterwards."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "-c", "python:bench.server", application]
    server = subprocess.Popen(command, env={**os.environ, "PORT": str(port), "HOST": "127.0.0.1", **environment})
    try:
        wait_for(port, server)
        yield port
    finally:
        server.terminate()
        try:
            server.wait(timeout=30)
        except subprocess.TimeoutExpired:
            server.kill()


def wait_for(port: int, server: subprocess.Popen[bytes], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if server.poll() is not None:
            raise RuntimeError(f"The server ended with {server.returncode}.")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("The server did not answer.")


def main() -> None:
    print(json.dumps({"client": load.CLIENT, "rows": measure(Path(sys.argv[1]))}))


if __name__ == "__main__":
    main()
