"""A workshop as calendars see it."""

from django.conf import settings

from correspondence.calendars import Entry

from .models import Workshop


def entry_of(workshop: Workshop) -> Entry | None:
    """The workshop's entry; None while its date is open. Its name in calendars stays the same for life."""
    if workshop.starts_at is None or workshop.assumed_end is None:
        return None
    return Entry(
        uid=f"workshop-{workshop.pk}@lets-get-real",
        sequence=workshop.sequence,
        starts_at=workshop.starts_at,
        ends_at=workshop.assumed_end,
        title=f"{workshop.cohort}, {workshop}",
        place=workshop.place,
        url=settings.PORTAL_URL + workshop.get_absolute_url(),
        is_cancelled=workshop.is_cancelled,
        changed_at=workshop.changed_at,
    )
