"""What people write is rendered, and nothing they write runs."""

import time

import pytest

from lgr6.templatetags.portal import MARKDOWN_LIMIT, markdown


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


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<svg onload=alert(1)>",
        "<iframe src='//evil.example'></iframe>",
        '<a href="javascript:alert(1)">x</a>',
        "<style>body{display:none}</style>",
        '<div onmouseover="alert(1)">x</div>',
        "![picture](https://evil.example/track.png)",
        "```\n<script>alert(1)</script>\n```",
        "<math><mtext></p><style><img src=x onerror=alert(1)>",
    ],
)
def test_no_tag_that_was_typed_comes_through(text):
    html = markdown(text).lower()

    for tag in ("<script", "<img", "<svg", "<iframe", "<style", "<div", "<math"):
        assert tag not in html


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java&#115;cript:alert(1)",
        " javascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:msgbox(1)",
        "file:///etc/passwd",
    ],
)
def test_no_link_leads_to_a_script(address):
    for text in (f"[x]({address})", f"[x](<{address}>)", f"<{address}>", f"[x][y]\n\n[y]: {address}"):
        assert (
            'href="' not in markdown(text) or "script:" not in markdown(text).split('href="')[1].split('"')[0].lower()
        )
        assert 'href="data:' not in markdown(text)
        assert 'href="file:' not in markdown(text)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 60_000,
        "![" * 30_000,
        "[a](" * 16_000,
        "[a][" * 16_000,
        "[" * 500 + "*a" * 30_000,
        "[" * 30 + "*a" * 30_000,
        "[* " * 20_000,
        "> " * 30_000,
        "*" * 64_000,
        "_a" * 30_000,
        "`" * 64_000,
        "<" * 64_000,
    ],
    ids=lambda text: f"{text[:4]!r} {len(text)}",
)
def test_no_text_takes_long(text):
    start = time.process_time()

    markdown(text)

    assert time.process_time() - start < 3


def test_a_list_of_many_links_keeps_its_links():
    html = markdown("\n".join(f"- [place {n}](https://example.org/{n})" for n in range(500)))

    assert html.count("<a href=") == 500


def test_brackets_without_end_are_shown_as_typed():
    html = markdown("[" * 2000 + " **so**")

    assert html == f"<p>{'[' * 2000} <strong>so</strong></p>\n"


def test_a_very_long_text_is_shown_as_plain_paragraphs():
    html = markdown("<b>**one**</b>\n\n" + "x" * MARKDOWN_LIMIT)

    assert html.startswith("<p>&lt;b&gt;**one**&lt;/b&gt;</p><p>xxx")


@pytest.mark.parametrize("text", [None, "", "**", "[a](", "| a |\n|--", "```", "\u202e", "&#0;", "🎭"])
def test_broken_markdown_is_no_error(text):
    assert isinstance(markdown(text), str)
