"""Who is reminded of a phase of research, and when."""

from datetime import date, datetime, time

from django.db.models import Exists, OuterRef, QuerySet

from correspondence.reminders import Reminder
from correspondence.wallclock import end_of_day, local_day
from participants.models import Cohort, Seat, User

from .models import ResearchNote, ResearchPhase


def dated(now: datetime) -> QuerySet[ResearchPhase]:
    """Phases of running cohorts whose dates are known and that have not closed."""
    return ResearchPhase.objects.filter(
        cohort__status=Cohort.Status.RUNNING, opens_on__isnull=False, closes_on__gte=local_day(now)
    ).select_related("cohort")


def opening(phase: ResearchPhase) -> date | None:
    return phase.opens_on


def closing(phase: ResearchPhase) -> date | None:
    return phase.closes_on


def until_close(phase: ResearchPhase) -> datetime:
    assert phase.closes_on is not None  # noqa: S101  `dated` has those with dates only
    return end_of_day(phase.closes_on)


def cohort_slug(phase: ResearchPhase) -> str:
    return phase.cohort.slug


def everyone(phase: ResearchPhase, now: datetime) -> QuerySet[User]:
    return User.objects.seated_in(phase.cohort)


def without_shared_note(phase: ResearchPhase, now: datetime) -> QuerySet[User]:
    """People of organisations that have shared no note of the phase, with anyone."""
    shared = ResearchNote.objects.shared().filter(phase=phase, membership=OuterRef("membership"))
    silent = Seat.objects.live().filter(~Exists(shared), user=OuterRef("pk"), membership__cohort=phase.cohort)
    return User.objects.filter(Exists(silent), is_active=True)


REMINDERS = [
    Reminder(
        kind="phase_opens",
        label="Phase opens",
        template="research/email/phase_opens",
        events=dated,
        anchor=opening,
        audience=everyone,
        until=until_close,
        about=cohort_slug,
        days=0,
        at=time(9),
    ),
    Reminder(
        kind="phase_closes_no_note",
        label="Phase closes in 3 days and no note shared",
        template="research/email/phase_closes",
        events=dated,
        anchor=closing,
        audience=without_shared_note,
        nudge=1,
        until=until_close,
        about=cohort_slug,
        days=-3,
        at=time(9),
    ),
]
