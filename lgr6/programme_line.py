"""The programme line: workshops and phases of a cohort in one order, with today on it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.utils import timezone

from participants.models import Cohort
from research.models import ResearchPhase
from workshops.models import Workshop


@dataclass(frozen=True)
class Stretch:
    """One item of the line: a workshop, the phase that follows it, or both."""

    workshop: Workshop | None
    phase: ResearchPhase | None
    workshop_done: bool
    # How much of the phase lies behind us, in per cent.
    done: int
    has_today: bool


def line_of(cohort: Cohort, now: datetime) -> list[Stretch]:
    """The cohort's line as seen at `now`: two queries, whatever the number of workshops and phases."""
    # Reverse relations carry their cohort along: links need its slug.
    return lay_out(cohort.workshops.all(), cohort.phases.all(), now)


def lay_out(workshops: Iterable[Workshop], phases: Iterable[ResearchPhase], now: datetime) -> list[Stretch]:
    """Orders by date where every date is known, else by number, a workshop before the phase of its number."""
    today = timezone.localdate(now)
    items: list[Workshop | ResearchPhase] = [*workshops, *phases]
    days = {item: day_of(item) for item in items}
    if all(days.values()):
        items.sort(key=lambda item: (days[item] or today, isinstance(item, ResearchPhase), item.number))
    else:
        items.sort(key=lambda item: (item.number, isinstance(item, ResearchPhase)))

    pairs: list[tuple[Workshop | None, ResearchPhase | None]] = []
    for item in items:
        if isinstance(item, Workshop):
            pairs.append((item, None))
        elif pairs and pairs[-1][1] is None:
            pairs[-1] = (pairs[-1][0], item)
        else:
            pairs.append((None, item))
    return [
        Stretch(
            workshop=workshop,
            phase=phase,
            workshop_done=bool(workshop and workshop.is_over(now)),
            done=share_done(phase, today),
            has_today=bool(phase and phase.is_open(today)),
        )
        for workshop, phase in pairs
    ]


def day_of(item: Workshop | ResearchPhase) -> date | None:
    if isinstance(item, ResearchPhase):
        return item.opens_on
    return timezone.localdate(item.starts_at) if item.starts_at else None


def share_done(phase: ResearchPhase | None, today: date) -> int:
    """Days gone of the phase in per cent, 0 before it opens and where its dates are not known."""
    if phase is None or phase.opens_on is None or phase.closes_on is None or today < phase.opens_on:
        return 0
    length = (phase.closes_on - phase.opens_on).days + 1
    return min(100, round(100 * (today - phase.opens_on).days / length))
