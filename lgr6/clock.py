"""What the clock reminds of: gathered from the apps, which do not know each other's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from correspondence.reminders import Fault, occurrences, register
from correspondence.to_come import concerns
from discussions.reminders import REMINDERS as EXCHANGE
from findings.reminders import REMINDERS as FINDINGS
from mentoring.reminders import REMINDERS as MENTORING
from participants.models import Cohort
from research.reminders import REMINDERS as RESEARCH
from workshops.reminders import REMINDERS as WORKSHOPS


def wind_up() -> None:
    """Tells the ledger of every reminder there is."""
    register([*EXCHANGE, *WORKSHOPS, *RESEARCH, *MENTORING, *FINDINGS])


@dataclass(frozen=True)
class Forecast:
    """Letters that will go if nothing changes: when, why, about what, and to how many people."""

    due_at: datetime
    label: str
    event: object
    people: int


def forecast(
    cohort: Cohort, now: datetime, faults: list[Fault] | None = None, days: int = 14, most: int = 12
) -> list[Forecast]:
    """The cohort's next reminders in the order they fall due, `most` at the most: a count query for each.

    What could not be worked out is added to `faults`.
    """
    met: list[Fault] = []
    coming = [
        occurrence
        for occurrence in occurrences(now, met)
        if now < occurrence.due_at <= now + timedelta(days=days)
        and occurrence.reminder.about(occurrence.event) == cohort.slug
    ]
    if faults is not None:
        faults += [fault for fault in met if concerns(fault, cohort.slug)]
    coming.sort(key=lambda occurrence: occurrence.due_at)
    return [
        Forecast(
            due_at=occurrence.due_at,
            label=occurrence.label,
            event=occurrence.event,
            people=occurrence.reminder.audience(occurrence.event, now).count(),
        )
        for occurrence in coming[:most]
    ]
