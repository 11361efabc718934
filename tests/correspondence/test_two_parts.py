"""Every letter is text and HTML from one source: the same words, the same links, nothing fetched from anywhere."""

import re
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.conf import settings
from django.template import engines
from django.urls import reverse

from correspondence.carriers import message_of
from correspondence.letterhead import MOST, html_of, linked
from correspondence.models import Letter
from tests.factories import NOW

TEMPLATES = Path(settings.BASE_DIR) / "templates"
LETTERS = sorted(str(path.relative_to(TEMPLATES)) for path in TEMPLATES.glob("**/email/*_message.txt"))
HOSTILE = 'O\'Neil & <script src="http://evil.example/x.js">"Sons"</script> *[x](javascript:1)* <img src=x> £'
# These go to who asked a moment ago or has no account yet, and each says what happens if nothing is done.
ENDS_BY_ITSELF = re.compile(r"leave it be|do nothing|so there is nothing to do|To leave, open this address")
VOID = {"meta", "br", "hr", "img", "link", "base", "input"}


class Read(HTMLParser):
    """What a mail program makes of the HTML: words under <main>, links, and whatever would be fetched or run."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words, self.links, self.fetched, self.open, self.title = [], [], [], [], []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name == "href":
                self.links.append(value)
            elif name in {"src", "srcset", "background", "action", "poster", "data"} or name.startswith("on"):
                self.fetched.append((tag, name, value))
        if tag in {"script", "img", "link", "iframe", "object", "form", "base"}:
            self.fetched.append((tag, "", ""))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "h1" in self.open:
            self.title.append(data)
        elif "main" in self.open:
            self.words.append(data)


def words_of_text(body: str) -> str:
    """The words without what stands for a look: dashes of lists and rules, signs of quotation, underlines."""
    lines = [re.sub(r"^(- |> ?|--\s*$|-{3,}$|={3,}$)", "", line) for line in body.split("\n")]
    return " ".join(" ".join(lines).split())


def words_of_html(html: str) -> str:
    return " ".join("".join(Read(html).words).split()).removeprefix("Let's Get Real ")


def links_of(body: str) -> list[str]:
    return [found.rstrip(".,;:!?)]'’”") for found in re.findall(r"https?://[^\s<>\"]+", body)]


class Anything:
    """Stands for every person, title and place a letter speaks of."""

    def __getattr__(self, name):
        if name.startswith("_") or name in {"resolve_expression", "do_not_call_in_templates", "alters_data"}:
            raise AttributeError(name)
        if name.endswith(("_at", "_on")):
            return NOW
        return f"/{name}/7/" if name == "get_absolute_url" else Anything()

    def __str__(self):
        return HOSTILE

    def __iter__(self):
        return iter(())


def composed(name: str) -> str:
    people = ["person", "actor", "user", "subscriber", "reader"]
    things = ["event", "invitation", "agreement", "note", "unlock", "issue", "before", "reply", *people]
    context = {
        **{thing: Anything() for thing in things},
        "portal_url": settings.PORTAL_URL,
        "leave_url": f"{settings.PORTAL_URL}/letters/leave/key/",
        "link": f"{settings.PORTAL_URL}/invitations/key/",
        "old_times": (NOW, NOW + timedelta(hours=1)),
        "because": HOSTILE,
        "code": "ABCD-EFGH",
        "not_after": NOW,
        "timestamp": NOW,
        "user_agent": HOSTILE,
        "is_another_time": True,
    }
    engine = engines["plaintext"]
    return engine.get_template(name).render(context).strip() + "\n"


def without_urls(name: str, monkeypatch) -> str:
    monkeypatch.setattr("django.template.defaulttags.URLNode.render", lambda self, context: "/a/page/")
    return composed(name)


@pytest.mark.parametrize("name", LETTERS)
def test_every_letter_says_the_same_in_both_parts_and_nothing_typed_in_it_does_anything(name, monkeypatch):
    body = without_urls(name, monkeypatch)
    html = html_of(f"About {HOSTILE}", body)

    assert words_of_html(html) == words_of_text(body)
    assert Read(html).links == links_of(body)
    assert Read(html).fetched == []
    assert "".join(Read(html).title) == f"About {HOSTILE}"
    assert len(html) < 20_000


@pytest.mark.parametrize("name", LETTERS)
def test_every_letter_says_why_it_came_and_how_to_choose_or_leave(name, monkeypatch):
    body = without_urls(name, monkeypatch)
    chosen = f"{settings.PORTAL_URL}/my/letters/" in body

    assert "\nYou get this" in body
    assert chosen or ENDS_BY_ITSELF.search(body)
    assert '<div class="quiet"' in html_of("s", body)
    assert "You get this" in html_of("s", body).partition('<div class="quiet"')[2]


def test_the_styles_fetch_nothing():
    html = html_of("s", "Hello\n")

    assert re.findall(r"url\(|@import|https?://", html) == []
    assert 'lang="en-GB"' in html
    assert 'content="light dark"' in html


def test_a_parser_that_looked_away_would_be_found_out():
    html = html_of("s", "Hello\n").replace("<p>Hello", '<p><img src="http://evil.example/pixel.gif">Hello')

    assert Read(html).fetched == [("img", "src", "http://evil.example/pixel.gif"), ("img", "", "")]


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("see http://a.example/x.", '<a href="http://a.example/x">http://a.example/x</a>.'),
        (
            "(https://a.example/?a=1&b=2)",
            '(<a href="https://a.example/?a=1&amp;b=2">https://a.example/?a=1&amp;b=2</a>)',
        ),
        ('http://a.example/"onclick="x', '<a href="http://a.example/">http://a.example/</a>&quot;onclick=&quot;x'),
        ("javascript:alert(1) ftp://a.example", "javascript:alert(1) ftp://a.example"),
    ],
)
def test_an_address_becomes_a_link_to_exactly_itself(text, html):
    assert linked(text).replace("see ", "") == html


def test_lists_quotes_headings_and_what_is_set_in_look_like_it():
    said = "Hello Pat,\n\nNews\n----\nOne line\n- one\n- two\n\n> said\n> so\n\n    ABCD\n"
    html = html_of("s", f"{said}\nYou get this.\n")

    for part in (
        "<h2>News</h2>\n<p>One line</p>\n<ul><li>one</li><li>two</li></ul>",
        "<blockquote>said<br>\nso</blockquote>",
        '<p class="set-in"><strong>ABCD</strong></p>',
        'style="display:none;max-height:0;overflow:hidden">News ---- One line - one - two</div>',
    ):
        assert part in html


def test_a_letter_longer_than_mail_programs_show_goes_as_text_alone():
    assert html_of("s", "word " * 30_000) == ""
    assert MOST > len(html_of("s", "word " * 15_000)) > 75_000


def a_letter(body="Hello Pat,\n\nsee https://a.example/\n", **extra):
    fields = {"address": "pat@sample.example", "subject": "A sample", "due_at": NOW, "message_id": "<a@b.example>"}
    return Letter(body=body, **{**fields, **extra})


def test_on_the_wire_it_is_text_first_then_html():
    _, wire = message_of(a_letter())
    read = message_from_bytes(wire.as_bytes(linesep="\r\n"), policy=default)

    assert read.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in read.iter_parts()] == ["text/plain", "text/html"]
    assert words_of_html(read.get_body(["html"]).get_content()) == words_of_text(read.get_body(["plain"]).get_content())


def test_the_same_letter_written_out_again_is_the_same_bytes():
    calendar = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n"
    written = {message_of(a_letter(calendar=calendar))[1].as_bytes() for _ in range(5)}
    another = message_of(a_letter(calendar=calendar, message_id="<c@b.example>"))[1].as_bytes()

    assert len(written) == 1
    assert another not in written


@pytest.mark.django_db
def test_the_mail_room_shows_both_parts_and_the_html_in_a_sandbox(client):
    letter = a_letter(body=f"{HOSTILE}\n", key="k")
    letter.save()
    page = client.get(reverse("correspondence:mailroom_letter", args=[letter.pk]))
    frame = client.get(reverse("correspondence:mailroom_html", args=[letter.pk]))

    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page.text
    assert "frame-src 'self'" in page["Content-Security-Policy"]
    policy = sorted(frame["Content-Security-Policy"].split("; "))
    assert policy == [
        "base-uri 'none'",
        "default-src 'none'",
        "form-action 'none'",
        "frame-ancestors 'self'",
        "sandbox allow-popups allow-popups-to-escape-sandbox",
        "style-src 'unsafe-inline'",
    ]
    assert frame["X-Frame-Options"] == "SAMEORIGIN"
    assert "<script" not in frame.text


@pytest.mark.django_db
def test_without_a_mail_room_nobody_reads_the_html(client, settings):
    letter = a_letter(key="k")
    letter.save()
    settings.MAILROOM = False

    assert client.get(reverse("correspondence:mailroom_html", args=[letter.pk])).status_code == 404
