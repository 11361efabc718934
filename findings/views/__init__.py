"""The pages of the findings: for readers, for machines that read, and for those who are asked to agree."""

from .agreements import agreement_detail, agreement_list
from .formats import feed_atom, feed_json, finding_bib, finding_json, finding_pdf, finding_ris
from .gathering import gathering_room, passage_list, theme_table
from .passages import passage_edit, passage_new, passage_put_back, passage_remove, passage_take
from .reading import finding_detail, finding_list, resource_list

__all__ = [
    "agreement_detail",
    "agreement_list",
    "feed_atom",
    "feed_json",
    "finding_bib",
    "finding_detail",
    "finding_json",
    "finding_list",
    "finding_pdf",
    "finding_ris",
    "gathering_room",
    "passage_edit",
    "passage_list",
    "passage_new",
    "passage_put_back",
    "passage_remove",
    "passage_take",
    "resource_list",
    "theme_table",
]
