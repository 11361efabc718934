"""Writing the card of an experiment: every box of every save is kept, and nothing is overwritten unseen."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import F

from participants.models import Membership, User

from .models import CardVersion, Experiment

FRAMING = ("question", "hunch")


@transaction.atomic
def begin_experiment(membership: Membership, boxes: dict[str, str], author: User, now: datetime) -> Experiment:
    experiment = Experiment.objects.create(membership=membership, version=1, created_at=now, **card_of(boxes))
    write_down(experiment, boxes, author, now, number=1, base_version=0)
    return experiment


@transaction.atomic
def save_experiment(
    experiment: Experiment, base_version: int, boxes: dict[str, str], author: User, now: datetime
) -> CardVersion:
    """The version the save made; or a kept copy without a number, when somebody saved the card since `base_version`.

    The same words again are no new version, so a button pressed twice clashes with nobody.
    """
    standing = Experiment.objects.select_for_update().get(pk=experiment.pk)
    latest = standing.versions.filter(number=standing.version).first()
    if latest and latest.boxes == boxes:
        return latest
    if standing.version != base_version:
        return write_down(standing, boxes, author, now, number=None, base_version=base_version)
    Experiment.objects.filter(pk=experiment.pk).update(version=F("version") + 1, **card_of(boxes))
    return write_down(standing, boxes, author, now, number=base_version + 1, base_version=base_version)


def card_of(boxes: dict[str, str]) -> dict[str, str]:
    return {name: text for name, text in boxes.items() if name not in FRAMING}


def write_down(
    experiment: Experiment, boxes: dict[str, str], author: User, now: datetime, number: int | None, base_version: int
) -> CardVersion:
    """Keeps the boxes for good; question and hunch as a dated framing too, once they stand."""
    if number is not None:
        experiment.reframe(boxes["question"], boxes["hunch"], author, now)
    return experiment.versions.create(
        number=number, base_version=base_version, boxes=boxes, author=author, created_at=now
    )
