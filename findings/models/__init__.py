"""What was found, the notes it rests on, the yes of those it came from, and what was published."""

from .agreement import Agreement, AgreementRecord
from .excerpt import Excerpt
from .finding import Finding, Theme, digest_of
from .passage import Passage, notes_to_gather
from .release import Facet, Release
from .resource import Resource

__all__ = [
    "Agreement",
    "AgreementRecord",
    "Excerpt",
    "Facet",
    "Finding",
    "Passage",
    "Release",
    "Resource",
    "Theme",
    "digest_of",
    "notes_to_gather",
]
