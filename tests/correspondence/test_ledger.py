from datetime import timedelta
from queue import SimpleQueue
from smtplib import SMTPDataError, SMTPRecipientsRefused, SMTPServerDisconnected

import pytest
from django.utils import timezone

from correspondence import ledger
from correspondence.handing_over import Lane, Report, Round, hand_out
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

    sent = [hand_out(NOW, wanted) for _ in range(3)]

    assert sent == [1, 0, 0]
    assert [message.to for message in Postbox.arrived] == [["pat@sample.example"]]
    assert the_letter().state == State.SENT


def test_a_letter_names_itself_the_same_way_whatever_happens():
    ledger.write([intend()])
    hand_out(NOW, wanted)

    assert Postbox.arrived[0].extra_headers["Message-ID"] == ledger.message_id_of(intend().key)


def test_a_letter_is_not_handed_out_before_its_time():
    ledger.write([intend(due_at=NOW + timedelta(minutes=1))])

    assert hand_out(NOW, wanted) == 0
    assert hand_out(NOW + timedelta(minutes=1), wanted) == 1


def test_a_letter_that_comes_too_late_is_missed_and_shown_to_staff():
    ledger.write([intend(not_after=NOW + timedelta(hours=1))])

    assert hand_out(NOW + timedelta(hours=1), wanted) == 0
    assert list(Letter.objects.needing_a_person()) == [the_letter()]
    assert the_letter().state == State.MISSED


def test_a_letter_nobody_wants_any_more_is_cancelled():
    ledger.write([intend()])

    assert hand_out(NOW, lambda letters, now: {letter.pk for letter in letters}) == 0
    assert the_letter().state == State.CANCELLED


def test_a_refusal_that_may_pass_is_tried_again_after_a_minute():
    ledger.write([intend()])
    Postbox.refusals = {"pat@sample.example": SMTPRecipientsRefused({"pat@sample.example": (450, b"later")})}
    hand_out(NOW, wanted)
    assert (the_letter().state, the_letter().answer) == (State.RETRY, "450 later")

    Postbox.refusals = {}

    assert hand_out(NOW + timedelta(seconds=59), wanted) == 0
    assert hand_out(NOW + timedelta(seconds=61), wanted) == 1


def test_a_refusal_for_good_is_not_tried_again_and_stops_no_other_letter():
    ledger.write([intend("bad@sample.example"), intend("good@sample.example")])
    Postbox.refusals = {"bad@sample.example": SMTPDataError(550, b"no such user")}

    assert hand_out(NOW, wanted) == 1
    assert Letter.objects.get(address="bad@sample.example").state == State.FAILED
    assert Letter.objects.get(address="good@sample.example").state == State.SENT


def test_a_refusal_that_may_pass_is_tried_with_growing_gaps_until_the_letter_is_of_no_use():
    ledger.write([intend(not_after=NOW + timedelta(hours=5))])
    Postbox.refusals = {"pat@sample.example": SMTPDataError(451, b"later")}

    tried = []
    for minute in range(6 * 60):
        before = the_letter().attempts
        hand_out(NOW + timedelta(minutes=minute, seconds=1), wanted)
        if the_letter().attempts > before:
            tried.append(minute)

    assert tried == [0, 2, 8, 24, 85, 146, 207, 268]
    assert (the_letter().state, the_letter().answer) == (State.MISSED, "451 later")


def test_silence_after_the_text_was_sent_leaves_the_letter_in_doubt_and_is_never_tried_again():
    ledger.write([intend()])
    Postbox.refusals = {"pat@sample.example": SMTPServerDisconnected("gone")}
    hand_out(NOW, wanted)
    Postbox.refusals = {}

    assert hand_out(NOW + timedelta(days=1), wanted) == 0
    assert the_letter().state == State.IN_DOUBT


def test_without_a_connection_nothing_is_lost():
    ledger.write([intend()])
    Postbox.is_open = False
    assert hand_out(NOW, wanted) == 0
    assert (the_letter().state, the_letter().attempts) == (State.PLANNED, 0)
    assert the_letter().answer == "No connection: ConnectionRefusedError: nobody listens"

    Postbox.is_open = True

    assert hand_out(NOW, wanted) == 1


def test_without_a_connection_one_letter_tries_and_the_others_wait():
    ledger.write([intend(f"pat{number}@sample.example") for number in range(5)])
    Postbox.is_open = False

    assert hand_out(NOW, wanted) == 0

    assert Postbox.opened == 1
    assert set(Letter.objects.values_list("state", flat=True)) == {State.PLANNED}


def test_a_claim_of_a_process_that_died_goes_back_and_is_sent_once():
    ledger.write([intend()])
    ledger.claim(NOW)
    assert hand_out(NOW, wanted) == 0

    assert hand_out(NOW + ledger.CLAIM_LEASE, wanted) == 1


def test_a_letter_being_handed_over_when_its_process_died_is_in_doubt():
    ledger.write([intend()])
    [letter] = ledger.claim(NOW)
    ledger.settle(letter, [State.CLAIMED], State.SENDING, held_until=NOW + ledger.LEASE)

    assert hand_out(NOW + ledger.LEASE, wanted) == 0
    assert the_letter().state == State.IN_DOUBT


def test_the_answer_of_a_server_settles_a_doubt_that_a_wrong_clock_has_sown():
    ledger.write([intend()])
    [letter] = ledger.claim(NOW)
    round_, lane = Round(NOW, wanted), Lane(SimpleQueue())
    round_.busy[lane] = letter
    round_.recorded([Report(lane, letter)])

    ledger.sweep(NOW + timedelta(hours=1))
    assert the_letter().state == State.IN_DOUBT
    round_.recorded([Report(lane, letter, answer="250 taken")])

    assert (the_letter().state, the_letter().answer) == (State.SENT, "250 taken")


def test_a_letter_claimed_twice_is_handed_over_by_one():
    ledger.write([intend()])
    [mine] = ledger.claim(NOW)

    assert ledger.claim(NOW) == []
    assert ledger.settle(mine, [State.CLAIMED], State.SENDING)
    assert not ledger.settle(mine, [State.CLAIMED], State.SENDING)


def test_staff_can_send_a_failed_letter_again_but_not_one_that_went():
    ledger.write([intend()])
    Postbox.refusals = {"pat@sample.example": SMTPDataError(550, b"no")}
    hand_out(NOW, wanted)
    Postbox.refusals = {}

    assert ledger.release(the_letter(), NOW + timedelta(hours=1))
    assert hand_out(NOW + timedelta(hours=1), wanted) == 1
    assert not ledger.release(the_letter(), NOW + timedelta(hours=2))


POISON = {
    "a line break in the subject": {"subject": "Hello\nBcc: all@sample.example"},
    "a line break in the address": {"address": "bad@sample.example\nBcc: all@sample.example"},
    "a line break in a header": {"headers": {"List-Unsubscribe": "<https://x.example>\r\nBcc: all@sample.example"}},
    "a line break in a header's name": {"headers": {"X\nBcc": "all@sample.example"}},
    "two addresses": {"address": "bad@sample.example, all@sample.example"},
    "umlauts before the @": {"address": "zoë@sample.example"},
    "no address": {"address": ""},
    "more than 320 characters": {"address": "a" * 400 + "@sample.example"},
    "a NUL in the subject": {"subject": "Hello\x00"},
    "a NUL in the address": {"address": "pat\x00@sample.example"},
}


@pytest.mark.parametrize("poison", POISON.values(), ids=POISON)
def test_a_letter_no_server_could_take_is_refused_in_words_and_holds_up_no_other(poison):
    ledger.write([intend(**poison), intend("good@sample.example")])

    bad = Letter.objects.exclude(address="good@sample.example").get()
    assert (bad.state, bool(bad.answer)) == (State.FAILED, True)
    assert hand_out(NOW, wanted) == 1
    assert [message.to for message in Postbox.arrived] == [["good@sample.example"]]


def test_one_that_got_into_the_ledger_all_the_same_fails_alone():
    ledger.write([intend("bad@sample.example"), intend()])
    Letter.objects.filter(address="bad@sample.example").update(subject="Hello\nBcc: all@sample.example")

    assert hand_out(NOW, wanted) == 1
    assert Letter.objects.get(address="bad@sample.example").state == State.FAILED
    assert [message.to for message in Postbox.arrived] == [["pat@sample.example"]]


def test_quotes_umlauts_after_the_at_and_a_long_address_are_taken():
    addresses = ['"pat,o\'sample"@sample.example', "pat@müse.example", f"pat@{'a' * 60}.{'b' * 60}.{'c' * 60}.example"]

    ledger.write([intend(address) for address in addresses])

    assert hand_out(NOW, wanted) == 3


def test_two_very_long_addresses_that_begin_alike_are_two_letters():
    long = [f"{'a' * 60}@{'b' * 60}.{'c' * 60}.{'d' * 60}.{end}.example" for end in ("one", "two")]

    assert ledger.write([intend(address, kind="k" * 60, occurrence="o" * 100, version="v" * 60) for address in long])

    assert Letter.objects.count() == 2


def test_every_letter_is_of_no_use_some_day():
    ledger.write([intend()])

    assert the_letter().not_after == NOW + ledger.USEFUL


def test_a_copy_for_trying_things_out_writes_to_its_own_domains_only(settings):
    settings.MAIL_ONLY_TO = ["team.example"]
    ledger.write([intend("pat@sample.example"), intend("quinn@Team.example")])

    assert hand_out(NOW, wanted) == 1
    assert [message.to for message in Postbox.arrived] == [["quinn@Team.example"]]
    assert Letter.objects.get(address="pat@sample.example").state == State.CANCELLED


def test_a_rule_that_cannot_be_checked_keeps_its_own_letters_back_and_no_others():
    ledger.write([intend(f"pat{number}@sample.example") for number in range(7)])

    def breaks_on_the_third(letters, now):
        if any(letter.address == "pat3@sample.example" for letter in letters):
            raise KeyError("no such field")
        return set()

    assert hand_out(NOW, breaks_on_the_third) == 6
    held = Letter.objects.get(address="pat3@sample.example")
    assert (held.state, held.attempts, held.answer) == (State.RETRY, 1, "Not checked: KeyError: 'no such field'")


def test_a_letter_goes_under_the_key_by_which_a_provider_takes_it_once(settings):
    settings.MAIL_IDEMPOTENCY_HEADER = "Resend-Idempotency-Key"
    ledger.write([intend()])

    hand_out(NOW, wanted)

    assert Postbox.arrived[0].extra_headers["Resend-Idempotency-Key"] == the_letter().message_id.strip("<>")


@pytest.mark.parametrize(("status", "state"), [(429, State.RETRY), (422, State.FAILED), (503, State.IN_DOUBT)])
def test_what_a_provider_answers_to_a_request_is_understood(status, state):
    class RequestFailed(Exception):
        status_code = status

    ledger.write([intend()])
    Postbox.refusals = {"pat@sample.example": RequestFailed("no")}

    hand_out(NOW, wanted)

    assert the_letter().state == state


def test_in_production_the_text_of_a_letter_with_a_code_is_not_kept(settings):
    settings.MAILROOM = False
    ledger.write([intend(body="Your code: WDJB-MJHT", is_secret=True)])

    hand_out(NOW, wanted)

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
    fields = {"kind": "sample", "occurrence": "x", "version": "1", "subject": "A", "body": "B", "now": timezone.now()}

    with django_capture_on_commit_callbacks(execute=True):
        assert ledger.write_letter(address=letter.address, **fields)
        assert Postbox.arrived == []
    with django_capture_on_commit_callbacks(execute=True):
        assert not ledger.write_letter(address=letter.address, **fields)

    assert len(Postbox.arrived) == 1
