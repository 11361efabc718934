from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models

if TYPE_CHECKING:
    from .finding import Finding

# What staff type into the working copy, in the order of its page, and what they choose several of.
TYPED = (
    "title",
    "highlight",
    "summary",
    "membership",
    "phase",
    "outcome",
    "thought",
    "matters",
    "did",
    "happened",
    "learned",
    "next_steps",
    "evidence",
    "think_about",
    "act",
    "explore",
    "title_cy",
    "summary_cy",
    "body_cy",
    "work_from",
    "work_to",
)
CHOSEN = ("contributors", "themes")
# Of what was chosen: the rows on their way, where they are not saved yet.
OnTheirWay = Mapping[str, Iterable[models.Model]]


class FindingVersion(models.Model):
    """The working copy as somebody saved it. Without a number it was refused, as another had been faster: nothing
    typed is lost. Rows are added, never changed."""

    finding = models.ForeignKey("findings.Finding", models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField(null=True)
    content = models.JSONField(help_text="Each field of finding_version.TYPED, and of CHOSEN: plain values.")
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    written_at = models.DateTimeField()

    class Meta:
        ordering = ["-written_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["finding", "number"], name="finding_version_once")]

    def __str__(self) -> str:
        return f"Version {self.number}" if self.number is not None else "Kept copy"


def typed(finding: Finding, on_their_way: OnTheirWay | None = None) -> dict[str, Any]:
    """The working copy as plain values: dates in ISO 8601, what it points to by primary key."""
    found = {name: plain(finding.serializable_value(name)) for name in TYPED}
    for name in CHOSEN:
        chosen = getattr(finding, name).all() if on_their_way is None else on_their_way[name]
        found[name] = sorted(row.pk for row in chosen)
    return found


def plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
