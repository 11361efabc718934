"""Organisations that said "us too" about what a finding quotes."""

from __future__ import annotations

from django.db.models import QuerySet

from participants.models import User
from research.models import UsToo

from ..models import Finding


def proposed(finding: Finding, user: User) -> QuerySet[UsToo]:
    """What organisations said under notes the finding quotes that are not concerned in it yet. Their names go nowhere
    without their yes."""
    quoted = finding.excerpts.filter(withdrawn_at=None).values("version__note")
    said = UsToo.objects.visible_to(user).filter(note__in=quoted).exclude(membership__in=finding.concerned())
    return said.select_related("membership", "note")
