"""The findings as they come, for feed readers: Atom and JSON Feed, whole texts, newest change first."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import escape

from .citation import LICENCE, address_of, citation_of, printable, title_of
from .models import Finding

TITLE = "Let’s Get Real: findings"
DESCRIPTION = "What was found, as it is published and corrected."
ENTRIES = 50


class FullText(Atom1Feed):
    """Atom with the whole text of each entry, beside the summary Django writes."""

    def add_item_elements(self, handler: Any, item: Any) -> None:
        super().add_item_elements(handler, item)
        handler.addQuickElement("content", item["content"], {"type": "html"})


def latest() -> Iterable[Finding]:
    return Finding.objects.published().order_by("-current__published_at", "-pk")[:ENTRIES]


def tag_of(finding: Finding) -> str:
    """The same for life (RFC 4151): host, day of the first release, slug."""
    host = urlsplit(settings.PORTAL_URL).hostname
    return f"tag:{host},{timezone.localdate(finding.first_published_at)}:findings/{finding.slug}"


def full_text(finding: Finding) -> str:
    return printable(render_to_string("findings/feed_entry.html", {"shown": finding.shown}))


def as_atom() -> bytes:
    address = settings.PORTAL_URL + reverse("findings:feed_atom")
    feed = FullText(
        title=TITLE,
        link=settings.PORTAL_URL + reverse("findings:finding_list"),
        subtitle=DESCRIPTION,
        description=DESCRIPTION,
        language="en-GB",
        feed_url=address,
        feed_guid=address,
        feed_copyright=LICENCE,
    )
    for finding in latest():
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


def as_json_feed() -> dict[str, Any]:
    return {
        "version": "https://jsonfeed.org/version/1.1",
        "title": TITLE,
        "description": DESCRIPTION,
        "home_page_url": settings.PORTAL_URL + reverse("findings:finding_list"),
        "feed_url": settings.PORTAL_URL + reverse("findings:feed_json"),
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
            for finding in latest()
        ],
    }
