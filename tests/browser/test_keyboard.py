"""A participant's day by keyboard alone: no pointer touches the page."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from lgr6.rehearsal import PASSWORD
from research.models import ResearchNote
from workshops.models import Attendance

MOST_STEPS = 120


def focused(page: Page) -> str:
    """What a reader of the focused element hears: its label, or its text."""
    return page.evaluate(
        """() => {
          const e = document.activeElement;
          const label = e.labels && e.labels[0] ? e.labels[0].innerText : "";
          return (e.getAttribute("aria-label") || label || e.innerText || "").trim().replace(/\\s+/g, " ");
        }"""
    )


def tab_to(page: Page, name: str) -> None:
    """Presses Tab until the element of this name has the focus, and can be seen to have it."""
    met = []
    for _ in range(MOST_STEPS):
        page.keyboard.press("Tab")
        met.append(focused(page))
        if re.search(name, met[-1]):
            outlines = page.evaluate(
                """() => [document.activeElement, document.activeElement.closest(".editor") || document.activeElement]
                    .map((e) => getComputedStyle(e).outlineStyle)"""
            )
            assert set(outlines) != {"none"}, f"the focus on {name} cannot be seen"
            return
    raise AssertionError(f"no way by keyboard to {name}; met {met[:60]}")


def press(page: Page, name: str) -> None:
    """Goes to a link or button and presses Enter; the page it leads to is there when this returns."""
    tab_to(page, name)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_sign_in_reply_log_and_share_a_note_and_book_a_mentor(visitor):
    one = visitor()
    page = one.goto("/accounts/login/")
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to the page"
    tab_to(page, "^E-?mail")
    page.keyboard.type("participant@rehearsal.example")
    tab_to(page, "^Password")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/my/"))

    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    press(page, "^Reply ?: workshop 3")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Workshop 3")
    tab_to(page, "I will come|Maybe|cannot come")
    page.keyboard.press("Space")
    press(page, "^Send my reply")
    expect(page.locator("main")).to_contain_text("Your reply")
    assert Attendance.objects.filter(user__email="participant@rehearsal.example", workshop__number=3).get().reply

    press(page, "^My programme")
    press(page, "^New note")
    expect(page.get_by_role("heading", level=1)).to_contain_text("What did you notice?")
    tab_to(page, "^Title")
    page.keyboard.type("By keyboard alone")
    tab_to(page, "^Bold")
    page.keyboard.press("ArrowRight")
    assert focused(page) == "Italic"
    tab_to(page, "^Note$")
    page.keyboard.type("Nothing was touched.")
    tab_to(page, "^Share with my organisation")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Who will read this note")).to_be_visible()
    press(page, "^Share it")
    expect(page.get_by_role("heading", level=1)).to_contain_text("By keyboard alone")
    assert ResearchNote.objects.get(title="By keyboard alone").audience == "organisation"

    press(page, "^Mentoring$")
    press(page, "^Book")
    tab_to(page, "^What would you like to talk about")
    page.keyboard.type("How do we stop?")
    press(page, "^Book this time")
    expect(page.locator("main")).to_contain_text("How do we stop?")
