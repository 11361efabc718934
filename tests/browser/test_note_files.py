"""Photos and files under a real pair of hands: the button, drop, paste, lost answers, a phone, and no script."""

import base64
import re
import uuid
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from research.models import Attachment, ResearchNote
from tests.browser.test_pages import violations
from tests.research import samples

TITLE = "Sample note, written on the train"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def photo(tmp_path) -> Path:
    path = tmp_path / "Foyer.jpg"
    path.write_bytes(samples.a_photo_with_its_place())
    return path


@pytest.fixture
def page_file(tmp_path) -> Path:
    path = tmp_path / "Page.html"
    path.write_bytes(b"<!doctype html><script>alert(1)</script>")
    return path


def open_editor(page: Page) -> ResearchNote:
    note = ResearchNote.objects.get(title=TITLE)
    page.goto(page.url.split("/my/")[0] + note.get_absolute_url() + "edit/")
    return note


def choose(page: Page, *paths: Path) -> None:
    page.locator("[data-choose]").set_input_files(list(paths))


def said(page: Page):
    return page.locator("[data-said]")


def hand_over(page: Page, kind: str, selector: str, photo: Path, words: str = "") -> None:
    """A paste or a drop, as the browser would tell of it."""
    page.evaluate(
        """([kind, selector, content, words]) => {
          const data = new DataTransfer();
          const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
          data.items.add(new File([bytes], "Pasted.jpg", { type: "image/jpeg" }));
          if (words) data.setData("text/plain", words);
          const options = { bubbles: true, cancelable: true };
          const event = kind === "paste"
            ? new ClipboardEvent("paste", { ...options, clipboardData: data })
            : new DragEvent("drop", { ...options, dataTransfer: data });
          document.querySelector(selector).dispatchEvent(event);
        }""",
        [kind, selector, base64.b64encode(photo.read_bytes()).decode(), words],
    )


def test_several_files_at_once_are_kept_and_a_refused_one_says_why(visitor, photo, page_file):
    page = visitor().sign_in("participant")
    note = open_editor(page)

    choose(page, photo, page_file, photo)

    expect(page.locator("[data-list] figure")).to_have_count(2)
    refused = page.locator("[data-coming] li")
    expect(refused).to_contain_text("Page.html")
    expect(refused).to_contain_text("This is a web page")
    refused.get_by_role("button", name="Dismiss").click()
    expect(refused).to_have_count(0)
    assert list(note.attachments.values_list("name", flat=True)) == ["Foyer.webp", "Foyer.webp"]


def test_a_picture_is_described_taken_off_and_put_back_without_leaving_the_editor(visitor, photo):
    page = visitor().sign_in("participant")
    note = open_editor(page)
    choose(page, photo)

    field = page.get_by_label("What does it show?")
    field.fill("The foyer on a Sunday")
    field.press("Enter")
    expect(page.get_by_text("The description is saved.")).to_be_visible()
    expect(page.get_by_role("img", name="The foyer on a Sunday")).to_be_visible()
    assert note.attachments.get().alt == "The foyer on a Sunday"
    page.get_by_role("button", name="Take Foyer.webp off the note").click()
    expect(said(page)).to_contain_text("Foyer.webp is off the note.")
    expect(page.locator("[data-list] figure")).to_have_count(0)
    page.get_by_role("button", name="Put it back").click()

    expect(page.locator("[data-list] figure")).to_have_count(1)
    note.refresh_from_db()
    assert (note.attachments.get().removed_at, note.version) == (None, 1)


def test_pictures_are_pasted_and_dropped_but_text_from_word_stays_text(visitor, photo):
    page = visitor().sign_in("participant")
    open_editor(page)

    hand_over(page, "paste", "#id_body", photo, "Words from a document")
    hand_over(page, "paste", "#id_body", photo)
    expect(page.locator("[data-list] figure")).to_have_count(1)
    hand_over(page, "drop", "#id_body", photo)

    expect(page.locator("[data-list] figure")).to_have_count(2)
    assert Attachment.objects.count() == 2


def test_an_answer_lost_on_the_way_is_asked_for_again_and_the_file_kept_once(visitor, photo):
    page = visitor().sign_in("participant")
    note = open_editor(page)

    def lose(route):
        route.fetch()
        route.abort()

    page.route("**/files/save/", lose)
    choose(page, photo)
    expect(page.locator("[data-coming]")).to_contain_text("No answer from the portal")
    page.unroute("**/files/save/")
    page.get_by_role("button", name="Try again").click()

    expect(page.locator("[data-list] figure")).to_have_count(1)
    expect(page.locator("[data-coming] li")).to_have_count(0)
    assert note.attachments.count() == 1


def test_who_was_signed_out_meanwhile_signs_in_beside_and_tries_again(visitor, photo):
    someone = visitor()
    page = someone.sign_in("participant")
    note = open_editor(page)
    someone.context.clear_cookies()

    choose(page, photo)
    expect(page.locator("[data-coming]")).to_contain_text(re.compile("signed out|out of date"))
    writing, someone.page = page, someone.context.new_page()
    someone.sign_in("participant")
    writing.get_by_role("button", name="Try again").click()

    expect(writing.locator("[data-list] figure")).to_have_count(1)
    assert note.attachments.count() == 1


def test_a_file_that_is_too_large_is_told_before_it_travels(visitor, tmp_path):
    page = visitor().sign_in("participant")
    open_editor(page)
    large, sent = tmp_path / "film.pdf", []
    large.write_bytes(bytes(10 * 1024 * 1024 + 1))
    page.on("request", lambda request: sent.append(request.url) if request.url.endswith("/files/save/") else None)

    choose(page, large)

    expect(page.locator("[data-coming]")).to_contain_text("This file is too large: 10 MB is the most.")
    assert sent == []


def test_a_picture_begins_a_new_note_that_is_then_written(visitor, photo):
    page = visitor().sign_in("participant")
    page.get_by_role("link", name="Research notes").first.click()
    page.get_by_role("link", name="Log a research note").click()

    choose(page, photo)
    expect(page.locator("[data-list] figure")).to_have_count(1)
    page.get_by_label("Note", exact=True).fill("And then some words.")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("[data-status]")).to_have_text(re.compile(r"Saved .*version 1"))

    note = ResearchNote.objects.get(body="And then some words.")
    assert (note.version, note.attachments.count()) == (1, 1)


def test_on_a_phone_a_picture_and_one_line_are_a_note(visitor, photo):
    page = visitor(viewport={"width": 320, "height": 640}, has_touch=True).sign_in("participant")
    page.get_by_role("link", name="Research notes").first.click()
    page.get_by_role("link", name="A picture and one line").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("A picture and one line")
    # The styles are part of the page: before they have come it is wider.
    page.wait_for_load_state()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    for name in ("Picture", "One line"):
        assert page.get_by_label(name, exact=True).bounding_box()["height"] >= 44

    page.get_by_label("Picture").set_input_files(photo)
    page.get_by_label("One line").fill("A queue at the lift")
    page.get_by_role("button", name="Keep it").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("A queue at the lift")
    expect(page.locator("figure img")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert ResearchNote.objects.get(title="A queue at the lift").audience == ResearchNote.Audience.ME


def test_without_scripts_files_are_added_described_and_taken_off(visitor, photo, page_file):
    page = visitor(java_script_enabled=False).sign_in("participant")
    note = ResearchNote.objects.get(title=TITLE)
    page.goto(page.url.split("/my/")[0] + note.get_absolute_url())

    page.get_by_label("Choose photos or files").set_input_files([photo, page_file])
    page.get_by_role("button", name="Add them").click()
    expect(page.get_by_role("alert")).to_contain_text("Page.html: This is a web page")
    page.get_by_label("What does it show?").fill("The foyer")
    page.get_by_role("button", name="Save the description").click()
    expect(page.get_by_role("img", name="The foyer")).to_be_visible()
    page.get_by_role("button", name="Take Foyer.webp off the note").click()
    page.get_by_role("button", name="Put Foyer.webp back").click()

    expect(page.get_by_role("img", name="The foyer")).to_be_visible()
    assert note.attachments.get().removed_at is None


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_with_files_are_accessible_and_fit_a_phone(visitor, photo, page_file, scheme):
    page = visitor(viewport={"width": 320, "height": 640}, color_scheme=scheme).sign_in("participant")
    note = open_editor(page)
    choose(page, photo, page_file)
    expect(page.locator("[data-coming]")).to_contain_text("This is a web page")
    assert violations(page) == []
    note.attachments.create(**{**a_document_of(note), "name": "A" * 100 + ".txt"})

    for address in ("", "edit/", "files/"):
        page.goto(page.url.split("/cohorts/")[0] + note.get_absolute_url() + address)
        expect(page.locator("[data-list] li")).to_have_count(2)
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 320


def a_document_of(note: ResearchNote) -> dict[str, object]:
    """The row of a document whose file nobody opens."""
    picture = note.attachments.get()
    return {
        "upload_id": uuid.uuid4(),
        "stored_as": uuid.uuid4().hex,
        "content_type": "text/plain",
        "size": 1200,
        "sha256": picture.sha256,
        "added_by": picture.added_by,
        "added_at": picture.added_at,
    }
