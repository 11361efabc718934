"""The personal calendar: workshops of one's cohorts, one's own mentoring sessions, and what is due."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

from correspondence.calendars import Entry, calendar_file
from mentoring.calendar import due_entry
from mentoring.calendar import entry_of as session_entry
from mentoring.models import FollowUp, MentoringSession
from participants.models import Cohort, User
from research.models import ResearchPhase
from workshops.calendar import entry_of as workshop_entry
from workshops.models import Workshop

# How long what is cancelled stays in the calendar, marked, so that programs which ask now and then hear of it.
CANCELLED_KEPT = timedelta(days=30)


def entries_for(user: User, now: datetime) -> list[Entry]:
    """What the person's calendar shows, in five queries at most; a door that has closed shows nothing any more.

    The address of the calendar is its only key, so nothing private is in it: no notes, wishes, records or words of
    follow-ups, and links to calls only where the person takes part.
    """
    cohorts = Cohort.objects.visible_to(user).public()
    workshops = Workshop.objects.filter(cohort__in=cohorts).select_related("cohort")
    entries = [entry for workshop in workshops if (entry := workshop_entry(workshop))]
    sessions = (
        MentoringSession.objects.own(user)
        .filter(membership__cohort__in=cohorts)
        .select_related("slot", "mentor__user", "membership__cohort")
    )
    entries += [session_entry(session, with_link=True) for session in sessions]
    due = (
        FollowUp.objects.visible_to(user)
        .open()
        .filter(owner=user, due_on__isnull=False, membership__cohort__in=cohorts)
        .select_related("membership__cohort")
    )
    entries += [due_entry(follow_up) for follow_up in due]
    phases = ResearchPhase.objects.filter(cohort__in=cohorts, closes_on__isnull=False).select_related("cohort")
    entries += [phase_entry(phase) for phase in phases]
    return [entry for entry in entries if is_shown(entry, now)]


def is_shown(entry: Entry, now: datetime) -> bool:
    return not entry.is_cancelled or entry.changed_at is None or now < entry.changed_at + CANCELLED_KEPT


def phase_entry(phase: ResearchPhase) -> Entry:
    """The last day of a phase, as a whole day."""
    assert phase.closes_on is not None  # noqa: S101  (the query says so)
    return Entry(
        uid=f"phase-{phase.pk}@lets-get-real",
        sequence=0,
        starts_at=phase.closes_on,
        ends_at=phase.closes_on + timedelta(days=1),
        title=f"{phase.cohort}, {phase}: last day",
        url=settings.PORTAL_URL + phase.get_absolute_url(),
    )


def feed(user: User, now: datetime) -> bytes:
    """The file that calendar programs fetch by the person's secret address."""
    return calendar_file(entries_for(user, now) if user.is_active else [], now, name="Let’s Get Real")
