"""Addresses that are not written to any more, and which letters that stops.

What is kept of them is a hash keyed with SECRET_KEY: it tells whether an address is among them, and tells nobody which
they are. So it can stay when everything else about an address is erased.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.utils.crypto import salted_hmac

from .models import Letter, Suppression

Why = Suppression.Why
# No newsletter goes there. Of the other letters a mailbox that does not exist stops all but those with a code, which
# somebody has just asked for.
ANY = frozenset(Why)


def marks_of(address: str) -> list[str]:
    """With the key in use first, then with those before it (SECRET_KEY_FALLBACKS)."""
    return [
        salted_hmac("correspondence.suppression", address.lower(), secret=key, algorithm="sha256").hexdigest()
        for key in [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    ]


def suppress(address: str, why: Suppression.Why, now: datetime, words: str = "") -> None:
    """Counts from now on, also for letters that are written and have not gone."""
    Suppression.objects.update_or_create(
        mark=marks_of(address)[0], why=why, defaults={"since": now, "words": words.replace("\x00", "")[:500]}
    )


def lift(address: str, reasons: Iterable[str] = ANY) -> int:
    """Lets letters go there again; how many reasons against it there were."""
    return Suppression.objects.filter(mark__in=marks_of(address), why__in=list(reasons)).delete()[0]


def suppressed(addresses: Iterable[str]) -> dict[str, set[str]]:
    """Those, in small letters, that are not written to, each with the reasons. One query for every 500."""
    marks = [(mark, address.lower()) for address in set(addresses) for mark in marks_of(address)]
    found: dict[str, set[str]] = {}
    for start in range(0, len(marks), 500):
        some = dict(marks[start : start + 500])
        for mark, why in Suppression.objects.filter(mark__in=some).values_list("mark", "why"):
            found.setdefault(some[mark], set()).add(why)
    return found


def unreachable(addresses: Iterable[str]) -> set[str]:
    """Those, in small letters, whose mail comes back: only a code, asked for just now, is sent there."""
    return {address for address, reasons in suppressed(addresses).items() if Why.BOUNCED in reasons}


def unwanted(letters: Iterable[Letter], newsletter: str) -> set[int]:
    """Which of these must not go to their address; `newsletter` is the kind that every reason stops."""
    letters = [letter for letter in letters if not letter.is_secret]
    found = suppressed(letter.address for letter in letters) if letters else {}
    return {
        letter.pk
        for letter in letters
        if found.get(letter.address.lower(), set()) & (ANY if letter.kind == newsletter else {Why.BOUNCED})
    }
