from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from django.db import models

from discussions.models import WordsField
from discussions.words import stems
from research.searching import plain

if TYPE_CHECKING:
    from .release import Release


# More than there will ever be releases.
NEARER = 2**40


class FindingWordsQuerySet(models.QuerySet["FindingWords"]):
    def keep(self, release: Release) -> None:
        """Makes the words and facets of a release what its finding is found by, and nothing of any release before."""
        self.filter(finding=release.finding_id).delete()
        content = release.content
        said = {
            FindingWords.Place.TITLE: content["title"],
            FindingWords.Place.TEXT: f"{content['title']}\n{text_of(content)}",
        }
        facets = [facet_word(facet.kind, facet.value) for facet in release.facets.order_by("pk")]
        for place, text in said.items():
            if words := stems(text):
                pk = release.pk + (NEARER if place == FindingWords.Place.TITLE else 0)
                self.create(pk=pk, finding_id=release.finding_id, place=place, words=" ".join([*words, *facets]))

    keep.alters_data = True  # type: ignore[attr-defined]


class FindingWords(models.Model):
    """The words by which a published finding is found: those of its latest release, as stems, with its facets.

    Written where a release is made and gone where it is withdrawn. Raw SQL lays the index over `words`
    (migrations/0002_search_index.py). The primary key is made from the release's: the higher, the nearer the top of
    what is found, so that SQLite reads no more of a common word's rows than are listed.
    """

    WORDS_INDEX = "findings_searchwords"

    class Place(models.IntegerChoices):
        """Where the words stand: what has them in its title is nearer than what has them elsewhere."""

        TITLE = 1, "in the title"
        TEXT = 2, "in title and text"

    finding = models.ForeignKey("findings.Finding", models.CASCADE, related_name="search_words")
    place = models.PositiveSmallIntegerField(choices=Place)
    words = WordsField()

    objects = FindingWordsQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "words of findings"
        constraints = [models.UniqueConstraint(fields=["finding", "place"], name="finding_words_kept_once")]

    def __str__(self) -> str:
        return f"{self.finding}, {self.get_place_display()}"


def sought(words: list[str], wanted: dict[str, str]) -> str:
    """What to ask the index for: all these words and, keyed by kind of facet, all these values."""
    return " ".join([*words, *(facet_word(kind, value) for kind, value in wanted.items())])


def facet_word(kind: str, value: str) -> str:
    """A facet as a word of the index, so that words and facets are looked up together. No question has its first
    letter, and whatever somebody typed as a value becomes letters and figures."""
    return f"§{blake2b(f'{kind} {value}'.encode(), digest_size=10).hexdigest()}"


def text_of(content: dict[str, Any]) -> str:
    """All a reader of a release reads beside its title, without Markdown's marks; a line for each part."""
    welsh = content.get("welsh") or {}
    parts = [
        content["summary"],
        *(section["body"] for section in content["sections"]),
        *(excerpt["quote"] for excerpt in content["excerpts"]),
        *(picture.get(key, "") for picture in content.get("pictures") or [] for key in ("alt", "caption")),
        *(welsh.get(key, "") for key in ("title", "summary", "body")),
        content["organisation"],
        *dict.fromkeys(excerpt["organisation"] for excerpt in content["excerpts"]),
        content["phase"],
        content["outcome"],
        *content["themes"],
    ]
    return "\n".join(words for part in parts if (words := plain(part)))
