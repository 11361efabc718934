from __future__ import annotations

from typing import Any

from django.db import models

from discussions.models import WordsField
from discussions.words import stems
from research.searching import plain


class FindingWordsQuerySet(models.QuerySet["FindingWords"]):
    def keep(self, finding_id: int, content: dict[str, Any]) -> None:
        """Makes the words of a release what its finding is found by, and nothing of any release before."""
        self.filter(finding=finding_id).delete()
        said = {
            FindingWords.Place.TITLE: content["title"],
            FindingWords.Place.TEXT: f"{content['title']}\n{text_of(content)}",
        }
        for place, text in said.items():
            if words := " ".join(stems(text)):
                self.create(finding_id=finding_id, place=place, words=words)

    keep.alters_data = True  # type: ignore[attr-defined]


class FindingWords(models.Model):
    """The words by which a published finding is found: those of its latest release, as stems.

    Written where a release is made and gone where it is withdrawn. Raw SQL lays the index over `words`
    (migrations/0002_search_index.py).
    """

    WORDS_INDEX = "findings_searchwords"

    class Place(models.IntegerChoices):
        """The lower, the nearer the top of what is found."""

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
