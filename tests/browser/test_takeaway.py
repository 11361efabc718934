"""Taking notes away with a browser: what is in it, how far it is, the file; and the same without a script."""

import threading
from zipfile import ZipFile

import pytest
from playwright.sync_api import expect

from research import packing
from research.models import Archive
from tests.browser.test_pages import violations

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def gate(monkeypatch):
    """Holds the packing after its first note until it is opened."""
    gate, put = threading.Event(), packing.Parcel.put

    def put_and_wait(self, note):
        entry = put(self, note)
        assert gate.wait(30)
        return entry

    monkeypatch.setattr(packing.Parcel, "put", put_and_wait)
    monkeypatch.setattr(packing, "BATCH", 1)
    yield gate
    gate.set()
    for thread in threading.enumerate():
        if thread.name == "messenger":
            thread.join(30)


def accessible(someone) -> list[str]:
    """What axe finds; its own style is what the page's policy refuses, and nothing else may be."""
    found = violations(someone.page)
    someone.complaints = [said for said in someone.complaints if "inline style" not in said]
    return found


def test_a_person_takes_their_notes_away_and_watches_how_far_it_is(visitor, gate, tmp_path):
    someone = visitor()
    page = someone.sign_in("participant")
    page.get_by_role("link", name="Take your notes away").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Take your notes away")
    assert accessible(someone) == []

    page.get_by_role("button", name="Pack my notes").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("The notes are being packed")
    bar = page.get_by_role("progressbar", name="How far it is")
    expect(page.locator("[data-words]")).to_have_text("0 of " + str(Archive.objects.get().total) + " notes")
    expect(page.get_by_role("link", name="Look how far it is")).to_be_hidden()
    assert accessible(someone) == []
    gate.set()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ready to take away")
    expect(bar).to_have_count(0)
    assert accessible(someone) == []
    with page.expect_download() as coming:
        page.get_by_role("link", name="Download the ZIP").click()
    coming.value.save_as(tmp_path / "notes.zip")
    with ZipFile(tmp_path / "notes.zip") as parcel:
        assert parcel.testzip() is None
        parcel.extractall(tmp_path / "unpacked")

    # As somebody opens it at home, without a connection.
    page.goto((tmp_path / "unpacked" / "index.html").as_uri())
    expect(page.get_by_role("heading", level=1)).to_contain_text("Notes of")
    link = page.get_by_role("listitem").get_by_role("link").first
    assert (tmp_path / "unpacked" / link.get_attribute("href")).is_file()
    assert accessible(someone) == []


def test_it_can_be_stopped_while_it_is_packed(visitor, gate):
    page = visitor().sign_in("participant")
    page.get_by_role("link", name="Take your notes away").click()
    page.get_by_role("button", name="Pack my notes").click()

    page.get_by_role("button", name="Stop, and delete it").click()

    expect(page.get_by_role("status")).to_contain_text("The archive is deleted.")
    assert not Archive.objects.exists()


def test_without_a_script_the_page_is_looked_at_again_by_hand(visitor, gate):
    page = visitor(java_script_enabled=False).sign_in("participant")
    page.get_by_role("link", name="Take your notes away").click()
    page.get_by_role("button", name="Pack my notes").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The notes are being packed")
    gate.set()
    for thread in threading.enumerate():
        if thread.name == "messenger":
            thread.join(30)

    page.get_by_role("link", name="Look how far it is").click()

    expect(page.get_by_role("link", name="Download the ZIP")).to_be_visible()
