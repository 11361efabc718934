"""What people choose to be written about, and how often nudges may go, through the clock."""

from datetime import date, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from correspondence.clock import tick
from correspondence.handing_over import hand_out
from correspondence.leaving import choose
from correspondence.models import Choice, Letter, Rule
from correspondence.reminders import REGISTERED, fruitless, plan, unwanted
from correspondence.turns import DROPPED, give_turns
from participants.models import User
from tests.factories import LONDON, NOW, a_cohort, a_membership, a_participant, a_phase, a_workshop, staff

pytestmark = pytest.mark.django_db

PAT, QUINN = "pat@sample.example", "quinn@sample.example"
SEVEN_DAYS = datetime(2018, 5, 15, 9, tzinfo=LONDON)
NO_REPLY = datetime(2018, 5, 12, 9, tzinfo=LONDON)


def at_ten(day: date) -> dict[str, datetime]:
    starts = datetime(day.year, day.month, day.day, 10, tzinfo=LONDON)
    return {"starts_at": starts, "ends_at": starts + timedelta(hours=6)}


@pytest.fixture
def workshop():
    """On Tuesday 22 May 2018 at 10:00 in London; Pat and Quinn take part."""
    workshop = a_workshop(a_cohort(), 3, **at_ten(date(2018, 5, 22)))
    membership = a_membership(workshop.cohort)
    a_participant(membership, "Pat", email=PAT)
    a_participant(membership, "Quinn", email=QUINN)
    return workshop


def readers(kind: str) -> set[str]:
    return set(Letter.objects.filter(kind=kind, state="sent").values_list("address", flat=True))


def states(address: str = PAT) -> dict[str, str]:
    return dict(Letter.objects.filter(address=address).order_by("pk").values_list("kind", "state"))


def pat_alone(cohort):
    return a_participant(a_membership(cohort), "Pat", email=PAT)


def test_who_chose_never_gets_no_such_letter_and_the_others_do(workshop):
    choose("Pat@Sample.example", "workshop_in_7_days", "never", NOW)

    tick(SEVEN_DAYS)

    assert readers("workshop_in_7_days") == {QUINN}


def test_a_choice_made_between_planning_and_sending_counts(workshop):
    plan(SEVEN_DAYS)
    choose(PAT, "workshop_in_7_days", "never", SEVEN_DAYS)

    assert hand_out(SEVEN_DAYS, unwanted) == 1
    assert states() == {"workshop_in_7_days": "cancelled"}


def test_a_choice_is_about_its_own_kind_and_can_be_taken_back(workshop):
    choose(PAT, "workshop_tomorrow", "never", NOW)
    choose(PAT, "workshop_in_7_days", "never", NOW)
    choose(PAT, "workshop_in_7_days", "at_once", NOW)

    tick(SEVEN_DAYS)

    assert readers("workshop_in_7_days") == {PAT, QUINN}


def test_an_optional_letter_says_how_to_leave_in_its_text_and_in_its_headers(workshop):
    tick(SEVEN_DAYS)
    letter = Letter.objects.get(address=PAT)
    url = "http://localhost:8000" + reverse("correspondence:letters_leave", args=[letter.leave_token])

    assert letter.headers == {
        "List-Unsubscribe": f"<{url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    assert letter.body.count(url) == 1
    assert "http://localhost:8000/my/letters/" in letter.body


@pytest.fixture
def leave(workshop):
    tick(SEVEN_DAYS)
    return reverse("correspondence:letters_leave", args=[Letter.objects.get(address=PAT).leave_token])


def test_looking_at_the_leave_page_changes_nothing(client, leave):
    response = client.get(leave)

    assert "Yes, stop sending" in response.text
    assert "“Workshop in 7 days”" in response.text
    assert Choice.objects.count() == 0


def test_the_button_on_the_leave_page_ends_that_kind_for_that_address(client, leave):
    response = client.post(leave, follow=True)

    assert "You get <mark>no more</mark> of these letters" in response.text
    assert list(Choice.objects.values_list("address", "kind", "pace")) == [(PAT, "workshop_in_7_days", "never")]


def test_a_mail_programme_leaves_with_one_request_and_no_redirect(leave):
    from django.test import Client

    response = Client(enforce_csrf_checks=True).post(leave, {"List-Unsubscribe": "One-Click"})

    assert (response.status_code, response.text) == (200, "You get no more of these letters.\n")
    assert Choice.objects.get().pace == "never"


def test_letters_that_are_not_optional_have_no_key_to_leave(client, workshop):
    Letter.objects.create(key="k", kind="invitation", address=PAT, subject="s", body="b", due_at=NOW)

    assert client.get("/letters/leave/wrong/").status_code == 404
    assert client.get("/letters/leave//").status_code == 404


# Turns


def test_one_nudge_a_day_and_the_more_urgent_goes_first():
    cohort = a_cohort()
    a_workshop(cohort, 3, **at_ten(date(2018, 5, 24)))
    a_phase(cohort, 2, opens_on=date(2018, 5, 1), closes_on=date(2018, 5, 17))
    pat_alone(cohort)

    tick(datetime(2018, 5, 14, 9, tzinfo=LONDON))
    assert states() == {"workshop_reply_missing": "queued", "phase_closes_no_note": "sent"}
    tick(datetime(2018, 5, 15, 8, 59, tzinfo=LONDON))
    assert states()["workshop_reply_missing"] == "queued"
    tick(datetime(2018, 5, 15, 9, 0, tzinfo=LONDON))

    assert states()["workshop_reply_missing"] == "sent"


def test_two_nudges_in_seven_days_and_a_third_that_is_of_no_use_by_then_is_dropped():
    cohort = a_cohort()
    for number in (1, 2, 3):
        a_workshop(cohort, number, **at_ten(date(2018, 5, 24)))
    pat_alone(cohort)
    sent = []
    for day in range(14, 23):
        tick(datetime(2018, 5, day, 9, tzinfo=LONDON))
        sent.append(Letter.objects.filter(kind="workshop_reply_missing", state="sent").count())

    # The third is of no use after seven days, and its turn would be on the seventh at the same minute.
    assert sent == [1, 2, 2, 2, 2, 2, 2, 2, 2]
    dropped = Letter.objects.get(kind="workshop_reply_missing", state="cancelled")
    assert dropped.answer == DROPPED


def test_a_third_nudge_waits_until_the_first_is_a_week_ago():
    cohort = a_cohort()
    for number, day in ((1, 24), (2, 25), (3, 26)):
        a_workshop(cohort, number, **at_ten(date(2018, 5, day)))
    pat_alone(cohort)
    days = []
    for day in range(14, 22):
        if tick(datetime(2018, 5, day, 9, tzinfo=LONDON)).sent and Letter.objects.filter(turn_on__day=day).exists():
            days.append(day)

    assert days == [14, 15, 21]


def test_without_the_limit_of_a_week_the_third_would_go(monkeypatch):
    monkeypatch.setattr("correspondence.turns.A_WEEK", 3)

    with pytest.raises(AssertionError):
        test_two_nudges_in_seven_days_and_a_third_that_is_of_no_use_by_then_is_dropped()


def test_what_tells_of_something_is_not_rationed(workshop):
    tick(NO_REPLY)
    tick(SEVEN_DAYS)
    a_phase(workshop.cohort, 2, opens_on=date(2018, 5, 15), closes_on=date(2018, 6, 15))
    tick(SEVEN_DAYS)

    assert set(states().values()) == {"sent"}
    assert len(states()) == 3


def test_a_nudge_that_waits_is_dropped_when_the_person_has_answered():
    cohort = a_cohort()
    later = a_workshop(cohort, 4, **at_ten(date(2018, 5, 24)))
    a_workshop(cohort, 3, **at_ten(date(2018, 5, 24)))
    pat = pat_alone(cohort)
    tick(datetime(2018, 5, 14, 9, tzinfo=LONDON))
    waiting = Letter.objects.get(state="queued")
    for workshop in cohort.workshops.all():
        workshop.attendances.create(user=pat, reply="yes", replied_at=NOW)

    tick(datetime(2018, 5, 15, 9, tzinfo=LONDON))

    waiting.refresh_from_db()
    assert (waiting.state, later.number) == ("cancelled", 4)


@pytest.mark.parametrize("monday", [date(2018, 3, 24), date(2018, 10, 27)])
def test_a_nudge_that_waits_over_the_change_of_the_clock_goes_at_the_same_time_of_day(monday):
    cohort = a_cohort()
    for number in (1, 2):
        a_workshop(cohort, number, **at_ten(monday + timedelta(days=10)))
    pat_alone(cohort)
    nine = datetime(monday.year, monday.month, monday.day, 9, tzinfo=LONDON)

    tick(nine)
    waiting = Letter.objects.get(state="queued")

    assert waiting.held_until.astimezone(LONDON) == nine.replace(day=monday.day + 1)
    assert waiting.held_until.astimezone(LONDON).hour == 9


def test_the_database_itself_keeps_two_nudges_of_a_day_apart():
    common = {"kind": "x", "subject": "s", "body": "b", "due_at": NOW, "turn_on": NOW.date()}
    Letter.objects.create(key="1", address=PAT, **common)

    with pytest.raises(IntegrityError), transaction.atomic():
        Letter.objects.create(key="2", address=PAT.upper(), **common)
    Letter.objects.create(key="3", address=QUINN, **common)


def test_a_nudge_that_did_not_get_away_on_its_day_needs_a_new_turn(workshop):
    plan(NO_REPLY)
    assert give_turns(NO_REPLY, unwanted) == 2
    stuck = Letter.objects.get(address=PAT)

    give_turns(NO_REPLY + timedelta(days=1), unwanted)

    stuck.refresh_from_db()
    assert (stuck.state, stuck.turn_on) == ("planned", date(2018, 5, 13))


def test_turns_take_as_many_queries_for_30_people_as_for_3(workshop):
    membership = workshop.cohort.memberships.get()

    def queries() -> int:
        Letter.objects.all().delete()
        plan(NO_REPLY)
        with CaptureQueriesContext(connection) as seen:
            give_turns(NO_REPLY, unwanted)
        return len(seen)

    few = queries()
    for number in range(28):
        a_participant(membership, "More", email=f"more{number}@sample.example")

    assert queries() == few


def moved(workshop, day: date) -> None:
    for name, value in at_ten(day).items():
        setattr(workshop, name, value)
    workshop.save()


def test_after_two_nudges_about_one_thing_no_third_goes_and_staff_are_told_whom_to_speak_to(client, workshop):
    pat = workshop.cohort.memberships.get().seats.get(user__email=PAT).user
    workshop.attendances.create(user=workshop.cohort.memberships.get().seats.get(user__email=QUINN).user, reply="yes")
    for day in (date(2018, 5, 22), date(2018, 6, 22), date(2018, 7, 22)):
        moved(workshop, day)
        tick(datetime(day.year, day.month, day.day, 9, tzinfo=LONDON) - timedelta(days=10))

    assert Letter.objects.filter(kind="workshop_reply_missing", address=PAT).count() == 2
    found = fruitless(workshop.cohort.slug, NOW)
    assert [(item.person, item.event) for item in found] == [(pat, workshop)]

    workshop.attendances.create(user=pat, reply="no", replied_at=NOW)
    assert fruitless(workshop.cohort.slug, NOW) == []


def test_who_has_not_replied_is_asked_once_more_and_then_spoken_to(workshop):
    quinn = User.objects.get(email=QUINN)
    tick(datetime(2018, 5, 12, 9, tzinfo=LONDON))
    workshop.attendances.create(user=quinn, reply="yes", replied_at=NOW)
    tick(datetime(2018, 5, 18, 9, tzinfo=LONDON))

    went = Letter.objects.filter(kind__startswith="workshop_reply_missing", state="sent").order_by("due_at", "address")
    assert list(went.values_list("kind", "address")) == [
        ("workshop_reply_missing", PAT),
        ("workshop_reply_missing", QUINN),
        ("workshop_reply_missing_again", PAT),
    ]
    assert [item.person.email for item in fruitless(workshop.cohort.slug, NOW)] == [PAT]


def test_who_leaves_one_of_the_two_letters_gets_neither(client, workshop):
    for number, kind in enumerate(("workshop_reply_missing", "workshop_reply_missing_again")):
        Choice.objects.all().delete()
        Letter.objects.create(
            key=kind, kind=kind, address=PAT, subject="s", body="b", due_at=NOW, leave_token=f"left{number}"
        )
        client.post(f"/letters/leave/left{number}/")

        assert "You get <mark>no more</mark>" in client.get(f"/letters/leave/left{number}/").text
        for day in (12, 18):
            plan(datetime(2018, 5, day, 9, tzinfo=LONDON))
        assert set(Letter.objects.exclude(key=kind).values_list("address", flat=True)) == {QUINN}
        Letter.objects.all().delete()


def test_the_desk_names_whom_to_speak_to_and_about_what(client):
    cohort = a_cohort()
    starts = timezone.now() + timedelta(days=5)
    workshop = a_workshop(cohort, 3, starts_at=starts, ends_at=starts + timedelta(hours=6))
    pat_alone(cohort)
    client.force_login(staff())
    assert "to speak to" not in client.get("/admin/").text
    for number in (1, 2):
        Letter.objects.create(
            key=f"{number}",
            kind="workshop_reply_missing",
            occurrence=f"workshop {workshop.pk}",
            about=cohort.slug,
            address=PAT,
            subject="s",
            body="b",
            due_at=NOW,
            state="sent",
            rank=2,
        )

    page = client.get("/admin/").text

    assert "1 to speak to: two letters were without effect" in page
    assert "Pat: Reply to a workshop missing" in page


# Held rules


def test_a_held_rule_writes_letters_that_wait_for_staff(workshop):
    tick(NOW)
    Rule.objects.filter(kind="workshop_in_7_days").update(is_held=True)

    assert tick(SEVEN_DAYS).sent == 0
    assert states() == {"workshop_in_7_days": "held"}


def act(client, action: str):
    pks = list(Letter.objects.filter(state="held").values_list("pk", flat=True))
    data = {"action": action, "_selected_action": pks}
    url = reverse("admin:correspondence_letter_changelist")
    asked = client.post(url, data)
    assert asked.status_code == 200
    return client.post(url, {**data, "confirmed": "yes"})


@pytest.fixture
def held(client, workshop):
    tick(NOW)
    Rule.objects.update(is_held=True)
    tick(SEVEN_DAYS)
    client.force_login(staff())
    return workshop


def test_staff_release_what_a_rule_held_and_it_goes(client, held):
    act(client, "approve")

    assert tick(SEVEN_DAYS + timedelta(minutes=1)).sent == 2


def test_staff_stop_what_a_rule_held_and_it_never_goes(client, held):
    act(client, "leave_unsent")

    assert tick(SEVEN_DAYS + timedelta(minutes=1)).sent == 0
    assert states() == {"workshop_in_7_days": "cancelled"}


def test_what_nobody_released_in_time_is_shown_as_too_late(held):
    tick(SEVEN_DAYS + timedelta(days=1))

    assert states() == {"workshop_in_7_days": "missed"}


# The page


def test_the_page_shows_each_kind_with_its_reason_and_keeps_what_is_chosen(client):
    pat = pat_alone(a_cohort())
    client.force_login(pat)
    page = client.get(reverse("participants:letters")).text
    assert page.count("<select") == len({reminder.choice for reminder in REGISTERED.values()})
    assert page.count('<option value="at_once" selected>') == page.count("<select") - 2
    assert page.count('<option value="daily" selected>') == 2

    client.post(reverse("participants:letters"), {"phase_opens": "never"})

    assert list(Choice.objects.values_list("address", "kind", "pace")) == [(PAT, "phase_opens", "never")]
    page = client.get(reverse("participants:letters")).text
    assert page.count('<option value="never" selected>') == 1


def test_a_choice_that_is_none_is_refused_and_nothing_saved(client):
    client.force_login(pat_alone(a_cohort()))

    response = client.post(reverse("participants:letters"), {"phase_opens": "hourly", "workshop_tomorrow": "never"})

    assert response.status_code == 422
    assert Choice.objects.count() == 0


def test_the_page_shows_what_reached_this_person_lately_and_no_code(client):
    now = timezone.now()
    client.force_login(pat_alone(a_cohort()))
    common = {"kind": "x", "body": "b", "state": "sent"}
    Letter.objects.create(key="1", subject="Mine", address=PAT, due_at=now, **common)
    Letter.objects.create(key="2", subject="Code 123456", address=PAT, due_at=now, is_secret=True, **common)
    Letter.objects.create(key="3", subject="Another's", address=QUINN, due_at=now, **common)
    Letter.objects.create(key="4", subject="Long ago", address=PAT, due_at=now - timedelta(days=31), **common)

    page = client.get(reverse("participants:letters")).text

    assert [text in page for text in ("Mine", "A letter with a code")] == [True, True]
    assert [text in page for text in ("123456", "Another's", "Another&#x27;s", "Long ago")] == [False] * 4


def test_the_page_says_what_comes_next_unless_it_is_not_wanted(client):
    cohort = a_cohort()
    starts = timezone.now() + timedelta(days=3)
    a_workshop(cohort, 3, starts_at=starts, ends_at=starts + timedelta(hours=6))
    client.force_login(pat_alone(cohort))
    assert "if nothing changes" in client.get(reverse("participants:letters")).text

    choose(PAT, "workshop_tomorrow", "never", NOW)

    assert "No reminder in the next 30 days." in client.get(reverse("participants:letters")).text
