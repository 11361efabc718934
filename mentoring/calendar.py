"""A mentoring session as calendars see it. No wish, record or remark: a calendar is shared easily."""

from django.conf import settings

from correspondence.calendars import Entry

from .models import MentoringSession


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
    )
