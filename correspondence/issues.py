"""Sending an issue of the newsletter: one letter to each address that subscribes at that moment.

An issue that was stopped can go on: those who have it are not written to again.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Count
from django.urls import reverse

from .leaving import headers_to_leave
from .ledger import USEFUL, Intent, compose, key_of, write_letter, write_letters
from .models import Letter, LetterQuerySet, NewsletterIssue, Subscriber
from .suppression import suppressed

KIND = "newsletter"
# What has not gone and may still go; letters in hand ask `unwanted` before they go.
WAITING = [Letter.State.PLANNED, Letter.State.RETRY]
STOPPED = [Letter.State.HELD, Letter.State.CANCELLED]


def readers() -> list[Subscriber]:
    """Who an issue goes to now."""
    found = list(Subscriber.objects.active())
    barred = suppressed(reader.address for reader in found)
    return [reader for reader in found if reader.address.lower() not in barred]


@transaction.atomic
def send_issue(issue: NewsletterIssue, now: datetime) -> int:
    """Writes the letters that are not written yet and returns how many those are: 0 the second time.

    Every letter says how to leave, in its text and in the headers mail programs make a button of (RFC 8058).
    """
    locked = NewsletterIssue.objects.select_for_update().get(pk=issue.pk)
    if locked.sent_at:
        # Sent once means sent to those who subscribed then; a later reader is not written to.
        return 0
    known = set(letters_of(locked).values_list("key", flat=True))
    there = {key_of(KIND, occurrence_of(locked), "1", reader.address): reader for reader in readers()}
    written = write_letters(
        letter_of(locked, reader.address, reader.leave_url(), now) for key, reader in there.items() if key not in known
    )
    locked.sent_at = issue.sent_at = now
    locked.save(update_fields=["sent_at"])
    return written


@transaction.atomic
def stop_issue(issue: NewsletterIssue, by: str, now: datetime) -> int:
    """Keeps back what has not gone; how many letters that is. Those being handed over at this moment still go."""
    NewsletterIssue.objects.filter(pk=issue.pk, stopped_at=None).update(stopped_at=now)
    return (
        letters_of(issue)
        .filter(state__in=WAITING)
        .update(state=Letter.State.HELD, held_until=None, why_not=f"The issue was stopped by {by}."[:1000])
    )


@transaction.atomic
def go_on_with(issue: NewsletterIssue, now: datetime) -> int:
    """Lets go what a stop kept back, to those who still subscribe; how many letters."""
    NewsletterIssue.objects.filter(pk=issue.pk).update(stopped_at=None)
    return (
        letters_of(issue)
        .filter(state__in=STOPPED, sent_at=None, address__in=Subscriber.objects.active().values("address"))
        .update(state=Letter.State.PLANNED, due_at=now, not_after=now + USEFUL, held_until=None, why_not="", answer="")
    )


def send_test(issue: NewsletterIssue, address: str, now: datetime) -> None:
    """One letter to somebody of the staff, marked as a test, as the issue reads now."""
    intent = as_read(issue, address, now)
    write_letter(
        kind="newsletter_test",
        occurrence=occurrence_of(issue),
        version=f"{now:%Y%m%dT%H%M%S%f}",
        address=address,
        subject=f"Test: {intent.subject}"[:250],
        body=intent.body,
        now=now,
    )


def as_read(issue: NewsletterIssue, address: str, now: datetime) -> Intent:
    """A letter of it for who does not subscribe, to look at: its link to leave leads to the newsletter's page."""
    return letter_of(issue, address, settings.PORTAL_URL + reverse("correspondence:newsletter"), now)


def progress_of(issue: NewsletterIssue) -> list[tuple[str, int]]:
    """How many of its letters are how far, in words; what there is none of is left out."""
    counted = dict(letters_of(issue).values_list("state").annotate(number=Count("pk")).order_by())
    return [(str(label), counted[state]) for state, label in Letter.State.choices if state in counted]


def is_under_way(issue: NewsletterIssue) -> bool:
    return letters_of(issue).filter(state__in=[*WAITING, Letter.State.CLAIMED, Letter.State.SENDING]).exists()


def unwanted(letters: Iterable[Letter]) -> set[int]:
    """Which letters of issues ought not to go: to who has left since, or of an issue that was stopped."""
    mine = [letter for letter in letters if letter.kind == KIND]
    if not mine:
        return set()
    active = set(
        Subscriber.objects.active()
        .filter(address__in={letter.address for letter in mine})
        .values_list("address", flat=True)
    )
    stopped = {occurrence_of(issue) for issue in NewsletterIssue.objects.exclude(stopped_at=None).only("pk")}
    return {letter.pk for letter in mine if letter.address not in active or letter.occurrence in stopped}


def occurrence_of(issue: NewsletterIssue) -> str:
    return f"issue {issue.pk}"


def letters_of(issue: NewsletterIssue) -> LetterQuerySet:
    return Letter.objects.filter(kind=KIND, occurrence=occurrence_of(issue))


def letter_of(issue: NewsletterIssue, address: str, leave_url: str, now: datetime) -> Intent:
    subject, body = compose("correspondence/email/newsletter_issue", {"issue": issue, "leave_url": leave_url})
    return Intent(
        kind=KIND,
        occurrence=occurrence_of(issue),
        version="1",
        address=address,
        subject=subject,
        body=body,
        due_at=now,
        headers=headers_to_leave(leave_url),
    )
