"""Letters as a mail program shows them: on a narrow phone, in light and dark, with pictures off."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from correspondence.letterhead import html_of
from correspondence.models import Letter

LONG = "Amgueddfa-Cymru-" * 12
BODY = f"""Hello Pat,

your code is

    ABCD-EFGH

Where: {LONG}

New since Monday
----------------
- the first
- the second

> It did not work, and that is worth as much.

https://portal.example/{"a-very-long-path/" * 8}

You get this because you take part.

--
No more letters of this kind? https://portal.example/letters/leave/key/
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_letter_is_readable_at_320_pixels_without_scrolling_sideways(browser, scheme):
    page = browser.new_context(viewport={"width": 320, "height": 640}, color_scheme=scheme).new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.set_content(html_of(f"A sample {LONG}", BODY))

    assert page.evaluate("document.documentElement.scrollWidth") == 320
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == {"light": "rgb(251, 248, 241)", "dark": "rgb(22, 21, 31)"}[scheme]
    found = Axe().run(page)
    assert [violation["id"] for violation in found.response["violations"]] == []
    assert asked == []
    page.context.close()


def test_the_mail_room_frames_the_letter_under_the_strict_policy_and_its_links_work(visitor):
    one = visitor()
    one.sign_in("participant")
    letter = Letter.objects.order_by("-pk").first()
    if letter is None:
        letter = Letter.objects.create(
            key="k", kind="sample", address="p@rehearsal.example", subject="S", body="", due_at="2018-05-14T12:00Z"
        )
    Letter.objects.filter(pk=letter.pk).update(body=f"Hello,\n\n{one.portal}/healthz\n")

    page = one.goto(f"/mailroom/{letter.pk}/")
    link = page.frame_locator("iframe").get_by_role("link")
    with one.context.expect_page() as opened:
        link.click()

    opened.value.wait_for_load_state()
    assert opened.value.url == f"{one.portal}/healthz"
