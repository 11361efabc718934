"""The page of one session, as it is shown after each thing that can be written on it."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from participants.guards import SignedIn
from participants.models import Cohort, Mentorship, User

from ..briefing import briefing_for
from ..forms import FollowUpForm, RecordForm, RemarkForm
from ..models import FollowUp, MentoringSession, Party, Remark


def get_session(user: User, cohort: Cohort, pk: int) -> MentoringSession:
    sessions = MentoringSession.objects.visible_to(user).select_related(
        "slot", "mentor__user", "membership__cohort", "membership__organisation", "booked_by", "cancelled_by"
    )
    return get_object_or_404(sessions, membership__cohort=cohort, pk=pk)


def people_of(session: MentoringSession) -> QuerySet[User]:
    """Who can take on a follow-up: the organisation's people and the mentor."""
    mentor = Q(pk=session.mentor.user_id) if session.mentor.ended_at is None else Q()
    seated = Q(pk__in=User.objects.seated_at(session.membership).values("pk"))
    return User.objects.filter(seated | mentor if mentor else seated).order_by("name", "pk")


def writes_remarks(user: User, session: MentoringSession) -> bool:
    """Remarks are a matter among the live mentors of the organisation; nobody seated there, nor staff as such."""
    return (
        session.party_of(user) in (Party.MENTOR, Party.OTHER_MENTOR)
        and Mentorship.objects.live().filter(mentor__user=user, membership=session.membership).exists()
    )


def session_page(
    request: SignedIn,
    session: MentoringSession,
    now: datetime,
    *,
    record_form: RecordForm | None = None,
    remark_form: RemarkForm | None = None,
    follow_up_form: FollowUpForm | None = None,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    """Shows the session to one of its parties, with a form just refused in place of an empty one."""
    user, today = request.user, timezone.localdate(now)
    party = session.party_of(user)
    is_cancelled = session.state == session.State.CANCELLED
    context = {
        "cohort": session.membership.cohort,
        "here": "mentoring",
        "session": session,
        "party": party,
        "today": today,
        "is_coming": session.state == session.State.BOOKED and now < session.ends_at,
        "is_cancelled": is_cancelled,
        "join_url": session.join_url_for(party, now),
        "can_change": session.can_be_changed_by(party, now),
        "follow_ups": FollowUp.objects.visible_to(user)
        .filter(Q(done_at=None) | Q(session=session), membership=session.membership)
        .select_related("owner"),
        "follow_up_form": None
        if is_cancelled
        else follow_up_form or FollowUpForm(people=people_of(session), today=today),
        "refusal": refusal,
    }
    if session.can_be_recorded_by(party, now):
        context["record_form"] = record_form or RecordForm(initial=record_of(session))
    if party != Party.ORGANISATION:
        context["briefing"] = briefing_for(session, user)
    if writes_remarks(user, session):
        context["remarks"] = Remark.objects.visible_to(user).filter(session=session).select_related("author")
        context["remark_form"] = remark_form or RemarkForm()
    return render(request, "mentoring/session_detail.html", context, status=status)


def record_of(session: MentoringSession) -> dict[str, str]:
    """What the record form starts from; `read_at` to the microsecond, so that it names one record."""
    return {
        "state": "" if session.state == session.State.BOOKED else session.state,
        "record": session.record,
        "read_at": session.recorded_at.isoformat() if session.recorded_at else "",
    }
