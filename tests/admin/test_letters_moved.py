"""Before a rule, a workshop or a phase is changed, staff read what that does to the letters to come."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
import time_machine

from correspondence.clock import tick
from correspondence.models import Letter, Rule
from correspondence.to_come import effects, effects_in_words, outlook
from participants.models import Cohort, User
from research.models import ResearchPhase
from tests import factories
from tests.admin.desk import at_the_desk, chosen, no_rows, page_of, rows, text_of
from tests.factories import LONDON, NOW
from workshops.models import Attendance, Workshop

pytestmark = pytest.mark.django_db

PAT, QUINN = "pat@sample.example", "quinn@sample.example"


@pytest.fixture(autouse=True)
def _in_may():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def workshop() -> Workshop:
    """On Wednesday 30 May 2018 at 10:00 in London; Pat and Quinn take part. It is Monday 14 May."""
    cohort = factories.a_cohort("desk")
    starts = datetime(2018, 5, 30, 10, tzinfo=LONDON)
    workshop = factories.a_workshop(cohort, 3, starts_at=starts, ends_at=starts + timedelta(hours=6))
    museum = factories.a_membership(cohort)
    factories.a_participant(museum, "Pat", email=PAT)
    factories.a_participant(museum, "Quinn", email=QUINN)
    tick(NOW)
    return workshop


def rule(kind: str = "workshop_in_7_days") -> Rule:
    return Rule.objects.get(pk=kind)


def set_rule(client, kind: str = "workshop_in_7_days", **changes):
    """Posts the rule's form, as it stands but for the changes."""
    now = rule(kind)
    posted = {
        "days": now.days,
        "at": now.at or "",
        "minutes": now.minutes,
        "is_on": "on" if now.is_on else "",
        **changes,
    }
    return client.post(page_of(Rule, "change", kind), {name: value for name, value in posted.items() if value != ""})


def has_tick(response) -> bool:
    return 'type="checkbox" name="sure"' in response.content.decode()


def said_by(response) -> str:
    return str(response.context["adminform"].form["told"].value())


# Rules


def test_a_rule_is_saved_the_second_time_after_staff_read_what_it_changes(workshop):
    client = at_the_desk()
    asked = set_rule(client, days=-5, at="18:30")
    before = rule().days
    words = said_by(asked)
    saved = set_rule(client, days=-5, at="18:30", told=words)

    assert (asked.status_code, before) == (422, -7)
    assert words == (
        "Nothing is saved yet. 2 letters to 2 people go 5 days before, at 18:30 in London instead of 7 days before, "
        "at 09:00 in London. Workshop 3, 2 people: 23 May 2018, 09:00 → 25 May 2018, 18:30. Letters that staff held or "
        "edited keep their time. Save once more to do it."
    )
    assert words in text_of(asked)
    assert (saved.status_code, rule().days, rule().at) == (302, -5, time(18, 30))


def test_what_was_said_of_one_change_does_not_save_another(workshop):
    client = at_the_desk()
    words = said_by(set_rule(client, days=-5))
    other = set_rule(client, days=-4, told=words)

    assert (other.status_code, rule().days) == (422, -7)
    assert said_by(other) != words


def test_a_rule_that_is_switched_off_says_how_many_letters_do_not_go(workshop):
    client = at_the_desk()
    words = said_by(set_rule(client, is_on=""))
    set_rule(client, is_on="", told=words)
    tick(datetime(2018, 5, 23, 9, tzinfo=LONDON))

    assert "Off, this rule writes no letter: 2 letters to come do not go." in words
    assert Letter.objects.filter(kind="workshop_in_7_days").count() == 0


def test_a_rule_that_is_held_says_that_its_letters_wait(workshop):
    words = said_by(set_rule(at_the_desk(), is_held="on"))

    assert "2 letters to 2 people go 7 days before, at 09:00 in London and wait for staff to be released." in words


def test_a_rule_that_sends_at_once_asks_for_a_tick_beside_the_number(workshop):
    client = at_the_desk()
    asked = set_rule(client, days=-16)
    words = said_by(asked)
    without = set_rule(client, days=-16, told=words)
    days = rule().days
    ticked = set_rule(client, days=-16, told=words, sure="on")

    assert "2 of them go at once, within a minute." in words
    assert "Tick “Yes” and save once more to do it." in words
    assert has_tick(asked)
    assert (without.status_code, days) == (422, -7)
    assert "Tick this to save it." in text_of(without)
    assert (ticked.status_code, rule().days) == (302, -16)


def test_a_rule_that_would_send_to_hundreds_asks_with_the_number(workshop):
    membership = workshop.cohort.memberships.get()
    people = User.objects.bulk_create(
        [User(email=f"person-{number}@crowd.example", name=f"Person {number}") for number in range(199)]
    )
    client = at_the_desk()
    for user in people[:198]:
        factories.a_seat(membership, user)
    few = set_rule(client, days=-5)
    factories.a_seat(membership, people[198])
    many = set_rule(client, days=-5)
    without = set_rule(client, days=-5, told=said_by(many))

    assert [has_tick(few), has_tick(many)] == [False, True]
    assert "201 letters to 201 people" in said_by(many)
    assert (without.status_code, rule().days) == (422, -7)
    assert set_rule(client, days=-5, told=said_by(many), sure="on").status_code == 302


def test_letters_that_went_are_not_counted_and_not_sent_again(workshop):
    with time_machine.travel(datetime(2018, 5, 23, 10, tzinfo=LONDON), tick=False):
        tick(datetime(2018, 5, 23, 9, tzinfo=LONDON))
        saved = set_rule(at_the_desk(), days=-5)
    tick(datetime(2018, 5, 25, 9, tzinfo=LONDON))

    assert saved.status_code == 302
    assert Letter.objects.filter(kind="workshop_in_7_days").count() == 2


def test_who_said_no_or_chose_otherwise_is_not_counted(workshop):
    Attendance.objects.create(workshop=workshop, user=User.objects.get(email=PAT), reply="no", replied_at=NOW)

    assert "1 letter to 1 person goes 5 days before" in said_by(set_rule(at_the_desk(), days=-5))


def test_a_time_that_the_clock_skips_is_said_and_moves_forward():
    cohort = factories.a_cohort()
    starts = datetime(2019, 4, 1, 10, tzinfo=LONDON)
    factories.a_workshop(cohort, starts_at=starts, ends_at=starts + timedelta(hours=6))
    factories.a_participant(factories.a_membership(cohort))
    tick(NOW)
    client = at_the_desk()
    skipped = said_by(set_rule(client, "workshop_tomorrow", at="01:30"))
    shown = said_by(set_rule(client, "workshop_tomorrow", at="02:30"))

    assert "On 31 March 2019 the clock in London skips 01:30: that letter goes at 02:30." in skipped
    assert "skips" not in shown


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"at": "25:00"}, "Enter a valid time."),
        ({"at": "09:00", "minutes": 30}, "With a time of day there are no minutes"),
        ({"days": -400}, "greater than or equal to -365"),
    ],
)
def test_times_that_cannot_be_are_refused_and_nothing_is_saved(workshop, changes, words):
    response = set_rule(at_the_desk(), **changes)

    assert response.status_code == 422
    assert words in text_of(response)
    assert (rule().days, rule().at) == (-7, time(9))


def test_a_rule_that_moves_no_letter_is_saved_at_once():
    tick(NOW)

    assert set_rule(at_the_desk(), days=-5).status_code == 302
    assert rule().days == -5


# Workshops


def test_a_workshop_that_gets_a_date_says_which_letters_go():
    cohort = factories.a_cohort()
    workshop = factories.a_workshop(cohort, starts_at=None, ends_at=None)
    factories.a_participant(factories.a_membership(cohort))
    tick(NOW)
    form = {"number": 1, "starts_at_0": "30/5/2018", "starts_at_1": "10:00", "venue": workshop.venue}
    asked = at_the_desk().post(
        page_of(Workshop, "change", workshop.pk), {**form, **no_rows("agenda", "materials", "attendances")}
    )

    assert said_by(asked) == (
        "Nothing is saved yet. Nobody gets a notice of this change: Date to be confirmed becomes Wednesday 30 May "
        "2018, 10:00. “Reply to a workshop missing, 10 days before” to 1 person goes on 20 May 2018, 09:00. “Workshop "
        "in 7 days” to 1 person goes on 23 May 2018, 09:00. “Reply to a workshop still missing, 4 days before” to 1 "
        "person goes on 26 May 2018, 09:00. “Workshop tomorrow” to 1 person goes on 29 May 2018, 09:00. Save once "
        "more to do it."
    )


def test_a_move_says_what_goes_at_once_what_stops_and_what_becomes_of_edited_letters(workshop):
    person = User.objects.get(email=PAT)
    client = at_the_desk()
    url = f"/admin/correspondence/letter/to-come/workshop_tomorrow/{workshop.pk}/{person.pk}/"
    read = client.get(f"{url}edit/").content.decode().split('name="read" value="')[1].split('"')[0]
    client.post(f"{url}edit/", {"confirmed": "yes", "subject": "Mine", "body": "Mine.", "read": read})
    client.post(url.replace("workshop_tomorrow", "workshop_in_7_days") + "hold/", {"confirmed": "yes"})
    after = Workshop.objects.get(pk=workshop.pk)
    after.starts_at = datetime(2018, 5, 21, 10, tzinfo=LONDON)

    words = effects_in_words(workshop, after, NOW)

    assert words == [
        "“Workshop in 7 days” to 2 people moves from 23 May 2018, 09:00 to now: it goes at once.",
        "“Reply to a workshop still missing, 4 days before” to 2 people moves from 26 May 2018, 09:00 to 17 May "
        "2018, 09:00.",
        "“Workshop tomorrow” to 2 people moves from 29 May 2018, 09:00 to 20 May 2018, 09:00.",
        "“Reply to a workshop missing, 10 days before” to 2 people stops: it would have gone on 20 May 2018, 09:00.",
        "1 letter that is held goes along, still held.",
        "1 letter that staff edited is held with a warning, so that its text is checked.",
    ]


def test_the_effects_foretold_are_those_that_come(workshop):
    after = Workshop.objects.get(pk=workshop.pk)
    after.starts_at, after.ends_at = datetime(2018, 6, 20, 10, tzinfo=LONDON), None
    foretold = {(item.label, item.after, item.people) for item in effects(workshop, after, NOW)}
    after.save()
    moment = NOW
    while moment < datetime(2018, 6, 21, tzinfo=LONDON):
        tick(moment)
        moment += timedelta(hours=3)

    labels = dict(Rule.objects.values_list("kind", "label"))
    went = Letter.objects.filter(state="sent").values_list("kind", "due_at")
    came = {(labels[kind], due, sum(item == (kind, due) for item in went)) for kind, due in went}
    assert came == foretold
    assert len(came) == 4


def test_a_cancellation_says_which_letters_stop_and_for_how_many(workshop):
    asked = text_of(at_the_desk().post(page_of(Workshop, "changelist"), chosen("cancel", workshop)))

    assert "“Workshop in 7 days” to 2 people stops: it would have gone on 23 May 2018, 09:00." in asked
    assert "“Workshop tomorrow” to 2 people stops" in asked


def test_in_a_cohort_that_does_not_run_no_letter_is_said_to_move(workshop):
    workshop.cohort.status = "draft"
    workshop.cohort.save()

    asked = text_of(at_the_desk().post(page_of(Workshop, "changelist"), chosen("cancel", workshop)))

    assert "Workshop tomorrow" not in asked


# Phases


@pytest.fixture
def phase() -> ResearchPhase:
    """From 28 May to 28 June 2018; one person takes part."""
    cohort = factories.a_cohort("desk")
    factories.a_participant(factories.a_membership(cohort), email=PAT)
    phase = factories.a_phase(cohort, 2, opens_on=date(2018, 5, 28), closes_on=date(2018, 6, 28))
    tick(NOW)
    return phase


def phase_form(phase: ResearchPhase, opens: str, closes: str, **more: str) -> dict[str, str]:
    return {"number": "2", "opens_on": opens, "closes_on": closes, **no_rows("prompts"), **more}


def test_a_phase_that_moves_says_which_letters_move_and_is_saved_the_second_time(phase):
    client, page = at_the_desk(), page_of(ResearchPhase, "change", phase.pk)
    asked = client.post(page, phase_form(phase, "4/6/2018", "28/6/2018"))
    phase.refresh_from_db()
    before, words = phase.opens_on, said_by(asked)
    client.post(page, phase_form(phase, "4/6/2018", "28/6/2018", told=words))
    phase.refresh_from_db()

    assert (asked.status_code, before) == (422, date(2018, 5, 28))
    assert words == (
        "Nothing is saved yet. Nobody gets a notice when a phase moves; its letters follow: “Phase opens” to 1 person "
        "moves from 28 May 2018, 09:00 to 4 June 2018, 09:00. Save once more to do it."
    )
    assert words in text_of(asked)
    assert phase.opens_on == date(2018, 6, 4)


def test_a_phase_whose_dates_are_taken_away_says_which_letters_stop(phase):
    asked = at_the_desk().post(page_of(ResearchPhase, "change", phase.pk), phase_form(phase, "", ""))

    assert "“Phase opens” to 1 person stops: it would have gone on 28 May 2018, 09:00." in said_by(asked)
    assert "“Phase closes in 3 days and no note shared” to 1 person stops" in said_by(asked)


def test_a_phase_of_which_only_words_change_is_saved_at_once(phase):
    saved = at_the_desk().post(
        page_of(ResearchPhase, "change", phase.pk), phase_form(phase, "28/5/2018", "28/6/2018", name="Listening")
    )

    assert saved.status_code == 302


def test_a_phase_is_asked_about_on_the_cohorts_page_too(phase):
    cohort = phase.cohort
    row = {"id": phase.pk, "cohort": cohort.pk, "number": 2, "opens_on": "4/6/2018", "closes_on": "28/6/2018"}
    posted = cohort_form(cohort, **rows("phases", row, initial=1), **no_rows("workshops", "memberships"))
    asked = at_the_desk().post(page_of(type(cohort), "change", cohort.pk), posted)
    phase.refresh_from_db()

    assert (asked.status_code, phase.opens_on) == (422, date(2018, 5, 28))
    assert "“Phase opens” to 1 person moves from 28 May 2018, 09:00 to 4 June 2018, 09:00" in text_of(asked)


def cohort_form(cohort: Cohort, **more: object) -> dict[str, object]:
    return {
        "series": cohort.series,
        "number": cohort.number,
        "title": cohort.title,
        "status": cohort.status,
        "starts_on": "1/1/2018",
        "ends_on": "31/10/2018",
        "date_precision": cohort.date_precision,
        **more,
    }


def test_before_a_phase_is_deleted_staff_read_which_letters_stop_with_it(phase):
    asked = text_of(at_the_desk().get(page_of(ResearchPhase, "delete", phase.pk)))

    assert "“Phase opens” to 1 person stops: it would have gone on 28 May 2018, 09:00." in asked
    assert "Are you sure" in asked


def test_before_a_cohort_ends_staff_read_how_many_letters_stop_and_it_ends_the_second_time(phase):
    cohort = phase.cohort
    client, page = at_the_desk(), page_of(type(cohort), "change", cohort.pk)
    posted = cohort_form(cohort, status="ended", **no_rows("phases", "workshops", "memberships"))
    coming = len([letter for letter in outlook(cohort.slug, NOW).letters if not letter.is_stopped])
    asked = client.post(page, posted)
    cohort.refresh_from_db()
    before, words = cohort.status, asked.context["adminform"].form.data["told"]
    client.post(page, {**posted, "told": words})
    cohort.refresh_from_db()

    assert (asked.status_code, before, cohort.status) == (422, "running", "ended")
    assert coming > 1
    assert f"{coming} letters to 1 person are still to come for" in words
    assert words in text_of(asked)


def test_a_cohort_for_which_nothing_is_to_come_ends_at_once():
    cohort = factories.a_cohort("quiet")
    posted = cohort_form(cohort, status="ended", **no_rows("phases", "workshops", "memberships"))

    assert at_the_desk().post(page_of(type(cohort), "change", cohort.pk), posted).status_code == 302
