"""What a finding says, as plain data: what is agreed to, and what a release keeps."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from .headings import COHORT_SECTIONS, headings_of

if TYPE_CHECKING:
    from .finding import Finding


def text_of(finding: Finding) -> dict[str, Any]:
    """The working copy without its excerpts. Keys are only ever added: releases keep what they were made with."""
    membership, phase = finding.membership, finding.phase
    contributors = sorted(finding.contributors.select_related("organisation"), key=str)
    return {
        "title": finding.title,
        "highlight": finding.highlight,
        "summary": finding.summary,
        "sections": sections_of(finding),
        "pictures": [picture.content() for picture in finding.pictures.present()],
        "welsh": finding.welsh(),
        "organisation": membership.name if membership else "",
        "organisation_slug": membership.organisation.slug if membership else "",
        "contributors": [
            {"organisation": one.name, "organisation_slug": one.organisation.slug}
            for one in contributors
            if one != membership
        ],
        "cohort": str(finding.cohort),
        "phase": str(phase) if phase else "",
        "phase_number": phase.number if phase else 0,
        "phase_colour": phase.colour if phase else 0,
        "outcome": finding.get_outcome_display() if finding.outcome else "",
        "themes": [theme.name for theme in finding.themes.all()],
        "work_from": finding.work_from.isoformat() if finding.work_from else "",
        "work_to": finding.work_to.isoformat() if finding.work_to else "",
        "is_sample": finding.is_sample,
    }


def sections_of(finding: Finding) -> list[dict[str, str]]:
    """Key, heading and body (Markdown) of each part that is written: first those of its kind, then any other."""
    headings = headings_of(finding.cohort)
    keys = sorted(headings, key=lambda key: (key in COHORT_SECTIONS) != (finding.membership_id is None))
    return [{"key": key, "heading": headings[key], "body": body} for key in keys if (body := getattr(finding, key))]


def digest_of(content: dict[str, Any]) -> str:
    """SHA-256 of the text; excerpts are left out, as each has its own answers."""
    text = {key: value for key, value in content.items() if key != "excerpts"}
    return hashlib.sha256(json.dumps(text, sort_keys=True).encode()).hexdigest()


def mark_of(*parts: str) -> str:
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()
