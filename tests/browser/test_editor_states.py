"""The editor in each of its states: axe finds nothing, it fits 320 px and 400 %, the keyboard alone is enough."""

import re
from datetime import date

import pytest
from playwright.sync_api import Page, expect

from research.models import ResearchNote
from tests.browser.test_note_editor import ON_DEVICE, body, open_editor, press_save, saved, status, texts_of
from tests.browser.test_pages import SETTLED, violations

pytestmark = pytest.mark.django_db(transaction=True)


def in_conflict(someone, page: Page) -> None:
    note = open_editor(page)
    ResearchNote.objects.filter(pk=note.pk).update(version=2, body="Meanwhile, somebody else.")
    body(page).fill("What I wrote.")
    expect(page.locator(".conflict h2")).to_be_focused()


def on_this_device_only(someone, page: Page) -> None:
    open_editor(page)
    page.route("**/save/", lambda route: route.abort())
    body(page).fill("Nobody answers.")
    expect(status(page)).to_have_text(re.compile("device only: no answer"))


def taken_up_again(someone, page: Page) -> None:
    on_this_device_only(someone, page)
    page.reload()
    expect(page.locator("[data-draft]")).to_be_visible()


def signed_out(someone, page: Page) -> None:
    open_editor(page)
    someone.context.clear_cookies()
    body(page).fill("Signed out meanwhile.")
    expect(page.get_by_role("dialog", name="Sign in again")).to_be_visible()


def signed_out_and_going_on(someone, page: Page) -> None:
    signed_out(someone, page)
    page.get_by_role("button", name="Go on writing").click()
    expect(page.get_by_role("button", name="Sign in again")).to_be_visible()


def about_to_be_shared(someone, page: Page) -> None:
    open_editor(page)
    page.get_by_role("button", name="Share with the cohort").click()
    expect(page.get_by_role("dialog", name="Who will read this note")).to_be_visible()


def refused(someone, page: Page) -> None:
    open_editor(page)
    body(page).fill("")
    press_save(page)
    expect(status(page)).to_contain_text("Write a sentence first")


def locked(someone, page: Page) -> None:
    phase = open_editor(page).phase
    phase.opens_on, phase.closes_on = date(2018, 1, 1), date(2018, 2, 1)
    phase.save()
    body(page).fill("Too late.")
    expect(page.get_by_role("link", name="Go to the addenda")).to_be_visible()


STATES = [
    in_conflict,
    on_this_device_only,
    taken_up_again,
    signed_out,
    signed_out_and_going_on,
    about_to_be_shared,
    refused,
    locked,
]


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_axe_finds_nothing_and_a_small_phone_is_wide_enough(visitor, state):
    someone = visitor(reduced_motion="reduce")
    page = someone.sign_in("participant")
    state(someone, page)
    page.evaluate("document.fonts.ready")

    found = {}
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.evaluate(SETTLED)
        found[scheme] = violations(page)
    # 320 px is also what a window of 1280 px has at 400 %.
    page.set_viewport_size({"width": 320, "height": 640})
    width = page.evaluate("document.documentElement.scrollWidth")
    someone.complaints = [said for said in someone.complaints if "inline style" not in said]

    assert (found, width) == ({"light": [], "dark": []}, 320)


def press_until_focused(page: Page, target, key: str = "Tab", most: int = 60) -> None:
    for _ in range(most):
        if target.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{target} was not reached by {key}")


def test_a_note_is_written_a_conflict_settled_and_the_note_shared_by_keyboard_alone(visitor):
    page = visitor().sign_in("participant")
    note = open_editor(page)
    press_until_focused(page, body(page))
    page.keyboard.type("By keyboard alone. ")
    expect(status(page)).to_have_text(saved(2))
    ResearchNote.objects.filter(pk=note.pk).update(version=3, body="Meanwhile.")

    page.keyboard.type("And on. ")
    expect(page.locator(".conflict h2")).to_be_focused()
    press_until_focused(page, page.get_by_role("button", name="Save yours as the newest version"))
    page.keyboard.press("Enter")
    expect(status(page)).to_have_text(saved(4))

    press_until_focused(page, page.get_by_role("button", name="Share with the cohort"))
    page.keyboard.press("Enter")
    question = page.get_by_role("dialog", name="Who will read this note")
    press_until_focused(page, question.get_by_role("button", name="Share it"))
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/notes/[0-9a-f-]{36}/$"))
    note.refresh_from_db()
    assert (note.audience, [number for number, _ in texts_of(note)]) == ("cohort", [2, None, 4, 5])


def test_what_is_kept_on_the_device_is_said_and_never_more(visitor):
    """The line by the buttons, at every key: it says “Saved” only when the portal has the very text on the screen."""
    page = visitor().sign_in("participant")
    note = open_editor(page)
    for number in range(12):
        body(page).type(f"Word {number}. ")
        line, text = page.evaluate(
            "[document.querySelector('[data-status]').textContent, document.getElementById('id_body').value]"
        )
        if line.startswith("Saved") and not ON_DEVICE.match(line):
            note.refresh_from_db()
            assert note.body == text
        page.wait_for_timeout(number * 60)
    expect(status(page)).to_have_text(re.compile(r"^Saved \d\d:\d\d, version \d+$"))
    note.refresh_from_db()
    assert note.body == body(page).input_value()
