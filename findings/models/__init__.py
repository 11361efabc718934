"""What was found, the notes it rests on, the yes of those it came from, and what was published."""

from .address import FormerSlug
from .agreement import Agreement, AgreementRecord
from .excerpt import Excerpt
from .finding import Finding, digest_of
from .follower import Follower
from .permission import Permission
from .release import Facet, Release
from .resource import Resource
from .review_link import ReviewLink
from .search import FindingWords
from .theme import Theme

__all__ = [
    "Agreement",
    "AgreementRecord",
    "Excerpt",
    "Facet",
    "Finding",
    "FindingWords",
    "Follower",
    "FormerSlug",
    "Permission",
    "Release",
    "Resource",
    "ReviewLink",
    "Theme",
    "digest_of",
]
