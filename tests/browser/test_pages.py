"""Every kind of page, for each who may open it: axe is content in light and dark, it fits a phone, it is valid."""

from __future__ import annotations

from typing import Any

import html5lib
import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth import get_user_model
from django.test import Client
from playwright.sync_api import Page

from tests.browser.pages import PART, kinds_of_pages

# What each role's pages must include, so that a crawl that finds nothing cannot pass.
AT_LEAST = {
    "anonymous": {"home", "findings:finding_detail", "participants:organisation_list", "account_login", "404"},
    "participant": {"my_programme", "research:note_edit", "mentoring:session_detail", "discussions:topic_detail"},
    "mentor": {"my_programme", "mentoring:slot_new", "membership_detail", "findings:gathering_room"},
    "staff": {
        "findings:theme_table",
        "findings:passage_take",
        "admin:index",
        "admin:findings_finding_change",
        "admin:participants_cohort_add",
        "admin:letters_to_come",
    },
}
# Passes and checks that do not apply are not asked for: they are what takes axe its time.
ONLY_VIOLATIONS: dict[str, Any] = {"resultTypes": ["violations"]}
# In the other scheme only the colours are others.
ONLY_COLOURS: dict[str, Any] = ONLY_VIOLATIONS | {"runOnly": ["color-contrast", "link-in-text-block"]}


# Colours that fade from one scheme to the other must have arrived before they are judged.
SETTLED = """() => new Promise((done) => requestAnimationFrame(() => {
  document.getAnimations().forEach((animation) => animation.finish());
  requestAnimationFrame(() => done());
}))"""


def violations(page: Page, options: dict[str, Any] = ONLY_VIOLATIONS) -> list[str]:
    return [
        f"{violation['id']}: {node['html'][:120]}"
        for violation in Axe().run(page, options=options).response["violations"]
        for node in violation["nodes"][:3]
    ]


@pytest.mark.parametrize("role", PART)
def test_axe_finds_nothing_in_light_or_dark_and_no_page_is_wider_than_a_small_phone(visitor, role):
    pages = kinds_of_pages(role)
    assert AT_LEAST[role] <= set(pages)
    one = visitor(reduced_motion="reduce", viewport={"width": 1280, "height": 900})
    if PART[role]:
        one.sign_in(PART[role].partition("@")[0])

    found: dict[str, Any] = {}
    for name, path in pages.items():
        page = one.goto(path)
        page.evaluate("document.fonts.ready")
        for scheme, options in (("light", ONLY_VIOLATIONS), ("dark", ONLY_COLOURS)):
            page.emulate_media(color_scheme=scheme)
            page.evaluate(SETTLED)
            if seen := violations(page, options):
                found[f"{name} {path} {scheme}"] = seen
        if not name.startswith("admin:"):
            page.set_viewport_size({"width": 320, "height": 640})
            if (width := page.evaluate("document.documentElement.scrollWidth")) > 320:
                found[f"{name} {path} at 320"] = f"{width} wide"
            page.set_viewport_size({"width": 1280, "height": 900})
    # Axe's own style is what the policy of the page refuses; nothing else may be.
    one.complaints = [said for said in one.complaints if "inline style" not in said]

    assert found == {}


@pytest.mark.parametrize("role", PART)
def test_every_page_is_valid_html(portal, role):
    """By the HTML standard's own parser: no parse error on any page."""
    client = Client()
    if PART[role]:
        client.force_login(
            get_user_model().objects.get(email=PART[role]), backend="django.contrib.auth.backends.ModelBackend"
        )
    broken = {}
    for name, path in kinds_of_pages(role).items():
        parser = html5lib.HTMLParser()
        parser.parse(client.get(path).content.decode())
        if parser.errors:
            broken[f"{name} {path}"] = [f"{position}: {code} {data}" for position, code, data in parser.errors[:3]]

    assert broken == {}
