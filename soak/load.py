"""N15: everybody saves at once for five minutes; the benchmark of bench/saving.py, kept as a proof."""

from __future__ import annotations

from pathlib import Path

from bench import saving

from . import Row

SECONDS = 300


def prove(folder: Path, share: float) -> list[Row]:
    return [row(measured) for measured in saving.measure(folder, SECONDS * share)]


def row(measured: dict) -> Row:
    times, not_saved = measured["milliseconds"], measured["not_saved"]
    return Row(
        "N15",
        measured["database"],
        f"{measured['people']} people save every {saving.PAUSE:.0f} s, {saving.WORKERS} processes of the portal",
        f"{measured['saves']} saves in {measured['measured_seconds']:.0f} s",
        f"p50 {times['p50']} ms, p95 {times['p95']} ms, longest {times['longest']} ms; "
        f"{sum(not_saved.values())} not stored at the first try",
        "none: it is a measurement",
        times["p95"] < saving.WANTED_P95 and not not_saved,
    )
