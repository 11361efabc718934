"""The desk's form of a finding under a real pair of hands: what is typed is kept on the device until it is saved."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from playwright.sync_api import Page, expect

from findings import writing
from findings.models import Finding
from lgr6 import rehearsal
from participants.models import User
from tests.browser.test_note_editor import KEPT_HERE

pytestmark = pytest.mark.django_db(transaction=True)

ADD = "/admin/findings/finding/add/"
TYPED = "Typed with ten fingers."


def a_working_copy() -> Finding:
    """A finding that is not published yet."""
    finding = Finding.objects.exclude(state=Finding.State.PUBLISHED).order_by("pk").first()
    assert finding is not None
    return finding


def path_of(finding: Finding) -> str:
    return f"/admin/findings/finding/{finding.pk}/change/"


def open_form(someone: Any, finding: Finding) -> Page:
    return someone.goto(path_of(finding))


def at_the_desk(visitor: Any) -> tuple[Any, Page, Finding]:
    someone, finding = visitor(), a_working_copy()
    someone.sign_in("staff")
    return someone, open_form(someone, finding), finding


def summary(page: Page) -> Any:
    return page.get_by_label("Summary:", exact=True)


def status(page: Page) -> Any:
    return page.locator("[data-draft-status]")


def notice(page: Page) -> Any:
    return page.get_by_role("region", name="Text from this device")


def kept(page: Page) -> None:
    expect(status(page)).to_have_text("Kept on this device. It is not in the finding until you save.")


def save(page: Page) -> None:
    page.get_by_role("button", name="Save and continue editing").click()


def saved(page: Page) -> None:
    expect(page.locator(".messagelist .success")).to_contain_text("was changed successfully")


def drafts(page: Page) -> int:
    return page.evaluate(KEPT_HERE)["drafts"]


def left_behind(someone: Any, finding: Finding, words: str = TYPED) -> Page:
    """Typed, and the browser killed: a new page on the same device."""
    page = open_form(someone, finding)
    summary(page).fill(words)
    kept(page)
    page.close(run_before_unload=False)
    someone.page = someone.context.new_page()
    return someone.page


def somebody_else_saves(finding: Finding, **values: Any) -> None:
    found, by = Finding.objects.get(pk=finding.pk), User.objects.get(email="staff@rehearsal.example")
    now = timezone.now()
    with transaction.atomic():
        writing.begin_save(found, found.version, by, now)
        Finding.objects.filter(pk=finding.pk).update(**values)
        writing.keep(Finding.objects.get(pk=finding.pk), found.version, by, now)


def test_a_form_nobody_typed_into_says_and_keeps_nothing_whatever_is_chosen_in_it(visitor):
    someone = visitor()
    page = someone.sign_in("staff")
    finding = Finding.objects.filter(themes__isnull=False, contributors__isnull=False).first()

    open_form(someone, finding)
    expect(page.locator("[name=themes]:checked")).to_have_count(finding.themes.count())
    page.wait_for_timeout(500)

    expect(status(page)).to_be_empty()
    assert drafts(page) == 0


def test_what_was_typed_survives_a_crash_and_is_gone_from_the_device_once_it_is_saved(visitor):
    someone, page, finding = at_the_desk(visitor)
    expect(status(page)).to_be_empty()
    page = left_behind(someone, finding)

    open_form(someone, finding)
    expect(notice(page)).to_contain_text(
        re.compile(r"What you typed here on \d+ \w+ at \d\d:\d\d has not been saved\.")
    )
    expect(notice(page).locator("[data-since]")).to_be_hidden()
    expect(summary(page)).to_have_value(finding.summary)
    notice(page).get_by_text("What differs").click()
    expect(notice(page).locator("[data-typed]")).to_have_text(TYPED)
    notice(page).get_by_role("button", name="Bring it back").press("Enter")

    expect(summary(page)).to_have_value(TYPED)
    expect(summary(page)).to_be_focused()
    expect(page.locator("[data-announce]")).to_have_text("It is in the form again, and not saved yet.")
    kept(page)
    save(page)
    saved(page)
    page.wait_for_function("location.hash === ''")
    finding.refresh_from_db()
    assert finding.summary == TYPED
    open_form(someone, finding)
    page.wait_for_timeout(500)
    expect(notice(page)).to_be_hidden()
    assert drafts(page) == 0


def test_saving_back_to_the_list_takes_it_off_the_device_too(visitor):
    _, page, finding = at_the_desk(visitor)
    summary(page).fill(TYPED)

    page.get_by_role("button", name="Save", exact=True).click()

    page.wait_for_url(re.compile(r"/finding/$"))
    saved(page)
    page.wait_for_timeout(300)
    assert drafts(page) == 0
    finding.refresh_from_db()
    assert finding.summary == TYPED


def test_a_save_whose_answer_was_lost_asks_nothing_when_the_finding_says_the_same(visitor):
    someone, page, finding = at_the_desk(visitor)
    summary(page).fill(TYPED)
    kept(page)

    def lose(route: Any) -> None:
        route.fetch(max_redirects=0)
        route.abort()

    page.route("**/change/", lambda route: lose(route) if route.request.method == "POST" else route.continue_())
    with page.expect_event("requestfailed"):
        save(page)
    page.wait_for_timeout(300)
    page.unroute_all()
    finding.refresh_from_db()
    assert finding.summary == TYPED

    open_form(someone, finding)
    page.wait_for_function(f"({KEPT_HERE})().then((kept) => kept.drafts === 0)")
    expect(notice(page)).to_be_hidden()


def test_without_a_connection_a_save_loses_nothing(visitor):
    someone, page, finding = at_the_desk(visitor)
    someone.context.set_offline(True)
    summary(page).fill(TYPED)
    with page.expect_event("requestfailed"):
        save(page)
    page.wait_for_timeout(300)
    someone.context.set_offline(False)

    open_form(someone, finding)
    notice(page).get_by_role("button", name="Bring it back").click()
    expect(summary(page)).to_have_value(TYPED)


@pytest.mark.parametrize("answer", [503, 403])
def test_a_save_that_is_answered_by_a_page_of_trouble_loses_nothing(visitor, answer):
    someone, page, finding = at_the_desk(visitor)
    summary(page).fill(TYPED)
    if answer == 403:
        someone.context.clear_cookies(name="csrftoken")
    else:
        page.route(
            "**/change/",
            lambda route: (
                route.fulfill(status=503, body="Not now") if route.request.method == "POST" else route.continue_()
            ),
        )
    with page.expect_response(lambda got: got.request.method == "POST") as got:
        save(page)
    assert got.value.status == answer
    expect(summary(page)).to_have_count(0)
    page.unroute_all()

    open_form(someone, finding)
    notice(page).get_by_role("button", name="Bring it back").click()
    save(page)
    saved(page)
    finding.refresh_from_db()
    assert finding.summary == TYPED


def test_whose_session_ended_while_typing_signs_in_and_goes_on(visitor):
    someone, page, finding = at_the_desk(visitor)
    summary(page).fill(TYPED)
    someone.context.clear_cookies(name="sessionid")
    save(page)
    page.wait_for_url(re.compile("/login/"))

    page.get_by_role("textbox", name="Email").fill("staff@rehearsal.example")
    page.get_by_role("textbox", name="Password").fill(rehearsal.PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(re.compile(re.escape(path_of(finding))))

    notice(page).get_by_role("button", name="Bring it back").click()
    save(page)
    saved(page)
    finding.refresh_from_db()
    assert finding.summary == TYPED


def test_what_somebody_saved_meanwhile_is_shown_beside_it_and_stays_where_nothing_was_typed(visitor):
    someone, _, finding = at_the_desk(visitor)
    page = left_behind(someone, finding)
    somebody_else_saves(finding, summary="Saved meanwhile.", learned="Theirs alone.")

    open_form(someone, finding)
    expect(notice(page)).to_contain_text("The finding was saved since, perhaps by somebody else")
    expect(notice(page).get_by_role("heading", name="Summary (changed since)")).to_be_visible()
    expect(notice(page).locator("[data-stands]")).to_have_text(["Saved meanwhile."])
    expect(notice(page).locator("[data-typed]")).to_have_text([TYPED])
    expect(summary(page)).to_have_value("Saved meanwhile.")
    notice(page).get_by_role("button", name="Bring it back").click()
    save(page)
    saved(page)

    finding.refresh_from_db()
    assert (finding.summary, finding.learned) == (TYPED, "Theirs alone.")
    assert finding.versions.filter(content__summary="Saved meanwhile.").exists()


def test_a_save_that_is_refused_stays_on_the_device_under_one_name(visitor):
    someone, page, finding = at_the_desk(visitor)
    summary(page).fill(TYPED)
    somebody_else_saves(finding, summary="Saved meanwhile.")
    save(page)
    expect(page.get_by_role("heading", name="Somebody else was faster")).to_be_visible()
    kept(page)
    assert drafts(page) == 1

    open_form(someone, finding)
    expect(notice(page)).to_contain_text("has not been saved")
    expect(notice(page).locator("[data-typed]")).to_have_text([TYPED])
    notice(page).get_by_role("button", name="Bring it back").click()
    save(page)
    saved(page)
    page.wait_for_timeout(300)
    assert drafts(page) == 0


def test_it_is_discarded_at_a_second_word_only(visitor):
    someone, _, finding = at_the_desk(visitor)
    page = left_behind(someone, finding)

    open_form(someone, finding)
    notice(page).get_by_role("button", name="Discard it").click()
    expect(notice(page).get_by_role("button", name="It is nowhere else: discard it for good")).to_be_focused()
    assert drafts(page) == 1
    page.keyboard.press("Enter")

    expect(notice(page)).to_be_hidden()
    expect(summary(page)).to_have_value(finding.summary)
    assert drafts(page) == 0


def test_every_field_comes_back_also_welsh_themes_and_a_row_that_moved(visitor):
    _, page, finding = at_the_desk(visitor)
    theme = page.get_by_role("checkbox", name=finding.cohort.themes.exclude(findings=finding).first().name)
    theme.check()
    welsh = page.get_by_label("Text in Welsh:")
    welsh.fill("Yn Gymraeg.")
    page.get_by_label("Work done from:").fill("2018-03-01")
    counter = page.locator("[name=excerpts-0-is_counter]")
    was = counter.is_checked()
    counter.set_checked(not was)
    kept(page)
    page.reload()

    notice(page).get_by_text("What differs").click()
    shown = notice(page).get_by_role("heading", level=3).all_text_contents()
    notice(page).get_by_role("button", name="Bring it back").click()
    expect(theme).to_be_checked()
    expect(welsh).to_have_value("Yn Gymraeg.")
    assert counter.is_checked() is not was
    assert shown == ["Themes", "Text in Welsh", "Work done from", "Counter-example: “Nobody asked who we are.…”"]


def test_a_new_finding_is_kept_with_the_cohort_that_was_chosen(visitor):
    someone = visitor()
    someone.sign_in("staff")
    page = someone.goto(ADD)
    page.locator(".field-cohort .select2-selection").click()
    page.locator(".select2-results__option", has_text=re.compile("Real")).first.click()
    page.get_by_label("Title:", exact=True).press_sequentially("A new one")
    kept(page)
    page.goto("about:blank")

    page = someone.goto(ADD)
    notice(page).get_by_role("button", name="Bring it back").click()
    expect(page.get_by_label("Slug")).to_have_value("a-new-one")
    expect(page.locator(".field-cohort .select2-selection__rendered")).to_contain_text("Real")
    summary(page).fill("In short.")
    page.get_by_role("button", name="Save", exact=True).click()

    page.wait_for_url(re.compile("/change/"))
    assert Finding.objects.get(slug="a-new-one").title == "A new one"
    page.wait_for_timeout(300)
    assert drafts(page) == 0


def test_a_finding_scheduled_meanwhile_shows_what_was_typed_and_keeps_it(visitor):
    someone, _, finding = at_the_desk(visitor)
    page = left_behind(someone, finding)
    Finding.objects.filter(pk=finding.pk).update(publish_at=timezone.now().replace(year=2099))

    open_form(someone, finding)
    expect(notice(page)).to_contain_text("It cannot be brought back just now")
    expect(notice(page).locator("[data-typed]")).to_have_text(TYPED)
    expect(notice(page).get_by_role("button", name="Bring it back")).to_be_hidden()
    assert drafts(page) == 1


def test_any_page_of_the_portal_says_what_waits_at_the_desk_and_sends_nothing(visitor):
    someone, _, finding = at_the_desk(visitor)
    page = left_behind(someone, finding)
    sent = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)

    someone.goto("/my/")
    line = page.locator("unsent-texts")
    expect(line).to_contain_text(f"What you typed into “{finding.title}”")
    line.get_by_text("Show the text").click()
    expect(line.get_by_label("Your text")).to_have_value(re.compile(re.escape(f"Summary: {TYPED}")))
    line.get_by_role("link", name="Open it at the desk").click()

    expect(notice(page)).to_be_visible()
    assert sent == []


def test_signing_out_takes_the_key_and_nobody_else_on_this_device_sees_it(visitor):
    someone, _, finding = at_the_desk(visitor)
    rehearsal.person("deskmate", "Another of the staff", is_staff=True)
    page = left_behind(someone, finding)

    someone.goto("/accounts/logout/")
    expect(page.locator("main")).to_contain_text("One text of yours is on this device only")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(re.compile(r":\d+/$"))
    left = page.evaluate(KEPT_HERE)
    assert (left["keys"], left["drafts"]) == (0, 1)
    assert TYPED not in left["all"]

    someone.sign_in("deskmate")
    expect(page.locator("unsent-texts")).to_be_hidden()
    open_form(someone, finding)
    page.wait_for_timeout(500)
    expect(notice(page)).to_be_hidden()
    assert TYPED not in page.content()
    assert drafts(page) == 1

    someone.context.clear_cookies()
    someone.sign_in("staff")
    open_form(someone, finding)
    expect(notice(page)).to_be_visible()


def test_leaving_asks_only_where_the_device_keeps_nothing(visitor):
    someone, page, finding = at_the_desk(visitor)
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    summary(page).fill(TYPED)
    kept(page)
    someone.goto("/my/")
    assert asked == []

    page.add_init_script("Object.defineProperty(window, 'indexedDB', { value: undefined })")
    open_form(someone, finding)
    summary(page).fill(TYPED)
    expect(status(page)).to_contain_text("This browser keeps nothing on the device")
    someone.goto("/my/")
    assert asked == ["beforeunload"]
    open_form(someone, finding)
    summary(page).fill(TYPED)
    save(page)
    saved(page)
    assert asked == ["beforeunload"]


def test_what_is_typed_while_a_save_is_on_its_way_is_kept(visitor):
    _, page, _ = at_the_desk(visitor)
    under_way: list[Any] = []
    page.route(
        "**/change/", lambda route: under_way.append(route) if route.request.method == "POST" else route.continue_()
    )
    summary(page).fill(TYPED)
    page.evaluate(
        """words => setTimeout(() => {
          document.querySelector("[name=summary]").value = words;
          document.querySelector("[name=summary]").dispatchEvent(new Event("input", { bubbles: true }));
        }, 1000)""",
        f"{TYPED} And more.",
    )
    page.get_by_role("button", name="Save and continue editing").click(no_wait_after=True)
    page.wait_for_timeout(2000)
    under_way[0].continue_()

    saved(page)
    expect(notice(page).locator("[data-stands]")).to_have_text([TYPED])
    expect(notice(page).locator("[data-typed]")).to_have_text([f"{TYPED} And more."])
    assert drafts(page) == 1


def test_two_tabs_do_not_take_each_others_text_for_left_behind(visitor):
    someone, page, _ = at_the_desk(visitor)
    summary(page).fill(TYPED)
    kept(page)
    second = someone.context.new_page()

    second.goto(page.url)
    second.wait_for_timeout(6000)
    expect(notice(second)).to_be_hidden()
    page.close()
    second.reload()
    expect(notice(second)).to_be_visible()
