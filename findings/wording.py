"""What can be said of a finding's words by looking at them: links that lead nowhere, a quotation inside the text, and
whether a change is a typo."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Q
from django.urls import Resolver404, resolve

from participants.guards import is_for_all

# Of Markdown: [words](address), <address>, and [name]: address.
TARGET = re.compile(
    r"\]\(\s*<?([^)\s>]+)|<([a-z][a-z0-9+.-]{1,20}:[^\s<>]+)>|^ {0,3}\[[^\]\n]+\]:\s*<?([^\s>]+)", re.M | re.I
)
SCHEMES = {"http", "https", "mailto"}
# Shorter words may stand in the text by chance.
TELLING = 25
# Characters that a typo may change in all.
TYPO = 40
# The share of letters that a slip and what was meant have in common; and of a word left out or written twice, letters.
ALIKE, SMALL = 0.6, 4
# What a typo is looked for in; anything else of the content is no matter of spelling.
SPELT = ("title", "highlight", "summary")


def dead_links(content: dict[str, Any]) -> list[str]:
    """A sentence for each link that a reader could not follow. What other sites answer is not asked."""
    bodies = [section["body"] for section in content["sections"]] + [(content.get("welsh") or {}).get("body", "")]
    targets = dict.fromkeys(next(filter(None, found)) for body in bodies for found in TARGET.findall(body))
    return [f"The link to {target[:120]} leads nowhere." for target in targets if is_dead(target)]


def is_dead(target: str) -> bool:
    if target.startswith("#"):
        return False
    try:
        parts = urlsplit(target)
    except ValueError:
        return True
    own = urlsplit(settings.PORTAL_URL)
    if parts.scheme == "mailto":
        return "@" not in parts.path
    if parts.netloc not in ("", own.netloc):
        return parts.scheme not in SCHEMES
    return not leads_somewhere(parts.path) if parts.path.startswith("/") else bool(parts.path or not parts.netloc)


def leads_somewhere(path: str) -> bool:
    """Whether the portal has a public page there, as far as its address tells; a finding or report has to be out."""
    from .models import Finding, Report  # which look at their words here

    try:
        match = resolve(path)
    except Resolver404:
        return False
    slug = match.kwargs.get("slug")
    if match.view_name.startswith("findings:report_"):
        return Report.objects.public().filter(slug=slug).exists()
    if match.view_name.startswith("findings:finding_") and slug:
        return Finding.objects.public().filter(Q(slug=slug) | Q(former_slugs__slug=slug)).exists()
    return is_for_all(match.func)


def stands_in_text(quote: str, content: dict[str, Any]) -> bool:
    """Whether words of a quotation are part of the text itself, whatever their spacing."""
    sought = plain(quote)
    texts = [content["title"], content["summary"], *(section["body"] for section in content["sections"])]
    texts += (content.get("welsh") or {}).values()
    return len(sought) >= TELLING and any(sought in plain(text) for text in texts)


def plain(text: str) -> str:
    return " ".join(re.sub(r"[>*_`]", "", text).split()).casefold()


def typo(old: dict[str, Any], new: dict[str, Any]) -> str:
    """What was corrected, in words: “teh” → “the”. Empty where the change is more than a typo, or no change."""
    if spelling(old).keys() != spelling(new).keys() or others(old) != others(new):
        return ""
    changes, size = [], 0
    for key, before in spelling(old).items():
        after = spelling(new)[key]
        words, meant = re.split(r"(\s+)", before), re.split(r"(\s+)", after)
        for tag, a, b, c, d in SequenceMatcher(None, words, meant, autojunk=False).get_opcodes():
            if tag == "equal":
                continue
            gone, come = "".join(words[a:b]), "".join(meant[c:d])
            size += max(len(gone), len(come))
            # Figures and denials change what is said, however short they are.
            if size > TYPO or not is_alike(gone, come) or telling(gone) != telling(come):
                return ""
            changes.append(f"“{gone}” → “{come}”")
    return "; ".join(changes)


def is_alike(gone: str, come: str) -> bool:
    """Whether one can be a slip for the other: nearly the same letters, or a small word too many or too few."""
    if not gone.strip() or not come.strip():
        return len((gone or come).strip()) <= SMALL
    return SequenceMatcher(None, gone, come, autojunk=False).ratio() >= ALIKE


def spelling(content: dict[str, Any]) -> dict[str, str]:
    return {key: content[key] for key in SPELT} | {part["key"]: part["body"] for part in content["sections"]}


def others(content: dict[str, Any]) -> dict[str, Any]:
    left = {key: value for key, value in content.items() if key not in (*SPELT, "sections", "excerpts")}
    return left | {"headings": [part["heading"] for part in content["sections"]]}


def telling(words: str) -> list[str]:
    return sorted(re.findall(r"\d+|\b(?:not?|never|none|without|un\w+)\b|n[’']t\b|%|£|€", words.casefold()))
