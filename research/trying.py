"""Writing the card of an experiment: its boxes, and its question and hunch as a new dated version."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from participants.models import Membership, User

from .models import Experiment


@transaction.atomic
def begin_experiment(
    membership: Membership, card: dict[str, Any], question: str, hunch: str, author: User, now: datetime
) -> Experiment:
    experiment = Experiment.objects.create(membership=membership, version=1, created_at=now, **card)
    experiment.reframe(question, hunch, author, now)
    return experiment


@transaction.atomic
def save_experiment(
    experiment: Experiment,
    base_version: int,
    card: dict[str, Any],
    question: str,
    hunch: str,
    author: User,
    now: datetime,
) -> bool:
    """Whether the card was written: not when somebody saved it since `base_version`, and then nothing has changed."""
    untouched = Experiment.objects.filter(pk=experiment.pk, version=base_version)
    if not untouched.update(version=F("version") + 1, **card):
        return False
    experiment.reframe(question, hunch, author, now)
    return True
