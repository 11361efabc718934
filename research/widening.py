"""What changing who may read a note means: for whom it opens, and what comes along."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min

from discussions.models import Comment
from participants.models import Seat, User

from .models import ResearchNote

Audience = ResearchNote.Audience
WIDTH = {Audience.ME: 0, Audience.ORGANISATION: 1, Audience.COHORT: 2}


def is_wider(audience: str, than: str) -> bool:
    return WIDTH[Audience(audience)] > WIDTH[Audience(than)]


@dataclass(frozen=True)
class Widening:
    """Who will be able to read a note, beside the person asking, its mentors and staff; and what they will find."""

    audience: str
    is_wider: bool
    people: int
    organisations: int
    comments: int
    oldest_comment: datetime | None


def widening(note: ResearchNote, audience: str, by: User) -> Widening:
    """What a change of audience means. Two queries."""
    seats = Seat.objects.live().filter(user__is_active=True).exclude(user=by)
    if audience == Audience.COHORT:
        seats = seats.filter(membership__cohort=note.membership.cohort_id)
    else:
        seats = seats.filter(membership=note.membership_id)
    readers = seats.aggregate(people=Count("user", distinct=True), organisations=Count("membership", distinct=True))
    said = Comment.objects.filter(discussion=note.discussion_id, withdrawn_at=None).aggregate(
        comments=Count("pk"), oldest_comment=Min("created_at")
    )
    return Widening(audience=audience, is_wider=is_wider(audience, note.audience), **readers, **said)
