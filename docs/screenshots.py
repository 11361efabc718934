"""Takes the pictures of six pages in docs/pictures/ from a rehearsal of its own: `make screenshots`."""

import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent
PICTURES = HOME / "docs" / "pictures"
sys.path.insert(0, str(HOME))

# File name, account, path, width, colour scheme. A path that starts with ">" is the text of a link on /my/ to follow.
SHOTS = [
    ("home", "", "/", 1280, "light"),
    ("finding", "", "/findings/sample-useful-travels/", 1280, "light"),
    ("my-programme", "participant", "/my/", 1280, "light"),
    ("my-programme-phone-dark", "participant", "/my/", 390, "dark"),
    ("note", "participant", ">Continue draft", 1280, "light"),
    ("session", "mentor", ">Open", 1280, "light"),
    ("staff-desk", "staff", "/admin/", 1280, "light"),
]
WAIT = 60


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        env = {
            **os.environ,
            "REHEARSAL": "true",
            "SECRET_KEY": secrets.token_urlsafe(60),
            "DATABASE_URL": f"sqlite:///{folder}/portal.sqlite3",
            "REDIS_URL": "",
            "PORTAL_URL": f"http://localhost:{port}",
            "PORT": str(port),
            "SERVER_LOG_LEVEL": "error",
        }
        subprocess.run([sys.executable, "manage.py", "rehearse", "--prepare-only"], cwd=HOME, env=env, check=True)
        server = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", "python:lgr6.server", "lgr6.wsgi"], cwd=HOME, env=env
        )
        try:
            wait_for(f"http://localhost:{port}/healthz")
            take(f"http://localhost:{port}")
        finally:
            server.terminate()
            server.wait(timeout=30)


def wait_for(address: str) -> None:
    for _ in range(WAIT * 4):
        try:
            urllib.request.urlopen(address, timeout=2)  # noqa: S310  our own server on this machine
        except OSError:
            time.sleep(0.25)
        else:
            return
    raise SystemExit(f"{address} did not answer in {WAIT} seconds.")


def take(portal: str) -> None:
    from playwright.sync_api import sync_playwright

    from tests.surroundings import FLAGS, chromium

    PICTURES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        for name, account, path, width, scheme in SHOTS:
            page = browser.new_page(
                viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
            )
            if account:
                page.goto(f"{portal}/accounts/login/")
                page.get_by_role("textbox", name="Email").fill(f"{account}@rehearsal.example")
                page.get_by_role("textbox", name="Password").fill("rehearse-lgr6-only")
                page.get_by_role("button", name="Sign in", exact=True).click()
                page.wait_for_url("**/my/")
            if path.startswith(">"):
                page.get_by_role("link", name=path[1:]).first.click()
            else:
                page.goto(portal + path)
            page.evaluate("document.fonts.ready")
            page.screenshot(path=PICTURES / f"{name}.png", full_page=True)
            print(f"docs/pictures/{name}.png")
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
