"""N1, N2, N3: a real browser is killed, crashed, closed and cut off while somebody types; the text must be there again.

The portal takes no save meanwhile, so that what comes back can only come from the device.
"""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Error, Page, Playwright, expect, sync_playwright

from bench import places
from tests.surroundings import FLAGS, chromium

from . import Row

KILLS, EACH, CUT_OFF, CONTROL_KILLS = 100, 50, 25, 6
YOUNG = 1.0  # seconds; text younger than that when the browser is killed is not counted
ON_DEVICE = re.compile("^Saved on this device only")
BROWSER = "Chromium"


def prove(folder: Path, share: float) -> list[Row]:
    if not chromium():
        faults = {"N1": "kill -9 of all processes of the browser", "N2": "tabs end", "N3": "no connection"}
        return [
            Row(goal, BROWSER, fault, "0", "not run here: no Chromium", "", False) for goal, fault in faults.items()
        ]
    env = places.environment(f"sqlite:///{folder / 'drafts.sqlite3'}")
    (person,) = places.prepare(env, 1)
    with places.portal(env) as portal, sync_playwright() as playwright:
        desk = Desk(playwright, portal.port, person, folder)
        return [killed(desk, share), *ended(desk, share), *cut_off(desk, share)]


class Desk:
    """A person at a browser whose profile stays on the disk, whatever becomes of the browser."""

    def __init__(self, playwright: Playwright, port: int, person: dict[str, str], folder: Path) -> None:
        self.playwright, self.person, self.folder = playwright, person, folder
        self.url = f"http://localhost:{port}"

    def open(self, profile: Path) -> BrowserContext:
        context = self.playwright.chromium.launch_persistent_context(
            str(profile),
            executable_path=chromium(),
            args=[flag for flag in FLAGS if flag != "--headless"],
            headless=True,
        )
        cookie: Any = {"name": "sessionid", "value": self.person["session"], "domain": "localhost", "path": "/"}
        context.add_cookies([cookie])
        return context

    @contextmanager
    def at_work(self, profile: Path) -> Iterator[BrowserContext]:
        context = self.open(profile)
        try:
            yield context
        finally:
            context.close()

    def a_note(self) -> str:
        return f"{self.url}{self.person['notes']}{uuid.uuid4()}/edit/"

    def profile(self) -> Path:
        return self.folder / f"profile-{uuid.uuid4().hex[:8]}"


def editor(context: BrowserContext, address: str, takes_saves: bool) -> Page:
    page = context.new_page()
    if not takes_saves:
        page.route("**/save/", lambda route: route.abort())
    page.goto(address)
    return page


def text_in(page: Page) -> str:
    """What the editor shows once it has looked at what the device keeps."""
    page.wait_for_function("() => document.querySelector('note-editor').draft !== undefined")
    page.evaluate("() => document.querySelector('note-editor').ready")
    return page.locator("#id_body").input_value()


# --- N1 ---


def killed(desk: Desk, share: float) -> Row:
    kills = max(1, round(KILLS * share))
    lost = sum(not survives(desk) for _ in range(kills))
    control = sum(not survives(desk, careless=True) for _ in range(CONTROL_KILLS))
    return Row(
        "N1",
        BROWSER,
        "kill -9 of all processes of the browser at a random moment while somebody types; no save gets through",
        f"{kills} kills",
        f"text older than {YOUNG:.0f} s was there again in {kills - lost} of {kills}",
        f"drafts written after a minute only: lost in {control} of {CONTROL_KILLS}",
        lost == 0 and control > 0,
    )


def survives(desk: Desk, careless: bool = False) -> bool:
    profile, address = desk.profile(), desk.a_note()
    context = desk.open(profile)
    page = context.new_page()
    page.route("**/save/", lambda route: route.abort())
    if careless:
        page.route(
            "**/note-editor.js", lambda route: route.fulfill(response=(got := route.fetch()), body=late(got.text()))
        )
    page.goto(address)
    page.locator("#id_body").focus()
    end, typed, text = time.monotonic() + random.uniform(2, 6), [], ""
    while time.monotonic() < end:
        word = f"{random.choice(['note', 'hunch', 'museum', 'evidence'])} "
        page.keyboard.type(word)
        text += word
        typed.append((time.monotonic(), text))
        time.sleep(random.uniform(0, 0.12))
    kill_browser(profile)
    killed_at = time.monotonic()
    with_patience(context.close)
    old_enough = [known for at, known in typed if at < killed_at - YOUNG][-1]
    with desk.at_work(profile) as again:
        return text_in(editor(again, address, takes_saves=False)).startswith(old_enough)


def late(script: str) -> str:
    assert "const ON_DEVICE = 200;" in script
    return script.replace("const ON_DEVICE = 200;", "const ON_DEVICE = 60000;").replace("await this.keepNow();", "")


def kill_browser(profile: Path) -> None:
    found = subprocess.run(["pgrep", "-f", str(profile)], capture_output=True, text=True).stdout.split()
    for pid in map(int, found):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def with_patience(close: Any) -> None:
    # The browser or the tab is dead, as it should be.
    with suppress(Error):
        close()


# --- N2 ---


def crash(page: Page, context: BrowserContext) -> None:
    with_patience(lambda: page.goto("chrome://crash", timeout=5_000))
    page.close()


def close(page: Page, context: BrowserContext) -> None:
    page.close(run_before_unload=True)
    page.wait_for_event("close") if not page.is_closed() else None


def back(page: Page, context: BrowserContext) -> None:
    page.evaluate("() => history.back()")
    page.wait_for_url("**/my/")
    page.close()


def reload(page: Page, context: BrowserContext) -> None:
    page.reload()
    page.close()


def offline(page: Page, context: BrowserContext) -> None:
    context.set_offline(True)
    page.close()
    context.set_offline(False)


WAYS = {"the tab crashes": crash, "close": close, "back": back, "reload": reload, "offline, then close": offline}


def ended(desk: Desk, share: float) -> list[Row]:
    each = max(1, round(EACH * share))
    with desk.at_work(desk.profile()) as context:
        lost = {name: sum(not comes_back(desk, context, way) for _ in range(each)) for name, way in WAYS.items()}
        asked = sum(asks(desk, context, keeps=False) for _ in range(5))
        not_asked = sum(asks(desk, context, keeps=True) for _ in range(5))
    return [
        Row(
            "N2",
            BROWSER,
            f"{', '.join(WAYS)}, as soon as the device has the text; no save gets through",
            f"{each} each",
            f"texts that came back with a character missing: {sum(lost.values())} of {each * len(WAYS)}; leaving is"
            f" asked about {not_asked} of 5 times with the text on the device",
            f"without storage on the device, leaving is asked about {asked} of 5 times",
            not any(lost.values()) and (asked, not_asked) == (5, 0),
        )
    ]


def comes_back(desk: Desk, context: BrowserContext, way: Any) -> bool:
    address, text = desk.a_note(), f"Written and left: {uuid.uuid4()} – ŵ, é, 🏛️.\n\nTwo paragraphs."
    page = context.new_page()
    page.route("**/save/", lambda route: route.abort())
    page.goto(f"{desk.url}/my/")
    page.goto(address)
    page.locator("#id_body").focus()
    page.keyboard.insert_text(text)
    expect(page.locator("[data-status]")).to_have_text(ON_DEVICE)
    way(page, context)
    again = editor(context, address, takes_saves=False)
    try:
        return text_in(again) == text
    finally:
        again.close()


def asks(desk: Desk, context: BrowserContext, keeps: bool) -> bool:
    """Whether leaving the page is asked about, with text that no save has taken."""
    page = context.new_page()
    if not keeps:
        page.add_init_script("Object.defineProperty(window, 'indexedDB', { value: undefined })")
    page.route("**/save/", lambda route: route.abort())
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.goto(desk.a_note())
    page.locator("#id_body").press_sequentially("Not at the portal.")
    expect(page.locator("[data-status]")).to_have_text(ON_DEVICE if keeps else re.compile("^Not saved"))
    page.goto(f"{desk.url}/my/")
    page.close()
    return asked == ["beforeunload"]


# --- N3 ---


def cut_off(desk: Desk, share: float) -> list[Row]:
    each = max(1, round(CUT_OFF * share))
    unchanged = sum(not goes_up(desk) for _ in range(each))
    changed = sum(not is_asked_about(desk) for _ in range(each))
    return [
        Row(
            "N3",
            BROWSER,
            "no connection in the middle of a text, the browser closed, opened again later with a connection",
            f"{each} with the note as it was, {each} with the note changed meanwhile",
            f"as it was, and not saved by itself within 5 s: {unchanged}; changed, and both texts not shown and kept:"
            f" {changed}",
            "the two halves are each other's: what goes up unasked in one is held back in the other",
            not unchanged and not changed,
        )
    ]


def written_offline(desk: Desk, profile: Path) -> tuple[str, str]:
    """A note with a saved beginning and a text that is on the device only; its address, and that text."""
    address, text = desk.a_note(), f"Begun. Gone on in a tunnel: {uuid.uuid4()}."
    with desk.at_work(profile) as context:
        page = editor(context, address, takes_saves=True)
        page.locator("#id_body").fill("Begun.")
        expect(page.locator("[data-status]")).to_have_text(re.compile("version 1$"), timeout=15_000)
        page.route("**/save/", lambda route: route.abort())
        context.set_offline(True)
        page.locator("#id_body").fill(text)
        expect(page.locator("[data-status]")).to_have_text(ON_DEVICE)
    return address, text


def goes_up(desk: Desk) -> bool:
    profile = desk.profile()
    address, text = written_offline(desk, profile)
    with desk.at_work(profile) as context:
        page = editor(context, address, takes_saves=True)
        try:
            expect(page.locator("[data-status]")).to_have_text(re.compile("version 2$"), timeout=5_000)
        except AssertionError:
            return False
        return text_in(page) == text


def is_asked_about(desk: Desk) -> bool:
    profile = desk.profile()
    address, text = written_offline(desk, profile)
    with desk.at_work(desk.profile()) as elsewhere:
        page = editor(elsewhere, address, takes_saves=True)
        page.locator("#id_body").fill("Changed elsewhere.")
        expect(page.locator("[data-status]")).to_have_text(re.compile("version 2$"), timeout=15_000)
    with desk.at_work(profile) as context:
        page = editor(context, address, takes_saves=True)
        panel = page.locator(".conflict")
        expect(panel).to_be_visible(timeout=15_000)
        shown = [panel.get_by_role("group", name=f"{whose} text").inner_text() for whose in ("Their", "Your")]
        kept = page.request.get(address.replace("/edit/", "/versions/")).text()
        return shown == ["Changed elsewhere.", text] and "Kept copy" in kept
