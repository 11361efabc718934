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

HOME = Path(__file__).resolve().parent.parent
PARTS = ("pages", "growth", "letters")
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


def pages(folder: Path) -> dict[str, Any]:
    env = environment(rehearsal(folder))
    return json.loads(run(["-m", "bench.pages", str(folder)], env).splitlines()[-1])


def growth(folder: Path) -> dict[str, Any]:
    env = environment(rehearsal(folder))
    return json.loads(run(["-m", "bench.growth", str(folder)], env).splitlines()[-1])


def letters(folder: Path) -> dict[str, Any]:
    """Letters go to a sink in a process of its own, which is the judge of what arrived."""
    database = folder / "letters.sqlite3"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    env = environment(database, EMAIL_URL=f"smtp://127.0.0.1:{port}")
    run(["manage.py", "migrate", "--verbosity", "0"], env)
    command = [sys.executable, "-m", "bench.sink", str(port)]
    with subprocess.Popen(command, cwd=HOME, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as sink:
        try:
            assert sink.stdout is not None
            sink.stdout.readline()
            figures = json.loads(run(["-m", "bench.letters"], env).splitlines()[-1])
            counted = json.loads(sink.communicate(timeout=30)[0])
        finally:
            sink.kill()
    figures.update(counted)
    figures["ok"] = bool(figures["ok"] and counted["received"] == counted["different"] == figures["sent"])
    return figures


def rehearsal(folder: Path) -> Path:
    """The rehearsal's database, made once."""
    database = folder / "rehearsal.sqlite3"
    if not database.exists():
        run(["manage.py", "rehearse", "--prepare-only"], environment(database))
    return database


def table(results: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """What, figure, goal, and whether it was met."""
    lines = []
    for row in results.get("pages", {}).get("rows", []):
        lines.append(
            (
                f"{row['page']}: of a bare view's requests a second, warm",
                f"{row['ratio']:.2f} ({row['portal_per_second']}/{row['bare_per_second']})",
                "≥ 0.70",
                row["ratio"] >= 0.7,
            )
        )
        lines.append((f"{row['page']}: queries, cold", str(row["cold_queries"]), "≤ 8", row["cold_queries"] <= 8))
    for row in results.get("growth", {}).get("rows", []):
        sizes = list(row["queries"])
        counts = [row["queries"][size] for size in sizes]
        lines.append(
            (
                f"{row['page']}: queries at {', '.join(sizes)}× rows",
                ", ".join(map(str, counts)),
                "≤ 12",
                max(counts) <= 12,
            )
        )
        times = ", ".join(f"{row['milliseconds'][size]}" for size in sizes)
        lines.append(
            (f"{row['page']}: {sizes[-1]}× over 1× ({times} ms)", f"{row['slowdown']:.2f}", "≤ 2", row["slowdown"] <= 2)
        )
    if figures := results.get("letters"):
        arrived = f"{figures['received']}, {figures['different']} different"
        lines.append(
            (
                "letters planned and handed over a second",
                str(figures["letters_per_second"]),
                "≥ 200",
                figures["letters_per_second"] >= 200,
            )
        )
        lines.append(
            (
                "letters that arrived, of 10000",
                arrived,
                "each once",
                figures["received"] == figures["different"] == figures["sent"] == 10_000,
            )
        )
        lines.append(
            (
                "memory from letter 1000 to 10000",
                f"{figures['growth_mb']:+.1f} MB",
                "≤ 30 MB",
                figures["growth_mb"] <= 30,
            )
        )
    return [(what, figure, goal, "yes" if met else "no") for what, figure, goal, met in lines]


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
            results[part] = globals()[part](folder)
            results[part]["took_seconds"] = round(time.monotonic() - started, 1)
    kept = HOME / "bench" / "results" / f"{results['at'].replace(':', '')[:17]}.json"
    kept.parent.mkdir(exist_ok=True)
    kept.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    lines = [("what", "figure", "goal", "met"), *table(results)]
    widths = [max(len(line[column]) for line in lines) for column in range(4)]
    print()
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    print(f"\nFigures: {kept.relative_to(HOME)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
