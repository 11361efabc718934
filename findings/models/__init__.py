"""What was found, the notes it rests on, the yes of those it came from, and what was published."""

from .agreement import Agreement, AgreementRecord
from .excerpt import Excerpt
from .finding import Finding, Theme, digest_of
from .printing import Printing
from .release import Facet, Release
from .report import Chapter, EditionChapter, Report, ReportChapter, ReportEdition
from .resource import Resource

__all__ = [
    "Agreement",
    "AgreementRecord",
    "Chapter",
    "EditionChapter",
    "Excerpt",
    "Facet",
    "Finding",
    "Printing",
    "Release",
    "Report",
    "ReportChapter",
    "ReportEdition",
    "Resource",
    "Theme",
    "digest_of",
]
