from datetime import timedelta
from smtplib import SMTPDataError, SMTPRecipientsRefused, SMTPServerDisconnected

import pytest

from correspondence import ledger
from correspondence.models import Letter
from participants.models import Cohort
from tests.factories import NOW
from tests.postbox import Postbox
from workshops.models import Workshop

State = Letter.State


@pytest.fixture(autouse=True)
def _postbox(db, settings):
    settings.EMAIL_BACKEND = "tests.postbox.Postbox"
    Postbox.clear()


def intend(address="pat@sample.example", **extra):
    return ledger.Intent(
        **{
            "kind": "sample",
            "occurrence": "workshop 3",
            "version": "1",
            "address": address,
            "subject": "A sample",
            "body": "A sample.\n",
            "due_at": NOW,
            **extra,
        }
    )


def wanted(letters, now):
    return set()


def the_letter():
    return Letter.objects.get()


def test_the_same_letter_intended_three_times_is_one_row():
    for _ in range(3):
        ledger.write([intend()])

    assert Letter.objects.count() == 1


def test_an_address_in_capitals_is_the_same_reader():
    ledger.write([intend("pat@sample.example"), intend("Pat@Sample.example")])

    assert Letter.objects.count() == 1


def test_a_new_version_of_the_event_is_a_new_letter():
    ledger.write([intend(version="1"), intend(version="2")])

    assert Letter.objects.count() == 2


def test_handing_out_three_times_sends_once():
    ledger.write([intend()])

    sent = [ledger.hand_out(NOW, wanted) for _ in range(3)]

    assert sent == [1, 0, 0]
    assert [message.to for message in Postbox.arrived] == [["pat@sample.example"]]
    assert the_letter().state == State.SENT


def test_a_letter_names_itself_the_same_way_whatever_happens():
    ledger.write([intend()])
    ledger.hand_out(NOW, wanted)

    assert Postbox.arrived[0].extra_headers["Message-ID"] == ledger.message_id_of(intend().key)


def test_a_letter_is_not_handed_out_before_its_time():
    ledger.write([intend(due_at=NOW + timedelta(minutes=1))])

    assert ledger.hand_out(NOW, wanted) == 0
    assert ledger.hand_out(NOW + timedelta(minutes=1), wanted) == 1


def test_a_letter_that_comes_too_late_is_missed_and_shown_to_staff():
    ledger.write([intend(not_after=NOW + timedelta(hours=1))])

    assert ledger.hand_out(NOW + timedelta(hours=1), wanted) == 0
    assert list(Letter.objects.needing_a_person()) == [the_letter()]
    assert the_letter().state == State.MISSED


def test_a_letter_nobody_wants_any_more_is_cancelled():
    ledger.write([intend()])

    assert ledger.hand_out(NOW, lambda letters, now: {letter.pk for letter in letters}) == 0
    assert the_letter().state == State.CANCELLED


def test_a_refusal_that_may_pass_is_tried_again_after_a_minute():
    ledger.write([intend()])
    Postbox.refusals = {"pat@sample.example": SMTPRecipientsRefused({"pat@sample.example": (450, b"later")})}
    ledger.hand_out(NOW, wanted)
    assert (the_letter().state, the_letter().answer) == (State.RETRY, "450 later")

    Postbox.refusals = {}

    assert ledger.hand_out(NOW + timedelta(seconds=59), wanted) == 0
    assert ledger.hand_out(NOW + timedelta(seconds=60), wanted) == 1


def test_a_refusal_for_good_is_not_tried_again_and_stops_no_other_letter():
    ledger.write([intend("bad@sample.example"), intend("good@sample.example")])
    Postbox.refusals = {"bad@sample.example": SMTPDataError(550, b"no such user")}

    assert ledger.hand_out(NOW, wanted) == 1
    assert Letter.objects.get(address="bad@sample.example").state == State.FAILED
    assert Letter.objects.get(address="good@sample.example").state == State.SENT


def test_after_five_refusals_a_person_is_asked():
    ledger.write([intend()])
    Postbox.refusals = {"pat@sample.example": SMTPDataError(451, b"later")}

    for day in range(7):
        ledger.hand_out(NOW + timedelta(days=day), wanted)

    assert the_letter().state == State.FAILED
    assert the_letter().attempts == 5


def test_silence_after_the_text_was_sent_leaves_the_letter_in_doubt_and_is_never_tried_again():
    ledger.write([intend()])
    Postbox.refusals = {"pat@sample.example": SMTPServerDisconnected("gone")}
    ledger.hand_out(NOW, wanted)
    Postbox.refusals = {}

    assert ledger.hand_out(NOW + timedelta(days=1), wanted) == 0
    assert the_letter().state == State.IN_DOUBT


def test_without_a_connection_nothing_is_lost():
    ledger.write([intend()])
    Postbox.is_open = False
    assert ledger.hand_out(NOW, wanted) == 0
    assert the_letter().state == State.RETRY

    Postbox.is_open = True

    assert ledger.hand_out(NOW + timedelta(minutes=1), wanted) == 1


def test_a_claim_of_a_process_that_died_goes_back_and_is_sent_once():
    ledger.write([intend()])
    ledger.claim(NOW)
    assert ledger.hand_out(NOW, wanted) == 0

    assert ledger.hand_out(NOW + ledger.LEASE, wanted) == 1


def test_a_letter_being_handed_over_when_its_process_died_is_in_doubt():
    ledger.write([intend()])
    [letter] = ledger.claim(NOW)
    ledger.settle(letter, State.CLAIMED, State.SENDING, held_until=NOW + ledger.LEASE)

    assert ledger.hand_out(NOW + ledger.LEASE, wanted) == 0
    assert the_letter().state == State.IN_DOUBT


def test_a_letter_claimed_twice_is_handed_over_by_one():
    ledger.write([intend()])
    [mine] = ledger.claim(NOW)

    assert ledger.claim(NOW) == []
    assert ledger.settle(mine, State.CLAIMED, State.SENDING)
    assert not ledger.settle(mine, State.CLAIMED, State.SENDING)


def test_staff_can_send_a_failed_letter_again_but_not_one_that_went():
    ledger.write([intend()])
    Postbox.refusals = {"pat@sample.example": SMTPDataError(550, b"no")}
    ledger.hand_out(NOW, wanted)
    Postbox.refusals = {}

    assert ledger.release(the_letter(), NOW + timedelta(hours=1))
    assert ledger.hand_out(NOW + timedelta(hours=1), wanted) == 1
    assert not ledger.release(the_letter(), NOW + timedelta(hours=2))


def test_a_header_with_a_line_break_fails_alone():
    ledger.write([intend("bad@sample.example", subject="Hello\nBcc: all@sample.example"), intend()])

    assert ledger.hand_out(NOW, wanted) == 1
    assert Letter.objects.get(address="bad@sample.example").state == State.FAILED
    assert [message.to for message in Postbox.arrived] == [["pat@sample.example"]]


def test_in_production_the_text_of_a_letter_with_a_code_is_not_kept(settings):
    settings.MAILROOM = False
    ledger.write([intend(body="Your code: WDJB-MJHT", is_secret=True)])

    ledger.hand_out(NOW, wanted)

    assert "WDJB" in Postbox.arrived[0].body
    assert "WDJB" not in the_letter().body


def test_a_letter_is_plain_text_and_keeps_its_apostrophes():
    subject, body = ledger.compose(
        "workshops/email/workshop_coming",
        {
            "person": {"name": "Pat O'Sample"},
            "event": Workshop(number=3, cohort=Cohort(slug="lgr6", series="Let's Get Real", number=6)),
        },
    )

    assert subject.startswith("Workshop 3 of Let's Get Real 6")
    assert body.startswith("Hello Pat O'Sample,")


def test_writing_a_letter_hands_it_out_once_the_transaction_is_committed(django_capture_on_commit_callbacks):
    letter = intend()
    fields = {"kind": "sample", "occurrence": "x", "version": "1", "subject": "A", "body": "B", "now": NOW}

    with django_capture_on_commit_callbacks(execute=True):
        assert ledger.write_letter(address=letter.address, **fields)
        assert Postbox.arrived == []
    with django_capture_on_commit_callbacks(execute=True):
        assert not ledger.write_letter(address=letter.address, **fields)

    assert len(Postbox.arrived) == 1
