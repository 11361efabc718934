"""What `check --deploy` says beyond Django's own."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.db import DatabaseError

from participants.models import User


@register("rehearsal", deploy=True)
def no_rehearsal_accounts(**kwargs: Any) -> list[CheckMessage]:
    """The rehearsal's accounts have a printed password: a database that holds them must not go live."""
    if settings.REHEARSAL:
        return []
    try:
        known = User.objects.filter(email__endswith="@rehearsal.example", is_active=True).count()
    except DatabaseError:
        # No database yet, or no tables: nothing to find.
        return []
    if not known:
        return []
    return [
        Error(
            f"{known} accounts of the rehearsal are in this database, and their password is printed.",
            hint="Begin with an empty database: a rehearsal is not made into a programme.",
            id="lgr6.E001",
        )
    ]
