"""Publishing by the clock, and taking an excerpt or a picture out of what is published."""

from __future__ import annotations

import logging
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import OperationalError, transaction

from correspondence.ledger import compose, write_letter

from .models import Finding, Release
from .wording import stands_in_text

log = logging.getLogger(__name__)

WITHDRAWN = {"excerpts": "A quotation was withdrawn.", "pictures": "A picture was withdrawn."}


def publish_due(now: datetime) -> int:
    """Publishes what is due by its schedule; how many. One that may not be published is taken off the schedule, and
    who wanted it gets a letter that says why. It does not matter how often, or by how many at once, this is called."""
    published = 0
    for pk in Finding.objects.filter(publish_at__lte=now).order_by("publish_at", "pk").values_list("pk", flat=True):
        try:
            published += publish_one(pk, now)
        except OperationalError:
            raise
        except Exception:
            # One that nobody thought of must not keep the others from being published.
            log.exception("finding %s cannot be published", pk)
    return published


@transaction.atomic
def publish_one(pk: int, now: datetime) -> bool:
    finding = Finding.objects.select_for_update().get(pk=pk)
    if finding.publish_at is None or finding.publish_at > now:
        return False
    try:
        with transaction.atomic():
            finding.publish(now, finding.publish_by, finding.publish_words)
    except ValidationError as error:
        finding = Finding.objects.get(pk=pk)
        tell(finding, error.messages, now)
        finding.unschedule("\n".join(error.messages))
        return False
    return True


def tell(finding: Finding, reasons: list[str], now: datetime) -> None:
    """Writes to who scheduled it that it was not published, and why."""
    person, at = finding.publish_by, finding.publish_at
    if person is None or at is None or not person.is_active:
        return
    subject, body = compose(
        "findings/email/finding_not_published", {"person": person, "finding": finding, "at": at, "reasons": reasons}
    )
    write_letter(
        kind="finding_not_published",
        occurrence=f"finding {finding.pk}",
        version=at.strftime("%Y%m%dT%H%M%S"),
        address=person.email,
        subject=subject,
        body=body,
        now=now,
        about=finding.cohort.slug,
    )


@transaction.atomic
def strike(finding: Finding, kind: str, pk: int, now: datetime) -> None:
    """Takes an excerpt or a picture out of what is published, in a release of its own, and out of all that are kept.

    Where the words of an excerpt stand in the text as well, the text is withdrawn with them. `kind` is the key of the
    content: excerpts or pictures.
    """
    locked = Finding.objects.select_for_update().get(pk=finding.pk)
    holding = [release for release in locked.releases.all() if release.holds(kind, pk)]
    current = locked.current
    if current in holding and current is not None and locked.state == Finding.State.PUBLISHED:
        quotes = [part.get("quote", "") for part in current.content[kind] if part["id"] == pk]
        if any(stands_in_text(quote, current.content) for quote in quotes):
            locked.withdraw(now, because="Words quoted in it were withdrawn.")
        else:
            release_without(locked, current, kind, pk, now)
    for release in holding:
        release.content, release.struck = release.without(kind, pk), release.struck + 1
        release.save(update_fields=["content", "struck"])
    finding.refresh_from_db()


def release_without(finding: Finding, current: Release, kind: str, pk: int, now: datetime) -> None:
    latest = finding.latest_release()
    release = Release.objects.create(
        finding=finding,
        number=latest.number + 1 if latest else 1,
        content=current.without(kind, pk),
        published_at=now,
        what_changed=WITHDRAWN[kind],
        struck=current.struck + 1,
    )
    release.make_findable()
    finding.current = release
    finding.save(update_fields=["current"])
