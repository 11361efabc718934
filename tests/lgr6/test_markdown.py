"""What people write is rendered, and nothing they write runs."""

import re
import time

import html5lib
import pytest

from lgr6.templatetags.portal import MARKDOWN_LIMIT, TAGS, markdown, render_markdown

from . import hostile


def test_markdown_becomes_the_html_people_expect():
    html = markdown("# Title\n\n**Bold** and _italic_\n\n- one\n- two\n\n> said\n\n[words](https://example.org)")

    for part in (
        "<h2>Title</h2>",
        "<strong>Bold</strong>",
        "<em>italic</em>",
        "<li>one</li>",
        "<blockquote>",
        '<a href="https://example.org" rel="noopener noreferrer nofollow">words</a>',
    ):
        assert part in html


# What may come through, and of its attributes; else a hostile text has found a hole that nobody thought of.
ALLOWED = {*TAGS} - {"a", "ol"}


def holes(html: str) -> list[str]:
    """Everything in the page's own eyes, as a browser parses it, that no note needs."""
    found = []
    for element in html5lib.parseFragment(html, namespaceHTMLElements=False).iter():
        if element.tag == "DOCUMENT_FRAGMENT":
            continue
        attributes = dict(element.attrib)
        if element.tag == "a":
            # A browser takes white space and control characters out of an address before it reads the scheme.
            address = re.sub(r"[\x00-\x20]", "", attributes.pop("href", "https:"))
            scheme = re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:", address)
            if scheme and scheme[0] not in ("https:", "http:", "mailto:"):
                found.append(address)
            for harmless in ("rel", "title"):
                attributes.pop(harmless, "")
        elif element.tag == "ol":
            attributes.pop("start", "")
        elif element.tag not in ALLOWED:
            found.append(str(element.tag))
        found += attributes
    return found


@pytest.mark.parametrize("text", hostile.TEXTS, ids=lambda text: ascii(text)[:60])
def test_nothing_of_a_hostile_text_comes_alive(text):
    assert holes(markdown(text)) == []


@pytest.mark.parametrize("text", hostile.TEXTS[:20], ids=lambda text: ascii(text)[:60])
def test_nor_does_it_in_a_text_too_long_for_markdown(text):
    assert holes(markdown(text + "\n\n" + "x" * MARKDOWN_LIMIT)) == []


def test_the_tests_above_would_see_a_hole():
    """Negative control: shown as they are, most of these texts are alive."""
    assert holes("<img src=x onerror=alert(1)>") == ["img", "src", "onerror"]
    assert holes("<a href='JaVaScRiPt:alert(1)'>x</a>") == ["JaVaScRiPt:alert(1)"]
    assert sum(bool(holes(text)) for text in hostile.TEXTS) > 30


NOTE = """## What we tried

We asked **twelve** people, and _five_ said [yes](https://example.org).

- one
- another

"""


def seconds_of(text: str) -> float:
    """The processor's time for a text not rendered before."""
    start = time.process_time()
    render_markdown.__wrapped__(text)
    return time.process_time() - start


def times_a_note(text: str) -> float:
    """How many times what the longest ordinary note takes; a second try if many: the machine is shared."""
    note = (NOTE * MARKDOWN_LIMIT)[:MARKDOWN_LIMIT]
    times = seconds_of(text) / seconds_of(note)
    return times if times < 10 else min(times, seconds_of(text) / seconds_of(note))


@pytest.mark.parametrize("text", hostile.SLOW.values(), ids=hostile.SLOW.keys())
def test_no_text_takes_many_times_what_a_note_takes(text):
    assert times_a_note(text) < 10


@pytest.mark.parametrize("unit", ["x", "🎭", "\u202ea", "[", "<", "> ", "- a\n", "a\n\n"], ids=ascii)
def test_nor_does_a_megabyte(unit):
    assert times_a_note((unit * 1_000_000)[:1_000_000]) < 10


def test_a_text_of_more_parts_than_anybody_reads_is_shown_as_plain_paragraphs():
    html = markdown("- **one**\n- two\n" * 4_000)

    assert html.startswith("<p>- **one**<br>- two<br>")
    assert "<strong>" not in html


def test_a_long_text_of_prose_keeps_its_markdown():
    html = markdown("**Visitors** filmed in [the stores](https://example.org), and said _why_.\n\n" * 800)

    assert (html.count("<strong>"), html.count("<a href=")) == (800, 800)


def test_a_list_of_many_links_keeps_its_links():
    html = markdown("\n".join(f"- [place {n}](https://example.org/{n})" for n in range(500)))

    assert html.count("<a href=") == 500


def test_brackets_without_end_are_shown_as_typed():
    html = markdown("[" * 2000 + " **so**")

    assert html == f"<p>{'[' * 2000} <strong>so</strong></p>\n"


def test_a_very_long_text_is_shown_as_plain_paragraphs():
    html = markdown("<b>**one**</b>\n\n" + "x" * MARKDOWN_LIMIT)

    assert html.startswith("<p>&lt;b&gt;**one**&lt;/b&gt;</p>\n<p>xxx")


@pytest.mark.parametrize("text", [None, "", "**", "[a](", "| a |\n|--", "```", "\u202e", "&#0;", "🎭"])
def test_broken_markdown_is_no_error(text):
    assert isinstance(markdown(text), str)
