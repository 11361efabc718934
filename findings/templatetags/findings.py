"""What templates say of a finding."""

from typing import Any

from django import template

from ..evidence import Evidence, evidence_of

register = template.Library()


@register.filter
def evidence(shown: dict[str, Any]) -> Evidence:
    return evidence_of(shown)
