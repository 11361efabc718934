"""The pages of the findings: for readers, for machines that read, and for those who are asked to agree."""

from .agreements import agreement_detail, agreement_list
from .formats import feed_atom, feed_json, finding_bib, finding_json, finding_pdf, finding_ris
from .reading import finding_detail, finding_list, resource_list
from .reports import report_detail, report_edition, report_pdf

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
    "report_detail",
    "report_edition",
    "report_pdf",
    "resource_list",
]
