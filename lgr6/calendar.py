"""The personal calendar: the workshops of one's cohorts and one's own mentoring sessions."""

from __future__ import annotations

from datetime import datetime

from correspondence.calendars import Entry, calendar_file
from mentoring.calendar import entry_of as session_entry
from mentoring.models import MentoringSession
from participants.models import Cohort, User
from workshops.calendar import entry_of as workshop_entry
from workshops.models import Workshop


def entries_for(user: User) -> list[Entry]:
    """What the person's calendar shows, in three queries at most; a door that has closed shows nothing any more.

    The address of the calendar is its only key, so nothing private is in it: no notes, wishes or records, and
    links to calls only where the person takes part.
    """
    cohorts = Cohort.objects.visible_to(user).public()
    workshops = Workshop.objects.filter(cohort__in=cohorts).select_related("cohort")
    entries = [entry for workshop in workshops if (entry := workshop_entry(workshop))]
    sessions = (
        MentoringSession.objects.own(user)
        .filter(membership__cohort__in=cohorts)
        .select_related("slot", "mentor__user", "membership__cohort")
    )
    return entries + [session_entry(session, with_link=True) for session in sessions]


def feed(user: User, now: datetime) -> bytes:
    """The file that calendar programs fetch by the person's secret address."""
    return calendar_file(entries_for(user) if user.is_active else [], now, name="Let’s Get Real")
