"""How we know: who and what stands behind what is published, worked out from the release itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Evidence:
    """What a release rests on. Excerpts are as in its content; counts are of different names."""

    organisations: int
    phases: int
    supporting: list[dict[str, Any]]
    counter: list[dict[str, Any]]


def evidence_of(shown: dict[str, Any]) -> Evidence:
    """Organisations and phases are those of the finding itself and of the excerpts that support it; organisations that
    contributed count too."""
    supporting = [excerpt for excerpt in shown["excerpts"] if not excerpt.get("is_counter")]
    counter = [excerpt for excerpt in shown["excerpts"] if excerpt.get("is_counter")]
    behind = [shown, *supporting]
    return Evidence(
        organisations=len({part["organisation_slug"] for part in [*behind, *shown.get("contributors", [])]} - {""}),
        phases=len({part["phase"] for part in behind} - {""}),
        supporting=supporting,
        counter=counter,
    )
