"""The HTML part of a letter, made from its text at the moment it goes: there is one source, and an edited letter keeps
both parts alike.

The texts are plain, not Markdown: whatever people typed in a name or title reads the same in both parts. What has a
meaning is what letters have always looked like: paragraphs, lists with a dash, what is set in by spaces (a code, a
title), what is quoted with ">", a heading underlined with dashes, and the foot from "You get this" on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from itertools import groupby

from django.template.loader import get_template

# Mail programs cut off longer letters (Gmail at 102 kB). One that would be longer goes as text alone.
MOST = 100_000
PREHEADER = 140

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
ADDRESS = re.compile(r"https?://[^\s<>\"]*[^\s<>\".,:;!?)\]'’”]")
FOOT = re.compile(r"^(?:You get this|-- ?$)", re.MULTILINE)
UNDERLINE = re.compile(r"-{3,}|={3,}")


def html_of(subject: str, body: str) -> str:
    """The whole HTML part; empty for a letter that is too long for one."""
    text = CONTROL.sub("", body.replace("\r\n", "\n"))
    said, foot = at_the_foot(text)
    context = {
        "subject": CONTROL.sub("", subject),
        "preheader": preheader(said),
        "said": "\n".join(blocks(said)),
        "foot": "\n".join(blocks(foot)),
    }
    html = get_template("correspondence/email/letter.html").render(context)
    return html if len(html.encode("utf-8", "replace")) <= MOST else ""


def at_the_foot(text: str) -> tuple[str, str]:
    """What the letter says, and from its last "You get this" on why it came and how to leave."""
    found = [match.start() for match in FOOT.finditer(text)]
    why = [start for start in found if text.startswith("You get this", start)]
    start = why[-1] if why else len(text)
    signs = [other for other in found if other < start and not text[other:start].strip("- \n")]
    start = signs[-1] if signs else start
    return text[:start], text[start:]


def preheader(text: str) -> str:
    """The first words after the greeting: what lists of letters show beside the subject."""
    paragraphs = [" ".join(part.split()) for part in re.split(r"\n\s*\n", text) if part.strip()]
    if len(paragraphs) > 1 and paragraphs[0].startswith("Hello"):
        del paragraphs[0]
    return paragraphs[0][:PREHEADER] if paragraphs else ""


def blocks(text: str) -> Iterator[str]:
    """HTML for each run of lines that belong together."""
    for paragraph in re.split(r"\n[ \t]*\n", text):
        lines = [line.rstrip() for line in paragraph.split("\n") if line.strip()]
        if len(lines) > 1 and UNDERLINE.fullmatch(lines[1]):
            yield f"<h2>{linked(lines[0])}</h2>"
            lines = lines[2:]
        for look, run in groupby(lines, look_of):
            yield dressed(look, list(run))


def look_of(line: str) -> str:
    if line in ("--", "-- "):
        return "rule"
    return {"- ": "list", "> ": "quote", "  ": "set in"}.get(line[:2], "quote" if line == ">" else "plain")


def dressed(look: str, lines: list[str]) -> str:
    if look == "rule":
        return "<hr>"
    if look == "list":
        return "<ul>{}</ul>".format("".join(f"<li>{linked(line[2:].strip())}</li>" for line in lines))
    if look == "quote":
        return "<blockquote>{}</blockquote>".format("<br>\n".join(linked(line[2:]) for line in lines))
    words = "<br>\n".join(linked(line.strip()) for line in lines)
    return f'<p class="set-in"><strong>{words}</strong></p>' if look == "set in" else f"<p>{words}</p>"


def linked(text: str) -> str:
    """Escaped, with each address a link to exactly itself."""
    html, end = [], 0
    for match in ADDRESS.finditer(text):
        address = escape(match.group())
        html += [escape(text[end : match.start()]), f'<a href="{address}">{address}</a>']
        end = match.end()
    return "".join([*html, escape(text[end:])])
