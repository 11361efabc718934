"""One journey for each role, as a person would make it."""

from __future__ import annotations

import re
from datetime import timedelta

from django.utils import timezone
from playwright.sync_api import Page, expect

from findings.models import Finding
from mentoring.models import MentoringSession
from participants.models import Seat
from research.models import ResearchNote


def see(page: Page, text: str) -> None:
    expect(page.locator("main").get_by_text(text).first).to_be_visible()


def heading(page: Page, text: str | re.Pattern[str]) -> None:
    expect(page.get_by_role("heading", level=1)).to_contain_text(text)


def test_anyone_reads_what_was_found_without_cookie_or_account(visitor):
    reader = visitor()
    page = reader.goto("/")
    heading(page, "Understanding the social purpose of digital technology")
    see(page, "Wellcome Collection")
    see(page, "16 organisations are named so far; 2 of the 18 announced are not yet named.")
    see(page, "Four workshops, four phases of research")

    page.get_by_role("link", name="Read the findings").click()
    page.get_by_role("link", name=re.compile("useful travels further")).click()
    see(page, "The posts that travel are not the beautiful ones.")
    bibtex = reader.context.request.get(page.url.rstrip("/") + ".bib")
    assert bibtex.text().startswith("@")

    for path in ["/organisations/", "/resources/", "/accessibility/", "/privacy/"]:
        assert reader.goto(path).title()
    assert reader.context.cookies() == []


def test_anyone_asks_for_the_newsletter_confirms_it_and_leaves(visitor):
    reader = visitor()
    page = reader.goto("/newsletter/")
    page.locator("main").get_by_role("textbox").fill("reader@sample.example")
    page.locator("main").get_by_role("button", name="Sign up").click()
    letter = reader.read_letter("reader@sample.example", "newsletter_confirm")

    page.goto(re.search(r"http\S+/confirm/\S+", letter).group())
    page.locator("main").get_by_role("button").click()
    see(page, "reader@sample.example")
    page.goto(page.url)

    assert reader.context.cookies() == []


def test_a_participant_is_invited_signs_in_by_code_and_takes_part(visitor):
    """The whole way of the newcomer that the rehearsal has invited to Sample Archive."""
    new = visitor()
    letter = new.read_letter("newcomer@rehearsal.example", "invitation")
    page = new.page
    page.goto(re.search(r"http\S+/invitations/\S+", letter).group())
    heading(page, "invites you to take part")
    page.get_by_role("button", name="Accept").click()
    page.get_by_label("Code").fill(new.code("newcomer@rehearsal.example"))
    page.locator("main").get_by_role("button", name=re.compile("Sign in|Confirm|Continue")).first.click()
    page.wait_for_url(re.compile("/my/"))
    heading(page, "Phase 2 closes in 12 days")

    page.get_by_role("link", name=re.compile("^Reply")).click()
    page.get_by_label("Yes, I will come").check()
    page.get_by_role("button", name="Send my reply").click()
    see(page, "Your reply")

    page.get_by_role("navigation", name="Main").get_by_role("link", name="Phases").click()
    page.get_by_role("link", name=re.compile("Phase 2")).first.click()
    see(page, "Try one small thing.")

    page.get_by_role("link", name=re.compile("[Nn]ote")).and_(page.locator("main a.button")).first.click()
    page.get_by_label("Title").fill("A note from the train")
    page.get_by_label("Note", exact=True).fill("We tried **one thing** today.")
    page.get_by_role("tab", name="Preview").click()
    expect(page.get_by_role("tabpanel").locator("strong")).to_have_text("one thing")
    page.get_by_role("button", name="Share with the cohort").click()
    page.get_by_role("button", name="Share it").click()
    heading(page, "A note from the train")
    see(page, "one thing")

    page.get_by_role("navigation", name="Main").get_by_role("link", name="Research notes").click()
    page.get_by_role("link", name=re.compile("people share what makes them look useful")).first.click()
    page.locator("main textarea").fill("The same in the archive.")
    page.get_by_role("button", name=re.compile("[Cc]omment")).click()
    see(page, "The same in the archive.")

    page.get_by_role("navigation", name="Main").get_by_role("link", name="Exchange").click()
    page.get_by_role("link", name=re.compile("consent form by text message")).click()
    page.locator("main textarea").fill("We shall try it in spring.")
    page.get_by_role("button", name="Reply").click()
    see(page, "We shall try it in spring.")

    page.get_by_role("navigation", name="Main").get_by_role("link", name="My programme").click()
    page.get_by_role("link", name="Sample Archive").first.click()
    heading(page, "Sample Archive")
    see(page, "A note from the train")


def test_a_participant_books_a_mentor_and_cancels(visitor):
    page = visitor().sign_in("participant")
    page.get_by_role("link", name=re.compile("Book a mentor")).click()
    page.get_by_role("link", name=re.compile("^Book")).first.click()
    page.get_by_label("What would you like to talk about?").fill("How do we stop?")
    page.get_by_role("button", name="Book this time").click()
    see(page, "How do we stop?")
    booked = MentoringSession.objects.live().get(wish="How do we stop?")

    page.goto(page.url.split("/cohorts/")[0] + booked.get_absolute_url())
    page.get_by_role("link", name="Cancel").click()
    page.get_by_label("Why?").fill("The workshop moved.")
    page.locator("main").get_by_role("button", name=re.compile("Cancel")).click()
    expect(page.locator("main")).to_contain_text("cancelled")
    booked.refresh_from_db()
    assert booked.state == MentoringSession.State.CANCELLED


def test_a_participant_agrees_to_a_finding_and_takes_the_yes_back(visitor):
    page = visitor().sign_in("participant")
    page.get_by_role("link", name=re.compile("waits for your yes")).click()
    see(page, "Nobody asked who we are.")
    answer(page, "Does Sample Museum agree", "Yes, it may be published")
    see(page, "Sample Museum has agreed")
    finding = Finding.objects.get(slug="sample-waiting-for-a-yes")
    assert finding.missing_agreements() == []

    answer(page, "Sample Museum has agreed", "No")
    see(page, "Sample Museum said no")
    assert finding.missing_agreements() == ["Sample Museum said no."]


def test_a_colleague_works_on_the_same_note_and_never_sees_a_private_draft(visitor):
    page = visitor().sign_in("colleague")
    note = ResearchNote.objects.get(title="Sample note, written on the train")
    draft = ResearchNote.objects.get(audience="me")
    page.goto(page.url.split("/my/")[0] + note.get_absolute_url())
    page.locator("main").get_by_role("link", name=re.compile("^(Edit|Change)")).click()
    page.get_by_label("Note", exact=True).press("Control+End")
    page.get_by_label("Note", exact=True).type("\n\nA colleague was there, too.")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("main")).to_contain_text("version 2")
    note.refresh_from_db()
    assert "A colleague was there, too." in note.body

    answer = page.goto(page.url.split("/cohorts/")[0] + draft.get_absolute_url())
    assert answer is not None
    assert answer.status == 404


def test_a_neighbour_reads_what_the_cohort_may_and_nothing_of_the_inside(visitor):
    page = visitor().sign_in("neighbour")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Research notes").click()
    see(page, "Sample: forty comments from the pilot group")
    expect(page.locator("main")).not_to_contain_text("written on the train")

    inside = ResearchNote.objects.get(title="Sample note, written on the train")
    session = MentoringSession.objects.first()
    assert session is not None
    for path in [inside.get_absolute_url(), session.get_absolute_url(), "/cohorts/lgr6/organisations/sample-museum/"]:
        answer = page.goto(page.url.split("/cohorts/")[0] + path)
        assert answer is not None
        assert answer.status == 404


def test_who_leaves_is_out_at_once_and_takes_their_drafts_along(visitor):
    leaver = visitor()
    page = leaver.sign_in("participant")
    Seat.objects.get(user__email="participant@rehearsal.example").end(timezone.now())

    page.get_by_role("link", name="New note").click()
    heading(page, "no page at this address")
    page.goto(leaver.portal + "/my/")
    heading(page, "no place in a programme")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download your private drafts").click()
    text = download.value.path().read_text("utf-8")
    assert "Three groups this week asked if they could film" in text
    assert "written on the train" not in text


def test_a_mentor_offers_a_time_prepares_and_writes_up_a_session(visitor):
    mentor = visitor()
    page = mentor.sign_in("mentor")
    see(page, "Sample Museum")
    page.get_by_role("link", name="Offer a time").click()
    page.get_by_role("link", name="Offer times").click()
    day = timezone.localdate() + timedelta(days=20)
    page.get_by_label("Day").fill(day.isoformat())
    page.get_by_label("Starts at").fill("14:00")
    page.get_by_role("button", name="Offer").click()
    expect(page.locator("main")).to_contain_text(f"{day.day} {day:%B %Y}, 14:00 to 14:45")

    past = MentoringSession.objects.get(state="held")
    page.goto(mentor.portal + past.get_absolute_url())
    see(page, "What changes when volunteers answer in the museum's name?")
    see(page, "Sample note, written on the train")
    expect(page.locator("main")).not_to_contain_text("Sample Gallery")
    page.get_by_text("Change the record").click()
    page.get_by_role("textbox", name="Shared record").fill("We agreed to stop in June.")
    page.get_by_role("button", name="Share the record").click()
    see(page, "We agreed to stop in June.")
    page.get_by_role("textbox", name="Remark").fill("Between us mentors.")
    page.get_by_role("button", name="Keep the remark").click()
    see(page, "Between us mentors.")
    page.get_by_role("textbox", name="What was agreed").fill("Count the questions")
    page.get_by_role("button", name="Add").click()
    see(page, "Count the questions")

    participant = visitor()
    page = participant.sign_in("participant")
    page.goto(participant.portal + past.get_absolute_url())
    see(page, "We agreed to stop in June.")
    see(page, "Count the questions")
    expect(page.locator("main")).not_to_contain_text("Between us mentors.")


def test_another_mentor_sees_their_own_organisation_and_no_other(visitor):
    other = visitor()
    page = other.sign_in("othermentor")
    page.get_by_role("link", name="Sample Gallery").first.click()
    see(page, "Sample: a question we keep in the gallery")
    session = MentoringSession.objects.first()
    assert session is not None
    for path in [session.get_absolute_url(), "/cohorts/lgr6/organisations/sample-museum/", "/cohorts/lgr6/exchange/"]:
        answer = page.goto(other.portal + path)
        assert answer is not None
        assert answer.status == 404


def test_staff_invite_write_a_finding_from_notes_and_publish_it_when_everyone_agrees(visitor):
    staff, participant, reader = visitor(), visitor(), visitor()
    page = staff.sign_in("staff")
    page.get_by_role("link", name="Staff desk", exact=True).click()
    see_admin(page, "Sample Museum")

    page.goto(staff.portal + "/admin/participants/invitation/add/")
    page.get_by_label("Email").fill("invited@sample.example")
    page.get_by_label(re.compile("^Name")).fill("Ingo Invited")
    choose(page, "cohort", "Let's Get Real 6")
    choose(page, "membership", "Sample Archive")
    page.get_by_role("button", name="Save", exact=True).click()
    assert "Sample Archive" in staff.read_letter("invited@sample.example", "invitation")

    page.goto(staff.portal + "/admin/findings/finding/add/")
    choose(page, "cohort", "Let's Get Real 6")
    page.get_by_label("Title").fill("Forty comments, and nobody asked who we are")
    page.get_by_label("Summary").fill("People wanted answers, not us.")
    page.get_by_role("button", name="Save and continue editing").click()
    see_admin(page, "Text of a finding of the whole cohort")
    finding = Finding.objects.get(title="Forty comments, and nobody asked who we are")
    page.get_by_role("link", name=re.compile("Quote from this note ?: Sample: forty comments")).click()
    page.get_by_label("Quote").fill("Nobody asked who we are.")
    page.get_by_role("button", name="Add these words").click()
    page.get_by_role("link", name="Publish …").click()
    see_admin(page, "Sample Museum has not been asked.")
    assert reader.page.goto(reader.portal + finding.get_absolute_url()).status == 404

    page.goto(staff.portal + f"/admin/findings/finding/{finding.pk}/change/")
    page.get_by_role("link", name="Ask the organisations …").click()
    page.get_by_role("button", name="Ask the organisations").click()
    letter = participant.read_letter("participant@rehearsal.example", "finding_to_agree")
    theirs = participant.sign_in("participant")
    theirs.goto(re.search(r"http\S+/findings/\S+", letter).group())
    answer(theirs, "Does Sample Museum agree", "Yes, it may be published")
    see(theirs, "Sample Museum has agreed")
    answer(theirs, "May this be quoted", "Yes, these words may be quoted")
    wrote = visitor().sign_in("colleague")
    wrote.goto(theirs.url)
    answer(wrote, "You wrote this", "Yes, these words may be quoted")

    page.get_by_role("link", name="Publish …").click()
    page.get_by_role("button", name="Publish", exact=True).click()
    reader.goto(finding.get_absolute_url())
    heading(reader.page, "Forty comments, and nobody asked who we are")
    see(reader.page, "Nobody asked who we are.")

    answer(theirs, "Sample Museum has agreed", "No")
    see(theirs, "Sample Museum said no")
    assert reader.page.goto(reader.portal + finding.get_absolute_url()).status == 410


def answer(page: Page, question: str, given: str) -> None:
    """Answers one of the questions on the page of a finding one is asked about."""
    form = page.get_by_role("region", name=re.compile(question)).last
    form.get_by_role("radio", name=re.compile(f"^{given}")).check()
    form.get_by_role("button", name="Record the answer").click()
    expect(page.get_by_text("Recorded:")).to_be_visible()


def see_admin(page: Page, text: str) -> None:
    expect(page.locator("#content").get_by_text(text).first).to_be_visible()


def choose(page: Page, field: str, label: str) -> None:
    """Chooses in a field of the staff desk: a plain list, or one that searches as one types."""
    select = page.locator(f".field-{field} select").first
    if "admin-autocomplete" not in (select.get_attribute("class") or ""):
        select.select_option(label=label)
        return
    page.locator(f".field-{field} .select2-selection").click()
    page.locator(".select2-search__field").fill(label)
    page.locator(".select2-results__option", has_text=label).first.click()
