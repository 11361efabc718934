"""Who is reminded of a workshop, and when."""

from datetime import datetime, time, timedelta
from functools import partial

from django.db.models import Exists, OuterRef, QuerySet

from correspondence.reminders import Reminder, once_more
from participants.models import Cohort, User

from .models import Attendance, Workshop


def coming(now: datetime) -> QuerySet[Workshop]:
    """Workshops of running cohorts that are not cancelled, from yesterday on."""
    return (
        Workshop.objects.filter(cohort__status=Cohort.Status.RUNNING, starts_at__gt=now - timedelta(days=1))
        .exclude(state=Workshop.State.CANCELLED)
        .select_related("cohort")
    )


def start(workshop: Workshop) -> datetime | None:
    return workshop.starts_at


def cohort_slug(workshop: Workshop) -> str:
    return workshop.cohort.slug


def until_start(workshop: Workshop) -> datetime:
    assert workshop.starts_at is not None  # noqa: S101  `coming` has those with a date only
    return workshop.starts_at


def not_refusing(workshop: Workshop, now: datetime) -> QuerySet[User]:
    """Everyone seated in the cohort who has not said no."""
    said_no = Attendance.objects.filter(workshop=workshop, user=OuterRef("pk"), reply=Attendance.Reply.NO)
    return User.objects.seated_in(workshop.cohort).exclude(Exists(said_no))


def without_reply(workshop: Workshop, now: datetime) -> QuerySet[User]:
    """Everyone seated in the cohort who has not answered at all."""
    answered = Attendance.objects.filter(workshop=workshop, user=OuterRef("pk")).exclude(reply="")
    return User.objects.seated_in(workshop.cohort).exclude(Exists(answered))


of_workshop = partial(Reminder, events=coming, anchor=start, until=until_start, about=cohort_slug)

REMINDERS = [
    of_workshop(
        kind="workshop_in_7_days",
        label="Workshop in 7 days",
        template="workshops/email/workshop_coming",
        audience=not_refusing,
        days=-7,
        at=time(9),
    ),
    of_workshop(
        kind="workshop_tomorrow",
        label="Workshop tomorrow",
        template="workshops/email/workshop_coming",
        audience=not_refusing,
        days=-1,
        at=time(9),
    ),
    of_workshop(
        kind="workshop_reply_missing",
        label="Reply to a workshop missing, 10 days before",
        template="workshops/email/reply_missing",
        audience=without_reply,
        nudge=2,
        days=-10,
        at=time(9),
    ),
]
REMINDERS.append(once_more(REMINDERS[-1], "Reply to a workshop still missing, 4 days before", days=-4))
