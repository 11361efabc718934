"""Who else has a note open: a hint, and never a lock. Saving is right without it.

Kept in the cache alone. Two browsers that say so at the same moment may overwrite each other's word; both say it again
within `SAY_AGAIN`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.cache import cache

from participants.models import User

SAY_AGAIN = timedelta(seconds=20)
GONE_AFTER = timedelta(seconds=60)


def look_in(note: UUID, user: User, now: datetime) -> list[dict[str, Any]]:
    """Says that the person has the note open, and tells who else has: name, and since when (UTC)."""
    key = f"note-open-{note}"
    there = {pk: seen for pk, seen in cache.get(key, {}).items() if now - seen["at"] < GONE_AFTER}
    since = there.get(user.pk, {}).get("since", now)
    there[user.pk] = {"name": str(user), "since": since, "at": now}
    cache.set(key, there, timeout=int(GONE_AFTER.total_seconds()))
    return [{"name": seen["name"], "since": seen["since"]} for pk, seen in there.items() if pk != user.pk]


def leave(note: UUID, user: User) -> None:
    key = f"note-open-{note}"
    there = cache.get(key, {})
    if there.pop(user.pk, None):
        cache.set(key, there, timeout=int(GONE_AFTER.total_seconds()))
