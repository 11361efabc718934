"""A mentoring session, and what was agreed in one, as calendars see them.

No wish, record, remark or words agreed on: a calendar is shared easily.
"""

from datetime import timedelta

from django.conf import settings
from django.urls import reverse

from correspondence.calendars import Entry

from .models import FollowUp, MentoringSession


def entry_of(session: MentoringSession, *, with_link: bool) -> Entry:
    """The session's entry; `with_link` for those alone who take part."""
    is_cancelled = session.state == session.State.CANCELLED
    link = session.slot.join_url if with_link and not is_cancelled else ""
    return Entry(
        uid=f"{session.uid}@lets-get-real",
        sequence=session.sequence,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        title=f"Mentoring: {session.membership} with {session.mentor.user}",
        place=link,
        note=f"Join: {link}" if link else "",
        url=settings.PORTAL_URL + session.get_absolute_url(),
        is_cancelled=is_cancelled,
        changed_at=session.changed_at,
    )


def due_entry(follow_up: FollowUp) -> Entry:
    """The day something agreed is due. Its words stay on the session's page."""
    assert follow_up.due_on is not None  # noqa: S101  (whoever calls asked for those with a day)
    cohort = follow_up.membership.cohort
    return Entry(
        uid=f"follow-up-{follow_up.pk}@lets-get-real",
        sequence=0,
        starts_at=follow_up.due_on,
        ends_at=follow_up.due_on + timedelta(days=1),
        title=f"Due: something you agreed in mentoring, {follow_up.membership}",
        url=settings.PORTAL_URL + reverse("mentoring:session_detail", args=[cohort.slug, follow_up.session_id]),
    )
