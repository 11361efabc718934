"""What templates say of a finding."""

from typing import Any

from django import template

from ..evidence import Evidence, evidence_of

register = template.Library()


@register.filter
def evidence(shown: dict[str, Any]) -> Evidence:
    return evidence_of(shown)


@register.filter
def pictures_after(shown: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """The pictures of a release that stand after this part of the text, or before it all for "". One that belongs to a
    part that is not written stands before it all."""
    written = {section["key"] for section in shown["sections"]}
    pictures = shown.get("pictures", [])
    return [picture for picture in pictures if (picture["after"] if picture["after"] in written else "") == key]
