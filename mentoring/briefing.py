"""What a mentor should know of an organisation before they meet, from what that organisation shares."""

from __future__ import annotations

from dataclasses import dataclass

from participants.models import User
from research.models import Experiment, ResearchNote

from .models import MentoringSession

NOTES = 8
RECORDS = 5


@dataclass(frozen=True)
class Briefing:
    """Question and hunch, latest shared notes, earlier records: of one organisation, as far as the reader may read."""

    experiments: list[Experiment]
    notes: list[ResearchNote]
    earlier: list[MentoringSession]


def briefing_for(session: MentoringSession, user: User) -> Briefing:
    notes = ResearchNote.objects.visible_to(user).shared().filter(membership=session.membership)
    experiments = Experiment.objects.visible_to(user).filter(membership=session.membership)
    earlier = MentoringSession.objects.visible_to(user).filter(
        membership=session.membership, starts_at__lt=session.starts_at, recorded_at__isnull=False
    )
    return Briefing(
        experiments=list(experiments.prefetch_related("framings")),
        notes=list(notes.select_related("membership__cohort", "author", "phase").order_by("-updated_at")[:NOTES]),
        earlier=list(earlier.select_related("mentor__user").order_by("-starts_at")[:RECORDS]),
    )
