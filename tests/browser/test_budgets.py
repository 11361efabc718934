"""What a public page costs its reader: bytes, requests, and nothing that jumps, even while a font is still coming."""

from __future__ import annotations

import gzip
import re
import time
from typing import Any

from django.utils import timezone
from playwright.sync_api import Page, Response, Route

from findings import consent
from findings.models import Finding, Follower
from participants.models import Membership, User
from tests.browser.test_findings import correct

# Compressed, for a page with all it loads: the design notes' budgets.
BUDGETS = {"stylesheet": 30 * 1024, "script": 20 * 1024, "font": 120 * 1024}
MOST_REQUESTS = 14
# Of the field of vision: what the eye does not see.
LEAST_SHIFT = 0.01
SHIFTED = """() => new Promise((done) => {
  new PerformanceObserver((list) => done(list.getEntries().reduce((sum, entry) => sum + entry.value, 0)))
    .observe({ type: "layout-shift", buffered: true });
  setTimeout(() => done(0), 300);
})"""


def bytes_by_kind(came: list[Response]) -> dict[str, int]:
    """What goes over the wire where a server compresses text; fonts are compressed already."""
    sizes: dict[str, int] = {}
    for response in came:
        kind, body = response.request.resource_type, response.body()
        sizes[kind] = sizes.get(kind, 0) + (len(body) if kind == "font" else len(gzip.compress(body)))
    return sizes


def slowly(route: Route) -> None:
    time.sleep(0.2)
    route.continue_()


def look_at(page: Page, address: str, width: int) -> tuple[list[Response], float]:
    """Opens a page with nothing kept from before; all that came, and how far it shifted."""
    came: list[Response] = []
    page.set_viewport_size({"width": width, "height": 800})
    page.on("response", lambda response: came.append(response))
    page.goto(address)
    page.evaluate("document.fonts.ready")
    return came, page.evaluate(SHIFTED)


def public_pages(visitor: Any) -> dict[str, str]:
    """The pages of findings that anybody can open, with each part they may have."""
    finding = Finding.objects.get(slug="sample-people-with-names")
    finding.title_cy, finding.summary_cy, finding.body_cy = "Sampl", "Mae pobl yn ateb pobl.", "## Beth\n\n- Oriau"
    finding.save()
    correct(finding, "People answer people, whoever they are.")
    now = timezone.now()
    follower = Follower.objects.create(finding=finding, address="reader@sample.example", asked_at=now)
    staff = User.objects.get(email="staff@rehearsal.example")
    museum = Membership.objects.get(name="Sample Museum")
    waiting = Finding.objects.get(slug="sample-waiting-for-a-yes")
    consent.send_link(waiting, name="Dee", email="dee@sample.example", by=staff, now=now, membership=museum)
    link = re.search(r"/review/\S+", visitor.read_letter("dee@sample.example", "finding_to_review"))
    assert link is not None
    page = f"/findings/{finding.slug}/"
    return {
        "list": "/findings/",
        "search": "/findings/?q=people",
        "theme": "/findings/?theme=audience-voice",
        "finding": page,
        "release": f"{page}releases/1/",
        "Welsh": f"{page}cy/",
        "follow": f"{page}follow/",
        "confirm": f"/follow/{follower.confirm_key}/",
        "report": "/reports/sample-report/",
        "resources": "/resources/",
        "review": link.group(),
    }


def test_public_pages_of_findings_keep_their_budgets_and_nothing_on_them_jumps(visitor):
    pages = public_pages(visitor())
    found: dict[str, Any] = {}
    for name, path in pages.items():
        for width in (390, 1280):
            one = visitor()
            one.page.route(re.compile(r"\.woff2$"), slowly)
            came, shifted = look_at(one.page, one.portal + path, width)
            sizes = bytes_by_kind(came)
            over = {kind: size for kind, size in sizes.items() if size > BUDGETS.get(kind, size)}
            failed = [response.url for response in came if response.status != 200]
            if over or failed or shifted >= LEAST_SHIFT or len(came) > MOST_REQUESTS or "font" not in sizes:
                found[f"{name} at {width}"] = (over, failed, round(shifted, 4), len(came))
            one.context.close()

    assert found == {}
