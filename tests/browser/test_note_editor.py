"""The note editor under a real pair of hands: keys, lost answers, no connection, a sign-in that ended."""

import re

import pytest
from playwright.sync_api import Page, expect

from research.models import NoteVersion, ResearchNote

TITLE = "Sample note, written on the train"

pytestmark = pytest.mark.django_db(transaction=True)


def open_editor(page: Page) -> ResearchNote:
    note = ResearchNote.objects.get(title=TITLE)
    page.goto(page.url.split("/my/")[0] + note.get_absolute_url() + "edit/")
    return note


def body(page: Page):
    return page.get_by_label("Note", exact=True)


def status(page: Page):
    return page.locator("[data-status]")


def press_save(page: Page) -> None:
    page.get_by_role("button", name="Save", exact=True).click()


def test_a_note_is_saved_by_keyboard_and_says_so_in_words(visitor):
    page = visitor().sign_in("participant")
    note = open_editor(page)

    body(page).fill("Written with ten fingers.")
    expect(status(page)).to_have_text("Not saved yet")
    body(page).press("Control+s")

    expect(status(page)).to_have_text(re.compile(r"Saved \d\d:\d\d, version 2"))
    body(page).press("End")
    body(page).type(" And more.")
    body(page).press("Control+s")
    expect(status(page)).to_have_text(re.compile("version 3"))
    note.refresh_from_db()
    assert (note.version, note.body) == (3, "Written with ten fingers. And more.")


def test_leaving_with_unsaved_text_is_asked_about_and_with_saved_text_not(visitor):
    page = visitor().sign_in("participant")
    open_editor(page)
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))

    body(page).type("Unsaved. ")
    page.get_by_role("link", name="Exchange").click()
    expect(body(page)).to_be_visible()
    assert asked == ["beforeunload"]

    press_save(page)
    expect(status(page)).to_have_text(re.compile("version 2"))
    page.get_by_role("link", name="Exchange").click()
    page.wait_for_url(re.compile("/exchange/"))
    assert asked == ["beforeunload"]


def test_two_people_at_once_are_shown_both_texts_and_lose_none(visitor):
    first, second = visitor().sign_in("participant"), visitor().sign_in("colleague")
    note = open_editor(first)
    open_editor(second)

    body(second).fill("The colleague's text.")
    press_save(second)
    expect(status(second)).to_have_text(re.compile("version 2"))
    body(first).fill("The participant's text.")
    press_save(first)

    expect(status(first)).to_contain_text("Not saved: version 2 was saved meanwhile")
    panel = first.get_by_role("region", name="Somebody saved this note while you were writing")
    expect(panel).to_contain_text("The colleague's text.")
    expect(panel).to_contain_text("The participant's text.")
    expect(body(first)).to_have_value("The participant's text.")

    press_save(first)
    expect(status(first)).to_have_text(re.compile("Saved .*version 3"))
    note.refresh_from_db()
    assert note.body == "The participant's text."
    assert set(NoteVersion.objects.filter(note=note, base_version__gt=0).values_list("number", "body")) == {
        (2, "The colleague's text."),
        (None, "The participant's text."),
        (3, "The participant's text."),
    }


def test_without_a_connection_the_text_stays_and_is_saved_later(visitor):
    someone = visitor()
    page = someone.sign_in("participant")
    note = open_editor(page)

    someone.context.set_offline(True)
    body(page).fill("In the tunnel.")
    press_save(page)
    expect(status(page)).to_contain_text("Not saved: no answer from the portal")
    expect(body(page)).to_have_value("In the tunnel.")
    someone.context.set_offline(False)
    press_save(page)

    expect(status(page)).to_have_text(re.compile("Saved .*version 2"))
    note.refresh_from_db()
    assert note.body == "In the tunnel."


def test_an_answer_lost_on_the_way_makes_no_conflict_with_oneself(visitor):
    page = visitor().sign_in("participant")
    note = open_editor(page)

    def lose(route):
        route.fetch()
        route.abort()

    page.route("**/save/", lose)
    body(page).fill("Sent once.")
    press_save(page)
    expect(status(page)).to_contain_text("Not saved: no answer")
    page.unroute("**/save/")
    body(page).fill("Sent once, and changed since.")
    press_save(page)

    expect(status(page)).to_have_text(re.compile("Saved .*version 3"))
    versions = NoteVersion.objects.filter(note=note, base_version__gt=0).order_by("number")
    assert list(versions.values_list("number", "body")) == [(2, "Sent once."), (3, "Sent once, and changed since.")]


def test_who_was_signed_out_meanwhile_signs_in_beside_and_saves(visitor):
    someone = visitor()
    page = someone.sign_in("participant")
    note = open_editor(page)
    body(page).fill("Written for an hour.")
    someone.context.clear_cookies()

    press_save(page)
    expect(status(page)).to_contain_text("Not saved")
    expect(body(page)).to_have_value("Written for an hour.")
    writing, someone.page = page, someone.context.new_page()
    someone.sign_in("participant")
    press_save(writing)

    expect(status(writing)).to_have_text(re.compile("Saved .*version 2"))
    note.refresh_from_db()
    assert note.body == "Written for an hour."


def test_a_text_that_is_refused_says_why_and_stays(visitor):
    page = visitor().sign_in("participant")
    note = open_editor(page)

    body(page).fill("")
    press_save(page)

    expect(status(page)).to_contain_text("Write a sentence first")
    note.refresh_from_db()
    assert note.version == 1


def test_toolbar_and_tabs_work_by_keyboard(visitor):
    page = visitor().sign_in("participant")
    open_editor(page)
    body(page).fill("bold")
    body(page).press("Control+a")

    page.get_by_role("toolbar", name="Formatting").focus()
    expect(page.get_by_role("button", name="Bold")).to_be_focused()
    page.keyboard.press("Enter")
    expect(body(page)).to_have_value("**bold**")
    page.get_by_role("tab", name="Write").focus()
    page.keyboard.press("ArrowRight")

    expect(page.get_by_role("tab", name="Preview")).to_be_focused()
    expect(page.get_by_role("tabpanel").locator("strong")).to_have_text("bold")
    page.keyboard.press("ArrowLeft")
    expect(body(page)).to_be_visible()


def test_the_questions_follow_the_phase_that_is_chosen(visitor):
    page = visitor().sign_in("participant")
    open_editor(page)

    page.get_by_label("Phase").select_option("1")

    expect(page.locator('[data-prompts="1"]')).to_be_visible()
    expect(page.locator('[data-prompts="2"]')).to_be_hidden()


def test_without_scripts_a_note_is_written_shared_and_kept_in_a_conflict(visitor):
    plain = visitor(java_script_enabled=False)
    page = plain.sign_in("participant")
    note = open_editor(page)
    expect(page.get_by_role("tab", name="Preview")).to_be_hidden()
    expect(page.locator("markdown-toolbar")).to_be_hidden()
    body(page).fill("By hand.")
    ResearchNote.objects.filter(pk=note.pk).update(version=2, body="Meanwhile.")

    press_save(page)
    expect(page.get_by_role("region", name="Somebody saved this note")).to_contain_text("By hand.")
    press_save(page)

    expect(page.locator("main")).to_contain_text("By hand.")
    note.refresh_from_db()
    assert (note.version, note.body) == (3, "By hand.")
