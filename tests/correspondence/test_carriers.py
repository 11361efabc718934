"""The conversation with a mail server that refuses, keeps silent, hangs up, or speaks a byte at a time."""

from __future__ import annotations

import ssl
import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.db import OperationalError

from correspondence import carriers, handing_over, ledger
from correspondence.handing_over import Round, hand_out
from correspondence.models import Letter, Suppression
from correspondence.suppression import suppressed
from tests.correspondence.sink import Script, Sink
from tests.correspondence.test_ledger import intend, wanted
from tests.factories import NOW

State = Letter.State
PAT, QUINN = "pat@sample.example", "quinn@sample.example"


@pytest.fixture
def sink(db, settings, monkeypatch):
    """A step waits half a second here instead of ten; all else is as it is in production."""
    monkeypatch.setattr(carriers, "STEP", 0.5)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    with Sink() as sink:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", sink.port
        yield sink


def letter_to(address: str) -> Letter:
    return Letter.objects.get(address=address)


def hand_out_to(*addresses: str) -> int:
    ledger.write([intend(address) for address in addresses])
    return hand_out(NOW, wanted)


def test_a_letter_arrives_once_and_keeps_what_the_server_said(sink):
    assert hand_out_to(PAT) == 1

    assert sink.arrived == {ledger.message_id_of(intend(PAT).key): 1}
    assert (letter_to(PAT).state, letter_to(PAT).answer) == (State.SENT, "250 taken")


@pytest.mark.parametrize("step", ["mail", "rcpt", "data", "text"])
@pytest.mark.parametrize("answer", ["450 later", "451 later", "421 too busy", "452 full"])
def test_a_no_for_now_is_tried_again_and_the_next_letter_goes(sink, step, answer):
    ledger.write([intend(PAT), intend(QUINN)])
    setattr(sink.script, step, answer if step == "mail" else {PAT: answer})
    first = hand_out(NOW, wanted)
    refused = letter_to(PAT)
    setattr(sink.script, step, "250 go on" if step == "mail" else {})

    second = hand_out(NOW + timedelta(minutes=2), wanted)

    assert (refused.state, refused.answer, refused.attempts) == (State.RETRY, answer, 1)
    assert (first, second) == ((0, 2) if step == "mail" else (1, 1))
    assert sorted(sink.arrived.values()) == [1, 1]


@pytest.mark.parametrize("step", ["rcpt", "data", "text"])
@pytest.mark.parametrize("answer", ["550 no such user", "552 too much"])
def test_a_no_for_good_is_not_tried_again_and_the_next_letter_goes(sink, step, answer):
    setattr(sink.script, step, {PAT: answer})

    assert hand_out_to(PAT, QUINN) == 1
    assert hand_out(NOW + timedelta(hours=2), wanted) == 0

    assert (letter_to(PAT).state, letter_to(PAT).answer) == (State.FAILED, answer)
    assert letter_to(QUINN).state == State.SENT


@pytest.mark.parametrize(
    ("step", "answer", "whys"),
    [
        ("rcpt", "550 5.1.1 no such user", [Suppression.Why.BOUNCED]),
        ("rcpt", "550 5.7.1 not from you", []),
        ("text", "550 5.1.1 no such user", []),
    ],
)
def test_an_address_that_its_server_does_not_know_is_written_to_no_more(sink, step, answer, whys):
    setattr(sink.script, step, {PAT: answer})

    hand_out_to(PAT, QUINN)

    assert letter_to(PAT).state == State.FAILED
    assert [row.why for row in Suppression.objects.all()] == whys
    assert suppressed([PAT, QUINN]) == ({PAT: set(whys)} if whys else {})


@pytest.mark.parametrize("what", ["silence", "drop"])
@pytest.mark.parametrize("step", ["rcpt", "data"])
def test_silence_before_the_text_is_safe_to_try_again(sink, step, what):
    setattr(sink.script, step, {PAT: what})
    assert hand_out_to(PAT, QUINN) == 1
    assert letter_to(PAT).state == State.RETRY

    setattr(sink.script, step, {})

    assert hand_out(NOW + timedelta(minutes=2), wanted) == 1
    assert sorted(sink.arrived.values()) == [1, 1]


@pytest.mark.parametrize("what", ["silence", "drop", "keep, silence", "keep, drop"])
def test_silence_after_the_text_is_in_doubt_and_never_tried_again(sink, what):
    sink.script.text = {PAT: what}
    assert hand_out_to(PAT, QUINN) == 1
    sink.script.text = {}

    assert hand_out(NOW + timedelta(hours=2), wanted) == 0
    assert letter_to(PAT).state == State.IN_DOUBT
    assert sink.arrived[letter_to(PAT).message_id] == what.startswith("keep")


def test_a_doubtful_letter_sent_again_blindly_would_arrive_twice(sink):
    """The negative control: what a retry after silence does."""
    sink.script.text = {PAT: "keep, drop"}
    hand_out_to(PAT)
    sink.script.text = {}

    Letter.objects.filter(state=State.IN_DOUBT).update(state=State.PLANNED, held_until=None)
    hand_out(NOW, wanted)

    assert list(sink.arrived.values()) == [2]


@pytest.mark.parametrize("banner", ["silence", "drop", "554 go away"])
def test_without_a_greeting_the_letters_wait_and_one_connection_is_tried(sink, banner):
    sink.script.banner = banner
    started = time.monotonic()

    assert hand_out_to(*[f"pat{number}@sample.example" for number in range(30)]) == 0

    assert time.monotonic() - started < 3 * carriers.STEP
    assert sink.connections == 1
    assert set(Letter.objects.values_list("state", "attempts")) == {(State.PLANNED, 0)}


def test_a_server_that_speaks_a_byte_at_a_time_is_as_good_as_silent(sink):
    sink.script.slowly = 0.1
    started = time.monotonic()

    assert hand_out_to(PAT) == 0

    assert time.monotonic() - started < 3 * carriers.STEP
    assert letter_to(PAT).state == State.PLANNED


def test_a_server_that_says_goodbye_after_some_letters_is_called_again(sink):
    sink.script.most = 3

    assert hand_out_to(*[f"pat{number}@sample.example" for number in range(20)]) == 20

    assert set(sink.arrived.values()) == {1}
    assert set(Letter.objects.values_list("attempts", flat=True)) == {1}


def test_a_fifth_of_the_recipients_keeping_the_server_silent_delays_the_others_little(sink, monkeypatch):
    """To scale: a step of one second instead of ten, so that 30 seconds are three."""
    monkeypatch.setattr(carriers, "STEP", 1.0)
    monkeypatch.setattr("correspondence.handing_over.STALL", 0.05)
    people = [f"pat{number}@sample.example" for number in range(100)]
    sink.script.rcpt = dict.fromkeys(people[::5], "silence")
    ledger.write([intend(address) for address in people])
    started = time.monotonic()

    assert hand_out(NOW, wanted) == 80

    assert max(sink.moments.values()) - started < 3
    assert Letter.objects.filter(state=State.RETRY).count() == 20


def test_one_after_the_other_they_would_wait_for_long(sink, monkeypatch, settings):
    """The negative control: a single connection."""
    settings.MAIL_CONNECTIONS = 1
    monkeypatch.setattr(carriers, "STEP", 1.0)
    people = [f"pat{number}@sample.example" for number in range(20)]
    sink.script.rcpt = dict.fromkeys(people[::5], "silence")
    ledger.write([intend(address) for address in people])
    started = time.monotonic()

    assert hand_out(NOW, wanted) == 16

    assert max(sink.moments.values()) - started > 3


def test_what_became_of_a_letter_and_that_the_next_may_go_is_one_commit(sink, monkeypatch, settings):
    """However slow the lane is: the round waits for it as long as it has a letter that is not offered yet."""
    settings.MAIL_CONNECTIONS = 1
    monkeypatch.setattr(handing_over, "TOGETHER", 10.0)
    sink.script.slowly = 0.005
    taken = []
    record_all = Round.record_all
    monkeypatch.setattr(
        Round, "record_all", lambda self, reports: taken.append(len(reports)) or record_all(self, reports)
    )

    assert hand_out_to(PAT, QUINN, "robin@sample.example") == 3

    # Offered; taken, and the next offered; taken, and the last offered; taken.
    assert taken == [1, 2, 2, 1]


def test_a_round_that_fails_lets_every_lane_go_and_hears_the_last_of_each(sink, monkeypatch):
    ledger.write([intend(PAT), intend(QUINN)])
    recorded = Round.recorded

    def fails_once(self, reports):
        monkeypatch.setattr(Round, "recorded", recorded)
        raise OperationalError("gone")

    monkeypatch.setattr(Round, "recorded", fails_once)
    one = Round(NOW, wanted)

    with pytest.raises(OperationalError):
        one.run()

    assert one.busy == {}
    assert sink.arrived == {}


@pytest.mark.parametrize(
    "letter",
    [
        {},
        {"subject": "Yr hyn a ddysgwyd: Ŵyl " * 12, "body": "Tŷ\n" + "x" * 2000},
        {"headers": {"X-Long": "a word " * 40, "List-Unsubscribe": f"<https://portal.example/{'k' * 90}/>"}},
        {"address": "pat@münze.example"},
    ],
)
def test_headers_written_the_short_way_are_those_written_the_long_way(db, letter):
    ledger.write([intend(letter.pop("address", PAT), **letter)])
    one = Letter.objects.get()

    assert carriers.as_sent(carriers.message_of(one)[1]) == carriers.message_of(one)[1].as_bytes(linesep="\r\n")


@pytest.mark.parametrize("address", ["pat@sample.example\r\nDATA", "pat@sample.example>\r\nDATA", "a b@c.example", ""])
def test_no_address_becomes_another_word_to_the_server(address):
    try:
        path = carriers.path_of(address)
    except ValueError:
        return
    assert path.startswith("<")
    assert path.endswith(">")
    assert len(path.splitlines()) == 1


def test_a_letter_overtaken_while_it_waited_in_hand_does_not_go(sink, monkeypatch):
    monkeypatch.setattr(carriers, "STEP", 10.0)  # the server is slow, and is waited for
    ledger.write([intend(PAT, not_after=NOW + timedelta(seconds=0.3)), intend(QUINN)])
    sink.script.slowly = 0.01

    assert hand_out(NOW, wanted) == 1
    assert letter_to(PAT).state == State.MISSED


def test_lines_that_begin_with_a_dot_arrive_as_they_were(sink):
    ledger.write([intend(PAT, body=".one\n..two\nthree\n.\n")])

    hand_out(NOW, wanted)

    plain = sink.texts[0].partition(b"text/plain")[2].partition(b"\r\n\r\n")[2]
    assert plain.startswith(b"..one\r\n...two\r\nthree\r\n..\r\n")
    assert sink.texts[0].endswith(b"--\r\n.\r\n")


def test_umlauts_after_the_at_travel_as_a_name_every_server_knows(sink):
    sink.script.rcpt = {"pat@xn--mse-hoa.example": "250 known"}

    assert hand_out_to("pat@müse.example") == 1
    assert list(sink.moments) == ["pat@xn--mse-hoa.example"]


@pytest.fixture
def certificate(tmp_path):
    """A key of its own for 127.0.0.1, which nobody has to trust: (path, TLS of a server that shows it)."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sink")])
    import ipaddress

    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2018, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2100, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "sink.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + built.public_bytes(serialization.Encoding.PEM)
    )
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(path)
    return path, tls


def test_where_tls_is_wanted_a_letter_goes_encrypted(sink, settings, certificate, monkeypatch):
    settings.EMAIL_USE_TLS = True
    path, sink.script.tls = certificate
    monkeypatch.setenv("SSL_CERT_FILE", str(path))

    assert hand_out_to(PAT) == 1


def test_a_certificate_nobody_vouches_for_gets_no_letter(sink, settings, certificate):
    settings.EMAIL_USE_TLS = True
    _, sink.script.tls = certificate

    assert hand_out_to(PAT) == 0
    assert (letter_to(PAT).state, sink.arrived) == (State.PLANNED, {})
    assert "certificate" in letter_to(PAT).answer


def test_a_server_without_tls_gets_no_letter_in_clear(sink, settings):
    settings.EMAIL_USE_TLS = True

    assert hand_out_to(PAT) == 0
    assert (letter_to(PAT).state, sink.arrived) == (State.PLANNED, {})
    assert letter_to(PAT).answer.startswith("No connection: SMTPNotSupportedError")


def test_a_wrong_password_says_nothing_about_the_letter(sink, settings):
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "portal", "wrong"

    assert hand_out_to(PAT) == 0
    assert letter_to(PAT).state == State.PLANNED


def test_a_script_says_what_it_does():
    with Sink(Script(banner="554 go away")) as sink:
        assert sink.arrived == {}
