"""How fast the portal is, measured on the machine at hand (README.md)."""

from typing import NamedTuple


class Line(NamedTuple):
    """A line of the table: what was measured, the figure, the goal, and whether it was met."""

    what: str
    figure: str
    goal: str
    met: bool
