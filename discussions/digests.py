"""Digests: what others said and a person has not read, at the pace they chose, by the clock where they are.

Nothing is kept for them but the letters themselves. A letter names its reader and the moment up to which it tells; what
one that went has told is never told again. It is made once more before it goes: it quotes nothing that was read or
taken back meanwhile, nor anything its reader may not read any more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, Protocol

from django.db.models import QuerySet

from correspondence.models import Choice, Letter
from correspondence.reminders import TOO_LATE, Reminder
from correspondence.wallclock import at_wall_clock
from participants.models import Seat, User

from .models import Comment, Reading

EIGHT = time(8)
# Older words are told by nobody: a digest that failed a week ago is made up for by the next, and no more.
REACH = timedelta(days=15)
SHOWN = 5  # of each thread; the others are counted
PACES = (Choice.Pace.AT_ONCE, Choice.Pace.DAILY, Choice.Pace.WEEKLY, Choice.Pace.NEVER)
STAMP = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True)
class Thread:
    """What is new in one thread, oldest first."""

    title: str
    url: str
    comments: list[Comment]

    @property
    def shown(self) -> list[Comment]:
        return self.comments[:SHOWN]

    @property
    def more(self) -> int:
        return len(self.comments) - len(self.shown)


@dataclass(frozen=True)
class Digest:
    """The event of which a digest reminds one person. At once: one comment alone."""

    person: User
    moment: datetime
    name: str
    pace: str
    threads: list[Thread]

    @property
    def number(self) -> int:
        return sum(len(thread.comments) for thread in self.threads)

    def __str__(self) -> str:
        return ", ".join(thread.title for thread in self.threads)


class Places:
    """Who sits where, and the staff: to look only at people whom a comment may concern. Two queries."""

    def __init__(self, cohorts: Iterable[int]) -> None:
        self.cohort: dict[int, set[int]] = defaultdict(set)
        self.membership: dict[int, set[int]] = defaultdict(set)
        seats = Seat.objects.live().filter(membership__cohort__in=set(cohorts))
        for user, membership, cohort in seats.values_list("user", "membership", "membership__cohort"):
            self.cohort[cohort].add(user)
            self.membership[membership].add(user)
        self.staff = set(User.objects.filter(is_staff=True).values_list("pk", flat=True))


class Source(Protocol):
    """Threads of one kind. What a person may read is said by `readable` alone; the rest only saves looking."""

    def comments(self, since: datetime, now: datetime) -> QuerySet[Comment]:
        """What was said in running cohorts after one moment and up to another, and stands; with its author."""

    def concerned(self, comments: list[Comment]) -> dict[int, set[int]]:
        """For each comment's key, those of people who might want to hear of it."""

    def readable(self, user: User, threads: set[int]) -> dict[int, tuple[str, str]]:
        """Title and path of those of the threads that the person may read at this moment."""


def digests(source: Source, kind: str, usual: str, now: datetime) -> list[Digest]:
    """What is due by now and untold. The same number of queries for any number of people, and one for each who has
    something to be told."""
    comments = list(source.comments(now - REACH, now))
    concerned = source.concerned(comments) if comments else {}
    people = User.objects.filter(is_active=True).in_bulk({pk for readers in concerned.values() for pk in readers})
    if not people:
        return []
    paces = dict(Choice.objects.filter(kind=kind).values_list("address", "pace"))
    marks = {
        (user, thread): until
        for user, thread, until in Reading.objects.filter(
            discussion__in={comment.discussion_id for comment in comments}
        ).values_list("user", "discussion", "read_until")
    }
    told, until = told_by(kind, now)
    found: list[Digest] = []
    for person in people.values():
        unread = [
            comment
            for comment in comments
            if person.pk in concerned.get(comment.pk, ())
            and comment.author_id != person.pk
            and comment.created_at > marks.get((person.pk, comment.discussion_id), comment.created_at - REACH)
            and name_of(person, comment) not in told
            and comment.created_at > until.get(person.pk, comment.created_at - REACH)
        ]
        if unread:
            found += due_to(person, paces.get(person.email.lower(), usual), unread, source, now)
    return found


def due_to(person: User, pace: str, unread: list[Comment], source: Source, now: datetime) -> list[Digest]:
    if pace == Choice.Pace.NEVER:
        return []
    moment = now if pace == Choice.Pace.AT_ONCE else last_eight(person, pace, now)
    since = now - TOO_LATE if pace == Choice.Pace.AT_ONCE else now - REACH
    unread = [comment for comment in unread if since < comment.created_at <= moment]
    if not unread or moment <= now - TOO_LATE:
        return []
    readable = source.readable(person, {comment.discussion_id for comment in unread})
    unread = [comment for comment in unread if comment.discussion_id in readable]
    if pace == Choice.Pace.AT_ONCE:
        return [
            Digest(person, comment.created_at, name_of(person, comment), pace, threads_of([comment], readable))
            for comment in unread
        ]
    name = f"person {person.pk} until {moment:{STAMP}}"
    return [Digest(person, moment, name, pace, threads_of(unread, readable))] if unread else []


def threads_of(comments: list[Comment], readable: dict[int, tuple[str, str]]) -> list[Thread]:
    together: dict[int, list[Comment]] = defaultdict(list)
    for comment in comments:
        together[comment.discussion_id].append(comment)
    return [Thread(*readable[thread], said) for thread, said in together.items()]


def name_of(person: User, comment: Comment) -> str:
    return f"person {person.pk} comment {comment.pk}"


def told_by(kind: str, now: datetime) -> tuple[set[str], dict[int, datetime]]:
    """What letters that went, or may have, have told: their names; and for each person up to when digests told all."""
    went = Letter.objects.filter(kind=kind, state__in=Letter.WENT, due_at__gt=now - REACH - TOO_LATE)
    names = set(went.values_list("occurrence", flat=True))
    until: dict[int, datetime] = {}
    for name in names:
        _, person, kept, stamp = name.split()
        if kept == "until":
            moment = datetime.strptime(stamp, STAMP).replace(tzinfo=UTC)
            until[int(person)] = max(moment, until.get(int(person), moment))
    return names, until


def last_eight(person: User, pace: str, now: datetime) -> datetime:
    """The last time the person's clock showed eight in the morning: of any day, or of a Monday. In UTC."""
    day = now.astimezone(person.zone).date()
    if pace == Choice.Pace.WEEKLY:
        day -= timedelta(days=day.weekday())
    moment = at_wall_clock(day, EIGHT, person.zone)
    step = timedelta(days=7 if pace == Choice.Pace.WEEKLY else 1)
    return moment if moment <= now else at_wall_clock(day - step, EIGHT, person.zone)


class DigestReminder(Reminder):
    """A reminder whose events are digests: each has its own name, and one version, so that there is one a period."""

    def occurrence(self, event: Any) -> str:
        return event.name

    def version(self, event: Any) -> str:
        return "1"


def digest_reminder(kind: str, label: str, template: str, source: Source, usual: str) -> DigestReminder:
    events: Callable[[datetime], list[Digest]] = lambda now: digests(source, kind, usual, now)  # noqa: E731
    return DigestReminder(
        kind=kind,
        label=label,
        template=template,
        events=events,
        anchor=lambda digest: digest.moment,
        audience=lambda digest, now: User.objects.filter(pk=digest.person.pk, is_active=True),
        until=lambda digest: digest.moment + TOO_LATE,
        about=lambda digest: "",
        paces=PACES,
        pace=usual,
        is_checked=True,
    )
