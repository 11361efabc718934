"""Without any connection: the service worker gets through neither. The portal stands behind a line that can be cut."""

import contextlib
import re
import socket
import threading
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from research.models import ResearchNote
from tests.browser.test_note_editor import ON_DEVICE, TITLE, body, saved, status, texts_of

pytestmark = pytest.mark.django_db(transaction=True)


class Line:
    """A line to the portal, on a port of its own. Cut, it refuses and drops; mended, it carries again."""

    def __init__(self, portal: str) -> None:
        self.target = (urlsplit(portal).hostname, urlsplit(portal).port)
        self.is_cut = False
        self.ends: list[socket.socket] = []
        self.door = socket.create_server(("localhost", 0))
        self.url = f"http://localhost:{self.door.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            try:
                near, _ = self.door.accept()
            except OSError:
                return
            threading.Thread(target=self.connect, args=(near,), daemon=True).start()

    def connect(self, near: socket.socket) -> None:
        with near:
            if self.is_cut:
                return
            with socket.create_connection(self.target) as far:
                self.ends += [near, far]
                if self.is_cut:
                    # Cut while it was being laid: nobody else hangs this one up.
                    hang_up(near)
                    hang_up(far)
                back = threading.Thread(target=carry, args=(far, near), daemon=True)
                back.start()
                carry(near, far)
                back.join()

    def cut(self) -> None:
        self.is_cut = True
        for end in self.ends:
            hang_up(end)
        self.ends.clear()

    def mend(self) -> None:
        self.is_cut = False

    def close(self) -> None:
        self.cut()
        self.door.close()


def carry(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    hang_up(source)
    hang_up(sink)


def hang_up(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def line(portal, settings):
    line = Line(portal)
    settings.CSRF_TRUSTED_ORIGINS = [line.url]
    yield line
    line.close()


@pytest.fixture
def reader(visitor, line):
    """A participant who has opened My programme and a note over the line, with the service worker at work."""
    someone = visitor()
    someone.portal = line.url
    page = someone.sign_in("participant")
    page.evaluate("navigator.serviceWorker.ready")
    wait_until_kept(page, "/my/")
    wait_until_kept(page, "/cohorts/lgr6/notes/new/")
    return someone


def wait_until_kept(page: Page, path: str) -> None:
    """Until this browser has the page."""
    wait_for_vault(page, "async (vault, path) => Boolean(await vault.page(path))", path)


def wait_until_sent(page: Page) -> None:
    """Until no text of this person is on this device only."""
    wait_for_vault(page, "async (vault) => (await vault.drafts()).length === 0")


def wait_for_vault(page: Page, is_so: str, about: str = "") -> None:
    """Playwright's `wait_for_function` takes any promise for a yes, so the waiting is done in the page."""
    came = page.evaluate(
        f"""async (about) => {{
          const {{ vault }} = await import("/static/js/device.js");
          const isSo = {is_so};
          const until = Date.now() + 10_000;
          while (!(await isSo(await vault(), about))) {{
            if (Date.now() > until) return false;
            await new Promise((go) => setTimeout(go, 20));
          }}
          return true;
        }}""",
        about,
    )
    assert came, f"not within ten seconds: {is_so} {about}"


def note_of(someone) -> ResearchNote:
    note = ResearchNote.objects.get(title=TITLE)
    page = someone.goto(note.get_absolute_url() + "edit/")
    wait_until_kept(page, note.get_absolute_url() + "edit/")
    return note


def test_my_programme_opens_without_a_connection_once_visited(reader, line):
    heading = reader.page.get_by_role("heading", level=1).inner_text()
    line.cut()

    page = reader.goto("/my/")

    expect(page.get_by_role("heading", level=1)).to_have_text(heading)
    expect(page.locator("[data-offline-notice] .notice")).to_contain_text("There is no connection")
    expect(page.locator("main")).not_to_contain_text("You are signed in")


def test_a_page_never_opened_here_says_what_there_is_instead(reader, line):
    line.cut()

    page = reader.goto("/cohorts/lgr6/workshops/")

    expect(page.get_by_role("heading", level=1)).to_have_text("There is no connection")
    expect(page.get_by_role("link", name="Open My programme")).to_be_visible()


def test_a_note_opens_is_written_and_goes_up_when_the_connection_is_back(reader, line):
    note = note_of(reader)
    line.cut()

    page = reader.goto(note.get_absolute_url() + "edit/")
    body(page).fill("Written in a tunnel.")
    expect(status(page)).to_have_text(ON_DEVICE)
    line.mend()

    expect(status(page)).to_have_text(saved(2), timeout=20_000)
    expect(page.locator("[data-offline-notice]")).to_have_count(0)
    assert texts_of(note) == [(2, "Written in a tunnel.")]


def test_a_note_saved_since_the_page_was_kept_opens_as_it_was_saved(reader, line):
    note = note_of(reader)
    body(reader.page).fill("Saved after the page was opened.")
    expect(status(reader.page)).to_have_text(saved(2))
    line.cut()

    page = reader.goto(note.get_absolute_url() + "edit/")

    expect(body(page)).to_have_value("Saved after the page was opened.")
    expect(page.locator("input[name=base_version]")).to_have_value("2")


def test_a_new_note_is_begun_without_a_connection(reader, line):
    line.cut()
    page = reader.goto("/cohorts/lgr6/notes/new/")
    page.wait_for_url(re.compile("/notes/[0-9a-f-]{36}/edit/"), wait_until="commit")
    body(page).fill("Begun in a tunnel.")
    expect(status(page)).to_have_text(ON_DEVICE)
    first = urlsplit(page.url).path
    page = reader.goto("/cohorts/lgr6/notes/new/")
    page.wait_for_url(re.compile("/notes/[0-9a-f-]{36}/edit/"), wait_until="commit")
    assert urlsplit(page.url).path != first
    expect(body(page)).to_have_value("")
    line.mend()

    # Whichever page is open when the connection is back sends it, and it is one text however many try.
    wait_until_sent(reader.goto("/my/"))
    page = reader.goto(first)

    expect(page.locator("input[name=base_version]")).to_have_value("1")
    expect(body(page)).to_have_value("Begun in a tunnel.")
    note = ResearchNote.objects.get(body="Begun in a tunnel.")
    assert (note.version, note.audience, note.author.email) == (1, "me", "participant@rehearsal.example")


def test_after_a_sign_out_nothing_is_shown_without_a_connection(reader, line):
    reader.goto("/accounts/logout/")
    reader.page.get_by_role("button", name="Sign out").click()
    reader.page.wait_for_url(re.compile(r":\d+/$"))
    line.cut()

    page = reader.goto("/my/")

    expect(page.get_by_role("heading", level=1)).to_have_text("There is no connection")
