"""The end of a phase: grace, lock, seal, addenda, and staff who unlock."""

import hashlib
import json
import uuid
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from correspondence.models import Letter
from research.locking import add_addendum, content_hash, seal_holds, seal_locked, standing, unlock_note
from research.models import Addendum, NoteVersion, ResearchNote, Seal, last_locked_day
from research.saving import Change, Refused, save_note
from research.tasks import seal_notes
from tests.admin.desk import at_the_desk, chosen, page_of, text_of
from tests.factories import NOW, a_cohort, a_membership, a_mentor, a_note, a_participant, a_phase, an_attachment, staff
from tests.research.test_pages import typed, words

pytestmark = pytest.mark.django_db
Audience = ResearchNote.Audience
LONDON = ZoneInfo("Europe/London")
LAST_DAY = date(2018, 5, 20)
# Midnight in London at the end of that day is 23:00 UTC; the notes lock 72 hours later.
LOCKS = datetime(2018, 5, 23, 23, 0, tzinfo=UTC)
BEFORE, AFTER = LOCKS - timedelta(seconds=1), LOCKS + timedelta(hours=1)


@pytest.fixture
def membership():
    return a_membership(a_cohort(), "Sample House")


@pytest.fixture
def author(membership):
    return a_participant(membership)


@pytest.fixture
def phase(membership):
    return a_phase(membership.cohort, closes_on=LAST_DAY)


@pytest.fixture
def note(membership, author, phase):
    return a_note(membership, author, phase=phase, body="As it was.")


@pytest.fixture
def save(membership, author):
    def save(pk, base_version, body, now, *, by=None, title="", save_id=None, **fields):
        change = Change(save_id or uuid.uuid4(), base_version, title, body, fields)
        return save_note(pk, membership.cohort, change, by or author, now)

    return save


def url(name, note, *args):
    return reverse(f"research:{name}", args=[note.membership.cohort.slug, note.pk, *args])


def a_phase_over(cohort, number=1, days=30):
    """A phase whose last day was so many days ago by the clock of the wall, which pages look at."""
    today = timezone.localdate()
    return a_phase(cohort, number, opens_on=today - timedelta(days=days + 30), closes_on=today - timedelta(days=days))


# When it locks


def test_notes_lock_72_hours_after_the_last_day_ends_in_london(note):
    assert [note.is_locked(now) for now in (BEFORE, LOCKS, AFTER)] == [False, True, True]
    assert [standing(note, now).state for now in (NOW, LOCKS - timedelta(hours=72), BEFORE, LOCKS)] == [
        "open",
        "grace",
        "grace",
        "locked",
    ]
    assert standing(note, BEFORE).until == standing(note, AFTER).since == LOCKS


@pytest.mark.parametrize(
    ("last_day", "locks"),
    [
        # The clock goes forward on 25 March 2018 and back on 28 October: 72 hours are 72 hours.
        (date(2018, 3, 23), datetime(2018, 3, 27, 1, 0, tzinfo=LONDON)),
        (date(2018, 10, 26), datetime(2018, 10, 29, 23, 0, tzinfo=LONDON)),
        (date(2018, 1, 10), datetime(2018, 1, 14, 0, 0, tzinfo=LONDON)),
    ],
)
def test_the_hours_of_grace_are_counted_across_a_change_of_the_clock(membership, last_day, locks):
    phase = a_phase(membership.cohort, opens_on=None, closes_on=last_day)

    moment = locks.astimezone(UTC)
    assert phase.locks_at == moment
    for now, expected in [(moment - timedelta(seconds=1), False), (moment, True)]:
        assert phase.is_locked(now) == expected
        assert (last_day <= last_locked_day(now)) == expected


def test_what_has_no_phase_or_no_last_day_or_no_reader_does_not_lock(membership, author, phase):
    unphased = a_note(membership, author)
    undated = a_note(membership, author, phase=a_phase(membership.cohort, 2, closes_on=None))
    draft = a_note(membership, author, phase=phase, audience=Audience.ME)
    once_shared = a_note(membership, author, phase=phase, audience=Audience.ME, shared_at=NOW)

    assert [note.is_locked(AFTER) for note in (unphased, undated, draft, once_shared)] == [False, False, False, True]


# Saving


def test_a_save_in_the_hours_of_grace_is_taken(note, save):
    assert save(note.pk, 1, "Changed.", BEFORE).version == 2
    assert ResearchNote.objects.get().body == "Changed."


def test_a_text_that_comes_after_the_lock_is_kept_and_changes_nothing(note, save):
    outcome = save(note.pk, 1, "Late words.", AFTER)

    note.refresh_from_db()
    assert outcome.is_locked
    assert (outcome.kept.body, outcome.kept.number, outcome.kept.is_late) == ("Late words.", None, True)
    assert (note.body, note.version) == ("As it was.", 1)


def test_the_lock_does_not_wait_for_the_clock(note, save):
    """The negative control of the test above: no seal was set, and the save is held off all the same."""
    save(note.pk, 1, "Late words.", AFTER)

    assert not Seal.objects.exists()
    assert ResearchNote.objects.get().body == "As it was."


def test_a_save_taken_before_the_lock_gets_the_same_answer_after_it(note, save):
    save_id = uuid.uuid4()
    save(note.pk, 1, "In time.", BEFORE, save_id=save_id)

    again = save(note.pk, 1, "In time.", AFTER, save_id=save_id)

    assert (again.version, again.kept) == (2, None)


def test_a_late_text_sent_twice_is_kept_once(note, save):
    save_id = uuid.uuid4()

    outcomes = [save(note.pk, 1, "Late words.", AFTER, save_id=save_id) for _ in range(2)]

    assert [outcome.is_locked for outcome in outcomes] == [True, True]
    assert NoteVersion.objects.filter(is_late=True).count() == 1


def test_who_may_read_and_quote_a_locked_note_stays_its_writers_to_change(note, save):
    save(note.pk, 1, note.body, AFTER, title=note.title, audience=Audience.ORGANISATION, may_be_quoted=True)

    note.refresh_from_db()
    assert (note.audience, note.may_be_quoted, note.body) == (Audience.ORGANISATION, True, "As it was.")


@pytest.mark.parametrize("field", ["phase", "kind", "happened_on"])
def test_a_locked_note_is_not_filed_elsewhere(note, save, field):
    value = {"phase": None, "kind": "hunch", "happened_on": date(2018, 5, 1)}[field]

    with pytest.raises(Refused) as refused:
        save(note.pk, 1, note.body, AFTER, title=note.title, **{field: value})

    assert refused.value.name == field
    assert ResearchNote.objects.get().version == 1


def test_nothing_is_shared_into_a_locked_phase_from_a_draft_or_from_another_phase(membership, author, phase, save):
    open_phase = a_phase(membership.cohort, 2, closes_on=date(2018, 9, 1))
    draft = a_note(membership, author, phase=phase, audience=Audience.ME)
    elsewhere = a_note(membership, author, phase=open_phase)

    for pk, fields in [
        (draft.pk, {"audience": Audience.COHORT}),
        (elsewhere.pk, {"phase": phase}),
        (uuid.uuid4(), {"phase": phase, "audience": Audience.COHORT}),
    ]:
        base = 0 if pk not in (draft.pk, elsewhere.pk) else 1
        with pytest.raises(Refused) as refused:
            save(pk, base, "Slipped in.", AFTER, **fields)
        assert refused.value.name == "phase"

    assert not ResearchNote.objects.filter(body="Slipped in.").exists()


def test_a_draft_of_a_locked_phase_is_written_on_and_shared_elsewhere(membership, author, phase, save):
    draft = a_note(membership, author, phase=phase, audience=Audience.ME)

    save(draft.pk, 1, "Still thinking.", AFTER)
    save(draft.pk, 2, "Still thinking.", AFTER, phase=None, audience=Audience.COHORT)

    draft.refresh_from_db()
    assert (draft.version, draft.phase, draft.audience) == (3, None, Audience.COHORT)


def test_note_save_answers_a_late_text_by_409_that_says_locked(client, membership, author):
    note = a_note(membership, author, phase=a_phase_over(membership.cohort), title="Stores", body="As it was.")
    client.force_login(author)
    sent = {"save_id": str(uuid.uuid4()), "base_version": 1, "title": "Stores", "body": "Late."}

    answer = client.post(url("note_save", note), sent, content_type="application/json")

    kept = note.versions.get(is_late=True)
    said = answer.json()
    error = said.pop("error")
    assert answer.status_code == 409
    assert said == {"version": 1, "title": "Stores", "body": "As it was.", "conflict": kept.pk, "locked": True}
    assert "Your text is kept" in error
    assert kept.body == "Late."


def test_note_edit_of_a_locked_note_leads_to_it_and_keeps_what_was_typed(client, membership, author):
    today = timezone.localdate()
    phase = a_phase(membership.cohort, opens_on=today - timedelta(days=9), closes_on=today + timedelta(days=1))
    note = a_note(membership, author, phase=phase, body="As it was.\n")
    client.force_login(author)
    page = client.get(url("note_edit", note))
    phase.opens_on, phase.closes_on = today - timedelta(days=60), today - timedelta(days=9)
    phase.save()

    opened = client.get(url("note_edit", note))
    answer = client.post(url("note_edit", note), typed(page, body="As it was.\nA new line."), follow=True)

    assert opened.url == note.get_absolute_url()
    assert answer.redirect_chain == [(f"{note.get_absolute_url()}#addenda", 302)]
    assert "A new line.</textarea>" in words(answer)
    assert note.versions.get(is_late=True).body == "As it was.\nA new line."
    assert ResearchNote.objects.get().body == "As it was.\n"


# Seals


def test_the_clock_seals_what_is_locked_once(note, membership, author, phase):
    a_note(membership, author, phase=phase, audience=Audience.ME)
    a_note(membership, author)

    sealed = [seal_locked(now) for now in (BEFORE, LOCKS, LOCKS + timedelta(minutes=5), AFTER)]

    seal = note.seals.get()
    assert sealed == [0, 0, 1, 0]
    assert Seal.objects.count() == 1
    assert (seal.version, seal.locked_at, seal.closes_on) == (1, LOCKS + timedelta(minutes=5), LAST_DAY)


def test_the_job_on_the_schedule_seals(membership, author, settings):
    note = a_note(membership, author, phase=a_phase_over(membership.cohort))

    seal_notes()

    assert settings.CELERY_BEAT_SCHEDULE["seal"]["task"] == seal_notes.name
    assert seal_holds(note)


def test_the_hash_is_of_all_that_the_note_says_in_a_form_anybody_can_rebuild(note):
    said = {
        "body": "As it was.",
        "experiment": None,
        "files": [],
        "happened_on": None,
        "kind": "action",
        "phase": 1,
        "title": "Visitors film in the stores",
    }
    canonical = json.dumps(said, separators=(",", ":"), sort_keys=True, ensure_ascii=False)

    assert content_hash(note) == hashlib.sha256(canonical.encode()).hexdigest()


def test_a_file_taken_off_or_added_by_the_back_door_breaks_the_seal(note):
    file = an_attachment(note)
    seal_locked(AFTER)
    assert seal_holds(ResearchNote.objects.get(pk=note.pk))

    file.take_off(note.author, AFTER)

    assert not seal_holds(ResearchNote.objects.get(pk=note.pk))


@pytest.mark.parametrize(
    "change", [{"title": "x"}, {"body": "As it was!"}, {"kind": "hunch"}, {"happened_on": date(2018, 5, 1)}]
)
def test_a_seal_no_longer_holds_when_anything_it_covers_was_changed(note, change):
    seal_locked(AFTER)
    before = seal_holds(note)
    ResearchNote.objects.filter(pk=note.pk).update(**change)

    note = ResearchNote.objects.get(pk=note.pk)
    assert (before, seal_holds(note)) == (True, False)


def test_a_note_opened_by_staff_is_sealed_afresh_when_it_locks_again(note, save):
    seal_locked(AFTER)
    unlock_note(note, staff(), "A name must go.", AFTER, AFTER + timedelta(hours=72))
    save(note.pk, 1, "Without the name.", AFTER + timedelta(hours=1))

    sealed = [seal_locked(AFTER + timedelta(hours=hours)) for hours in (2, 73, 74)]

    assert sealed == [0, 1, 0]
    assert list(note.seals.values_list("version", flat=True)) == [2, 1]
    assert seal_holds(ResearchNote.objects.get())


def test_a_thousand_notes_locked_at_once_are_found_by_one_query(note):
    with CaptureQueriesContext(connection) as queries:
        seal_locked(BEFORE)

    assert len(queries) == 1


# Moving the dates


def test_a_later_last_day_opens_the_notes_and_their_page_says_so(client, membership, author):
    phase = a_phase_over(membership.cohort)
    note = a_note(membership, author, phase=phase)
    seal_locked(timezone.now())
    client.force_login(author)
    locked = words(client.get(note.get_absolute_url()))

    phase.closes_on = timezone.localdate() + timedelta(days=3)
    phase.save()
    reopened = words(client.get(note.get_absolute_url()))

    assert "locked since" in locked
    assert "This note was locked on" in reopened
    assert "Culture24 has moved the dates of Phase 1 since" in reopened
    assert "Change this note" in reopened


def test_the_desk_says_when_notes_lock_and_what_a_later_day_does(membership):
    over, coming = a_phase_over(membership.cohort), a_phase(membership.cohort, 2, closes_on=None)
    client = at_the_desk()

    pages = [text_of(client.get(page_of(type(over), "change", phase.pk))) for phase in (over, coming)]

    assert "a later last day opens them again" in pages[0]
    assert "Not before its last day is known" in pages[1]


# Addenda


def test_an_addendum_stands_under_the_locked_note_for_everyone_who_reads_it(client, membership, author):
    note = a_note(membership, author, phase=a_phase_over(membership.cohort), body="As it was.")
    client.force_login(a_participant(membership, "Col League"))
    page = client.get(note.get_absolute_url())
    sent = {"save_id": str(page.context["addendum_form"]["save_id"].value()), "body": "We heard **more** since."}

    for _ in range(2):
        answer = client.post(url("note_addendum", note), sent)
    client.force_login(a_participant(a_membership(membership.cohort)))
    read = words(client.get(note.get_absolute_url()))

    added = Addendum.objects.get()
    assert answer.url == f"{note.get_absolute_url()}#addendum-{added.pk}"
    assert "We heard <strong>more</strong> since." in read
    assert "Col League" in read
    assert "Add it under the note" not in read
    assert ResearchNote.objects.get().body == "As it was."


def test_an_addendum_is_for_those_whose_the_note_is_and_for_locked_notes_only(client, membership, author):
    locked = a_note(membership, author, phase=a_phase_over(membership.cohort))
    open_note = a_note(membership, author)
    sent = {"save_id": str(uuid.uuid4()), "body": "Typed words"}
    people = [a_participant(a_membership(membership.cohort)), a_mentor(membership).user, staff()]

    codes = []
    for person in people:
        client.force_login(person)
        codes.append(client.post(url("note_addendum", locked), sent).status_code)
    client.force_login(author)
    early = client.post(url("note_addendum", open_note), sent)

    assert codes == [403] * 3
    assert early.status_code == 409
    assert "Typed words</textarea>" in words(early)
    assert not Addendum.objects.exists()


@pytest.mark.parametrize("change", [{"body": " "}, {"body": "Kept " * 3000}, {"body": "\x00"}, {"save_id": "x"}])
def test_an_addendum_that_does_not_fit_is_refused_in_the_page(client, membership, author, change):
    note = a_note(membership, author, phase=a_phase_over(membership.cohort))
    client.force_login(author)

    answer = client.post(url("note_addendum", note), {"save_id": str(uuid.uuid4()), "body": "Kept"} | change)

    assert answer.status_code == 422
    assert not Addendum.objects.exists()


def test_a_late_text_is_offered_to_its_writer_until_it_is_added(client, membership, author):
    note = a_note(membership, author, phase=a_phase_over(membership.cohort), body="As it was.\n")
    late = note.versions.create(
        save_id=uuid.uuid4(), base_version=1, body="As it was.\nCANARY", author=author, is_late=True, created_at=NOW
    )
    client.force_login(a_participant(membership))
    colleague = words(client.get(note.get_absolute_url()))
    client.force_login(author)

    form = client.get(note.get_absolute_url()).context["addendum_form"]
    sent = {name: str(form[name].value()) for name in form.fields}
    client.post(url("note_addendum", note), sent)
    after = client.get(note.get_absolute_url())

    assert "CANARY" not in colleague
    assert sent["body"] == "CANARY"
    assert Addendum.objects.get().late_text == late
    assert after.context["late"] is None


def test_the_page_of_a_locked_note_asks_as_often_for_thirty_addenda_as_for_three(client, membership, author):
    note = a_note(membership, author, phase=a_phase_over(membership.cohort))
    client.force_login(author)
    counts = []
    for number in (3, 27):
        for _ in range(number):
            add_addendum(note, a_participant(membership), "More.", uuid.uuid4(), NOW)
        client.get(note.get_absolute_url())
        with CaptureQueriesContext(connection) as queries:
            client.get(note.get_absolute_url())
        counts.append(len([q for q in queries if "usersessions" not in q["sql"]]))

    assert counts[0] == counts[1]


# Staff


def test_staff_unlock_for_a_while_with_a_reason_the_author_reads(client, membership, author):
    note = a_note(membership, author, phase=a_phase_over(membership.cohort), title="Stores")
    desk, page = at_the_desk(staff("Stella Staff")), page_of(ResearchNote, "changelist")

    asked = desk.post(page, chosen("unlock", note))
    bare = desk.post(page, chosen("unlock", note, confirmed="yes", hours="24"))
    silent = note.unlocks.count()
    with_reason = chosen("unlock", note, confirmed="yes", hours="24", because="A name must go.")
    desk.post(page, with_reason)

    unlock = note.unlocks.get()
    letter = Letter.objects.get(kind="note_unlocked")
    client.force_login(author)
    seen = words(client.get(note.get_absolute_url()))
    assert "Unlock these notes?" in text_of(asked)
    assert (bare.status_code, silent) == (422, 0)
    assert unlock.relocks_at - unlock.unlocked_at == timedelta(hours=24)
    assert "Stella Staff of Culture24 opened it: “A name must go.”" in seen
    assert "Change this note" in seen
    assert (letter.address, "A name must go." in letter.body) == (author.email, True)
    assert "None of these is locked" in text_of(desk.post(page, with_reason, follow=True))


def test_an_unlocked_note_is_written_and_locks_again_by_itself(note, save):
    until = AFTER + timedelta(hours=72)
    unlock_note(note, staff(), "A name must go.", AFTER, until)

    inside = save(note.pk, 1, "Without the name.", until - timedelta(seconds=1))
    outside = save(note.pk, 2, "Once more.", until)

    assert (inside.version, outside.is_locked) == (2, True)
    assert [standing(note, now).state for now in (until - timedelta(seconds=1), until)] == ["unlocked", "locked"]
    assert standing(note, until).since == until


def test_readers_of_another_organisation_do_not_read_why_a_note_was_opened(client, membership, author):
    note = a_note(membership, author, phase=a_phase_over(membership.cohort))
    unlock_note(note, staff(), "CANARY", timezone.now(), timezone.now() + timedelta(hours=1))
    client.force_login(a_participant(a_membership(membership.cohort)))

    page = words(client.get(note.get_absolute_url()))

    assert "open until" in page
    assert "CANARY" not in page


def test_an_unlock_has_a_reason_and_an_end(note):
    for fields in ({"reason": ""}, {"relocks_at": AFTER}):
        with pytest.raises(IntegrityError), transaction.atomic():
            note.unlocks.create(
                **{
                    "unlocked_by": staff(),
                    "unlocked_at": AFTER,
                    "reason": "x",
                    "relocks_at": AFTER + timedelta(hours=1),
                    **fields,
                }
            )


def test_staff_check_seals_and_are_told_which_differ(membership, author, phase):
    fine, changed = (a_note(membership, author, phase=phase, title=title) for title in ("Fine", "Changed"))
    seal_locked(AFTER)
    loose = a_note(membership, author, title="Loose")
    ResearchNote.objects.filter(pk=changed.pk).update(body="Other words, behind the portal's back.")

    page = text_of(
        at_the_desk().post(page_of(ResearchNote, "changelist"), chosen("check_the_seal", fine, changed, loose))
    )

    assert "1 as locked." in page
    assert "1 differs from what was locked." in page
    assert "1 not sealed." in page
    assert "Changed, Sample House: differs from what was locked" in page


def test_no_draft_is_unlocked_or_checked_at_the_desk(membership, author, phase):
    draft = a_note(membership, author, phase=phase, audience=Audience.ME, title="Kingfisher", shared_at=NOW)
    desk, page = at_the_desk(), page_of(ResearchNote, "changelist")

    answers = [
        text_of(desk.post(page, chosen(deed, draft, confirmed="yes", because="x", hours="5"), follow=True))
        for deed in ("unlock", "check_the_seal")
    ]

    assert not draft.unlocks.exists()
    assert ["Kingfisher" in answer for answer in answers] == [False, False]


def test_a_phase_says_until_when_its_notes_can_be_changed_and_then_offers_no_new_one(client, membership, author):
    in_grace, over = a_phase_over(membership.cohort, 1, days=1), a_phase_over(membership.cohort, 2, days=9)
    client.force_login(author)

    pages = [words(client.get(phase.get_absolute_url())) for phase in (in_grace, over)]

    assert ["then what is shared locks" in page for page in pages] == [True, False]
    assert ["what was shared in it is locked" in page for page in pages] == [False, True]
    assert ["Log a note for phase" in page for page in pages] == [True, False]
