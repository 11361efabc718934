"""Sending an issue of the newsletter: one letter to each address that subscribes at that moment."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from .ledger import Intent, compose, key_of, write
from .models import Letter, NewsletterIssue, Subscriber
from .tasks import nudge

KIND = "newsletter"


@transaction.atomic
def send_issue(issue: NewsletterIssue, now: datetime) -> int:
    """Writes the letters that are not written yet and returns how many those are: 0 the second time.

    Every letter says how to leave, in its text and in the headers mail programs make a button of (RFC 8058).
    """
    locked = NewsletterIssue.objects.select_for_update().get(pk=issue.pk)
    occurrence = f"issue {locked.pk}"
    readers = {key_of(KIND, occurrence, "1", reader.address): reader for reader in Subscriber.objects.active()}
    if locked.sent_at:
        # Sent once means sent to those who subscribed then; a later reader is not written to.
        return 0
    known = set(Letter.objects.filter(kind=KIND, occurrence=occurrence).values_list("key", flat=True))
    written = write(letter_to(reader, locked, occurrence, now) for key, reader in readers.items() if key not in known)
    locked.sent_at = issue.sent_at = now
    locked.save(update_fields=["sent_at"])
    nudge()
    return written


def letter_to(reader: Subscriber, issue: NewsletterIssue, occurrence: str, now: datetime) -> Intent:
    subject, body = compose("correspondence/email/newsletter_issue", {"issue": issue, "reader": reader})
    return Intent(
        kind=KIND,
        occurrence=occurrence,
        version="1",
        address=reader.address,
        subject=subject,
        body=body,
        due_at=now,
        headers={
            "List-Unsubscribe": f"<{reader.leave_url()}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
    )
