"""What was found, the notes it rests on, the yes of those it came from, and what was published."""

from .address import FormerSlug
from .agreement import Agreement, AgreementRecord
from .excerpt import Excerpt
from .finding import Finding, Theme, digest_of
from .release import Facet, Release
from .resource import Resource
from .search import FindingWords

__all__ = [
    "Agreement",
    "AgreementRecord",
    "Excerpt",
    "Facet",
    "Finding",
    "FindingWords",
    "FormerSlug",
    "Release",
    "Resource",
    "Theme",
    "digest_of",
]
