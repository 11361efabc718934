"""Who is reminded of a mentoring session and of what was agreed in it, and when."""

from datetime import date, datetime, time, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from correspondence.reminders import Reminder, once_more
from correspondence.wallclock import end_of_day, local_day
from participants.models import Cohort, Mentorship, Seat, User

from .models import FollowUp, MentoringSession

# How long a missing record is worth a letter, and a follow-up that is overdue.
RECORD_WANTED = timedelta(days=14)
FOLLOW_UP_WANTED = timedelta(days=7)


def booked(now: datetime) -> QuerySet[MentoringSession]:
    """Booked sessions of running cohorts within the reach of any rule, from a fortnight ago on."""
    return MentoringSession.objects.filter(
        membership__cohort__status=Cohort.Status.RUNNING,
        state=MentoringSession.State.BOOKED,
        starts_at__gt=now - RECORD_WANTED,
    ).select_related("membership__cohort", "mentor__user", "slot")


def without_record(now: datetime) -> QuerySet[MentoringSession]:
    """Sessions that were not cancelled and have no record, also those that are still to come."""
    return (
        MentoringSession.objects.live()
        .filter(
            membership__cohort__status=Cohort.Status.RUNNING,
            ends_at__gt=now - RECORD_WANTED,
            recorded_at=None,
        )
        .select_related("membership__cohort", "mentor__user", "slot")
    )


def unrecorded(now: datetime) -> QuerySet[MentoringSession]:
    """Those of them that are over."""
    return without_record(now).filter(ends_at__lte=now)


def due(now: datetime) -> QuerySet[FollowUp]:
    """What is agreed and not done in running cohorts, until a week after its day."""
    return (
        FollowUp.objects.open()
        .filter(membership__cohort__status=Cohort.Status.RUNNING, due_on__gt=local_day(now - FOLLOW_UP_WANTED))
        .select_related("membership__cohort", "session__membership__cohort")
    )


def due_day(follow_up: FollowUp) -> date | None:
    return follow_up.due_on


def until_overdue(follow_up: FollowUp) -> datetime:
    assert follow_up.due_on is not None  # noqa: S101  (`due` says so)
    return end_of_day(follow_up.due_on) + FOLLOW_UP_WANTED


def whose(follow_up: FollowUp, now: datetime) -> QuerySet[User]:
    """Who took it on, as long as they are at the organisation or mentor it; else everyone at the organisation."""
    here = Q(Exists(Seat.objects.live().filter(membership=follow_up.membership_id, user=OuterRef("pk"))))
    mentors = Mentorship.objects.live().filter(membership=follow_up.membership_id, mentor__user=OuterRef("pk"))
    people = User.objects.filter(is_active=True)
    owner = people.filter(here | Q(Exists(mentors)), pk=follow_up.owner_id)
    return owner if follow_up.owner_id and owner.exists() else people.filter(here)


def start(session: MentoringSession) -> datetime:
    return session.starts_at


def end(session: MentoringSession) -> datetime:
    return session.ends_at


def until_record(session: MentoringSession) -> datetime:
    return session.ends_at + RECORD_WANTED


def cohort_slug(session: MentoringSession) -> str:
    return session.membership.cohort.slug


def those_meeting(session: MentoringSession, now: datetime) -> QuerySet[User]:
    """The mentor, and who booked; everyone at the organisation once that person's seat has ended."""
    seated = Seat.objects.live().filter(membership=session.membership)
    people = seated.filter(user=session.booked_by_id)
    own = Exists((people if people.exists() else seated).filter(user=OuterRef("pk")))
    return User.objects.filter(own | mentoring(session), is_active=True)


def mentoring(session: MentoringSession) -> Exists:
    """The session's mentor, as long as they mentor the organisation."""
    live = Mentorship.objects.live().filter(mentor=session.mentor_id, membership=session.membership_id)
    return Exists(live.filter(mentor__user=OuterRef("pk")))


def the_mentor(session: MentoringSession, now: datetime) -> QuerySet[User]:
    return User.objects.filter(mentoring(session), is_active=True)


REMINDERS = [
    Reminder(
        kind="session_tomorrow",
        label="Mentoring session tomorrow",
        template="mentoring/email/session_coming",
        events=booked,
        anchor=start,
        audience=those_meeting,
        until=start,
        about=cohort_slug,
        days=-1,
        at=time(9),
    ),
    Reminder(
        kind="session_in_1_hour",
        label="Mentoring session in 1 hour",
        template="mentoring/email/session_coming",
        events=booked,
        anchor=start,
        audience=those_meeting,
        until=start,
        about=cohort_slug,
        minutes=-60,
    ),
    Reminder(
        kind="follow_up_due",
        label="Follow-up due",
        template="mentoring/email/follow_up_due",
        events=due,
        anchor=due_day,
        audience=whose,
        nudge=4,
        until=until_overdue,
        about=lambda follow_up: follow_up.membership.cohort.slug,
        days=-1,
        at=time(9),
    ),
    Reminder(
        kind="session_without_record",
        label="Mentoring session without record",
        template="mentoring/email/record_missing",
        events=unrecorded,
        ahead=without_record,
        anchor=end,
        audience=the_mentor,
        nudge=3,
        until=until_record,
        about=cohort_slug,
        days=1,
        at=time(9),
    ),
]
REMINDERS.append(once_more(REMINDERS[-1], "Mentoring session still without record", days=4))
