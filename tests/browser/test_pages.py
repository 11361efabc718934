"""Every kind of page, for each who may open it: axe finds nothing, in light and dark, and the HTML is valid."""

from __future__ import annotations

import html5lib
import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.pages import PART, kinds_of_pages

# What each role's pages must include, so that a crawl that finds nothing cannot pass.
AT_LEAST = {
    "anonymous": {"home", "findings:finding_detail", "participants:organisation_list", "account_login", "404"},
    "participant": {"my_programme", "research:note_edit", "mentoring:session_detail", "discussions:topic_detail"},
    "mentor": {"my_programme", "mentoring:slot_new", "membership_detail"},
    "staff": {"admin:index", "admin:findings_finding_change", "admin:participants_cohort_add"},
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("role", PART)
def test_axe_finds_nothing_on_any_page(visitor, role, scheme):
    pages = kinds_of_pages(role)
    assert AT_LEAST[role] <= set(pages)
    one = visitor(color_scheme=scheme, reduced_motion="reduce")
    if PART[role]:
        one.sign_in(PART[role].partition("@")[0])

    found = {}
    for name, path in pages.items():
        page = one.goto(path)
        page.evaluate("document.fonts.ready")
        results = Axe().run(page)
        if results.violations_count:
            found[f"{name} {path}"] = [
                f"{violation['id']}: {node['html'][:120]}"
                for violation in results.response["violations"]
                for node in violation["nodes"][:3]
            ]
    # Axe's own style is what the policy of the page refuses; nothing else may be.
    one.complaints = [said for said in one.complaints if "inline style" not in said]

    assert found == {}


@pytest.mark.parametrize("role", PART)
def test_no_page_is_wider_than_a_small_phone(visitor, role):
    pages = kinds_of_pages(role)
    one = visitor(viewport={"width": 320, "height": 640})
    if PART[role]:
        one.sign_in(PART[role].partition("@")[0])

    wide = {}
    for name, path in pages.items():
        if name.startswith("admin:"):
            continue
        width = one.goto(path).evaluate("document.documentElement.scrollWidth")
        if width > 320:
            wide[f"{name} {path}"] = width

    assert wide == {}


@pytest.mark.parametrize("role", PART)
def test_every_page_is_valid_html(portal, role):
    """By the HTML standard's own parser: no parse error on any page."""
    from django.contrib.auth import get_user_model
    from django.test import Client

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
