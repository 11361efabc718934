"""Findings and reports as tagged PDFs (PDF/UA-1). The library needs Pango on the machine; without it the page says so.

The same page makes the same bytes, in whatever process and whenever: dates come from the page, the identifier from its
words.
"""

from __future__ import annotations

import hashlib
import logging
import mimetypes
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from threading import Lock
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.contrib.staticfiles import finders

from research import filing, pictures

from .models import FindingPicture

# Found among the source files, so never under the name with a digest that browsers are given.
STYLE = settings.STATIC_URL + "css/finding_pdf.css"
# One at a time: making a PDF keeps a processor busy for a fifth of a second.
_press = Lock()


# Before the number of a finding's picture, in pages that are printed: they are made of what is published alone.
PICTURE = "picture:"


class PdfUnavailable(Exception):
    """The libraries that draw PDFs are not on this machine."""


def pdf_of(html: str) -> bytes:
    """The page as PDF. The same page is drawn once by a process as long as it is among the last 32."""
    with _press:
        return draw(html)


def print_out(html: str, on_page: Callable[[int], None]) -> bytes:
    """A long page as PDF, which no process keeps. `on_page` is told how many pages are laid out.

    Raises PdfUnavailable, and what `on_page` raises.
    """
    with _press, told_of_pages(on_page):
        return draw.__wrapped__(html)


@contextmanager
def told_of_pages(on_page: Callable[[int], None]) -> Iterator[None]:
    """The library tells its log of each page, and nobody else."""

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if page := re.match(r"Step 5 - Creating layout - Page (\d+)", record.getMessage()):
                on_page(int(page[1]))

    log, listener = logging.getLogger("weasyprint.progress"), Listener()
    before = log.level, log.propagate
    log.addHandler(listener)
    log.setLevel(logging.INFO)
    log.propagate = False
    try:
        yield
    finally:
        log.removeHandler(listener)
        log.setLevel(before[0])
        log.propagate = before[1]


@lru_cache(maxsize=32)
def draw(html: str) -> bytes:
    # A font that is cut to the letters in use says when that was done, unless this names another time.
    os.environ["SOURCE_DATE_EPOCH"] = "0"
    try:
        # Takes a second to import, so only those who ask for a PDF wait for it.
        from weasyprint import HTML
        from weasyprint.urls import URLFetcher, URLFetcherResponse
    except (ImportError, OSError) as error:
        raise PdfUnavailable from error

    class OwnFiles(URLFetcher):
        """Gives out the portal's own static files, findings' pictures and data: addresses; opens nothing else."""

        def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
            if url.startswith("data:"):
                return super().fetch(url, headers)
            if url.startswith(PICTURE):
                return URLFetcherResponse(url, picture_file(url), {"Content-Type": pictures.TYPE})
            # A style sheet that does not say it is one is not applied.
            kind = mimetypes.guess_type(urlsplit(url).path)[0] or "application/octet-stream"
            return URLFetcherResponse(url, static_file(url).read_bytes(), {"Content-Type": kind})

    document = HTML(string=html, base_url=settings.PORTAL_URL + "/", url_fetcher=OwnFiles(allowed_protocols=["data"]))
    identifier = hashlib.sha256(html.encode()).hexdigest()[:32].encode()
    pdf: bytes = document.write_pdf(pdf_variant="pdf/ua-1", pdf_identifier=identifier)
    return pdf


def picture_file(url: str) -> bytes:
    """The file of a finding's picture. Raises OSError where it is not there, ValueError for any other address."""
    found = re.fullmatch(PICTURE + r"(\d+)\.webp", url)
    picture = FindingPicture.objects.filter(pk=int(found[1])).first() if found else None
    if picture is None:
        raise ValueError("There is no such picture.")
    return filing.read(picture.stored_as)


def static_file(url: str) -> Path:
    """Where one of the portal's own static files lies. Raises ValueError for any other address."""
    start = settings.PORTAL_URL + settings.STATIC_URL
    if not url.startswith(start):
        raise ValueError("Only the portal's own static files are drawn.")
    found = finders.find(unquote(urlsplit(url).path).removeprefix(settings.STATIC_URL))
    if not isinstance(found, str):
        raise ValueError("There is no such static file.")
    return Path(found)
