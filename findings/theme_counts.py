"""Themes by organisation and by phase: the numbers of a table, and where the dots of its picture stand."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any

from django.db.models import Count, QuerySet

from participants.models import Cohort

from .models import Passage, Theme

# Of the picture, in its own units: room for names at the left and above, a cell, and the radius of the smallest dot
# and of what the largest has more.
LEFT, ABOVE, CELL, LEAST, MORE = 230, 150, 48, 10, 12
LONGEST = 26  # characters of a name in the picture; the table has it whole


@dataclass(frozen=True)
class Cell:
    """How many passages of a theme; `value` of the column for the filter; where its dot stands, and how large."""

    n: int
    value: Any
    name: str
    x: int
    y: int
    radius: int


@dataclass(frozen=True)
class Counts:
    """`columns`: name and x of each; `rows`: theme name, slug, y, cells, sum. Passages of two themes count in both."""

    way: str
    columns: list[tuple[str, str, int]]
    rows: list[dict[str, Any]]
    width: int
    height: int

    @property
    def names_at(self) -> int:
        """Where the names of the columns begin, from above."""
        return ABOVE - 10

    @property
    def has_any(self) -> bool:
        return any(row["sum"] for row in self.rows)


def counts_of(cohort: Cohort, passages: QuerySet[Passage], way: str) -> Counts:
    """The passages counted; `way` is "organisation" or "phase". Two queries for an organisation, three for phases."""
    value, name = {
        "organisation": ("version__note__membership__organisation__slug", "version__note__membership__name"),
        "phase": ("version__note__phase__number", "version__note__phase__name"),
    }[way]
    counted = passages.order_by().values_list("themes__slug", value, name).annotate(n=Count("pk", distinct=True))
    numbers, met = {}, {}
    for slug, key, label, n in counted:
        numbers[slug, key] = n
        met[key] = label
    if way == "phase":
        met |= {phase.number: phase.name for phase in cohort.phases.all()}
    keys = sorted(met, key=lambda key: (key is None, met[key].casefold() if way == "organisation" else key or 0))
    names = {key: met[key] if way == "organisation" else phase_name(key, met[key]) for key in keys}
    themes: list[tuple[str, str | None]] = [(theme.name, theme.slug) for theme in Theme.objects.filter(cohort=cohort)]
    if any(slug is None for slug, _ in numbers):
        themes.append(("No theme yet", None))
    most = max(numbers.values(), default=1)
    rows = []
    for down, (theme, slug) in enumerate(themes):
        cells = [
            Cell(
                n=(n := numbers.get((slug, key), 0)),
                value="" if key is None else key,
                name=names[key],
                x=LEFT + CELL * across + CELL // 2,
                y=ABOVE + CELL * down + CELL // 2,
                radius=LEAST + round(MORE * sqrt(n / most)),
            )
            for across, key in enumerate(keys)
        ]
        rows.append(
            {
                "name": theme,
                "short": short(theme),
                "slug": slug or "-",
                "y": ABOVE + CELL * down + CELL // 2 + 5,
                "line": ABOVE + CELL * down,
                "cells": cells,
                "sum": sum(cell.n for cell in cells),
            }
        )
    columns = [(names[key], short(names[key]), LEFT + CELL * across + CELL // 2) for across, key in enumerate(keys)]
    return Counts(way, columns, rows, LEFT + CELL * len(keys) + 110, ABOVE + CELL * len(rows) + 6)


def phase_name(number: int | None, name: str | None) -> str:
    if number is None:
        return "No phase"
    return f"Phase {number}: {name}" if name else f"Phase {number}"


def short(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1].rstrip()}…"
