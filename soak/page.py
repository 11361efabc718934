"""docs/proof.md: a line a proof; lines of proofs that were not run this time stay as they are."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from . import Row

PAGE = Path(__file__).resolve().parent.parent / "docs" / "proof.md"
HEAD = """\
# What proves that no text is lost, and no letter sent twice
Written by `make soak` (soak/README.md), never by hand. Nothing is mocked: real servers, real databases, real kills.
A control is the same proof with one guard switched off; it must find the loss, else the proof says nothing.

"""
COLUMNS = ["goal", "database", "what was done", "trials", "outcome", "control", "held", "date"]
FOOT = """
## Limits
- Browsers: Chromium only.
- Text younger than one second when the browser is killed may be gone; it is not counted.
- A private window, and a browser that clears its data when it closes, keep no draft: what reached the portal is safe,
  what did not is gone.
- Processes are killed, machines are not: a power cut is a matter of the disk, and was not tried.
- A server and its clients share one machine, over its own loopback.
"""


def write(rows: Iterable[Row], today: date, page: Path = PAGE) -> None:
    lines = read(page)
    for row in rows:
        lines[row.key] = line(row, today)
    table = [lines[key] for key in sorted(lines, key=order)]
    page.write_text(HEAD + "\n".join([line_of(COLUMNS), line_of(["---"] * len(COLUMNS)), *table]) + "\n" + FOOT)


def read(page: Path) -> dict[tuple[str, str], str]:
    """The lines of the table as they stand, by goal and database."""
    if not page.exists():
        return {}
    found = {}
    for text in page.read_text().splitlines():
        cells = [cell.strip() for cell in text.strip("|").split("|")]
        if len(cells) == len(COLUMNS) and re.match(r"[A-Z]\d", cells[0]):
            found[cells[0], cells[1]] = text
    return found


def line(row: Row, today: date) -> str:
    held = "yes" if row.held else "**no**"
    return line_of([row.goal, row.database, row.fault, row.trials, row.outcome, row.control, held, today.isoformat()])


def line_of(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "/").replace("\n", " ") for cell in cells) + " |"


def order(key: tuple[str, str]) -> tuple[str, int, str, str]:
    goal, database = key
    letter, number, rest = re.match(r"([A-Z])(\d+)(.*)", goal).groups()  # type: ignore[union-attr]
    return letter, int(number), rest, database
