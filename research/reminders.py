"""Who is reminded of a phase of research, and when."""

from collections import defaultdict
from datetime import date, datetime, time

from django.db.models import Exists, OuterRef, QuerySet

from correspondence.models import Choice
from correspondence.reminders import Reminder, once_more
from correspondence.wallclock import end_of_day, local_day
from discussions.digests import Places, digest_reminder
from discussions.models import Comment
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


class Commented:
    """Comments on notes: for the people of the note's organisation, its author, and who has said something there."""

    def comments(self, since: datetime, now: datetime) -> QuerySet[Comment]:
        return Comment.objects.filter(
            discussion__note__membership__cohort__status=Cohort.Status.RUNNING,
            discussion__note__deleted_at=None,
            created_at__gt=since,
            created_at__lte=now,
            withdrawn_at=None,
        ).select_related("author", "discussion__note__membership")

    def concerned(self, comments: list[Comment]) -> dict[int, set[int]]:
        notes = {comment.pk: comment.discussion.note for comment in comments}
        places = Places(note.membership.cohort_id for note in notes.values())
        speakers: dict[int, set[int]] = defaultdict(set)
        said = Comment.objects.filter(discussion__in={comment.discussion_id for comment in comments}, withdrawn_at=None)
        for thread, author in said.order_by().values_list("discussion", "author").distinct():
            speakers[thread].add(author)
        return {
            comment.pk: places.membership[notes[comment.pk].membership_id]
            | {notes[comment.pk].author_id}
            | speakers[comment.discussion_id]
            for comment in comments
        }

    def readable(self, user: User, threads: set[int]) -> dict[int, tuple[str, str]]:
        notes = ResearchNote.objects.visible_to(user).present().filter(discussion__in=threads)
        return {
            note.discussion_id: (str(note), note.get_absolute_url())
            for note in notes.select_related("membership__cohort")
            if note.discussion_id
        }


REMINDERS = [
    digest_reminder(
        kind="comments",
        label="New comments on notes",
        template="research/email/comments",
        source=Commented(),
        usual=Choice.Pace.DAILY,
    ),
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
REMINDERS.append(once_more(REMINDERS[-1], "Phase closes tomorrow and still no note shared", days=-1))
