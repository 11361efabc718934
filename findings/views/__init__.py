"""The pages of the findings: for readers, for machines that read, and for those who are asked to agree."""

from .agreements import agreement_detail, agreement_list, finding_review
from .following import finding_follow, follow_confirm, follow_leave
from .formats import (
    feed_atom,
    feed_json,
    finding_bib,
    finding_csl,
    finding_json,
    finding_pdf,
    finding_png,
    finding_ris,
    theme_atom,
    theme_json,
)
from .reading import finding_detail, finding_list, finding_release, resource_list
from .reports import report_detail, report_edition, report_pdf

__all__ = [
    "agreement_detail",
    "agreement_list",
    "feed_atom",
    "feed_json",
    "finding_bib",
    "finding_csl",
    "finding_detail",
    "finding_follow",
    "finding_json",
    "finding_list",
    "finding_pdf",
    "finding_png",
    "finding_release",
    "finding_review",
    "finding_ris",
    "follow_confirm",
    "follow_leave",
    "report_detail",
    "report_edition",
    "report_pdf",
    "resource_list",
    "theme_atom",
    "theme_json",
]
