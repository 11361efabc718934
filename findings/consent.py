"""The yes that a finding stands on: asked for, given to exact words, taken back at any time."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from correspondence.ledger import compose, write_letter
from participants.models import Cohort, User

from .models import Agreement, AgreementRecord, Finding, digest_of


class WordsChanged(Exception):
    """The finding is no longer what the person read; nothing was recorded."""


@transaction.atomic
def ask(finding: Finding, now: datetime) -> int:
    """Puts the finding before every organisation concerned and writes to its people; how many letters that made.

    Who has answered for these very words is left alone, and nobody is written to twice about the same words.
    """
    asked = finding.ask()
    if finding.cohort.status == Cohort.Status.DRAFT:
        return 0
    digest = finding.digest()
    return sum(
        write_to(person, agreement, digest, now)
        for agreement in asked
        for person in User.objects.seated_at(agreement.membership)
    )


def write_to(person: User, agreement: Agreement, digest: str, now: datetime) -> bool:
    finding = agreement.finding
    subject, body = compose("findings/email/finding_to_agree", {"person": person, "agreement": agreement})
    return write_letter(
        kind="finding_to_agree",
        occurrence=f"finding {finding.pk}",
        version=digest[:16],
        address=person.email,
        subject=subject,
        body=body,
        now=now,
        about=finding.cohort.slug,
    )


@transaction.atomic
def answer(agreement: Agreement, user: User, answer: str, remark: str, now: datetime, digest: str = "") -> Agreement:
    """Records an organisation's yes or no to the words with this digest; without one, to the words as they stand.

    A yes to words that have changed since raises WordsChanged. A no counts whatever became of the words: where the
    published release names the organisation, it takes the finding from the public at once.
    """
    # The lock that publishing takes too: a no is either seen by it or withdraws what it made.
    finding = Finding.objects.select_for_update().get(pk=agreement.finding_id)
    locked = Agreement.objects.select_for_update().get(pk=agreement.pk)
    membership = locked.membership
    words = digest_of(finding.words_for(membership))
    if answer == Agreement.Answer.YES and digest and digest != words:
        raise WordsChanged
    digest = digest or words
    if (locked.answer, locked.digest, locked.remark) != (answer, digest, remark):
        AgreementRecord.objects.create(agreement=locked, answer=answer, digest=digest, by=user, at=now, remark=remark)
        locked.answer, locked.digest, locked.remark = Agreement.Answer(answer), digest, remark
        locked.answered_by, locked.answered_at = user, now
        locked.save(update_fields=["answer", "digest", "remark", "answered_by", "answered_at"])
    is_out = finding.state == Finding.State.PUBLISHED and finding.current and finding.current.rests_on(membership)
    if answer == Agreement.Answer.NO and is_out:
        finding.withdraw(now, because="An organisation took back its agreement.")
    return locked
