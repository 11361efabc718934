"""Erasing an address that asked for the newsletter: what is left is a hash, so that no list brings it back."""

from __future__ import annotations

from datetime import datetime

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction

from .issues import KIND
from .ledger import key_of
from .models import Letter, Subscriber
from .suppression import Why, suppress

KINDS = [KIND, "newsletter_confirm"]
GONE = "erased@address.invalid"


@transaction.atomic
def erase(subscriber: Subscriber, now: datetime) -> int:
    """Deletes the subscriber and every consent, and takes address and text out of the newsletter's letters; how many
    letters. That a letter went, and when, stays: the counts of an issue remain true."""
    address = subscriber.address
    suppress(address, Why.ERASED, now)
    letters = Letter.objects.filter(kind__in=KINDS, address=address)
    letters.filter(state__in=Letter.UNFINISHED).update(state=Letter.State.CANCELLED, held_until=None)
    number = 0
    for letter in letters.select_for_update():
        # The key names the address; the new one is as single, and nobody can work the address out from it.
        letter.key = key_of(letter.kind, letter.occurrence, f"erased {letter.pk}", GONE)
        letter.address, letter.subject, letter.body, letter.headers = GONE, "Erased", "", {}
        letter.answer = letter.why_not = ""
        letter.save(update_fields=["key", "address", "subject", "body", "headers", "answer", "why_not"])
        number += 1
    # Nor does the staff desk's history go on naming it.
    rows = ContentType.objects.get_for_model(Subscriber)
    LogEntry.objects.filter(content_type=rows, object_id=str(subscriber.pk)).delete()
    subscriber.delete()
    return number
