"""`make bench`: measures everything or the parts named, prints one table, and keeps the figures in bench/results/."""

import json
import os
import platform
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from . import Line, growth, letters, pages

HOME = Path(__file__).resolve().parent.parent
# No part takes a quarter of this on two cores.
MINUTES = 15


def environment(database: Path, **more: str) -> dict[str, str]:
    """A rehearsal of the bench's own: nothing of .env, and never the user's database."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "lgr6.settings",
        "REHEARSAL": "true",
        "DEBUG": "false",
        "SECRET_KEY": secrets.token_urlsafe(60),
        "ALLOWED_HOSTS": "localhost,127.0.0.1",
        "PORTAL_URL": "http://localhost:8000",
        "DATABASE_URL": f"sqlite:///{database}",
        "REDIS_URL": "",
        "EMAIL_URL": "mailroom:",
        "SHOP_WINDOW_SECONDS": "3",
        **more,
    }


def run(command: list[str], env: dict[str, str]) -> str:
    """What it prints; raises CalledProcessError when it fails, TimeoutExpired when it does not end."""
    return subprocess.run(
        [sys.executable, *command],
        cwd=HOME,
        env=env,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=60 * MINUTES,
    ).stdout


def on_the_rehearsal(part: str, folder: Path) -> dict[str, Any]:
    """Figures of a part that reads the rehearsal's database, which is made once."""
    database = folder / "rehearsal.sqlite3"
    env = environment(database)
    if not database.exists():
        run(["manage.py", "rehearse", "--prepare-only"], env)
    return json.loads(run(["-m", f"bench.{part}", str(folder)], env).splitlines()[-1])


def with_a_sink(part: str, folder: Path) -> dict[str, Any]:
    """Figures of a part that sends letters, on an empty database; the sink is the judge of what arrived."""
    database = folder / f"{part}.sqlite3"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    env = environment(database, EMAIL_URL=f"smtp://127.0.0.1:{port}")
    run(["manage.py", "migrate", "--verbosity", "0"], env)
    command = [sys.executable, "-m", "bench.sink", str(port)]
    with subprocess.Popen(command, cwd=HOME, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as sink:
        try:
            assert sink.stdout is not None
            sink.stdout.readline()
            figures = json.loads(run(["-m", f"bench.{part}"], env).splitlines()[-1])
            counted = json.loads(sink.communicate(timeout=30)[0])
        finally:
            sink.kill()
    return {**figures, **counted}


# Each part: the module that turns its figures into lines, and how it is run, in a process of its own.
PARTS = {"pages": (pages, on_the_rehearsal), "growth": (growth, on_the_rehearsal), "letters": (letters, with_a_sink)}


def print_table(lines: list[Line]) -> None:
    cells = [("what", "figure", "goal", "met")]
    cells += [(line.what, line.figure, line.goal, "yes" if line.met else "NO") for line in lines]
    widths = [max(len(row[column]) for row in cells) for column in range(4)]
    print()
    for row in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def main() -> int:
    wanted = sys.argv[1:] or list(PARTS)
    if unknown := set(wanted) - set(PARTS):
        print(f"There is no {', '.join(sorted(unknown))} to measure. There are: {', '.join(PARTS)}.")
        return 2
    results: dict[str, Any] = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
    }
    with tempfile.TemporaryDirectory(prefix="portal-bench-") as name:
        folder = Path(name)
        for part in wanted:
            print(f"Measuring {part} …", flush=True)
            started = time.monotonic()
            try:
                results[part] = PARTS[part][1](part, folder)
            except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
                print(f"{part} could not be measured: {error}", file=sys.stderr)
                return 1
            results[part]["took_seconds"] = round(time.monotonic() - started, 1)
    kept = HOME / "bench" / "results" / f"{results['at'].replace(':', '')[:17]}.json"
    kept.parent.mkdir(exist_ok=True)
    kept.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    print_table([line for part in wanted for line in PARTS[part][0].lines(results[part])])
    print(f"\nFigures: {kept.relative_to(HOME)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
