"""Finding findings by their words: those of what is published, whatever their accent, capital or ending."""

from __future__ import annotations

from discussions.words import passages, wanted
from research.searching import mark, passage

from .models import Finding
from .models.finding import FindingQuerySet
from .models.search import sought, text_of

# More than anybody looks through: of more hits, the nearest are listed, and filters do not count what they would show.
MOST = 120
LONGEST = 200  # characters of a question that are kept


class FoundFindings:
    """The findings that have every word of a question and each facet chosen, the MOST nearest of them: a list for a
    Paginator. Facets are values keyed by kind.

    One query says which; where none has the last word, one more asks for words that begin with it.
    """

    def __init__(self, findings: FindingQuerySet, question: str, facets: dict[str, str] | None = None) -> None:
        self.question = question[:LONGEST]
        self.words = wanted(self.question)
        found = nearest(findings, self.words, facets or {})
        self.is_begun = False
        if self.words and not found:
            begun = [*self.words[:-1], f"{self.words[-1]}*"]
            if found := nearest(findings, begun, facets or {}):
                self.words, self.is_begun = begun, True
        self.has_more = len(found) > MOST
        self.found = found[:MOST]

    def __len__(self) -> int:
        return len(self.found)

    def __getitem__(self, part: slice) -> list[Finding]:
        """Findings as the list shows them, each with `marked_title` and `passage`."""
        findings = Finding.objects.published().in_bulk(self.found[part])
        return [shown(findings[pk], self.words) for pk in self.found[part] if pk in findings]


def nearest(findings: FindingQuerySet, words: list[str], facets: dict[str, str]) -> list[int]:
    """The ids of those with all of it: in the title first, then the newest release; one more than MOST."""
    if not words:
        return []
    # What has them in its title has them in its text, too: twice as many rows hold enough different findings.
    found = findings.filter(search_words__words__has=sought(words, facets)).order_by("-search_words__pk")
    return list(dict.fromkeys(found.values_list("pk", flat=True)[: 2 * (MOST + 1)]))[: MOST + 1]


def shown(finding: Finding, words: list[str]) -> Finding:
    content = finding.shown
    lines = text_of(content).split("\n")
    # In the title alone: then what the summary says.
    said = next((line for line in lines if next(passages(line, words), None)), lines[0])
    finding.marked_title = mark(content["title"], words)
    finding.passage = passage(said, words)
    return finding
