"""Pictures of findings: added from a file, described, taken off, and taken out of what is published."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from participants.models import User
from research import filing
from research.attaching import judge, kept, scan
from research.saving import Refused

from .models import Finding, FindingPicture
from .models.picture import SAID
from .publishing import strike
from .writing import to_change

# Pixels: twice as wide as the column of text, for fine screens.
LONG_SIDE = 1400
MOST = 12


class Overtaken(Exception):
    """Somebody else described the picture since; nothing was saved."""


def add(finding: Finding, file: UploadedFile, said: dict[str, Any], by: User, now: datetime) -> FindingPicture:
    """Redraws the picture, free of whatever else the file carried, and adds it. Raises ValidationError."""
    try:
        judged = judge(file, must_be_picture=True, long_side=LONG_SIDE)
        scan(judged, now)
        with kept(judged) as stored_as, transaction.atomic():
            if to_change(finding).pictures.present().count() >= MOST:
                raise ValidationError(f"A finding can have {MOST} pictures. Take one off first.")
            return FindingPicture.objects.create(
                finding=finding,
                stored_as=stored_as,
                sha256=hashlib.sha256(judged.content).hexdigest(),
                size=len(judged.content),
                width=judged.width or 0,
                height=judged.height or 0,
                added_by=by,
                added_at=now,
                **said,
            )
    except Refused as refusal:
        raise ValidationError(refusal.message) from refusal


@transaction.atomic
def describe(picture: FindingPicture, said: dict[str, Any], base: str) -> list[str]:
    """Says something else of a picture, on top of what had the mark `base`. What it said before, a line for each field
    that changed. Raises Overtaken, and ValidationError."""
    to_change(picture.finding)
    stands = FindingPicture.objects.select_for_update().present().get(pk=picture.pk)
    changed = [name for name in SAID if getattr(stands, name) != said[name]]
    if changed and stands.mark != base:
        raise Overtaken
    before = [f"{name} was “{getattr(stands, name)}”" for name in changed]
    for name in changed:
        setattr(stands, name, said[name])
    stands.save(update_fields=changed)
    return before


@transaction.atomic
def take_off(picture: FindingPicture, by: User, now: datetime, *, everywhere: bool) -> None:
    """Takes a picture out of the working copy; `everywhere`: out of all that was published too, and off the disk."""
    finding = to_change(picture.finding)
    picture.take_off(by, now)
    if everywhere:
        strike(finding, "pictures", picture.pk, now)
        transaction.on_commit(lambda: filing.throw_away(picture.stored_as))


def is_published(picture: FindingPicture) -> bool:
    """Whether a release holds it, the latest or one before."""
    return any(release.holds("pictures", picture.pk) for release in picture.finding.releases.all())
