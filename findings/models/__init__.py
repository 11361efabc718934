"""What was found, the notes it rests on, the yes of those it came from, and what was published."""

from .address import FormerSlug
from .agreement import Agreement, AgreementRecord
from .content import digest_of
from .excerpt import Excerpt
from .finding import Finding
from .finding_version import FindingVersion
from .follower import Follower
from .headings import Headings
from .passage import Passage, notes_to_gather
from .permission import Permission
from .picture import FindingPicture
from .printing import Printing
from .release import Facet, Release
from .report import Chapter, EditionChapter, Report, ReportChapter, ReportEdition
from .resource import Resource
from .review_link import ReviewLink
from .search import FindingWords
from .theme import Theme

__all__ = [
    "Agreement",
    "AgreementRecord",
    "Chapter",
    "EditionChapter",
    "Excerpt",
    "Facet",
    "Finding",
    "FindingPicture",
    "FindingVersion",
    "FindingWords",
    "Follower",
    "FormerSlug",
    "Headings",
    "Passage",
    "Permission",
    "Printing",
    "Release",
    "Report",
    "ReportChapter",
    "ReportEdition",
    "Resource",
    "ReviewLink",
    "Theme",
    "digest_of",
    "notes_to_gather",
]
