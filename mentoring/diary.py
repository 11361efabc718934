"""What the mentoring page shows, gathered for its reader."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch, QuerySet

from participants.guards import mentor_in
from participants.models import Cohort, Membership, Mentor, Mentorship, Seat, User

from .models import MentoringSession, Party, Slot


@dataclass(frozen=True)
class Meeting:
    """A coming session, with the link to join for those who take part."""

    session: MentoringSession
    join_url: str
    is_own: bool


@dataclass(frozen=True)
class Diary:
    """A cohort's mentoring as one person sees it: the same number of queries however long the lists are."""

    mentor: Mentor | None
    memberships: list[Membership]
    mentors: list[Mentor]
    # Free times that the reader may see, and those among them that they can book.
    free: list[Slot]
    bookable: set[int]
    # A mentor's own times to come; `taken` on each holds the session booked in it, if any.
    offered: list[Slot]
    mentored: list[Membership]
    coming: list[Meeting]
    past: list[MentoringSession]


def diary_of(user: User, cohort: Cohort, now: datetime) -> Diary:
    mentor = mentor_in(user, cohort)
    seats = Seat.objects.live().filter(user=user, membership__cohort=cohort)
    memberships = [seat.membership for seat in seats.select_related("membership")]
    seated = {membership.pk for membership in memberships}
    own_mentorships = Mentorship.objects.live().filter(membership__in=seated).select_related("mentor__user")
    mentors = list({mentorship.mentor_id: mentorship.mentor for mentorship in own_mentorships}.values())
    free = list(
        Slot.objects.visible_to(user)
        .bookable(now)
        .filter(mentor__cohort=cohort)
        .exclude(mentor__user=user)
        .select_related("mentor__user")
    )
    sessions = MentoringSession.objects.visible_to(user).filter(membership__cohort=cohort)
    sessions = sessions.select_related("slot", "mentor__user", "membership__cohort")
    coming = sessions.filter(state=MentoringSession.State.BOOKED, ends_at__gt=now)
    return Diary(
        mentor=mentor,
        memberships=memberships,
        mentors=mentors,
        free=free,
        bookable={slot.pk for slot in free if slot.mentor in mentors},
        offered=list(offered_by(mentor, now)) if mentor else [],
        mentored=list(mentored_by(mentor)) if mentor else [],
        coming=[meeting_of(session, user, seated, now) for session in coming],
        past=list(sessions.exclude(pk__in=coming.values("pk")).order_by("-starts_at")),
    )


def meeting_of(session: MentoringSession, user: User, seated: set[int], now: datetime) -> Meeting:
    party = session.party_of(user, seated)
    return Meeting(session, session.join_url_for(party, now), party in (Party.ORGANISATION, Party.MENTOR))


def offered_by(mentor: Mentor, now: datetime) -> QuerySet[Slot]:
    live = MentoringSession.objects.live().select_related("membership__cohort")
    return Slot.objects.filter(mentor=mentor).offered(now).prefetch_related(Prefetch("sessions", live, to_attr="taken"))


def mentored_by(mentor: Mentor) -> QuerySet[Membership]:
    return Membership.objects.filter(
        pk__in=Mentorship.objects.live().filter(mentor=mentor).values("membership")
    ).select_related("cohort", "organisation")
