"""A finished cohort's public pages as a folder of files that any web server hands out.

Every page is asked of the portal itself, as somebody without an account gets it, beginning at the home page and the
cohort's findings and following links. What needs a server goes: forms, and links to pages that are not among the files.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.core.signals import request_finished
from django.db import close_old_connections
from django.template.loader import render_to_string
from django.urls import Resolver404, ResolverMatch, resolve, reverse
from django.utils import timezone

from findings.models import Finding, FormerSlug, Report
from findings.printing import ask_for_missing, print_waiting
from lgr6.context import FrozenPortal
from participants.guards import is_for_all
from participants.models import Cohort

# Pages beside those of the findings app: nothing in them changes with the reader.
PAGES = ["home", "participants:organisation_list", "accessibility", "privacy", "robots", "sitemap"]
# Pages that are there for their form.
FORMS = {"finding_follow"}
LINKS = ("href", "src")
# Elements without an end: they open nothing that would have to be closed.
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
IN_STYLE = re.compile(r"""url\(\s*["']?([^"')]+)["']?\s*\)""")
IN_SCRIPT = re.compile(r"""(?:from|import)\s*["'](\.{1,2}/[^"']+|/[^"']+)["']""")


class NotFrozen(Exception):
    """Nothing was made: the cohort has not ended, or the portal failed at a page. The message says which."""


@dataclass
class Answer:
    """What the portal answered at an address."""

    status: int
    kind: str
    body: bytes


@dataclass
class Frozen:
    """The files by their address, and the addresses the portal had no answer for, with its status."""

    files: dict[str, bytes] = field(default_factory=dict)
    missing: dict[str, int] = field(default_factory=dict)


def freeze(cohort: Cohort, on: date) -> Frozen:
    """All files of the cohort, by address. The same pages on the same day make the same bytes. Raises NotFrozen."""
    if cohort.status != Cohort.Status.ENDED:
        raise NotFrozen(f"{cohort} has not ended, so its pages still change: set its status to “ended” first.")
    # So that no page says of a PDF that it will be there in a minute.
    ask_for_missing(timezone.now())
    print_waiting(timezone.now())
    portal = FrozenPortal(cohort, on)
    with one_connection():
        return gather(Scope(cohort), portal)


def gather(scope: Scope, portal: FrozenPortal) -> Frozen:
    """Follows every link from where the scope begins, and then writes each page as a file."""
    ask, frozen = Asker(portal), Frozen()
    answers: dict[str, Answer] = {reverse("findings:finding_list"): findings_page(portal)}
    waiting = deque([*answers, *scope.beginnings()])
    seen = set(waiting)
    while waiting:
        path = waiting.popleft()
        answer = answers.get(path) or ask(path)
        if not is_file(path, answer):
            if answer.status >= 500:
                frozen.missing[path] = answer.status
            continue
        answers[path] = answer
        for found in links_of(path, answer):
            if found not in seen and scope.holds(found):
                seen.add(found)
                waiting.append(found)
    for path, answer in sorted(answers.items()):
        frozen.files[path] = made_static(path, answer, answers.keys())
    return frozen


class Scope:
    """Which addresses belong to the cohort, or to all: the findings and reports of other cohorts do not."""

    def __init__(self, cohort: Cohort) -> None:
        self.findings = list(
            Finding.objects.public().filter(cohort=cohort).order_by("pk").values_list("slug", flat=True)
        )
        former = FormerSlug.objects.filter(finding__in=Finding.objects.public().filter(cohort=cohort))
        self.former = list(former.order_by("pk").values_list("slug", flat=True))
        self.reports = list(Report.objects.public().filter(cohort=cohort).order_by("pk").values_list("slug", flat=True))

    def beginnings(self) -> list[str]:
        return [
            *(reverse(name) for name in PAGES),
            *(reverse("findings:finding_detail", args=[slug]) for slug in [*self.findings, *self.former]),
            *(reverse(f"findings:report_{kind}", args=[slug]) for slug in self.reports for kind in ("detail", "pdf")),
        ]

    def holds(self, path: str) -> bool:
        if path.startswith(settings.STATIC_URL):
            return True
        try:
            match = resolve(path)
        except Resolver404:
            return False
        return match.view_name in PAGES or (match.namespaces == ["findings"] and self.is_open(match))

    def is_open(self, match: ResolverMatch) -> bool:
        """Whether the page is everybody's, and speaks of no finding or report of another cohort."""
        name = match.url_name or ""
        if not is_for_all(match.func) or name in FORMS or "key" in match.kwargs:
            return False
        if name.startswith("report_"):
            return match.kwargs["slug"] in self.reports
        return not name.startswith("finding_") or "slug" not in match.kwargs or match.kwargs["slug"] in self.findings


def findings_page(portal: FrozenPortal) -> Answer:
    """The home of the findings: all of the cohort's on one page, since nothing could choose among them."""
    public = Finding.objects.public().filter(cohort=portal.cohort)
    context = {
        "portal": portal,
        "here": "findings",
        "findings": list(public.published()),
        "withdrawn": list(public.filter(state=Finding.State.WITHDRAWN)),
        "reports": list(Report.objects.public().filter(cohort=portal.cohort)),
    }
    return Answer(200, "text/html", render_to_string("lgr6/frozen_findings.html", context).encode())


class Asker:
    """Asks the portal as somebody without an account would, through everything a request goes through."""

    def __init__(self, portal: FrozenPortal) -> None:
        self.portal, self.handler = portal, WSGIHandler()

    def __call__(self, path: str) -> Answer:
        address = urlsplit(settings.PORTAL_URL)
        environ = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": unquote(path).encode().decode("latin-1"),
            "SERVER_NAME": address.hostname or "localhost",
            "SERVER_PORT": str(address.port or (443 if address.scheme == "https" else 80)),
            "HTTP_HOST": address.netloc,
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.url_scheme": address.scheme,
            "wsgi.input": BytesIO(),
            "portal.frozen": self.portal,
        }
        response = self.handler.get_response(WSGIRequest(environ))
        try:
            body = b"".join(response)
        finally:
            response.close()
        kind = response.headers.get("Content-Type", "").split(";")[0].strip()
        if response.status_code == 301:
            context = {"portal": self.portal, "to": response.headers["Location"]}
            body = render_to_string("lgr6/frozen_moved.html", context).encode()
        if response.status_code == 500:
            raise NotFrozen(f"The portal failed at {path}: its log says why. Nothing was written.")
        return Answer(response.status_code, kind, body)


@contextmanager
def one_connection() -> Iterator[None]:
    """Requests that are ours keep the database's connection: a thousand of them are one piece of work."""
    request_finished.disconnect(close_old_connections)
    try:
        yield
    finally:
        request_finished.connect(close_old_connections)


def is_file(path: str, answer: Answer) -> bool:
    """What there is; and in place of a page, not of data, that it was withdrawn or has another address."""
    return answer.status == 200 or (answer.status in {301, 410} and path.endswith("/"))


def place_of(path: str, link: str) -> str | None:
    """The address on this portal that a link on the page leads to; None for elsewhere and for a search."""
    try:
        target = urlsplit(urljoin(settings.PORTAL_URL + path, link.strip()))
    except ValueError:
        return None
    is_ours = f"{target.scheme}://{target.netloc}" == settings.PORTAL_URL
    return (target.path or "/") if is_ours and not target.query else None


def links_of(path: str, answer: Answer) -> list[str]:
    """The addresses on this portal that a file leads to, or needs."""
    text = answer.body.decode("utf-8", "replace")
    if answer.kind == "text/html":
        page = Page(path, None)
        page.feed(text)
        found: Iterable[str] = page.links
    elif answer.kind == "text/css":
        found = IN_STYLE.findall(text)
    elif answer.kind in {"text/javascript", "application/javascript"}:
        found = IN_SCRIPT.findall(text)
    else:
        found = []
    return [place for link in found if (place := place_of(path, link))]


def made_static(path: str, answer: Answer, there: Iterable[str]) -> bytes:
    """The file as it works without the portal."""
    known = set(there)
    if answer.kind == "text/html":
        page = Page(path, known)
        page.feed(answer.body.decode())
        page.close()
        return page.written().encode()
    if answer.kind == "application/atom+xml":
        return without(rb"<entry>.*?</entry>", rb'<link href="([^"]+)"', path, answer.body, known)
    if answer.kind == "application/xml":
        return without(rb"\s*<url>.*?</url>", rb"<loc>([^<]+)</loc>", path, answer.body, known)
    if answer.kind == "application/feed+json":
        feed = json.loads(answer.body)
        feed["items"] = [item for item in feed["items"] if place_of(path, item["url"]) in known]
        return json.dumps(feed, ensure_ascii=False, indent=1).encode()
    return answer.body


def without(entry: bytes, address: bytes, path: str, body: bytes, known: set[str]) -> bytes:
    """A feed or sitemap without the entries that lead to no file."""

    def kept(match: re.Match[bytes]) -> bytes:
        link = re.search(address, match[0])
        return match[0] if link and place_of(path, link[1].decode()) in known else b""

    return re.sub(entry, kept, body, flags=re.DOTALL)


class Page(HTMLParser):
    """Reads a page and writes it as it was, without forms and without links to what is not `known`.

    A list entry all of whose links go is left out whole. With `known` None it only collects links.
    """

    def __init__(self, path: str, known: set[str] | None) -> None:
        super().__init__(convert_charrefs=False)
        self.path, self.known = path, known
        self.links: list[str] = []
        self.in_forms = 0
        self.gone_links: list[bool] = []
        # One for the page and one for each list entry that is open: what is written, links kept, links gone.
        self.open: list[tuple[list[str], list[int]]] = [([], [0, 0])]

    def written(self) -> str:
        return "".join("".join(parts) for parts, _ in self.open)

    def write(self, text: str) -> None:
        if not self.in_forms:
            self.open[-1][0].append(text)

    def is_dead(self, attributes: list[tuple[str, str | None]]) -> bool:
        """Whether what the tag points at is ours and no file."""
        for name, value in attributes:
            if name not in LINKS or not value or value.startswith("#") or self.known is None:
                continue
            target = urlsplit(urljoin(settings.PORTAL_URL + self.path, value))
            is_ours = f"{target.scheme}://{target.netloc}" == settings.PORTAL_URL
            if is_ours and place_of(self.path, value) not in self.known:
                return True
        return False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value for name, value in attrs if name in LINKS and value]
        self.links += [value for name, value in attrs if tag == "meta" and value and is_address(value)]
        if tag == "form":
            self.in_forms += 1
        if tag == "li" and not self.in_forms:
            self.open.append(([], [0, 0]))
        is_dead = self.is_dead(attrs)
        if tag == "a":
            self.gone_links.append(is_dead)
            self.open[-1][1][is_dead] += 1
        if not (is_dead and tag in {"a", "link", "script"}):
            self.write(self.get_starttag_text() or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.write(self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.in_forms -= 1
            return
        if tag == "a" and self.gone_links and self.gone_links.pop():
            return
        self.write(f"</{tag}>")
        if tag == "li" and not self.in_forms and len(self.open) > 1:
            parts, (kept, gone) = self.open.pop()
            if kept or not gone:
                self.open[-1][0].extend(parts)

    def handle_data(self, data: str) -> None:
        self.write(data)

    def handle_entityref(self, name: str) -> None:
        self.write(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.write(f"&#{name};")

    def handle_decl(self, decl: str) -> None:
        self.write(f"<!{decl}>")


def is_address(value: str) -> bool:
    return value.startswith(settings.PORTAL_URL + "/")


def write(frozen: Frozen, folder: Path) -> None:
    """The files in the folder, an address that ends in a slash as index.html. Raises FileExistsError unless empty."""
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty.")
    root = folder.resolve()
    for path, body in frozen.files.items():
        file = (root / (unquote(path) + ("index.html" if path.endswith("/") else "")).lstrip("/")).resolve()
        if not file.is_relative_to(root):
            raise ValueError(f"{path} leads out of the folder.")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)
