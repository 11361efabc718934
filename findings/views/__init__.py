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
from .gathering import gathering_room, passage_list, theme_table
from .passages import passage_edit, passage_new, passage_put_back, passage_remove, passage_take
from .pictures import agreement_picture, finding_picture, review_picture
from .reading import finding_detail, finding_list, finding_release, finding_welsh, resource_list
from .reports import report_detail, report_edition, report_pdf

__all__ = [
    "agreement_detail",
    "agreement_list",
    "agreement_picture",
    "feed_atom",
    "feed_json",
    "finding_bib",
    "finding_csl",
    "finding_detail",
    "finding_follow",
    "finding_json",
    "finding_list",
    "finding_pdf",
    "finding_picture",
    "finding_png",
    "finding_release",
    "finding_review",
    "finding_ris",
    "finding_welsh",
    "follow_confirm",
    "follow_leave",
    "gathering_room",
    "passage_edit",
    "passage_list",
    "passage_new",
    "passage_put_back",
    "passage_remove",
    "passage_take",
    "report_detail",
    "report_edition",
    "report_pdf",
    "resource_list",
    "review_picture",
    "theme_atom",
    "theme_json",
    "theme_table",
]
