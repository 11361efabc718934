"""`make bench`: measures everything or the parts named, prints one table, and keeps the figures in bench/results/."""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from . import Line, findings, growth, letters, pages, report, saving, search, sink, versions
from .places import HOME, NotHere, environment, free_port, run


def on_the_rehearsal(part: str, folder: Path) -> dict[str, Any]:
    """Figures of a part that reads the rehearsal's database, which is made once."""
    database = folder / "rehearsal.sqlite3"
    env = environment(f"sqlite:///{database}", FILES_DIR=str(folder / "files"))
    if not database.exists():
        run(["manage.py", "rehearse", "--prepare-only"], env)
    return json.loads(run(["-m", f"bench.{part}", str(folder)], env).splitlines()[-1])


def on_an_empty_database(part: str, folder: Path) -> dict[str, Any]:
    """Figures of a part that fills a SQLite of its own."""
    env = environment(f"sqlite:///{folder / f'{part}.sqlite3'}")
    run(["manage.py", "migrate", "--verbosity", "0"], env)
    return json.loads(run(["-m", f"bench.{part}"], env).splitlines()[-1])


def on_both_databases(part: str, folder: Path) -> dict[str, Any]:
    """Figures of people who save; the clients are in this process, the portal in its own."""
    return {"rows": saving.measure(folder)}


def on_each_database(part: str, folder: Path) -> dict[str, Any]:
    """Figures by database of a part that fills an empty one, and what the mail server counted that goes with each.

    “left_out” says why a database has none.
    """
    figures: dict[str, Any] = {}
    folder.chmod(0o755)  # PostgreSQL runs as a user of its own
    for database in saving.PEOPLE:
        place = folder / f"{part}-{database}"
        place.mkdir()
        try:
            with saving.address(database, place) as url, sink.counting(free_port()) as counted:
                env = environment(url, EMAIL_URL=f"smtp://127.0.0.1:{counted['port']}")
                run(["manage.py", "migrate", "--verbosity", "0"], env)
                found = json.loads(run(["-m", f"bench.{part}"], env, minutes=30).splitlines()[-1])
            figures[database.lower()] = {**found, **counted}
        except NotHere as missing:
            figures["left_out"] = f"{missing} is not on this machine"
    return figures


# Each part: the module that turns its figures into lines, and how it is run, in a process of its own.
PARTS = {
    "pages": (pages, on_the_rehearsal),
    "growth": (growth, on_the_rehearsal),
    "letters": (letters, on_each_database),
    "saving": (saving, on_both_databases),
    "search": (search, on_each_database),
    "versions": (versions, on_each_database),
    "findings": (findings, on_each_database),
    "report": (report, on_an_empty_database),
}


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
