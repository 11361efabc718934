"""What templates of every app may say: Markdown, badges, times in words. Loaded everywhere."""

from __future__ import annotations

import hashlib
import re
from datetime import date, datetime
from functools import lru_cache

import nh3
from django import template
from django.utils import timezone
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import normalize_newlines
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore

from participants.models import Cohort, month_range

register = template.Library()

# Beyond this, Markdown is shown as plain paragraphs: no text may take a second to render.
MARKDOWN_LIMIT = 64 * 1024
# Nor with more parts (list items, cells, paragraphs) than anybody reads. A 64 KB text of prose has some 3,000.
PARTS = 20_000
CELLS = 100_000  # rows of a table times its longest row
TAGS = {
    *("p", "br", "hr", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "pre", "code"),
    *("em", "strong", "s", "a", "table", "thead", "tbody", "tr", "th", "td"),
}

_markdown = MarkdownIt("js-default", {"html": False, "linkify": False, "breaks": True})

# From every opening bracket the parser looks ahead through the whole block: 500 of them in 64 KB took 47 seconds. What
# all blocks of a text may cost together, in brackets times characters.
BRACKETS_TIMES_LENGTH = 300_000


class TooIntricate(Exception):
    """A text of more parts than can be shown in time."""


def count_parts(state: StateCore) -> None:
    """Before the words in them are looked at, which takes the longest."""
    if len(state.tokens) > PARTS:
        raise TooIntricate


def has_too_many_cells(text: str) -> bool:
    """Before a table is read: missing cells are filled in, so a few long rows make thousands of short ones as long."""
    pipes = [line.count("|") for line in text.split("\n")]
    return max(pipes) * sum(count > 0 for count in pipes) > CELLS


def plain(text: str) -> SafeString:
    """Paragraphs and lines as typed. Escaped at once, not line by line: there may be 300,000 of them."""
    paragraphs = re.split(r"\n{2,}", normalize_newlines(escape(text)))
    html = "</p>\n<p>".join(paragraph.replace("\n", "<br>") for paragraph in paragraphs)
    return mark_safe(f"<p>{html}</p>")  # noqa: S308  every character was escaped above


def spare_the_parser(state: StateCore) -> None:
    """Shows the brackets of a block as typed, instead of looking for links, where that would take long."""
    left = BRACKETS_TIMES_LENGTH
    for token in state.tokens:
        if token.type != "inline":
            continue
        cost = token.content.count("[") * len(token.content)
        if cost <= left:
            left -= cost
        else:
            token.content = token.content.replace("[", "&#91;")


_markdown.core.ruler.before("inline", "count_parts", count_parts)
_markdown.core.ruler.before("inline", "spare_the_parser", spare_the_parser)


@lru_cache(maxsize=512)
def render_markdown(text: str) -> SafeString:
    """Markdown as clean HTML: no scripts, no pictures, no inline style; headings start at level 2."""
    if len(text) > MARKDOWN_LIMIT or has_too_many_cells(text):
        return plain(text)
    try:
        html = _markdown.render(text).replace("<h1>", "<h2>").replace("</h1>", "</h2>")
    except TooIntricate:
        return plain(text)
    clean = nh3.clean(
        html,
        tags=TAGS,
        attributes={"a": {"href"}, "ol": {"start"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
    return mark_safe(clean)  # noqa: S308  nh3 has just cleaned it


@register.filter
def markdown(text: str | None) -> SafeString:
    return render_markdown(text or "")


PALETTE = [
    ("#1c1a2b", "#f2856f"),
    ("#8a3d8f", "#ffdf5d"),
    ("#3a4fb8", "#f6b8a8"),
    ("#c8321d", "#ffe9b8"),
    ("#0f6b66", "#ffdf5d"),
    ("#a8510b", "#bfe3da"),
]
# One quarter of the badge each, drawn in a square of 24 from the corner (x, y).
QUARTERS = [
    '<path d="M{x} {y}h24v24z"/>',
    '<path d="M{x} {y}v24h24z"/>',
    '<path d="M{x} {y}a24 24 0 0 1 24 24h-24z"/>',
    '<path d="M{x2} {y}a24 24 0 0 0-24 24h24z"/>',
    '<circle cx="{cx}" cy="{cy}" r="8"/>',
    '<path d="M{x} {cy}h24v12h-24z"/>',
]


@lru_cache(maxsize=1024)
def draw_badge(slug: str, size: str = "") -> SafeString:
    """A round mark of four shapes in two colours, the same for a slug for ever. Decoration: hidden from readers."""
    seed = hashlib.sha256(slug.encode()).digest()
    ground, shape = PALETTE[seed[0] % len(PALETTE)]
    corners = [(0, 0), (24, 0), (0, 24), (24, 24)]
    shapes = "".join(
        QUARTERS[seed[i + 1] % len(QUARTERS)].format(x=x, y=y, x2=x + 24, cx=x + 12, cy=y + 12)
        for i, (x, y) in enumerate(corners)
    )
    name = f"badge-{seed.hex()[:8]}"
    extra = f" badge--{escape(size)}" if size else ""
    return mark_safe(  # noqa: S308  made from the constants above and a digest
        f'<svg class="badge{extra}" viewBox="0 0 48 48" aria-hidden="true" focusable="false">'
        f'<mask id="{name}"><circle cx="24" cy="24" r="24" fill="#fff"/></mask>'
        f'<g mask="url(#{name})" fill="{shape}"><path fill="{ground}" d="M0 0h48v48H0z"/>{shapes}</g></svg>'
    )


@register.simple_tag
def badge(slug: str, size: str = "") -> SafeString:
    return draw_badge(slug, size)


@register.filter
def in_days(day: date | datetime | None, today: date) -> str:
    """A day seen from today, in words: “today”, “in 12 days”, “yesterday”, “3 days ago”."""
    if day is None:
        return "date to be confirmed"
    if isinstance(day, datetime):
        day = timezone.localdate(day)
    days = (day - today).days
    if days == 0:
        return "today"
    if abs(days) == 1:
        return "tomorrow" if days == 1 else "yesterday"
    return f"in {days} days" if days > 0 else f"{-days} days ago"


@register.filter
def time_range(start: datetime | None, end: datetime | None) -> str:
    """Two moments in London's words: “Tuesday 22 May 2018, 10:00 to 16:00”."""
    if not start:
        return "Date to be confirmed"
    first = timezone.localtime(start)
    words = f"{first:%A} {first.day} {first:%B %Y}, {first:%H:%M}"
    if not end:
        return words
    last = timezone.localtime(end)
    same_day = last.date() == first.date()
    return f"{words} to {last:%H:%M}" if same_day else f"{words} to {last:%A} {last.day} {last:%B}, {last:%H:%M}"


@register.filter
def months(cohort: Cohort) -> str:
    """The cohort's time in words: “January to October 2018”; empty where it is not known."""
    return month_range(cohort.starts_on, cohort.ends_on, cohort.date_precision)


NUMBERS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]


@register.filter
def in_a_line(text: str) -> str:
    """Without its line breaks: what somebody wrote, as a letter quotes it."""
    return " ".join(text.split())


@register.filter
def in_words(number: int) -> str:
    """0 to 12 as a word, larger numbers in figures."""
    return NUMBERS[number] if 0 <= number < len(NUMBERS) else str(number)


@register.simple_tag
def marked(text: str, highlight: str) -> SafeString:
    """A heading with the given words under the marker pen; unmarked where they do not occur."""
    if not highlight or highlight not in text:
        return escape(text)
    before, _, after = text.partition(highlight)
    return format_html("{}<mark>{}</mark>{}", before, highlight, after)
