"""How a finding is cited: by its author, the day and number of the release, its title and its address for life."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from .models import Finding, Release

LICENCE = "CC BY 4.0"
LICENCE_URL = "https://creativecommons.org/licenses/by/4.0/"

FORMATS = ("json", "csl.json", "bib", "ris", "pdf", "png")

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
        """A line in the manner of APA 7: author, date, title with release, publisher where it is another, address."""
        parts = [self.author, f"({self.issued.year}, {self.issued:%B} {self.issued.day})"]
        parts += [f"{self.title} (Release {self.release})", *([self.series] if self.series != self.author else [])]
        return f"{' '.join(map(ended, parts))} {self.url}"

    def as_harvard(self) -> str:
        """A line in the manner of Cite Them Right, the Harvard that most British universities ask for."""
        series = f"{self.series}. " if self.series != self.author else ""
        return (
            f"{self.author} ({self.issued.year}) {self.title}. Release {self.release}, {self.issued.day} "
            f"{self.issued:%B} {self.issued.year}. {series}Available at: {self.url}"
        )

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


def ended(text: str) -> str:
    """With a full stop, unless it ends in a mark of its own."""
    return text if text.endswith((".", "?", "!")) else f"{text}."


def bibtex(text: str) -> str:
    return "".join(BIBTEX.get(character, character) for character in one_line(text))


def citation_of(finding: Finding, release: Release | None = None) -> Citation:
    """The citation of a published finding's latest release, or of one before at its own address; days are London's."""
    cited = release or finding.release
    shown = cited.content
    return Citation(
        slug=finding.slug,
        author=one_line(shown["organisation"] or shown["cohort"]),
        title=title_of(shown),
        summary=one_line(shown["summary"]),
        series=one_line(shown["cohort"]),
        issued=timezone.localdate(cited.published_at),
        release=cited.number,
        url=address_of(finding) if cited.pk == finding.current_id else address_of_release(finding, cited),
        themes=tuple(one_line(theme) for theme in shown["themes"]),
    )


def title_of(shown: dict[str, Any]) -> str:
    """The title of what is shown; a rehearsal's finding says that it is a sample wherever it is read."""
    return one_line(f"Sample: {shown['title']}" if shown["is_sample"] else shown["title"])


def address_of(finding: Finding) -> str:
    return settings.PORTAL_URL + finding.get_absolute_url()


def address_of_release(finding: Finding, release: Release) -> str:
    return settings.PORTAL_URL + reverse("findings:finding_release", args=[finding.slug, release.number])


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
            {
                **{key: excerpt[key] for key in ("quote", "organisation", "phase")},
                "is_counter_example": bool(excerpt.get("is_counter")),
            }
            for excerpt in shown["excerpts"]
        ],
        "pictures": [
            {
                "url": f"{citation.url}pictures/{picture['id']}.webp",
                "description": picture["alt"],
                **{key: picture[key] for key in ("caption", "credit", "width", "height")},
            }
            for picture in shown.get("pictures", [])
        ],
        "welsh": shown.get("welsh") or {},
        "organisation": shown["organisation"],
        "contributors": [one["organisation"] for one in shown.get("contributors", [])],
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
        "formats": {ending: f"{citation.url.rstrip('/')}.{ending}" for ending in FORMATS},
    }


def as_csl(finding: Finding) -> dict[str, Any]:
    """An item of CSL-JSON, which reference managers and citeproc read."""
    citation = citation_of(finding)
    return {
        "id": f"{citation.slug}-{citation.release}",
        "type": "report",
        "title": citation.title,
        "author": [{"literal": citation.author}],
        "issued": {"date-parts": [[citation.issued.year, citation.issued.month, citation.issued.day]]},
        "publisher": citation.series,
        "genre": "Finding",
        "number": f"Release {citation.release}",
        "version": str(citation.release),
        "abstract": citation.summary,
        "keyword": ", ".join(citation.themes),
        "language": "en-GB",
        "URL": citation.url,
    }


def as_linked_data(finding: Finding) -> dict[str, Any]:
    """The same for search engines, in the words of schema.org: the report, and the way to it."""
    release, shown, citation = finding.release, finding.shown, citation_of(finding)
    author = {"@type": "Organization", "name": citation.author}
    report = {
        "@type": "Report",
        "@id": citation.url,
        "url": citation.url,
        "mainEntityOfPage": citation.url,
        "name": citation.title,
        "headline": citation.title[:110],
        "abstract": shown["summary"],
        "author": author,
        "sourceOrganization": author,
        "contributor": [
            {"@type": "Organization", "name": one["organisation"]} for one in shown.get("contributors", [])
        ],
        "publisher": {"@type": "Organization", "name": shown["cohort"]},
        "datePublished": finding.first_published_at.isoformat(),
        "dateModified": release.published_at.isoformat(),
        "version": str(release.number),
        "reportNumber": f"Release {release.number}",
        "creditText": citation.as_text(),
        "keywords": shown["themes"],
        "inLanguage": "en-GB",
        "license": LICENCE_URL,
        "isAccessibleForFree": True,
        "image": f"{citation.url.rstrip('/')}.png",
        "encoding": {
            "@type": "MediaObject",
            "contentUrl": f"{citation.url.rstrip('/')}.pdf",
            "encodingFormat": "application/pdf",
        },
    }
    way = [
        (settings.PORTAL_URL + "/", "Let’s Get Real"),
        (settings.PORTAL_URL + reverse("findings:finding_list"), "Findings"),
        (citation.url, citation.title),
    ]
    crumbs = [
        {"@type": "ListItem", "position": position, "name": name, "item": address}
        for position, (address, name) in enumerate(way, 1)
    ]
    return {
        "@context": "https://schema.org",
        "@graph": [report, {"@type": "BreadcrumbList", "itemListElement": crumbs}],
    }
