"""Reminders, through the clock: the right letter, to the right people, once, at London time."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.template import engines
from django.utils import timezone

from correspondence import ledger, reminders
from correspondence.clock import tick
from correspondence.models import Heartbeat, Letter, Rule
from lgr6.clock import forecast
from mentoring.models import FollowUp
from mentoring.reminders import whose
from participants.models import Cohort
from research.models import ResearchNote
from tests.access.world import build
from tests.factories import (
    LONDON,
    NOW,
    a_cohort,
    a_follow_up,
    a_membership,
    a_mentor,
    a_note,
    a_participant,
    a_phase,
    a_seat,
    a_session,
    a_slot,
    a_user,
    a_workshop,
)
from workshops.models import Attendance, Workshop

pytestmark = pytest.mark.django_db


def readers(kind: str) -> set[str]:
    return {letter.address for letter in Letter.objects.filter(kind=kind, state=Letter.State.SENT)}


def kinds() -> set[str]:
    return set(Letter.objects.values_list("kind", flat=True))


@pytest.fixture
def workshop():
    """On Tuesday 22 May 2018 at 10:00 in London; Pat and Quinn take part."""
    cohort = a_cohort()
    workshop = a_workshop(
        cohort,
        3,
        starts_at=datetime(2018, 5, 22, 10, tzinfo=LONDON),
        ends_at=datetime(2018, 5, 22, 16, tzinfo=LONDON),
    )
    membership = a_membership(cohort)
    a_participant(membership, "Pat", email="pat@sample.example")
    a_participant(membership, "Quinn", email="quinn@sample.example")
    return workshop


def reply(workshop: Workshop, email: str, answer: str) -> None:
    user = workshop.cohort.memberships.get().seats.get(user__email=email).user
    Attendance.objects.create(workshop=workshop, user=user, reply=answer, replied_at=NOW)


def test_a_workshop_is_announced_7_days_before_at_9_in_london(workshop):
    tick(datetime(2018, 5, 15, 8, 59, tzinfo=LONDON))
    assert "workshop_in_7_days" not in kinds()

    tick(datetime(2018, 5, 15, 9, 0, tzinfo=LONDON))
    assert readers("workshop_in_7_days") == {"pat@sample.example", "quinn@sample.example"}


def test_who_said_no_to_a_workshop_is_left_alone(workshop):
    reply(workshop, "pat@sample.example", "no")
    reply(workshop, "quinn@sample.example", "maybe")

    tick(datetime(2018, 5, 15, 9, 0, tzinfo=LONDON))
    tick(datetime(2018, 5, 21, 9, 0, tzinfo=LONDON))

    assert readers("workshop_in_7_days") == {"quinn@sample.example"}
    assert readers("workshop_tomorrow") == {"quinn@sample.example"}


def test_who_has_not_replied_is_asked_and_who_has_is_not(workshop):
    reply(workshop, "pat@sample.example", "no")

    tick(datetime(2018, 5, 12, 9, 0, tzinfo=LONDON))

    assert readers("workshop_reply_missing") == {"quinn@sample.example"}


def test_running_the_clock_three_times_sends_once(workshop):
    moment = datetime(2018, 5, 15, 9, 0, tzinfo=LONDON)

    sent = [tick(moment + timedelta(minutes=minute)).sent for minute in range(3)]

    assert sent == [2, 0, 0]


def test_a_reminder_more_than_a_day_late_is_not_sent(workshop):
    tick(datetime(2018, 5, 16, 9, 0, tzinfo=LONDON))

    assert "workshop_in_7_days" not in kinds()


@pytest.mark.parametrize(
    ("starts", "due_utc"),
    [
        # British Summer Time begins on Sunday 25 March 2018 and ends on Sunday 28 October 2018.
        (datetime(2018, 3, 26, 10, tzinfo=LONDON), datetime(2018, 3, 25, 8, tzinfo=UTC)),
        (datetime(2018, 3, 25, 10, tzinfo=LONDON), datetime(2018, 3, 24, 9, tzinfo=UTC)),
        (datetime(2018, 10, 29, 10, tzinfo=LONDON), datetime(2018, 10, 28, 9, tzinfo=UTC)),
        (datetime(2018, 10, 28, 10, tzinfo=LONDON), datetime(2018, 10, 27, 8, tzinfo=UTC)),
    ],
)
def test_the_day_before_at_9_stays_9_across_the_change_of_the_clock(workshop, starts, due_utc):
    workshop.starts_at, workshop.ends_at = starts, starts + timedelta(hours=6)
    workshop.save()

    tick(due_utc - timedelta(minutes=1))
    assert readers("workshop_tomorrow") == set()

    tick(due_utc)
    assert len(readers("workshop_tomorrow")) == 2


@pytest.mark.parametrize("at", ["00:30", "01:30", "02:30", "09:00"])
@pytest.mark.parametrize(
    ("changes_on", "hours_from_utc"),
    [
        # The hours that London is ahead of UTC before 01:00 UTC of that Sunday, and after.
        (date(2018, 3, 25), (0, 1)),
        (date(2018, 10, 28), (1, 0)),
        (date(2026, 10, 25), (1, 0)),
        (date(2027, 3, 28), (0, 1)),
    ],
)
def test_on_the_night_the_clocks_change_each_letter_goes_once_at_its_time(workshop, changes_on, hours_from_utc, at):
    day_after = datetime.combine(changes_on + timedelta(days=1), time(10), tzinfo=LONDON)
    workshop.starts_at, workshop.ends_at = day_after, day_after + timedelta(hours=6)
    workshop.save()
    tick(day_after - timedelta(days=9))
    Rule.objects.exclude(kind="workshop_tomorrow").update(is_on=False)
    Rule.objects.filter(kind="workshop_tomorrow").update(at=at)
    # The first of the two hours from 01:00 to 02:00 in October; in March the hour that is skipped moves forward.
    before, after = hours_from_utc
    ahead = before if at < "02:00" else after
    midnight = datetime.combine(changes_on, time(0), tzinfo=UTC)
    due = midnight + timedelta(hours=int(at[:2]) - ahead, minutes=int(at[3:]))

    gone = {}
    for minutes in range(-120, 12 * 60, 30):
        moment = midnight + timedelta(minutes=minutes)
        tick(moment)
        gone[moment] = len(readers("workshop_tomorrow"))

    assert gone == {moment: 2 if moment >= due else 0 for moment in gone}
    assert Letter.objects.filter(kind="workshop_tomorrow").count() == 2


def test_a_cancelled_workshop_reminds_nobody(workshop):
    workshop.state = Workshop.State.CANCELLED
    workshop.save()

    tick(datetime(2018, 5, 15, 9, 0, tzinfo=LONDON))

    assert kinds() == set()


@pytest.mark.parametrize("status", [Cohort.Status.DRAFT, Cohort.Status.ENDED])
def test_a_cohort_that_does_not_run_sends_nothing(workshop, status):
    Cohort.objects.update(status=status)

    tick(datetime(2018, 5, 15, 9, 0, tzinfo=LONDON))

    assert kinds() == set()


def test_who_answers_between_planning_and_sending_gets_nothing(workshop):
    from correspondence.handing_over import hand_out
    from correspondence.reminders import plan, unwanted

    moment = datetime(2018, 5, 15, 9, 0, tzinfo=LONDON)
    plan(moment)
    reply(workshop, "pat@sample.example", "no")

    assert hand_out(moment, unwanted) == 1
    assert Letter.objects.get(address="pat@sample.example").state == Letter.State.CANCELLED


def test_a_workshop_moved_between_planning_and_sending_is_not_announced_at_its_old_time(workshop):
    from correspondence.handing_over import hand_out
    from correspondence.reminders import plan, unwanted

    moment = datetime(2018, 5, 15, 9, 0, tzinfo=LONDON)
    plan(moment)
    Workshop.objects.update(
        starts_at=datetime(2018, 6, 5, 10, tzinfo=LONDON), ends_at=datetime(2018, 6, 5, 16, tzinfo=LONDON)
    )

    assert hand_out(moment, unwanted) == 0
    assert set(Letter.objects.values_list("state", flat=True)) == {Letter.State.CANCELLED}


def test_who_left_is_not_written_to(workshop):
    workshop.cohort.memberships.get().seats.get(user__email="pat@sample.example").end(NOW)

    tick(datetime(2018, 5, 15, 9, 0, tzinfo=LONDON))

    assert readers("workshop_in_7_days") == {"quinn@sample.example"}


def test_a_rule_switched_off_sends_nothing_and_one_moved_sends_then(workshop):
    tick(NOW)
    Rule.objects.filter(kind="workshop_in_7_days").update(is_on=False)
    Rule.objects.filter(kind="workshop_tomorrow").update(days=-2, at="18:00")

    tick(datetime(2018, 5, 15, 9, 0, tzinfo=LONDON))
    assert readers("workshop_in_7_days") == set()

    tick(datetime(2018, 5, 20, 18, 0, tzinfo=LONDON))
    assert len(readers("workshop_tomorrow")) == 2


def test_a_phase_is_announced_on_the_morning_it_opens():
    cohort = a_cohort()
    a_phase(cohort, 2, opens_on=date(2018, 5, 14), closes_on=date(2018, 6, 14))
    a_participant(a_membership(cohort), email="pat@sample.example")

    tick(datetime(2018, 5, 14, 9, 0, tzinfo=LONDON))

    assert readers("phase_opens") == {"pat@sample.example"}


def test_three_days_before_a_phase_closes_those_without_a_shared_note_are_written_to():
    cohort = a_cohort()
    phase = a_phase(cohort, 2, opens_on=date(2018, 5, 1), closes_on=date(2018, 5, 17))
    shared, drafting = a_membership(cohort), a_membership(cohort)
    a_note(shared, a_participant(shared, email="done@sample.example"), phase=phase)
    a_note(
        drafting,
        a_participant(drafting, email="draft@sample.example"),
        phase=phase,
        audience=ResearchNote.Audience.ME,
    )
    a_participant(shared, email="colleague@sample.example")

    tick(datetime(2018, 5, 14, 9, 0, tzinfo=LONDON))

    assert readers("phase_closes_no_note") == {"draft@sample.example"}


@pytest.fixture
def session():
    """On Thursday 17 May 2018, 12:00 to 12:45 in London."""
    membership = a_membership()
    mentor = a_mentor(membership, email="mentor@sample.example")
    booker = a_participant(membership, email="booker@sample.example")
    a_participant(membership, email="colleague@sample.example")
    slot = a_slot(
        mentor,
        starts_at=datetime(2018, 5, 17, 12, tzinfo=LONDON),
        ends_at=datetime(2018, 5, 17, 12, 45, tzinfo=LONDON),
    )
    return a_session(slot, membership, booker)


def test_a_session_is_announced_the_day_before_and_an_hour_before_to_those_who_meet(session):
    tick(datetime(2018, 5, 16, 9, 0, tzinfo=LONDON))
    tick(datetime(2018, 5, 17, 10, 59, tzinfo=LONDON))
    assert "session_in_1_hour" not in kinds()
    tick(datetime(2018, 5, 17, 11, 0, tzinfo=LONDON))

    both = {"mentor@sample.example", "booker@sample.example"}
    assert readers("session_tomorrow") == both
    assert readers("session_in_1_hour") == both


def test_when_the_booker_has_left_the_others_of_the_organisation_are_told(session):
    session.membership.seats.get(user=session.booked_by).end(NOW)

    tick(datetime(2018, 5, 16, 9, 0, tzinfo=LONDON))

    assert readers("session_tomorrow") == {"mentor@sample.example", "colleague@sample.example"}


def test_a_session_without_a_record_is_asked_for_the_morning_after_and_one_with_is_not(session):
    tick(datetime(2018, 5, 18, 9, 0, tzinfo=LONDON))
    assert readers("session_without_record") == {"mentor@sample.example"}

    Letter.objects.all().delete()
    session.recorded_at = NOW
    session.save()
    tick(datetime(2018, 5, 18, 9, 0, tzinfo=LONDON))
    assert readers("session_without_record") == set()


def test_a_cancelled_session_reminds_nobody(session):
    session.state = session.State.CANCELLED
    session.save()

    tick(datetime(2018, 5, 16, 9, 0, tzinfo=LONDON))

    assert kinds() == set()


def test_a_follow_up_is_told_of_the_day_before_to_who_took_it_on_until_it_is_ticked(session, workshop):
    owner = session.membership.seats.first().user
    follow_up = a_follow_up(session, owner=owner, due_on=date(2018, 5, 16))
    rule_time = datetime(2018, 5, 15, 9, 0, tzinfo=LONDON)

    tick(rule_time - timedelta(minutes=1))
    assert "follow_up_due" not in kinds()
    tick(rule_time)
    assert readers("follow_up_due") == {owner.email}
    assert "You get this because you took it on" in Letter.objects.get(kind="follow_up_due").body

    follow_up.tick(rule_time)
    a_follow_up(session, owner=owner, due_on=date(2018, 5, 17)).tick(rule_time)
    tick(rule_time + timedelta(days=1))
    assert Letter.objects.filter(kind="follow_up_due").count() == 1


def test_a_follow_up_of_nobody_or_of_somebody_who_left_is_everyone_s_there(session, workshop):
    owner = session.membership.seats.first().user
    a_follow_up(session, owner=None, due_on=date(2018, 5, 16))
    a_follow_up(session, owner=a_user("Elsewhere"), due_on=date(2018, 5, 16))
    there = set(session.membership.seats.values_list("user__email", flat=True))

    for follow_up in FollowUp.objects.all():
        assert set(whose(follow_up, NOW).values_list("email", flat=True)) == there
    session.membership.seats.filter(user=owner).update(ended_at=NOW - timedelta(days=1))
    assert owner.email not in set(whose(FollowUp.objects.first(), NOW).values_list("email", flat=True))


def test_every_letter_of_a_reminder_says_why_it_came_and_links_to_the_portal(session, workshop):
    a_phase(workshop.cohort, 2, opens_on=date(2018, 5, 12), closes_on=date(2018, 5, 20))
    for day in range(12, 23):
        for hour in range(9, 19):
            tick(datetime(2018, 5, day, hour, tzinfo=LONDON))

    letters = list(Letter.objects.all())
    assert {letter.kind for letter in letters} == {
        "workshop_in_7_days",
        "workshop_tomorrow",
        "workshop_reply_missing",
        "phase_opens",
        "phase_closes_no_note",
        "session_tomorrow",
        "session_in_1_hour",
        "session_without_record",
        "phase_closes_no_note_again",
        "session_without_record_again",
        "workshop_reply_missing_again",
    }
    for letter in letters:
        assert "You get this because" in letter.body
        assert "http://localhost:8000/cohorts/" in letter.body
        assert "{{" not in letter.body + letter.subject
        assert "&#" not in letter.body + letter.subject


def test_the_forecast_names_what_goes_next_and_to_how_many(workshop):
    reply(workshop, "pat@sample.example", "no")

    coming = forecast(workshop.cohort, NOW)

    assert [(item.label, item.people, item.due_at) for item in coming] == [
        ("Workshop in 7 days", 1, datetime(2018, 5, 15, 8, tzinfo=UTC)),
        ("Reply to a workshop still missing, 4 days before", 1, datetime(2018, 5, 18, 8, tzinfo=UTC)),
        ("Workshop tomorrow", 1, datetime(2018, 5, 21, 8, tzinfo=UTC)),
    ]


def test_the_clock_leaves_a_mark_each_time_it_ticks():
    tick(NOW)

    assert Heartbeat.objects.get(name="clock").at == NOW


def test_the_command_ticks_at_the_moment_it_is_told(workshop, capsys):
    for _ in range(3):
        call_command("send_due_letters", at="2018-05-15T09:00")

    assert capsys.readouterr().out.splitlines() == ["2 planned, 2 sent", "0 planned, 0 sent", "0 planned, 0 sent"]


def test_the_command_refuses_a_time_that_is_none():
    with pytest.raises(CommandError, match="is not a time such as"):
        call_command("send_due_letters", at="next Tuesday")


def test_planning_takes_as_many_queries_for_30_people_as_for_3(workshop, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from correspondence.reminders import plan

    membership = workshop.cohort.memberships.get()
    plan(NOW)
    with CaptureQueriesContext(
        connection,
    ) as few:
        plan(datetime(2018, 5, 15, 9, 0, tzinfo=LONDON))
    Letter.objects.all().delete()
    for _ in range(28):
        a_seat(membership, a_user())

    with django_assert_num_queries(len(few)):
        plan(datetime(2018, 5, 15, 9, 0, tzinfo=LONDON))


def test_a_reader_whose_letter_cannot_be_written_keeps_nobody_else_from_theirs(workshop, monkeypatch):
    intent_of = reminders.intent_of

    def stumbles(occurrence, person):
        if person.email == "pat@sample.example":
            raise KeyError("no such field")
        return intent_of(occurrence, person)

    moment = datetime(2018, 5, 15, 9, 0, tzinfo=LONDON)
    monkeypatch.setattr(reminders, "intent_of", stumbles)
    ticked = [tick(moment), tick(moment + timedelta(minutes=1))]
    aside = Letter.objects.get(address="pat@sample.example")

    assert [item.sent for item in ticked] == [1, 0]
    assert (aside.state, aside.attempts, aside.answer) == ("unwritten", 2, "KeyError: 'no such field'")
    assert list(Letter.objects.needing_a_person()) == [aside]

    monkeypatch.undo()

    assert tick(moment + timedelta(minutes=2)).sent == 1
    assert set(Letter.objects.values_list("state", flat=True)) == {"sent"}


def test_a_reminder_made_for_all_reads_as_if_made_for_each():
    build()
    now = timezone.now()
    met = {}
    for occurrence in reminders.occurrences(now, is_forecast=True):
        for person in occurrence.reminder.audience(occurrence.event, now)[:2]:
            person.name = " Zoë   {{ event }} & <b>O'Neil</b> "
            context = {"event": occurrence.event, "person": person, "leave_url": "https://portal.example/leave/"}
            alone = ledger.compose(occurrence.reminder.template, context)
            assert occurrence.text_for(person, "https://portal.example/leave/") == alone
            met.setdefault(occurrence.reminder.kind, alone)

    assert {
        "workshop_in_7_days",
        "workshop_tomorrow",
        "phase_opens",
        "session_tomorrow",
        "session_without_record",
    } <= set(met)


@pytest.mark.parametrize(
    "asked", ["{{ person.email }}", "{{ person }}", "{{ person.name|upper }}", "{{ leave_url|upper }}"]
)
def test_a_reminder_that_asks_more_of_its_reader_than_a_name_is_not_written(workshop, monkeypatch, asked):
    template = engines["plaintext"].from_string(asked)
    rendered = lambda name, context: ("Subject", template.render(context))  # noqa: E731
    monkeypatch.setattr(reminders, "rendered", rendered)

    tick(datetime(2018, 5, 15, 9, 0, tzinfo=LONDON))

    letters = Letter.objects.filter(kind="workshop_in_7_days")
    assert {letter.state for letter in letters} == {"unwritten"}
    assert all(letter.answer.startswith("NotForAll: A reminder's template may") for letter in letters)


def test_people_are_written_to_in_batches_and_nobody_twice(workshop, monkeypatch):
    monkeypatch.setattr(reminders, "BATCH", 3)
    membership = workshop.cohort.memberships.get()
    for number in range(5):
        a_participant(membership, f"Reader {number}", email=f"reader{number}@sample.example")
    moment = datetime(2018, 5, 15, 9, 0, tzinfo=LONDON)

    assert [reminders.plan(moment), reminders.plan(moment)] == [7, 0]
    assert Letter.objects.filter(kind="workshop_in_7_days").values("address").distinct().count() == 7


def test_a_planner_killed_half_way_and_run_three_times_writes_each_letter_once(workshop, monkeypatch):
    moment, intent_of, written = datetime(2018, 5, 15, 9, 0, tzinfo=LONDON), reminders.intent_of, []

    def dies(occurrence, person):
        if written:
            raise KeyboardInterrupt
        written.append(person)
        return intent_of(occurrence, person)

    monkeypatch.setattr(reminders, "BATCH", 1)
    monkeypatch.setattr(reminders, "intent_of", dies)
    with pytest.raises(KeyboardInterrupt):
        reminders.plan(moment)
    assert Letter.objects.filter(kind="workshop_in_7_days").count() == 1
    monkeypatch.undo()

    assert [reminders.plan(moment) for _ in range(3)] == [1, 0, 0]
    addresses = Letter.objects.filter(kind="workshop_in_7_days").values_list("address", flat=True)
    assert sorted(addresses) == ["pat@sample.example", "quinn@sample.example"]


def test_a_clock_that_is_an_hour_wrong_either_way_sends_nothing_twice(workshop, mailoutbox):
    moment = datetime(2018, 5, 15, 9, 0, tzinfo=LONDON)

    for hours in (0, 1, -1, 0, 1):
        tick(moment + timedelta(hours=hours))

    assert sorted(mail.to[0] for mail in mailoutbox) == ["pat@sample.example", "quinn@sample.example"]


def test_after_six_hours_of_silence_what_is_still_of_use_goes_and_what_is_not_raises_one_alarm(
    workshop, mailoutbox, caplog
):
    moment = datetime(2018, 5, 15, 9, 0, tzinfo=LONDON)
    Letter.objects.create(
        key="overtaken",
        kind="sample",
        address="pat@sample.example",
        subject="Overtaken",
        due_at=moment,
        not_after=moment + timedelta(hours=3),
    )

    for minute in range(3):
        tick(moment + timedelta(hours=6, minutes=minute))

    assert len(mailoutbox) == 2
    assert Letter.objects.get(key="overtaken").state == Letter.State.MISSED
    alarms = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert alarms == ["letters need a person: 0 in doubt, 1 too late to be of use"]
