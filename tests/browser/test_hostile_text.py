"""Texts that want to run, in a real browser: nothing asks, nothing is reported, nothing is fetched from elsewhere."""

import pytest
from playwright.sync_api import expect

from research.models import NoteVersion, ResearchNote
from tests.lgr6.hostile import TEXTS

TITLE = "Sample note, written on the train"
HOSTILE_TITLE = "<img src=x onerror=alert(1)>"

pytestmark = pytest.mark.django_db(transaction=True)


def test_hostile_texts_run_on_no_page_of_a_note(visitor):
    someone = visitor()
    page = someone.sign_in("participant")
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    note = ResearchNote.objects.get(title=TITLE)
    words = {"title": HOSTILE_TITLE, "body": "\n\n".join(TEXTS) + "\n\nThe last line."}
    ResearchNote.objects.filter(pk=note.pk).update(**words)
    NoteVersion.objects.filter(note=note).update(**words)
    address = note.get_absolute_url()

    someone.goto(address)
    expect(page.get_by_role("heading", level=1)).to_contain_text(HOSTILE_TITLE)
    expect(page.get_by_text("The last line.")).to_be_visible()
    for link in page.locator(".prose a[href]").all():
        link.focus()
        link.hover()
    someone.goto(address + "edit/")
    page.get_by_role("tab", name="Preview").click()
    expect(page.get_by_role("tabpanel").get_by_text("The last line.")).to_be_visible()
    for other in (address + "versions/", address.split(str(note.pk))[0], "/my/"):
        someone.goto(other)
        expect(page.get_by_text(HOSTILE_TITLE).first).to_be_visible()

    assert asked == []
    assert someone.complaints == []
    # A negative control: the same text as a page would have it without our care is seen.
    page.evaluate("text => { document.querySelector('main').innerHTML = text }", HOSTILE_TITLE)
    page.wait_for_timeout(500)
    assert any("Content Security Policy" in complaint for complaint in someone.complaints)
    someone.complaints.clear()
