"""The note editor under a real pair of hands: keys, lost answers, no connection, a sign-in that ended."""

import re
from datetime import date

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from lgr6 import rehearsal
from research.models import NoteVersion, ResearchNote

TITLE = "Sample note, written on the train"

pytestmark = pytest.mark.django_db(transaction=True)


def open_editor(page: Page) -> ResearchNote:
    note = ResearchNote.objects.get(title=TITLE)
    page.goto(page.url.split("/my/")[0] + note.get_absolute_url() + "edit/")
    return note


def body(page: Page):
    return page.get_by_label("Note", exact=True)


def status(page: Page):
    return page.locator("[data-status]")


def press_save(page: Page) -> None:
    page.get_by_role("button", name="Save", exact=True).click()


def saved(version: int) -> re.Pattern[str]:
    return re.compile(rf"^Saved \d\d:\d\d, version {version}$")


ON_DEVICE = re.compile("^Saved on this device only")


def texts_of(note: ResearchNote) -> list[tuple[int | None, str]]:
    """Every text that came after the note's first, as it was kept."""
    return list(NoteVersion.objects.filter(note=note, base_version__gt=0).order_by("pk").values_list("number", "body"))


def test_typing_is_saved_by_itself_and_says_so_in_words(visitor):
    page = visitor().sign_in("participant")
    note = open_editor(page)

    body(page).fill("Written with ten fingers.")

    expect(status(page)).to_have_text(ON_DEVICE)
    expect(status(page)).to_have_text(saved(2))
    assert texts_of(note) == [(2, "Written with ten fingers.")]
    assert note.versions.get(number=2).is_autosave


def test_what_was_typed_before_the_script_came_is_saved_too(visitor):
    page = visitor(service_workers="block").sign_in("participant")
    note = ResearchNote.objects.get(title=TITLE)
    under_way = []
    page.route(re.compile("/js/note-editor"), lambda route: under_way.append(route))
    page.goto(page.url.split("/my/")[0] + note.get_absolute_url() + "edit/", wait_until="commit")

    body(page).fill("Written on a slow line.")
    page.wait_for_timeout(300)
    for script in under_way:
        script.continue_()

    assert under_way
    expect(status(page)).to_have_text(saved(2))
    assert texts_of(note) == [(2, "Written on a slow line.")]


def test_control_s_saves_at_once_and_is_said_aloud(visitor):
    page = visitor().sign_in("participant")
    note = open_editor(page)

    body(page).fill("Written with ten fingers.")
    body(page).press("Control+s")

    expect(status(page)).to_have_text(saved(2))
    expect(page.locator("[data-announce]")).to_have_text(saved(2))
    assert not note.versions.get(number=2).is_autosave


def test_who_may_read_it_changes_at_the_writers_word_only(visitor):
    page = visitor().sign_in("participant")
    note = open_editor(page)
    audience = note.audience

    page.get_by_label("The whole cohort").check()
    body(page).fill("Not for everybody yet.")
    expect(status(page)).to_have_text(re.compile("version 2. Press Save to change who can read or quote it"))
    note.refresh_from_db()
    assert (note.body, note.audience) == ("Not for everybody yet.", audience)

    press_save(page)
    question = page.get_by_role("dialog", name="Who will read this note")
    expect(question).to_contain_text("will be able to read this note")
    question.get_by_role("button", name="Change nothing").click()
    note.refresh_from_db()
    assert (note.version, note.audience) == (2, audience)

    press_save(page)
    question.get_by_role("button", name="Share it").click()
    expect(status(page)).to_have_text(saved(3))
    note.refresh_from_db()
    assert note.audience == "cohort"


def test_a_text_that_comes_after_the_lock_is_kept_beside_the_note_and_says_so(visitor):
    page = visitor().sign_in("participant")
    note = open_editor(page)
    lock(note)

    body(page).fill("Too late by years.")

    expect(status(page)).to_contain_text("it is locked. Your text is kept beside it.")
    expect(page.get_by_role("link", name="Go to the addenda")).to_be_visible()
    assert texts_of(note) == [(None, "Too late by years.")]


def test_leaving_asks_only_about_text_that_is_in_no_safe_place(visitor):
    someone = visitor()
    page = someone.sign_in("participant")
    page.add_init_script("Object.defineProperty(window, 'indexedDB', { value: undefined })")
    page.route("**/save/", lambda route: route.abort())
    open_editor(page)
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))

    body(page).type("Nowhere yet. ")
    expect(status(page)).to_have_text(re.compile("^Not saved: no answer"))
    page.get_by_role("link", name="Exchange").click()
    expect(body(page)).to_be_visible()
    assert asked == ["beforeunload"]

    page.unroute("**/save/")
    press_save(page)
    expect(status(page)).to_have_text(saved(2))
    page.get_by_role("link", name="Exchange").click()
    page.wait_for_url(re.compile("/exchange/"))
    assert asked == ["beforeunload"]


def test_leaving_with_text_on_the_device_asks_nothing_and_the_next_page_sends_it(visitor):
    someone = visitor()
    page = someone.sign_in("participant")
    note = open_editor(page)
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.route("**/save/", lambda route: route.abort())

    body(page).fill("Left in a hurry.")
    expect(status(page)).to_have_text(ON_DEVICE)
    page.unroute("**/save/")
    page.get_by_role("link", name="Exchange").click()

    expect(page.locator("unsent-texts")).to_contain_text("written on this device, is saved")
    assert asked == []
    assert texts_of(note) == [(2, "Left in a hurry.")]


def leave_with_two_texts(page: Page) -> None:
    """The first text was sent and nobody knows what became of it; more was typed since; then the page is left."""
    page.route("**/save/", lambda route: route.abort())
    body(page).fill("Sent, and never heard of.")
    expect(status(page)).to_have_text(re.compile("device only: no answer"))
    body(page).fill("Sent, and never heard of. Typed since.")
    expect(status(page)).to_have_text(re.compile("device only: no answer"))
    page.wait_for_timeout(500)
    page.unroute("**/save/")
    page.get_by_role("link", name="Exchange").click()


def test_both_texts_left_on_the_device_are_kept_when_they_meet_a_newer_version(visitor):
    page = visitor().sign_in("participant")
    note = open_editor(page)
    ResearchNote.objects.filter(pk=note.pk).update(version=2, body="Meanwhile.")

    leave_with_two_texts(page)

    expect(page.locator("unsent-texts")).to_contain_text("waits for you to choose")
    kept = [(None, "Sent, and never heard of."), (None, "Sent, and never heard of. Typed since.")]
    assert texts_of(note) == kept
    page.get_by_role("link", name="Open the note").click()
    page.get_by_role("link", name="Go on with theirs").click()
    expect(body(page)).to_have_value("Meanwhile.")
    assert texts_of(note) == kept


def test_what_was_typed_after_two_texts_met_is_sent_by_the_next_page(visitor):
    page, note = open_conflict(visitor)
    body(page).fill("The participant's text. Typed since.")
    expect(status(page)).to_contain_text("What you typed since is on this device only")

    page.get_by_role("link", name="Exchange").click()

    expect(page.locator("unsent-texts")).to_contain_text("Both are kept, and it waits for you to choose.")
    page.reload()
    expect(page.locator("unsent-texts")).to_contain_text("met a newer version, and waits for you to choose.")
    assert texts_of(note) == [
        (2, "The colleague's text."),
        (None, "The participant's text."),
        (None, "The participant's text. Typed since."),
    ]


def lock(note: ResearchNote) -> None:
    note.phase.opens_on, note.phase.closes_on = date(2018, 1, 1), date(2018, 2, 1)
    note.phase.save()


def test_both_texts_left_on_the_device_are_kept_beside_a_note_that_is_locked_meanwhile(visitor):
    page = visitor().sign_in("participant")
    note = open_editor(page)
    lock(note)

    leave_with_two_texts(page)

    expect(page.locator("unsent-texts")).to_contain_text(
        "is locked, as its phase is over. Your text is kept beside it."
    )
    assert texts_of(note) == [(None, "Sent, and never heard of."), (None, "Sent, and never heard of. Typed since.")]
    assert page.evaluate(KEPT_HERE)["drafts"] == 0


def test_what_is_typed_while_a_late_text_is_on_its_way_is_not_lost(visitor):
    page = visitor().sign_in("participant")
    note = open_editor(page)
    lock(note)
    on_their_way = []
    page.route("**/save/", lambda route: on_their_way.append(route), times=1)
    body(page).fill("Too late.")
    page.wait_for_timeout(1500)

    body(page).fill("Too late. And more.")
    on_their_way[0].continue_()

    expect(status(page)).to_contain_text("it is locked. What you typed since is on this device only.")
    page.get_by_role("link", name="Exchange").click()
    expect(page.locator("unsent-texts")).to_contain_text("Your text is kept beside it.")
    assert texts_of(note) == [(None, "Too late."), (None, "Too late. And more.")]


def test_a_text_for_a_note_that_is_gone_is_shown_and_stays_until_its_writer_removes_it(visitor):
    page = visitor().sign_in("participant")
    note = open_editor(page)
    note.delete_softly(timezone.now(), note.author)

    leave_with_two_texts(page)

    left = page.locator("unsent-texts")
    expect(left).to_contain_text("is on this device only: This note was deleted")
    expect(left.get_by_role("link")).to_have_count(0)
    left.get_by_text("Show the text").click()
    expect(left.get_by_label("Your text")).to_have_value(re.compile("Typed since.$"))
    left.get_by_role("button", name="Remove it from this device").click()
    assert page.evaluate(KEPT_HERE)["drafts"] == 1
    left.get_by_role("button", name="It is nowhere else: remove it for good").click()
    expect(left).to_contain_text("The text is removed from this device.")
    assert page.evaluate(KEPT_HERE)["drafts"] == 0


def open_conflict(visitor):
    """Two people in one note: the colleague has saved, and the participant's text met that."""
    first, second = visitor().sign_in("participant"), visitor().sign_in("colleague")
    note = open_editor(first)
    open_editor(second)
    body(second).fill("The colleague's text.")
    expect(status(second)).to_have_text(saved(2))
    body(first).fill("The participant's text.")
    expect(status(first)).to_contain_text("Not saved: version 2 was saved meanwhile")
    return first, note


def test_two_people_at_once_are_shown_both_texts_with_what_differs(visitor):
    page, note = open_conflict(visitor)

    expect(page.locator(".conflict h2")).to_be_focused()
    expect(page.get_by_role("group", name="Their text")).to_have_text("The colleague's text.")
    expect(page.get_by_role("group", name="Your text").locator(".differs")).to_have_text("participant")
    expect(body(page)).to_have_value("The participant's text.")
    assert texts_of(note) == [(2, "The colleague's text."), (None, "The participant's text.")]


def test_mine_becomes_the_newest_version(visitor):
    page, note = open_conflict(visitor)

    page.get_by_role("button", name="Save yours as the newest version").click()

    expect(status(page)).to_have_text(saved(3))
    expect(page.locator(".conflict")).to_have_count(0)
    assert texts_of(note)[-1] == (3, "The participant's text.")


def test_theirs_is_taken_over_and_mine_stays_in_the_versions(visitor):
    page, note = open_conflict(visitor)

    page.get_by_role("link", name="Go on with theirs").click()

    expect(body(page)).to_have_value("The colleague's text.")
    expect(page.locator("[data-draft]")).to_be_hidden()
    assert texts_of(note) == [(2, "The colleague's text."), (None, "The participant's text.")]


def test_what_was_typed_after_the_texts_met_is_kept_too_when_theirs_is_taken(visitor):
    page, note = open_conflict(visitor)
    body(page).fill("The participant's text, and five more paragraphs.")
    expect(status(page)).to_contain_text("What you typed since is on this device only; please choose.")

    page.get_by_role("link", name="Go on with theirs").click()

    expect(body(page)).to_have_value("The colleague's text.")
    assert texts_of(note) == [
        (2, "The colleague's text."),
        (None, "The participant's text."),
        (None, "The participant's text, and five more paragraphs."),
    ]


def test_without_an_answer_theirs_is_not_taken_and_mine_stays_on_the_page(visitor):
    page, _ = open_conflict(visitor)
    body(page).fill("The participant's text, and more.")
    page.route("**/save/", lambda route: route.abort())

    page.get_by_role("link", name="Go on with theirs").click()

    expect(page.locator("[data-announce]")).to_contain_text("you are still here with it")
    expect(body(page)).to_have_value("The participant's text, and more.")


def test_a_merge_by_hand_waits_for_the_writers_word(visitor):
    page, note = open_conflict(visitor)

    page.get_by_role("link", name="Merge by hand").click()
    expect(body(page)).to_be_focused()
    body(page).fill("Both texts.")
    page.wait_for_timeout(1500)
    expect(status(page)).to_contain_text("please choose")
    assert len(texts_of(note)) == 2
    press_save(page)

    expect(status(page)).to_have_text(saved(3))
    assert texts_of(note)[-1] == (3, "Both texts.")


def test_a_choice_that_was_not_made_is_asked_again_when_the_page_is_opened_again(visitor):
    page, note = open_conflict(visitor)

    page.reload()

    expect(page.get_by_role("group", name="Your text")).to_have_text("The participant's text.")
    expect(body(page)).to_have_value("The participant's text.")
    assert len(texts_of(note)) == 2


def test_two_tabs_of_one_person_lose_nothing(visitor):
    someone = visitor()
    first = someone.sign_in("participant")
    note = open_editor(first)
    second = someone.context.new_page()
    second.goto(first.url)

    body(second).fill("In the second tab.")
    expect(status(second)).to_have_text(saved(2))
    body(first).fill("In the first tab.")

    expect(status(first)).to_contain_text("Not saved: version 2 was saved meanwhile")
    assert texts_of(note) == [(2, "In the second tab."), (None, "In the first tab.")]


def test_a_colleague_in_the_same_note_is_told_of_and_locks_nothing(visitor):
    first, second = visitor().sign_in("participant"), visitor().sign_in("colleague")
    with first.expect_response("**/presence/"):
        note = open_editor(first)

    open_editor(second)

    expect(second.locator("who-else")).to_have_text(re.compile(r"has had this note open since \d\d:\d\d\."))
    body(second).fill("Written all the same.")
    expect(status(second)).to_have_text(saved(2))
    assert texts_of(note) == [(2, "Written all the same.")]


def test_without_a_connection_the_text_is_kept_here_and_goes_up_by_itself(visitor):
    someone = visitor()
    page = someone.sign_in("participant")
    note = open_editor(page)

    someone.context.set_offline(True)
    body(page).fill("In the tunnel.")
    expect(status(page)).to_have_text(
        "Saved on this device only: no answer from the portal. It is sent again by itself."
    )
    someone.context.set_offline(False)

    expect(status(page)).to_have_text(saved(2))
    assert texts_of(note) == [(2, "In the tunnel.")]


def test_an_answer_lost_on_the_way_makes_no_conflict_with_oneself(visitor):
    page = visitor().sign_in("participant")
    note = open_editor(page)

    def lose(route):
        route.fetch()
        route.abort()

    page.route("**/save/", lose, times=1)
    body(page).fill("Sent once.")
    expect(status(page)).to_have_text(re.compile("device only: no answer"))
    body(page).fill("Sent once, and changed since.")

    expect(status(page)).to_have_text(saved(3))
    assert texts_of(note) == [(2, "Sent once."), (3, "Sent once, and changed since.")]


def test_a_portal_that_is_busy_is_asked_again(visitor):
    page = visitor().sign_in("participant")
    note = open_editor(page)
    busy = {"status": 503, "json": {"error": "The portal cannot save just now."}}

    page.route("**/save/", lambda route: route.fulfill(**busy), times=2)
    body(page).fill("Patience.")

    expect(status(page)).to_have_text(re.compile("device only: The portal cannot save just now"))
    expect(status(page)).to_have_text(saved(2))
    assert texts_of(note) == [(2, "Patience.")]


def test_a_page_of_something_else_is_never_taken_for_a_saved_note(visitor):
    page = visitor().sign_in("participant")
    note = open_editor(page)

    page.route("**/save/", lambda route: route.fulfill(status=200, content_type="text/html", body="<h1>Sign in</h1>"))
    body(page).fill("In a hotel.")

    expect(status(page)).to_have_text(ON_DEVICE)
    page.wait_for_timeout(1500)
    expect(status(page)).to_have_text(ON_DEVICE)
    assert texts_of(note) == []


def test_a_sign_in_in_another_tab_does_not_disturb(visitor):
    someone = visitor()
    page = someone.sign_in("participant")
    note = open_editor(page)
    someone.context.clear_cookies()
    writing, someone.page = page, someone.context.new_page()
    someone.sign_in("participant")

    body(writing).fill("With a new key.")

    expect(status(writing)).to_have_text(saved(2))
    assert texts_of(note) == [(2, "With a new key.")]


def test_who_was_signed_out_while_writing_signs_in_on_the_spot(visitor):
    someone = visitor()
    page = someone.sign_in("participant")
    note = open_editor(page)
    someone.context.clear_cookies()

    body(page).fill("Written for an hour.")
    dialog = page.get_by_role("dialog", name="Sign in again")
    expect(dialog).to_be_visible()
    expect(status(page)).to_have_text("Saved on this device only: you are signed out. Sign in, and it is sent.")
    dialog.get_by_label("Password").fill("not this one at all")
    dialog.get_by_role("button", name="Sign in", exact=True).click()
    expect(dialog).to_contain_text("do not belong together")
    dialog.get_by_label("Password").fill(rehearsal.PASSWORD)
    dialog.get_by_role("button", name="Sign in", exact=True).click()

    expect(dialog).to_be_hidden()
    expect(status(page)).to_have_text(saved(2))
    assert texts_of(note) == [(2, "Written for an hour.")]


def test_a_code_by_letter_works_on_the_spot_too(visitor):
    someone = visitor()
    page = someone.sign_in("participant")
    note = open_editor(page)
    someone.context.clear_cookies()

    body(page).fill("Without a password.")
    dialog = page.get_by_role("dialog", name="Sign in again")
    dialog.get_by_role("button", name="Send me a code").click()
    expect(dialog.get_by_label("Code from the letter")).to_be_visible()
    dialog.get_by_label("Code from the letter").fill(someone.code("participant@rehearsal.example"))
    dialog.get_by_role("button", name="Continue").click()

    expect(status(page)).to_have_text(saved(2))
    assert texts_of(note) == [(2, "Without a password.")]


def test_somebody_else_at_this_computer_sees_nothing_and_the_writer_finds_it_again(visitor):
    someone = visitor()
    page = someone.sign_in("participant")
    note = open_editor(page)
    someone.context.clear_cookies()
    body(page).fill("For my eyes only.")
    expect(page.get_by_role("dialog", name="Sign in again")).to_be_visible()

    other, someone.page = page, someone.context.new_page()
    someone.sign_in("colleague")
    other.bring_to_front()
    other.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(other.locator("main")).to_contain_text("Somebody else is signed in here now")
    assert "For my eyes only." not in other.content()
    someone.goto(note.get_absolute_url() + "edit/")
    expect(body(someone.page)).to_have_value(note.body)
    assert "For my eyes only." not in someone.page.content()
    assert texts_of(note) == []

    someone.goto("/accounts/logout/")
    someone.page.get_by_role("button", name="Sign out").click()
    someone.page.wait_for_url(re.compile(r":\d+/$"))
    someone.sign_in("participant")
    expect(someone.page.locator("unsent-texts")).to_contain_text("is saved")
    assert texts_of(note) == [(2, "For my eyes only.")]


def test_signing_out_says_first_what_is_on_this_device_only(visitor):
    someone = visitor()
    page = someone.sign_in("participant")
    open_editor(page)
    page.route("**/save/", lambda route: route.abort())
    body(page).fill("Not sent yet.")
    expect(status(page)).to_have_text(ON_DEVICE)

    page.goto(page.url.split("/cohorts/")[0] + "/accounts/logout/")
    expect(page.locator("main")).to_contain_text("One text of yours is on this device only")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(re.compile(r":\d+/$"))

    kept = page.evaluate(KEPT_HERE)
    assert (kept["keys"], kept["drafts"]) == (0, 1)
    assert "Not sent yet." not in kept["all"]


KEPT_HERE = """async () => {
  const done = (request) => new Promise((resolve) => { request.onsuccess = () => resolve(request.result); });
  const db = await done(indexedDB.open("portal"));
  const rows = (name) => done(db.transaction(name).objectStore(name).getAll());
  const [keys, drafts] = [await rows("keys"), await rows("drafts")];
  const words = drafts.map((row) => new TextDecoder("utf-8").decode(row.box)).join();
  return { keys: keys.length, drafts: drafts.length, all: words, extractable: keys.map((row) => row.key.extractable) };
}"""


def test_what_lies_on_the_device_is_encrypted_with_a_key_nobody_can_read_out(visitor):
    page = visitor().sign_in("participant")
    open_editor(page)
    page.route("**/save/", lambda route: route.abort())

    body(page).fill("Plain words.")
    expect(status(page)).to_have_text(ON_DEVICE)

    kept = page.evaluate(KEPT_HERE)
    assert (kept["drafts"], kept["extractable"]) == (1, [False])
    assert "Plain words." not in kept["all"]


def test_a_new_note_begins_as_a_private_draft_at_the_first_words(visitor):
    page = visitor().sign_in("participant")
    page.get_by_role("link", name="New note").click()
    expect(status(page)).to_have_text("Nothing written yet")

    body(page).fill("The first words.")

    expect(status(page)).to_have_text(saved(1))
    note = ResearchNote.objects.get(body="The first words.")
    assert (note.audience, note.version) == ("me", 1)


def test_a_text_that_is_refused_says_why_and_stays(visitor):
    page = visitor().sign_in("participant")
    note = open_editor(page)

    body(page).fill("")
    press_save(page)

    expect(status(page)).to_contain_text("Write a sentence first")
    note.refresh_from_db()
    assert note.version == 1


def test_toolbar_and_tabs_work_by_keyboard(visitor):
    page = visitor().sign_in("participant")
    open_editor(page)
    body(page).fill("bold")
    body(page).press("Control+a")

    page.get_by_role("toolbar", name="Formatting").focus()
    expect(page.get_by_role("button", name="Bold")).to_be_focused()
    page.keyboard.press("Enter")
    expect(body(page)).to_have_value("**bold**")
    page.get_by_role("tab", name="Write").focus()
    page.keyboard.press("ArrowRight")

    expect(page.get_by_role("tab", name="Preview")).to_be_focused()
    expect(page.get_by_role("tabpanel").locator("strong")).to_have_text("bold")
    page.keyboard.press("ArrowLeft")
    expect(body(page)).to_be_visible()


def test_the_questions_follow_the_phase_that_is_chosen(visitor):
    page = visitor().sign_in("participant")
    open_editor(page)

    page.get_by_label("Phase").select_option("1")

    expect(page.locator('[data-prompts="1"]')).to_be_visible()
    expect(page.locator('[data-prompts="2"]')).to_be_hidden()


def test_without_scripts_a_note_is_written_shared_and_kept_in_a_conflict(visitor):
    plain = visitor(java_script_enabled=False)
    page = plain.sign_in("participant")
    note = open_editor(page)
    expect(page.get_by_role("tab", name="Preview")).to_be_hidden()
    expect(page.locator("markdown-toolbar")).to_be_hidden()
    body(page).fill("By hand.")
    ResearchNote.objects.filter(pk=note.pk).update(version=2, body="Meanwhile.")

    press_save(page)
    expect(page.get_by_role("region", name="Somebody saved this note")).to_contain_text("By hand.")
    press_save(page)

    expect(page.locator("main")).to_contain_text("By hand.")
    note.refresh_from_db()
    assert (note.version, note.body) == (3, "By hand.")
