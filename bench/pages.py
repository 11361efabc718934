"""Public pages: requests a second against a bare Django view of the same bytes, warm, cold and for who has the page
already; and queries when nothing is kept."""

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
WANTED_NOT_MODIFIED = 0.9
WANTED_QUERIES = 8
# Of the list of findings and of a finding.
WANTED_COLD_QUERIES = 6
WANTED_COLD_TIMES = 4
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
    with (
        served("lgr6.wsgi") as portal,
        served("lgr6.wsgi", SHOP_WINDOW_SECONDS="0") as cold,
        served("lgr6.wsgi", SHOP_WINDOW_SECONDS="0", PAGES_KEPT="0") as anew,
        served("bench.bare", BENCH_BYTES=str(kept)) as bare,
    ):
        for path, page in pages.items():
            ways = {
                "warm": (portal, ""),
                "bare": (bare, ""),
                "cold": (cold, ""),
                "anew": (anew, ""),
                "known": (portal, page["etag"]),
            }
            rates: dict[str, list[float]] = {way: [] for way in ways}
            for port, known in ways.values():
                load.requests_a_second(port, path, 1, known)
            # Side by side, a round at a time: what else the machine does falls on all.
            for _ in range(ROUNDS):
                for way, (port, known) in ways.items():
                    rates[way].append(load.requests_a_second(port, path, SECONDS, known))
            ratio, cold_ratio, anew_ratio, known_ratio = (
                statistics.median(a / b for a, b in zip(rates[way], rates["bare"], strict=True))
                for way in ("warm", "cold", "anew", "known")
            )
            rows.append(
                {
                    "page": path,
                    "bytes": len(page["bytes"]["body"].encode()),
                    "cold_queries": page["queries"],
                    "portal_per_second": round(statistics.median(rates["warm"])),
                    "bare_per_second": round(statistics.median(rates["bare"])),
                    "ratio": round(ratio, 3),
                    "known_ratio": round(known_ratio, 3),
                    "cold_times": round(1 / cold_ratio, 2),
                    "anew_times": round(1 / anew_ratio, 2),
                }
            )
    return rows


def lines(figures: dict[str, Any]) -> list[Line]:
    found = []
    for row in figures["rows"]:
        rates = f"{row['ratio']:.2f} ({row['portal_per_second']}/{row['bare_per_second']})"
        what = f"{row['page']}: requests a second of a bare view's, warm"
        found.append(Line(what, rates, f"≥ {WANTED_RATIO}", row["ratio"] >= WANTED_RATIO))
        known = row["known_ratio"]
        what = f"{row['page']}: requests a second answered 304, of a bare view's 200"
        found.append(Line(what, f"{known:.2f}", f"≥ {WANTED_NOT_MODIFIED}", known >= WANTED_NOT_MODIFIED))
        is_finding = row["page"].startswith("/findings/")
        queries, most = row["cold_queries"], WANTED_COLD_QUERIES if is_finding else WANTED_QUERIES
        found.append(Line(f"{row['page']}: queries, cold", str(queries), f"≤ {most}", queries <= most))
        if is_finding:
            times = row["cold_times"]
            what = f"{row['page']}: time cold, over a bare view's"
            found.append(Line(what, f"{times:.2f}", f"≤ {WANTED_COLD_TIMES}", times <= WANTED_COLD_TIMES))
            what = f"{row['page']}: the same, when what it says is new to the process"
            found.append(Line(what, f"{row['anew_times']:.2f}", "shown", True))
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
    return {
        "queries": len(queries),
        "etag": answer.get("ETag", ""),
        "bytes": {"body": answer.content.decode(), "headers": headers},
    }


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
