"""How a finding is cited: by its author, the day and number of the release, its title and its address for life."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.conf import settings
from django.utils import timezone

from .models import Finding

LICENCE = "CC BY 4.0"
LICENCE_URL = "https://creativecommons.org/licenses/by/4.0/"

# What BibTeX reads as a command, and how it is written as a character.
BIBTEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "%": r"\%",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}
# Characters that no XML, BibTeX or RIS file may hold, and no keyboard types.
UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def printable(text: str) -> str:
    return UNPRINTABLE.sub("", text)


def one_line(text: str) -> str:
    return " ".join(printable(text).split())


@dataclass(frozen=True)
class Citation:
    """What every citation format says, in the release's own words."""

    slug: str
    author: str
    title: str
    summary: str
    series: str
    issued: date
    release: int
    url: str
    themes: tuple[str, ...]

    def as_text(self) -> str:
        """A line in the manner of APA 7: author, date, title with release, publisher, address."""
        day = f"{self.issued.year}, {self.issued.day} {self.issued:%B}"
        return f"{self.author} ({day}). {self.title} (Release {self.release}). {self.series}. {self.url}"

    def as_bibtex(self) -> str:
        fields = {
            # Twice in braces: an organisation is one name, not a first and a last one.
            "author": "{" + bibtex(self.author) + "}",
            "title": "{" + bibtex(self.title) + "}",
            "institution": bibtex(self.series),
            "type": "Finding",
            "number": f"Release {self.release}",
            "year": str(self.issued.year),
            "month": str(self.issued.month),
            "day": str(self.issued.day),
            "url": self.url,
            "abstract": bibtex(self.summary),
        }
        lines = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
        return f"@techreport{{{self.slug}-{self.release},\n{lines}\n}}\n"

    def as_ris(self) -> str:
        lines = [
            ("TY", "RPRT"),
            ("AU", self.author),
            ("TI", self.title),
            ("PB", self.series),
            ("PY", str(self.issued.year)),
            ("DA", f"{self.issued:%Y/%m/%d}/"),
            ("ET", f"Release {self.release}"),
            ("AB", self.summary),
            *(("KW", theme) for theme in self.themes),
            ("UR", self.url),
            ("LA", "en"),
            ("ER", ""),
        ]
        return "".join(f"{tag}  - {one_line(value)}\r\n" for tag, value in lines)


def bibtex(text: str) -> str:
    return "".join(BIBTEX.get(character, character) for character in one_line(text))


def citation_of(finding: Finding) -> Citation:
    """The citation of a published finding's latest release; days are London's."""
    release, shown = finding.release, finding.shown
    return Citation(
        slug=finding.slug,
        author=one_line(shown["organisation"] or shown["cohort"]),
        title=title_of(shown),
        summary=one_line(shown["summary"]),
        series=one_line(shown["cohort"]),
        issued=timezone.localdate(release.published_at),
        release=release.number,
        url=address_of(finding),
        themes=tuple(shown["themes"]),
    )


def title_of(shown: dict[str, Any]) -> str:
    """The title of what is shown; a rehearsal's finding says that it is a sample wherever it is read."""
    return one_line(f"Sample: {shown['title']}" if shown["is_sample"] else shown["title"])


def address_of(finding: Finding) -> str:
    return settings.PORTAL_URL + finding.get_absolute_url()


def as_json(finding: Finding) -> dict[str, Any]:
    """A published finding as data. The shape only grows; `format` changes if a key ever goes or changes meaning.

    Text is Markdown where it says so; dates are ISO 8601, days of work without a time; "" is "not stated".
    Every key is always there.
    """
    release, shown, citation = finding.release, finding.shown, citation_of(finding)
    return {
        "format": "lets-get-real-finding/1",
        "url": citation.url,
        "slug": finding.slug,
        "title": shown["title"],
        "summary": shown["summary"],
        "sections": [
            {"key": section["key"], "heading": section["heading"], "markdown": section["body"]}
            for section in shown["sections"]
        ],
        "excerpts": [
            {key: excerpt[key] for key in ("quote", "organisation", "phase")} for excerpt in shown["excerpts"]
        ],
        "organisation": shown["organisation"],
        "cohort": shown["cohort"],
        "phase": shown["phase"],
        "outcome": shown["outcome"],
        "themes": shown["themes"],
        "work_from": shown["work_from"],
        "work_to": shown["work_to"],
        "is_sample": shown["is_sample"],
        "published": finding.first_published_at.isoformat(),
        "release": {
            "number": release.number,
            "published": release.published_at.isoformat(),
            "what_changed": release.what_changed,
        },
        "language": "en-GB",
        "licence": {"name": LICENCE, "url": LICENCE_URL},
        "citation": citation.as_text(),
        "formats": {ending: f"{citation.url.rstrip('/')}.{ending}" for ending in ("json", "bib", "ris", "pdf")},
    }


def as_linked_data(finding: Finding) -> dict[str, Any]:
    """The same for search engines, in the words of schema.org."""
    release, shown, citation = finding.release, finding.shown, citation_of(finding)
    author = {"@type": "Organization", "name": citation.author}
    return {
        "@context": "https://schema.org",
        "@type": "Report",
        "@id": citation.url,
        "url": citation.url,
        "name": citation.title,
        "headline": citation.title[:110],
        "abstract": shown["summary"],
        "author": author,
        "sourceOrganization": author,
        "publisher": {"@type": "Organization", "name": shown["cohort"]},
        "datePublished": finding.first_published_at.isoformat(),
        "dateModified": release.published_at.isoformat(),
        "version": str(release.number),
        "keywords": shown["themes"],
        "inLanguage": "en-GB",
        "license": LICENCE_URL,
        "isAccessibleForFree": True,
    }
