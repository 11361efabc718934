"""A Postfix's log says whether a letter in doubt arrived, did not, or that it cannot say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from correspondence import ledger
from correspondence.evidence import Evidence, postfix_log
from correspondence.models import Letter
from tests.correspondence.test_ledger import intend

SENT = datetime(2018, 5, 14, 11, 0, tzinfo=UTC)
ID = "<a@portal.example>"

LOG = """\
2018-05-14T11:59:00.000001+01:00 mail postfix/smtpd[7]: connect from localhost[127.0.0.1]
2018-05-14T12:00:01.000001+01:00 mail postfix/smtpd[7]: 4F1A: client=localhost[127.0.0.1]
2018-05-14T12:00:01.100001+01:00 mail postfix/cleanup[8]: 4F1A: message-id=<a@portal.example>
2018-05-14T12:00:01.200001+01:00 mail postfix/qmgr[9]: 4F1A: from=<l@portal.example>, size=6, nrcpt=1 (queue active)
2018-05-14T12:00:02.000001+01:00 mail postfix/cleanup[8]: 4F1B: message-id=<half@portal.example>
2018-05-14T12:05:00.000001+01:00 mail postfix/smtpd[7]: disconnect from localhost[127.0.0.1]
"""
OLD = """\
May 14 11:59:00 mail postfix/smtpd[7]: connect from localhost[127.0.0.1]
May 14 12:00:01 mail postfix/submission/cleanup[8]: 4F1A: message-id=<a@portal.example>
May 14 12:00:01 mail postfix/qmgr[9]: 4F1A: from=<l@portal.example>, size=6, nrcpt=1 (queue active)
May 14 12:05:00 mail postfix/smtpd[7]: disconnect from localhost[127.0.0.1]
"""


@pytest.fixture
def log(tmp_path, settings):
    settings.MAIL_EVIDENCE = "correspondence.evidence.postfix_log"
    settings.MAIL_LOG = str(tmp_path / "mail.log")
    return tmp_path / "mail.log"


@pytest.mark.parametrize("text", [LOG, OLD], ids=["today's rsyslog", "old syslog"])
def test_a_letter_that_was_queued_arrived(log, text):
    log.write_text(text)

    assert postfix_log(ID, SENT) is Evidence.ARRIVED
    assert postfix_log("<other@portal.example>", SENT) is Evidence.NOT


def test_a_letter_whose_headers_were_read_and_no_more_is_not_known(log):
    log.write_text(LOG)

    assert postfix_log("<half@portal.example>", SENT) is Evidence.UNKNOWN


@pytest.mark.parametrize(
    "since",
    [SENT - timedelta(hours=1), SENT + timedelta(minutes=4, seconds=30)],
    ids=["begins later", "ends too early"],
)
def test_a_log_that_does_not_cover_the_moment_proves_nothing(log, since):
    log.write_text(LOG)

    assert postfix_log("<other@portal.example>", since) is Evidence.UNKNOWN


def test_a_log_that_is_not_there_or_empty_proves_nothing(log):
    assert postfix_log(ID, SENT) is Evidence.UNKNOWN
    log.write_text("")
    assert postfix_log(ID, SENT) is Evidence.UNKNOWN


def test_the_log_before_this_one_is_read_too(log):
    first, last = LOG.splitlines(keepends=True)[:4], LOG.splitlines(keepends=True)[4:]
    log.with_name("mail.log.1").write_text("".join(first))
    log.write_text("".join(last))

    assert postfix_log(ID, SENT) is Evidence.ARRIVED
    assert postfix_log("<other@portal.example>", SENT) is Evidence.NOT


def in_doubt(message_id: str) -> Letter:
    ledger.write([intend(due_at=SENT)])
    Letter.objects.update(message_id=message_id)
    [letter] = ledger.claim(SENT)
    ledger.settle(letter, [letter.state], Letter.State.SENDING, held_until=SENT + ledger.LEASE, tried_at=SENT)
    ledger.sweep(SENT + ledger.LEASE)
    assert Letter.objects.get().state == Letter.State.IN_DOUBT
    return letter


@pytest.mark.parametrize(
    ("message_id", "state"),
    [(ID, "sent"), ("<other@portal.example>", "planned"), ("<half@portal.example>", "in_doubt")],
    ids=["arrived", "did not", "not known"],
)
def test_the_sweep_settles_a_doubt_by_proof_alone(db, log, message_id, state):
    log.write_text(LOG)
    in_doubt(message_id)

    ledger.sweep(SENT + ledger.LEASE + ledger.PATIENCE)

    assert Letter.objects.get().state == state


def test_nothing_counts_as_proof_before_the_log_had_time(db, log):
    log.write_text(LOG)
    in_doubt("<other@portal.example>")

    ledger.sweep(SENT + ledger.LEASE + ledger.PATIENCE - timedelta(seconds=1))

    assert Letter.objects.get().state == Letter.State.IN_DOUBT


def test_without_anybody_to_ask_a_doubt_stays_a_persons(db):
    in_doubt(ID)

    ledger.sweep(SENT + timedelta(days=1))

    assert Letter.objects.get().state == Letter.State.IN_DOUBT
