"""A real browser on a real server, with the rehearsal played in the database."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, expect

from correspondence.models import Letter
from lgr6 import rehearsal
from tests.surroundings import FLAGS, chromium

# Playwright runs an event loop in this thread; the ORM is used beside it, never inside.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"

expect.set_options(timeout=10_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "/tests/browser/" in str(item.path):
            item.add_marker("browser")


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, object]:
    return {"executable_path": chromium(), "args": FLAGS}


@pytest.fixture
def portal(live_server, settings) -> str:
    """The address of the portal, with the rehearsal in it."""
    settings.PORTAL_URL = live_server.url
    settings.REQUIRE_STAFF_MFA = False
    rehearsal.play(timezone.now())
    return live_server.url


class Visitor:
    """A person at a browser of their own. Whatever goes wrong in it, out of sight, is kept."""

    def __init__(self, context: BrowserContext, portal: str) -> None:
        self.context, self.portal = context, portal
        self.page: Page = context.new_page()
        self.page.set_default_timeout(10_000)
        self.complaints: list[str] = []
        self.strangers: set[str] = set()
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "console",
            lambda said: self.complaints.append(said.text) if "Content Security Policy" in said.text else None,
        )
        self.page.on("request", lambda request: self.note_origin(request.url))

    def note_origin(self, url: str) -> None:
        host = urlsplit(url).netloc
        if host and host != urlsplit(self.portal).netloc:
            self.strangers.add(host)

    def goto(self, path: str) -> Page:
        self.page.goto(self.portal + path)
        return self.page

    def sign_in(self, part: str) -> Page:
        """By password: what the printed account works with."""
        self.goto("/accounts/login/")
        self.page.get_by_role("textbox", name="Email").fill(f"{part}@rehearsal.example")
        self.page.get_by_role("textbox", name="Password").fill(rehearsal.PASSWORD)
        self.page.get_by_role("button", name="Sign in", exact=True).click()
        self.page.wait_for_url(re.compile("/my/"))
        return self.page

    def read_letter(self, address: str, kind: str) -> str:
        """The text of the newest letter of this kind, as the mail room shows it."""
        letter = Letter.objects.filter(address=address, kind=kind).order_by("-pk").first()
        assert letter is not None, f"no {kind} letter to {address}"
        reader = self.context.new_page()
        reader.goto(f"{self.portal}/mailroom/{letter.pk}/")
        text = reader.locator(".letter__body").inner_text()
        reader.close()
        return text

    def code(self, address: str) -> str:
        found = re.search(r"\b[A-Z0-9]{4}-[A-Z0-9]{4}\b", self.read_letter(address, "sign_in_code"))
        assert found is not None
        return found.group()


@pytest.fixture
def visitor(browser: Browser, portal: str) -> Iterator[Callable[..., Visitor]]:
    """Makes visitors. At the end none may have met a broken script, a refused one, or another origin."""
    came: list[Visitor] = []

    def make(**options: object) -> Visitor:
        context = browser.new_context(**{"locale": "en-GB", "timezone_id": "Europe/London", **options})
        came.append(Visitor(context, portal))
        return came[-1]

    yield make
    complaints = [complaint for one in came for complaint in one.complaints]
    strangers = {host for one in came for host in one.strangers}
    for one in came:
        one.context.close()
    assert complaints == []
    assert strangers == set()
