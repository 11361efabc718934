"""Readers who ask to be told when a finding they use is corrected: asked for, confirmed from the mailbox, left with one
press. They get one letter for each release after the one they read, and one when it is withdrawn."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from correspondence.leaving import headers_to_leave
from correspondence.ledger import Intent, compose, write_at_most, write_letters

from .models import Finding, Follower

LETTERS_A_DAY = 3
BATCH = 500


def standing_of(finding: Finding) -> str:
    """What a follower is told of, once: the release that readers see, or that there is none any more."""
    if finding.state == Finding.State.WITHDRAWN and finding.withdrawn_at:
        return f"withdrawn {timezone.localdate(finding.withdrawn_at)}"
    return f"release {finding.release.number}"


@transaction.atomic
def follow(finding: Finding, address: str, now: datetime) -> bool:
    """Writes to the address: to confirm, or that it follows already. An address gets three such letters a day at most,
    whoever asks for it and however often. Whether a letter goes."""
    Follower.objects.get_or_create(finding=finding, address=address, defaults={"asked_at": now})
    follower = Follower.objects.select_for_update().get(finding=finding, address=address)
    if follower.confirmed_at is None:
        follower.asked_at = now
        follower.save(update_fields=["asked_at"])
    subject, body = compose("findings/email/finding_follow_confirm", {"follower": follower, "finding": finding})
    return write_at_most(
        LETTERS_A_DAY,
        kind="finding_follow_confirm",
        address=address,
        subject=subject,
        body=body,
        now=now,
        not_after=now + Follower.CONFIRM_WITHIN,
        is_secret=True,
    )


def confirm(follower: Follower, now: datetime) -> None:
    """From now on they are told; not of what stands there today, which they may read."""
    follower.confirmed_at, follower.told = now, standing_of(follower.finding)
    follower.save(update_fields=["confirmed_at", "told"])


def tell_followers(now: datetime) -> int:
    """Writes to those who have not been told of what became of their finding; how many letters."""
    written = 0
    followed = Finding.objects.public().filter(followers__confirmed_at__isnull=False).distinct()
    for finding in followed.select_related("cohort"):
        standing = standing_of(finding)
        waiting = finding.followers.confirmed().exclude(told=standing).order_by("pk")
        while batch := list(waiting[:BATCH]):
            with transaction.atomic():
                written += write_letters(letter_to(follower, finding, standing, now) for follower in batch)
                finding.followers.filter(pk__in=[follower.pk for follower in batch]).update(told=standing)
    return written


def letter_to(follower: Follower, finding: Finding, standing: str, now: datetime) -> Intent:
    subject, body = compose("findings/email/finding_corrected", {"follower": follower, "finding": finding})
    return Intent(
        kind="finding_corrected",
        occurrence=f"finding {finding.pk}",
        version=standing,
        address=follower.address,
        subject=subject,
        body=body,
        due_at=now,
        about=finding.cohort.slug,
        headers=headers_to_leave(follower.leave_url()),
    )


def forget_unconfirmed(now: datetime) -> int:
    """Forgets addresses that were entered and never confirmed; how many."""
    return Follower.objects.filter(confirmed_at=None, asked_at__lte=now - Follower.CONFIRM_WITHIN).delete()[0]
