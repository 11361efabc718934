"""Letters to come at the staff desk: what they show, and what staff do to one before it goes."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from correspondence import ledger
from correspondence.clock import tick
from correspondence.following import unwanted
from correspondence.handing_over import hand_out
from correspondence.leaving import choose
from correspondence.letter_pages import EditForm
from correspondence.models import Letter, NewsletterIssue, Rule, Suppression
from correspondence.reminders import REGISTERED, plan
from correspondence.suppression import suppress
from correspondence.to_come import outlook
from participants.models import Cohort, User
from tests import factories
from tests.admin.desk import at_the_desk, page_of, text_of
from workshops.models import Attendance, Workshop

pytestmark = pytest.mark.django_db

PAT, QUINN = "pat@sample.example", "quinn@sample.example"
YES = {"confirmed": "yes"}


@pytest.fixture
def workshop() -> Workshop:
    """In 20 days at 10:00 in London; Pat and Quinn take part, each at a museum of their own."""
    cohort = factories.a_cohort("desk")
    day = timezone.localdate() + timedelta(days=20)
    starts = datetime(day.year, day.month, day.day, 10, tzinfo=factories.LONDON)
    workshop = factories.a_workshop(cohort, 3, starts_at=starts, ends_at=starts + timedelta(hours=6))
    factories.a_participant(factories.a_membership(cohort, "Pat’s Museum"), "Pat Sample", email=PAT)
    factories.a_participant(factories.a_membership(cohort, "Quinn’s Gallery"), "Quinn Sample", email=QUINN)
    return workshop


def list_url(workshop: Workshop) -> str:
    return f"/admin/letters-to-come/{workshop.cohort.slug}/"


def url_of(workshop: Workshop, deed: str = "", *, kind: str = "workshop_in_7_days", email: str = PAT) -> str:
    person = User.objects.get(email=email)
    return f"/admin/correspondence/letter/to-come/{kind}/{workshop.pk}/{person.pk}/" + (f"{deed}/" if deed else "")


def deed_url(letter: Letter, deed: str) -> str:
    return f"/admin/correspondence/letter/{letter.pk}/{deed}/do/"


def due(workshop: Workshop, days: int = 7) -> datetime:
    assert workshop.starts_at is not None
    day = workshop.starts_at.astimezone(factories.LONDON).date() - timedelta(days=days)
    return datetime(day.year, day.month, day.day, 9, tzinfo=factories.LONDON)


def move(workshop: Workshop, days: int) -> Workshop:
    workshop.refresh_from_db()
    starts, ends = workshop.starts_at + timedelta(days=days), workshop.ends_at + timedelta(days=days)
    Workshop.objects.filter(pk=workshop.pk).update(starts_at=starts, ends_at=ends)
    workshop.refresh_from_db()
    return workshop


def edit(client, url: str, subject: str = "Come early", body: str = "Doors open at nine.\n"):
    """Posts the form as the page gave it."""
    page = client.get(url).content.decode()
    read = page.split('name="read" value="')[1].split('"')[0]
    return client.post(url, {**YES, "subject": subject, "body": body, "read": read})


def sent() -> dict[tuple[str, str], str]:
    letters = Letter.objects.filter(state="sent")
    return {(letter.kind, letter.address): letter.subject for letter in letters}


# What is to come


def test_staff_see_every_letter_to_come_by_day_with_who_gets_it(workshop):
    page = text_of(at_the_desk().get(list_url(workshop)))

    assert "8 letters to 2 people" in page
    assert "as things stand now" in page
    for label in ("Reply to a workshop missing, 10 days before", "Workshop in 7 days", "Workshop tomorrow"):
        assert f"09:00 {label} · Workshop 3 · 2 people Pat Sample Pat’s Museum Quinn Sample Quinn’s Gallery" in page
    assert page.index("10 days before · Workshop 3") < page.index("Workshop tomorrow · Workshop 3")


def test_staff_see_the_same_by_person(workshop):
    page = text_of(at_the_desk().get(list_url(workshop), {"by": "person"}))

    assert "Pat Sample · Pat’s Museum · 4 letters" in page
    assert "Quinn Sample · Quinn’s Gallery · 4 letters" in page


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ({"kind": "workshop_tomorrow"}, "2 letters to 2 people, of 8"),
        ({"place": "Pat’s Museum"}, "4 letters to 1 person, of 8"),
        ({"words": "QUINN s"}, "4 letters to 1 person, of 8"),
        ({"words": "quinn@", "kind": "workshop_tomorrow"}, "1 letter to 1 person, of 8"),
        ({"words": "nobody"}, "0 letters to 0 people, of 8"),
    ],
)
def test_the_list_is_narrowed_by_kind_organisation_and_person(workshop, query, number):
    assert number in text_of(at_the_desk().get(list_url(workshop), query))


def test_who_answered_chose_otherwise_or_left_is_not_among_the_readers(workshop):
    quinn = User.objects.get(email=QUINN)
    Attendance.objects.create(workshop=workshop, user=quinn, reply="no", replied_at=timezone.now())
    choose(PAT, "workshop_tomorrow", "never", timezone.now())

    found = [(item.kind, item.address) for item in outlook("desk", timezone.now()).letters]

    assert found == [
        ("workshop_reply_missing", PAT),
        ("workshop_in_7_days", PAT),
        ("workshop_reply_missing_again", PAT),
    ]


def test_only_letters_of_the_cohort_are_on_its_page(workshop):
    other = factories.a_cohort("other")
    factories.a_workshop(other, starts_at=workshop.starts_at, ends_at=None)
    factories.a_participant(factories.a_membership(other), "Somebody Else")

    assert "Somebody Else" not in text_of(at_the_desk().get(list_url(workshop)))
    assert "Somebody Else" in text_of(at_the_desk().get("/admin/letters-to-come/other/"))


def test_a_session_to_come_has_its_nudge_for_a_record_in_the_forecast(workshop):
    membership = workshop.cohort.memberships.first()
    now = timezone.now()
    slot = factories.a_slot(
        factories.a_mentor(membership), starts_at=now + timedelta(days=3), ends_at=now + timedelta(days=3, hours=1)
    )
    factories.a_session(slot, membership, User.objects.get(email=PAT))

    kinds = [item.kind for item in outlook("desk", now).letters]

    assert (kinds.count("session_without_record"), kinds.count("session_tomorrow")) == (1, 2)


def test_what_already_went_is_not_to_come(workshop):
    tick(due(workshop))

    kinds = {item.kind for item in outlook("desk", due(workshop)).letters}

    assert kinds == {"workshop_tomorrow", "workshop_reply_missing_again"}


def test_what_waits_in_the_ledger_is_among_the_letters_to_come(workshop):
    Letter.objects.create(
        key="n",
        kind="workshop_changed",
        about="desk",
        address=PAT,
        subject="It has changed",
        body="x",
        due_at=timezone.now(),
        state="retry",
    )

    page = text_of(at_the_desk().get(list_url(workshop)))

    assert "Workshop changed · It has changed · 1 person Pat Sample Pat’s Museum to be tried again" in page


def test_a_cohort_that_does_not_run_says_why_nothing_is_to_come(workshop):
    Cohort.objects.update(status="draft")

    assert "only a running cohort sends reminders" in text_of(at_the_desk().get(list_url(workshop)))


def test_the_page_takes_as_many_queries_for_thirty_people_as_for_three(workshop):
    client = at_the_desk()

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(list_url(workshop)).status_code == 200
        return len(captured)

    client.get(list_url(workshop))
    few = queries()
    for number in range(30):
        factories.a_participant(factories.a_membership(workshop.cohort), f"Person {number}")

    assert queries() == few


# Faults


def test_an_event_that_cannot_be_worked_out_is_named_with_where_to_mend_it_and_stops_no_other(workshop):
    bad = factories.a_workshop(workshop.cohort, 4, title="Beyond", ends_at=None)
    Workshop.objects.filter(pk=bad.pk).update(starts_at=datetime(9999, 12, 31, 12, tzinfo=factories.LONDON))
    Rule.objects.update_or_create(kind="workshop_tomorrow", defaults={"label": "Workshop tomorrow", "days": 300})
    Rule.objects.filter(kind="workshop_tomorrow").update(days=300)

    response = at_the_desk().get(list_url(workshop))
    page = text_of(response)

    assert "Could not be worked out" in page
    assert "Workshop tomorrow: Workshop 4: Beyond" in page
    assert f'href="{page_of(Workshop, "change", bad.pk)}"' in response.content.decode()
    assert "Workshop in 7 days · Workshop 3" in page
    assert "1 could not be worked out" in text_of(at_the_desk().get("/admin/"))


def test_a_kind_whose_events_cannot_be_found_is_named_and_keeps_no_other_from_going(workshop, monkeypatch):
    def broken(now):
        raise RuntimeError("no such thing")

    broken_kind = REGISTERED["workshop_tomorrow"]
    monkeypatch.setitem(REGISTERED, "workshop_tomorrow", type(broken_kind)(**{**vars(broken_kind), "events": broken}))

    page = text_of(at_the_desk().get(list_url(workshop)))
    tick(due(workshop))

    assert "Workshop tomorrow RuntimeError: no such thing" in page
    assert set(sent()) == {("workshop_in_7_days", PAT), ("workshop_in_7_days", QUINN)}


def test_a_nudge_whose_readers_cannot_be_found_out_keeps_no_other_letter_from_going(workshop, monkeypatch):
    moment = due(workshop, 10)
    plan(moment)
    nudge = REGISTERED["workshop_reply_missing"]

    def broken(event, now):
        raise RuntimeError("no such thing")

    monkeypatch.setitem(REGISTERED, nudge.kind, type(nudge)(**{**vars(nudge), "audience": broken}))
    Letter.objects.create(key="o", kind="other", address=PAT, subject="Other", body="x", due_at=moment)
    tick(moment)

    assert sent() == {("other", PAT): "Other"}
    assert set(Letter.objects.filter(kind=nudge.kind).values_list("state", flat=True)) == {"queued"}


# One letter


def test_a_letter_to_come_reads_as_it_will_go_with_the_reason(workshop):
    page = at_the_desk().get(url_of(workshop))
    tick(due(workshop))
    letter = Letter.objects.get(kind="workshop_in_7_days", address=PAT)

    said = text_of(page)
    assert letter.subject in said
    assert " ".join(letter.body.split()) in said
    assert "Rule: Workshop in 7 days , 7 days before, at 09:00 in London." in said
    assert "Why this person: “You take part in a cohort and have not said no to the workshop." in said
    assert "About: Workshop 3" in said


def test_looking_at_letters_to_come_writes_none(workshop):
    client = at_the_desk()
    for deed in ("", "hold", "edit", "stop"):
        assert client.get(url_of(workshop, deed)).status_code == 200

    assert Letter.objects.count() == 0


def test_there_is_no_letter_to_somebody_who_is_not_to_be_told(workshop):
    quinn = User.objects.get(email=QUINN)
    Attendance.objects.create(workshop=workshop, user=quinn, reply="no", replied_at=timezone.now())
    client = at_the_desk()

    assert client.get(url_of(workshop, email=QUINN)).status_code == 404
    assert client.get(url_of(workshop, kind="nothing")).status_code == 404
    assert client.get(url_of(workshop, "release")).status_code == 404
    assert client.get(url_of(workshop)).status_code == 200


def test_a_letter_that_cannot_be_written_says_why_and_where_to_mend_it(workshop):
    Cohort.objects.update(slug="no slug")

    response = at_the_desk().get(url_of(workshop))

    assert "It cannot be written: NoReverseMatch" in text_of(response)
    assert page_of(Workshop, "change", workshop.pk) in response.content.decode()


# Holding


def test_a_letter_held_before_its_time_stays_single_and_does_not_go(workshop):
    client = at_the_desk()
    asked = client.get(url_of(workshop, "hold"))
    client.post(url_of(workshop, "hold"), YES)
    tick(due(workshop))
    tick(due(workshop) + timedelta(minutes=1))

    assert "It does not go until somebody releases it" in text_of(asked)
    letters = Letter.objects.filter(kind="workshop_in_7_days", address=PAT)
    assert [letter.state for letter in letters] == ["held"]
    assert letters[0].why_not.startswith("Held by Stella Staff, ")
    assert sent() == {("workshop_in_7_days", QUINN): letters[0].subject}
    assert LogEntry.objects.get().get_change_message() == "Held."


def test_without_the_hold_it_goes(workshop):
    tick(due(workshop))

    assert ("workshop_in_7_days", PAT) in sent()


def test_a_held_letter_that_is_released_before_its_time_is_written_anew_when_it_is_due(workshop):
    client = at_the_desk()
    client.post(url_of(workshop, "hold"), YES)
    letter = Letter.objects.get()
    Workshop.objects.update(venue="Another House")
    read = text_of(client.get(page_of(Letter, "change", letter.pk)))
    client.post(deed_url(letter, "release"), YES)
    left = Letter.objects.count()
    tick(due(workshop))

    assert "Another House" in read
    assert left == 0
    assert "Another House" in Letter.objects.get(kind="workshop_in_7_days", address=PAT).body
    assert len(sent()) == 2


def test_a_held_letter_released_after_its_time_goes_with_what_is_true_then(workshop):
    client = at_the_desk()
    client.post(url_of(workshop, "hold"), YES)
    letter = Letter.objects.get()
    Workshop.objects.update(venue="Another House")
    Letter.objects.update(due_at=timezone.now() - timedelta(minutes=1))
    client.post(deed_url(letter, "release"), YES)
    letter.refresh_from_db()

    assert (letter.state, "Another House" in letter.body) == ("planned", True)
    assert letter.why_not == ""


def test_a_held_letter_goes_along_with_its_workshop_and_stays_held(workshop):
    at_the_desk().post(url_of(workshop, "hold"), YES)
    move(workshop, 14)
    tick(due(workshop))
    letters = Letter.objects.filter(kind="workshop_in_7_days", address=PAT)

    assert [(letter.state, letter.due_at) for letter in letters] == [("held", due(workshop))]
    assert workshop.starts_at.astimezone(factories.LONDON).strftime("%-d %B") in letters[0].body
    assert set(sent()) == {("workshop_in_7_days", QUINN)}


def test_a_held_letter_whose_reader_said_no_meanwhile_is_closed_when_its_time_comes(workshop):
    at_the_desk().post(url_of(workshop, "hold"), YES)
    pat = User.objects.get(email=PAT)
    Attendance.objects.create(workshop=workshop, user=pat, reply="no", replied_at=timezone.now())
    tick(due(workshop))

    assert Letter.objects.get(address=PAT).state == "cancelled"


# Editing


def test_an_edited_letter_goes_at_its_time_with_the_words_of_staff_and_says_who_wrote_them(workshop):
    client = at_the_desk()
    response = edit(client, url_of(workshop, "edit"))
    letter = Letter.objects.get()
    page = text_of(client.get(page_of(Letter, "change", letter.pk)))
    listed = text_of(client.get(list_url(workshop)))
    tick(due(workshop) - timedelta(minutes=1))
    early = sent()
    tick(due(workshop))
    letter.refresh_from_db()

    assert response.status_code == 302
    assert "edited by Stella Staff at " in page
    assert "Pat Sample Pat’s Museum waiting to go, edited" in listed
    assert early == {}
    assert sent()["workshop_in_7_days", PAT] == "Come early"
    assert letter.body == "Doors open at nine.\n"
    assert Letter.objects.filter(kind="workshop_in_7_days", address=PAT).count() == 1


def test_an_edited_letter_of_a_workshop_that_moves_is_held_with_both_times_and_not_overwritten(workshop):
    edit(at_the_desk(), url_of(workshop, "edit"))
    old = workshop.starts_at.astimezone(factories.LONDON).strftime("%A %-d %B %Y, %H:%M")
    move(workshop, 14)
    new = workshop.starts_at.astimezone(factories.LONDON).strftime("%A %-d %B %Y, %H:%M")
    tick(timezone.now())
    letter = Letter.objects.get()
    page = text_of(at_the_desk().get(page_of(Letter, "change", letter.pk)))
    tick(due(workshop))

    assert (letter.state, letter.subject, letter.due_at) == ("held", "Come early", due(workshop))
    assert f"The text was edited when it was on {old}. It is now on {new}: check every time in the text" in page
    assert set(sent()) == {("workshop_in_7_days", QUINN)}
    assert Letter.objects.filter(kind="workshop_in_7_days", address=PAT).count() == 1


def test_an_edited_letter_that_was_moved_goes_once_it_is_released(workshop):
    client = at_the_desk()
    edit(client, url_of(workshop, "edit"))
    move(workshop, 14)
    tick(timezone.now())
    letter = Letter.objects.get()
    edit(client, deed_url(letter, "edit"), "Come early, on the new day")
    client.post(deed_url(letter, "release"), YES)
    tick(due(workshop))

    assert sent()["workshop_in_7_days", PAT] == "Come early, on the new day"
    assert Letter.objects.filter(kind="workshop_in_7_days", address=PAT).count() == 1


def test_a_workshop_moved_in_the_moment_of_handing_over_holds_the_edited_letter(workshop):
    edit(at_the_desk(), url_of(workshop, "edit"))
    moment = due(workshop)
    move(workshop, 14)

    assert hand_out(moment, unwanted) == 0
    letter = Letter.objects.get()
    assert (letter.state, letter.subject) == ("held", "Come early")


def test_a_workshop_that_moves_there_and_back_keeps_the_one_edited_letter(workshop):
    edit(at_the_desk(), url_of(workshop, "edit"))
    before = Letter.objects.get()
    move(workshop, 14)
    tick(timezone.now())
    move(workshop, -14)
    tick(timezone.now())
    letter = Letter.objects.get()

    assert (letter.pk, letter.key, letter.state) == (before.pk, before.key, "held")


def test_an_edited_letter_takes_the_place_of_one_that_was_written_for_the_new_time_meanwhile(workshop):
    edit(at_the_desk(), url_of(workshop, "edit"))
    move(workshop, 1)
    moment = due(workshop)
    plan(moment)
    tick(moment)

    letters = Letter.objects.filter(kind="workshop_in_7_days", address=PAT)
    assert {letter.subject == "Come early": letter.state for letter in letters} == {True: "held", False: "cancelled"}
    assert set(sent()) == {("workshop_in_7_days", QUINN)}


def test_an_edited_letter_gives_way_to_one_that_went_for_the_new_time(workshop):
    edit(at_the_desk(), url_of(workshop, "edit"))
    move(workshop, 1)
    moment = due(workshop)
    plan(moment)
    Letter.objects.filter(edited_at=None).update(state="sent", sent_at=moment)
    tick(moment)

    letter = Letter.objects.get(edited_at__isnull=False)
    assert (letter.state, "in the ledger already" in letter.why_not) == ("cancelled", True)


@pytest.mark.parametrize(
    ("subject", "body", "said"),
    [
        ("Come {{ person.name }}", "x", "{{ person.name }} is not filled in by the portal"),
        ("Come", "Dear {name}, {venu}", "{name}, {venu} is not filled in by the portal"),
        ("Come\nBcc: all@sample.example", "x", "A subject is one line."),
        ("Come", "  \n", "Write the text, or go back and stop the letter."),
        ("x" * 251, "x", "at most 250 characters"),
    ],
)
def test_a_text_that_could_not_go_is_refused_by_name_and_nothing_is_written(workshop, subject, body, said):
    response = edit(at_the_desk(), url_of(workshop, "edit"), subject, body)

    assert (response.status_code, Letter.objects.count()) == (422, 0)
    assert said in text_of(response)


def test_two_who_edit_at_once_do_not_overwrite_each_other_unread(workshop):
    client = at_the_desk()
    edit(client, url_of(workshop, "edit"))
    letter = Letter.objects.get()
    page = client.get(deed_url(letter, "edit")).content.decode()
    read = page.split('name="read" value="')[1].split('"')[0]
    edit(at_the_desk(), deed_url(letter, "edit"), "Written by another")
    posted = {**YES, "subject": "Mine", "body": "Mine.", "read": read}
    refused = client.post(deed_url(letter, "edit"), posted)
    letter.refresh_from_db()

    assert (refused.status_code, letter.subject) == (422, "Written by another")
    assert "It reads now: “Written by another”" in text_of(refused)


def test_an_edit_in_the_same_moment_is_not_overwritten_and_ones_own_words_stay_on_the_page(workshop, monkeypatch):
    edit(at_the_desk(), url_of(workshop, "edit"))
    letter = Letter.objects.get()
    is_valid = EditForm.is_valid

    def valid_while_another_saves(form):
        found = is_valid(form)
        Letter.objects.filter(pk=letter.pk).update(subject="Written by another", edited_at=timezone.now())
        return found

    monkeypatch.setattr(EditForm, "is_valid", valid_while_another_saves)
    refused = edit(at_the_desk(), deed_url(letter, "edit"), "Mine", "My own words.")
    letter.refresh_from_db()

    assert (refused.status_code, letter.subject) == (422, "Written by another")
    assert "Somebody else edited it at the same moment" in text_of(refused)
    assert "My own words." in refused.text


def test_words_for_a_letter_that_left_meanwhile_stay_on_the_page(workshop, monkeypatch):
    edit(at_the_desk(), url_of(workshop, "edit"))
    letter = Letter.objects.get()
    monkeypatch.setattr(ledger, "edit", lambda *args: False)

    refused = edit(at_the_desk(), deed_url(letter, "edit"), "Mine", "My own words.")

    assert refused.status_code == 422
    assert "It was on its way already" in text_of(refused)
    assert "My own words." in refused.text


def test_an_address_whose_mail_comes_back_is_told_of_before_the_letter_is_due(workshop):
    suppress(PAT, Suppression.Why.BOUNCED, timezone.now(), "550 no such user")
    suppress(QUINN, Suppression.Why.COMPLAINED, timezone.now())
    client = at_the_desk()

    page = text_of(client.get(list_url(workshop), {"kind": "workshop_tomorrow"}))
    edit(client, url_of(workshop, "edit"))
    own = text_of(client.get(f"/admin/correspondence/letter/{Letter.objects.get().pk}/change/"))

    assert page.count("does not go: mail to this address comes back") == 1
    assert "Mail to this address comes back" in own


def test_a_letter_on_its_way_is_neither_edited_nor_held_nor_stopped(workshop):
    edit(at_the_desk(), url_of(workshop, "edit"))
    Letter.objects.update(state="claimed")
    letter = Letter.objects.get()
    client = at_the_desk()
    for deed in ("edit", "hold", "release", "stop"):
        client.post(deed_url(letter, deed), {**YES, "because": "x", "subject": "y", "body": "z", "read": ""})
    letter.refresh_from_db()

    assert (letter.state, letter.subject) == ("claimed", "Come early")


# Stopping


def test_a_stopped_letter_is_never_written_again_and_keeps_the_reason(workshop):
    client = at_the_desk()
    without = client.post(url_of(workshop, "stop"), YES)
    client.post(url_of(workshop, "stop"), {**YES, "because": "Pat is away."})
    listed = text_of(client.get(list_url(workshop)))
    tick(due(workshop))
    tick(due(workshop) + timedelta(minutes=1))
    letter = Letter.objects.get(kind="workshop_in_7_days", address=PAT)

    assert without.status_code == 422
    assert (letter.state, letter.why_not) == ("cancelled", "Stopped by Stella Staff: Pat is away.")
    assert "Pat Sample Pat’s Museum stopped" in listed
    assert set(sent()) == {("workshop_in_7_days", QUINN)}
    assert "Pat is away." in text_of(client.get(page_of(Letter, "change", letter.pk)))


def test_two_who_press_hold_at_once_write_one_letter(workshop):
    client = at_the_desk()
    client.post(url_of(workshop, "hold"), YES)
    client.post(url_of(workshop, "hold"), YES)

    assert Letter.objects.count() == 1


# Who may


def test_only_who_may_change_letters_may_do_something_to_one(workshop):
    from django.contrib.auth.models import Permission

    reader = factories.a_user(is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_letter"))
    client = at_the_desk(reader)
    letter = Letter.objects.create(
        key="a", kind="x", address=PAT, subject="x", body="x", due_at=timezone.now() + timedelta(days=1)
    )

    assert [client.get(list_url(workshop)).status_code, client.get(url_of(workshop)).status_code] == [200, 200]
    answers = [client.post(url, YES).status_code for url in (url_of(workshop, "hold"), deed_url(letter, "hold"))]
    assert answers == [403, 403]
    assert Letter.objects.get().state == "planned"
    assert at_the_desk().post(deed_url(letter, "hold"), YES).status_code == 302
    assert Letter.objects.get().state == "held"


def test_staff_who_may_not_see_letters_do_not_see_those_to_come(workshop):
    client = at_the_desk(factories.a_user(is_staff=True))

    assert client.get(list_url(workshop)).status_code == 403
    assert client.get(url_of(workshop)).status_code == 403


def test_a_letter_with_a_code_is_not_edited_held_or_read(workshop):
    letter = Letter.objects.create(
        key="s",
        kind="sign_in_code",
        about="desk",
        address=PAT,
        subject="Your code is ABCD-1234",
        body="ABCD-1234",
        is_secret=True,
        due_at=timezone.now(),
    )
    client = at_the_desk()
    pages = [client.get(deed_url(letter, deed), follow=True) for deed in ("edit", "hold", "stop")]
    pages.append(client.get(list_url(workshop)))

    assert ["ABCD-1234" in page.content.decode() for page in pages] == [False] * 4
    assert Letter.objects.get().state == "planned"


def test_an_edited_letter_is_held_once_when_the_portal_would_write_something_else_by_now(workshop):
    client = at_the_desk()
    edit(client, url_of(workshop, "edit"), body="At Battersea Arts Centre.\n")
    tick(timezone.now())
    untouched = Letter.objects.get().state
    Workshop.objects.update(venue="Another House")
    tick(timezone.now())
    letter = Letter.objects.get()
    client.post(deed_url(letter, "release"), YES)
    tick(due(workshop))

    assert (untouched, letter.state) == ("planned", "held")
    assert "has changed since the text was edited" in letter.why_not
    assert "Where: Another House" in letter.why_not
    assert sent()["workshop_in_7_days", PAT] == "Come early"


def test_the_place_changed_in_the_moment_of_handing_over_holds_the_edited_letter(workshop):
    edit(at_the_desk(), url_of(workshop, "edit"))
    Workshop.objects.update(venue="Another House")

    assert hand_out(due(workshop), unwanted) == 0
    assert Letter.objects.get().state == "held"


# Letters that went, and the way between the two lists


def test_letters_that_went_say_what_the_mail_server_said_and_are_found_by_it(workshop):
    for number, words in enumerate(("250 2.0.0 Ok: queued as 4F2", "550 5.1.1 No such user here")):
        Letter.objects.create(
            key=f"w{number}",
            kind="workshop_changed",
            about="desk",
            address=PAT,
            subject=f"Letter {number}",
            body="x",
            due_at=timezone.now(),
            state="failed" if number else "sent",
            answer=words,
        )
    client = at_the_desk()
    page = client.get(page_of(Letter, "changelist"), {"about": "desk"})
    found = text_of(client.get(page_of(Letter, "changelist"), {"q": "No such user"}))

    assert "250 2.0.0 Ok: queued as 4F2" in text_of(page)
    assert ["Letter 1" in found, "Letter 0" in found] == [True, False]
    assert 'href="/admin/letters-to-come/desk/"' in page.content.decode()
    assert "Letters that went: 1" in text_of(client.get(list_url(workshop)))


def test_a_letter_left_unsent_from_the_list_says_who_left_it(workshop):
    letter = Letter.objects.create(
        key="a", kind="x", about="desk", address=PAT, subject="x", body="x", due_at=timezone.now(), state="failed"
    )
    posted = {"action": "leave_unsent", "_selected_action": [letter.pk], **YES}
    at_the_desk().post(page_of(Letter, "changelist"), posted)
    letter.refresh_from_db()

    assert (letter.state, letter.why_not) == ("cancelled", "Left unsent by Stella Staff.")


def test_an_issue_with_a_field_that_is_not_filled_in_is_refused_by_its_name():
    client = at_the_desk()
    refused = client.post(page_of(NewsletterIssue, "add"), {"subject": "Spring {nmae}", "body": "Dear {{ reader }}"})
    kept = NewsletterIssue.objects.count()
    client.post(page_of(NewsletterIssue, "add"), {"subject": "Spring", "body": "Dear reader"})

    assert (refused.status_code, kept, NewsletterIssue.objects.count()) == (422, 0, 1)
    assert "{nmae} is not filled in by the portal" in text_of(refused)
    assert "{{ reader }} is not filled in by the portal" in text_of(refused)
