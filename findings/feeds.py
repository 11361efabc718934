"""The findings as they come, for feed readers: Atom and JSON Feed, whole texts, newest change first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import escape

from .citation import LICENCE, address_of, citation_of, printable, title_of
from .models import Facet, Finding

TITLE = "Let’s Get Real: findings"
DESCRIPTION = "What was found, as it is published and corrected."
ENTRIES = 50


class FullText(Atom1Feed):
    """Atom with the whole text of each entry, beside the summary Django writes."""

    def add_item_elements(self, handler: Any, item: Any) -> None:
        super().add_item_elements(handler, item)
        handler.addQuickElement("content", item["content"], {"type": "html"})


@dataclass(frozen=True)
class Theme:
    """A subject to follow: its slug and name as published."""

    slug: str
    name: str


def theme_called(slug: str) -> Theme | None:
    """The theme of that slug, where a finding that is or was public has it."""
    public = Finding.objects.public().order_by().values("current")
    name = Facet.objects.filter(kind=Facet.Kind.THEME, value=slug, release__in=public).values_list("label", flat=True)
    found = name.order_by("-pk").first()
    return Theme(slug, found) if found else None


def latest(theme: Theme | None) -> Iterable[Finding]:
    findings = Finding.objects.published().found_by({Facet.Kind.THEME.value: theme.slug} if theme else {})
    return findings.prefetch_related("former_slugs").order_by("-current_id")[:ENTRIES]


def tag_of(finding: Finding) -> str:
    """The same for life (RFC 4151): host, day of the first release, the first slug anybody outside knew."""
    host = urlsplit(settings.PORTAL_URL).hostname
    first = next(iter(finding.former_slugs.all()), finding)
    return f"tag:{host},{timezone.localdate(finding.first_published_at)}:findings/{first.slug}"


def title_for(theme: Theme | None) -> str:
    return printable(f"{TITLE} on {theme.name}") if theme else TITLE


def address_for(kind: str, theme: Theme | None) -> str:
    """Where the feed is; `kind` is atom or json."""
    path = reverse(f"findings:theme_{kind}", args=[theme.slug]) if theme else reverse(f"findings:feed_{kind}")
    return settings.PORTAL_URL + path


def home_of(theme: Theme | None) -> str:
    return settings.PORTAL_URL + reverse("findings:finding_list", query={"theme": theme.slug} if theme else None)


def full_text(finding: Finding) -> str:
    context = {"shown": finding.shown, "pictures_at": f"{address_of(finding)}pictures/"}
    return printable(render_to_string("findings/feed_entry.html", context))


def as_atom(theme: Theme | None = None) -> bytes:
    address = address_for("atom", theme)
    feed = FullText(
        title=title_for(theme),
        link=home_of(theme),
        subtitle=DESCRIPTION,
        description=DESCRIPTION,
        language="en-GB",
        feed_url=address,
        feed_guid=address,
        feed_copyright=LICENCE,
    )
    for finding in latest(theme):
        citation, shown = citation_of(finding), finding.shown
        feed.add_item(
            title=citation.title,
            link=citation.url,
            description=escape(citation.summary),
            author_name=citation.author,
            unique_id=tag_of(finding),
            pubdate=finding.first_published_at,
            updateddate=finding.release.published_at,
            categories=[printable(theme) for theme in shown["themes"]],
            item_copyright=LICENCE,
            content=full_text(finding),
        )
    return feed.writeString("utf-8").encode()


def as_json_feed(theme: Theme | None = None) -> dict[str, Any]:
    return {
        "version": "https://jsonfeed.org/version/1.1",
        "title": title_for(theme),
        "description": DESCRIPTION,
        "home_page_url": home_of(theme),
        "feed_url": address_for("json", theme),
        "language": "en-GB",
        "items": [
            {
                "id": tag_of(finding),
                "url": address_of(finding),
                "title": title_of(finding.shown),
                "summary": finding.shown["summary"],
                "content_html": full_text(finding),
                "date_published": finding.first_published_at.isoformat(),
                "date_modified": finding.release.published_at.isoformat(),
                "authors": [{"name": citation_of(finding).author}],
                "tags": finding.shown["themes"],
                "language": "en-GB",
            }
            for finding in latest(theme)
        ],
    }
