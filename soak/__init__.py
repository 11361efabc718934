"""Long proofs that no text is lost, on servers of their own (README.md)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """A line of docs/proof.md: what was done to the portal, how often, and what came of it.

    `control` is the same with a guard switched off, and what the proof found then: a proof that finds nothing there
    proves nothing. `held`: the goal was met, and the control was found out.
    """

    goal: str
    database: str
    fault: str
    trials: str
    outcome: str
    control: str
    held: bool

    @property
    def key(self) -> tuple[str, str]:
        return self.goal, self.database
