"""The whole way of a finding: from a passage in a note to its withdrawal, and what the public is shown at each step."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from io import BytesIO
from typing import Any
from urllib.parse import quote

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from correspondence.wallclock import LONDON
from findings import consent, publishing
from findings.models import Finding
from participants.models import Membership, User
from research.models import ResearchNote
from tests.browser.test_journeys import answer, see, see_admin

TITLE = "Questions travel further than pictures"
KEPT = "Nobody asked who we are."
TAKEN_BACK = "They are those that **help somebody do something**"
REFUSED = "We had asked about ourselves, not about them."
GALLERY = "After three weeks the same five people answered."


class Public:
    """What anybody gets of a finding, in each format and place."""

    def __init__(self, visitor: Any, finding: Finding) -> None:
        self.visitor, self.slug = visitor, finding.slug

    def ask(self, path: str) -> tuple[int, str]:
        got = self.visitor.context.request.get(self.visitor.portal + path)
        if got.headers["content-type"] == "application/pdf":
            return got.status, words_of(got.body())
        return got.status, got.text()

    def everywhere(self) -> dict[str, str]:
        """The text of each place that shows the finding; asked twice, so that what is kept is shown too."""
        own = [f"/findings/{self.slug}{end}" for end in ("/", ".json", ".bib", ".ris", ".csl.json", ".pdf")]
        places = [*own, "/findings/", "/findings/feed.atom", "/findings/feed.json", f"/findings/?q={quote(TITLE)}"]
        found = {}
        for path in places:
            status, text = self.ask(path)
            assert self.ask(path) == (status, text) or path.endswith(".pdf")
            found[path] = text if status == 200 else f"{status}"
        return found

    def wait_until(self, holds: Any) -> dict[str, str]:
        """What everywhere says once that is so: within a minute, as promised."""
        end = time.monotonic() + 60
        while not holds(found := self.everywhere()):
            assert time.monotonic() < end, {place: text[:80] for place, text in found.items()}
            time.sleep(0.5)
        return found


def words_of(pdf: bytes) -> str:
    pypdf = pytest.importorskip("pypdf")
    return " ".join(" ".join(page.extract_text() for page in pypdf.PdfReader(BytesIO(pdf)).pages).split())


def holding(found: dict[str, str], words: str) -> set[str]:
    """Where these words stand, whatever the marks and the spacing."""
    sought = plain(words)
    return {place for place, text in found.items() if sought in plain(text)}


def plain(text: str) -> str:
    text = re.sub(r"<[^>]+>|&lt;.*?&gt;|\*", "", text.replace("\\n", " ").replace("&#x27;", "'"))
    return re.sub(r"\s+", "", text)


def test_a_finding_is_gathered_agreed_published_corrected_and_withdrawn(visitor, settings):
    settings.SHOP_WINDOW_SECONDS = 1
    staff, museum, reader = visitor(), visitor(), visitor()
    desk = staff.sign_in("staff")

    # Gathered: a passage is marked side by side, and begins a finding.
    note = ResearchNote.objects.get(title__startswith="Sample: people share")
    desk.goto(f"{staff.portal}/cohorts/{note.membership.cohort.slug}/gather/notes/{note.pk}/")
    desk.get_by_label("The words to mark").fill(TAKEN_BACK)
    desk.get_by_role("button", name="Mark these words").click()
    desk.goto(f"{staff.portal}/cohorts/{note.membership.cohort.slug}/gather/passages/")
    desk.get_by_role("link", name=re.compile("Take into a finding ?: They are those")).click()
    desk.get_by_label("Title of a new finding").fill(TITLE)
    desk.get_by_role("button", name="Take these words").click()
    finding = Finding.objects.get(title=TITLE)
    public = Public(reader, finding)
    change = f"{staff.portal}/admin/findings/finding/{finding.pk}/change/"
    desk.goto(change)
    desk.locator("#id_summary").fill("A sample of what was learned.")
    desk.locator("#id_learned").fill("Answer what people ask.")
    desk.get_by_role("button", name="Save and continue editing").click()
    expect(desk.get_by_text("was changed successfully")).to_be_visible()
    for title, words in [("forty comments", KEPT), ("why we stopped", REFUSED), ("why we stopped", GALLERY)]:
        desk.get_by_role("link", name=re.compile(f"Quote from this note ?: Sample: {title}")).click()
        desk.get_by_label("Quote").fill(words)
        desk.get_by_role("button", name="Add these words").click()

    # Agreed: one organisation at its page, the other by a link, and it refuses one of its passages.
    desk.get_by_role("link", name="Ask the organisations …").click()
    desk.get_by_role("button", name="Ask the organisations").click()
    assert set(public.everywhere().values()) & {"404"} == {"404"}
    assert holding(public.everywhere(), KEPT) == set()
    theirs = museum.sign_in("participant")
    theirs.goto(staff.portal + finding.agreement_path())
    answer(theirs, "Does Sample Museum agree", "Yes, it may be published")
    for number in range(2):
        ask_again(theirs, "May this be quoted, for Sample Museum", number)
    answer(theirs, "You wrote this", "Yes, these words may be quoted")
    wrote = visitor().sign_in("colleague")
    wrote.goto(staff.portal + finding.agreement_path())
    answer(wrote, "You wrote this", "Yes, these words may be quoted")
    by_link = answer_by_link(staff, visitor(), finding)
    neighbour = visitor().sign_in("neighbour")
    neighbour.goto(staff.portal + finding.agreement_path())
    form = neighbour.locator("section.card", has_text=GALLERY).filter(has_text="You wrote this")
    form.get_by_role("radio", name=re.compile("^Yes")).check()
    form.get_by_role("button", name="Record the answer").click()
    expect(neighbour.get_by_text("Recorded:")).to_be_visible()

    # Scheduled, and published at that minute.
    at = timezone.now().astimezone(LONDON).replace(second=0, microsecond=0) + timedelta(days=1)
    desk.goto(change)
    desk.get_by_role("link", name="Publish …").click()
    desk.get_by_role("radio", name=re.compile("London time below")).check()
    desk.get_by_label("Day").fill(f"{at:%Y-%m-%d}")
    desk.locator("input[name=time]").fill(f"{at:%H:%M}")
    desk.get_by_role("button", name="Publish", exact=True).click()
    see_admin(desk, "Scheduled for")
    assert public.ask(f"/findings/{finding.slug}/")[0] == 404
    assert publishing.publish_due(at) == 1
    found = public.wait_until(lambda found: holding(found, TITLE) == {*found})
    whole = {f"/findings/{finding.slug}{end}" for end in ("/", ".json", ".pdf")} | {
        "/findings/feed.atom",
        "/findings/feed.json",
    }
    for words in (KEPT, GALLERY, TAKEN_BACK):
        assert holding(found, words) == whole
    # In the feeds another sample finding quotes them.
    assert not {place for place in holding(found, REFUSED) if finding.slug in place}
    reader.goto(finding.get_absolute_url())
    see(reader.page, KEPT)

    # Corrected: the release before stays readable.
    correct(finding, "Answer what people really ask.")
    found = public.wait_until(lambda found: len(holding(found, "Answer what people really ask.")) == len(whole))
    assert "release 2" in found[f"/findings/{finding.slug}/"].lower()
    status, before = public.ask(f"/findings/{finding.slug}/releases/1/")
    assert (status, "Answer what people ask." in before) == (200, True)

    # A passage is taken back by who wrote it: gone everywhere, and the page says so.
    theirs.goto(staff.portal + finding.agreement_path())
    answer(theirs, "You wrote this", "No, leave them out")
    found = public.wait_until(lambda found: not holding(found, TAKEN_BACK))
    assert holding(found, KEPT) == whole
    assert "A quotation or a picture was withdrawn from this finding" in found[f"/findings/{finding.slug}/"]
    assert TAKEN_BACK[:18] not in public.ask(f"/findings/{finding.slug}/releases/1/")[1]

    # The link, closed, opens nothing.
    finding.review_links.get().revoke(timezone.now())
    assert by_link.page.goto(by_link.page.url).status == 410

    # Withdrawn: the address stays, with day and reason.
    desk.goto(change)
    desk.get_by_role("link", name="Withdraw …").click()
    desk.get_by_label("Reason").fill("The sample has ended.")
    desk.get_by_role("button", name="Withdraw", exact=True).click()
    public.wait_until(lambda found: not holding(found, KEPT) and not holding(found, TITLE))
    status, page = public.ask(f"/findings/{finding.slug}/")
    assert (status, "The sample has ended." in page) == (410, True)
    assert public.ask(f"/findings/{finding.slug}/releases/1/")[0] == 410


def ask_again(page: Page, question: str, number: int) -> None:
    """Says yes to the passage that has this place among those of a question."""
    form = page.get_by_role("region", name=re.compile(question)).nth(number)
    form.get_by_role("radio", name=re.compile("^Yes")).check()
    form.get_by_role("button", name="Record the answer").click()
    expect(page.get_by_text("Recorded:")).to_be_visible()


def answer_by_link(staff: Any, director: Any, finding: Finding) -> Any:
    """Sends a link for Sample Gallery; its director agrees to the text, and to one passage of two."""
    desk = staff.goto(f"/admin/findings/finding/{finding.pk}/links/")
    desk.get_by_label("Speaks for").select_option(label="Sample Gallery")
    desk.get_by_label("Name").fill("Dee Rector")
    desk.get_by_label("E-mail address").fill("dee@gallery.example")
    desk.get_by_role("button", name="Send a link").click()
    letter = staff.read_letter("dee@gallery.example", "finding_to_review")
    page = director.page
    page.goto(re.search(r"http\S+/review/\S+", letter).group())
    answer(page, "Does Sample Gallery agree", "Yes, it may be published")
    for words, given in [(GALLERY, "Yes"), (REFUSED, "No")]:
        form = page.locator("section.card", has_text=words).filter(has_text="for Sample Gallery?")
        form.get_by_role("radio", name=re.compile(f"^{given}")).check()
        form.get_by_role("button", name="Record the answer").click()
        expect(page.get_by_text("Recorded:")).to_be_visible()
    return director


def correct(finding: Finding, learned: str) -> None:
    """Staff write other words, both organisations agree, and a second release goes out."""
    finding = Finding.objects.get(pk=finding.pk)
    finding.learned = learned
    finding.save()
    now = timezone.now()
    consent.ask(finding, now)
    for part, name in [("participant", "Sample Museum"), ("neighbour", "Sample Gallery")]:
        membership = Membership.objects.get(name=name)
        person = User.objects.get(email=f"{part}@rehearsal.example")
        consent.answer(finding.agreements.get(membership=membership), person, "yes", "", now)
    finding.publish(now, None, "What we learned, in clearer words.")
