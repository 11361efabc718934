"""The yes that a finding stands on: asked for, given to exact words, taken back at any time.

An organisation answers for the text; for each excerpt of its notes the organisation and who wrote it answer apart.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from correspondence.ledger import compose, write_letter
from correspondence.models import new_token
from participants.models import Cohort, Membership, User

from .models import Agreement, AgreementRecord, Excerpt, Finding, Permission, ReviewLink, digest_of
from .publishing import strike

# Silence is not consent: an excerpt that nobody has answered for by then is left out (reminders.py asks twice before).
SILENCE = timedelta(days=10)


class WordsChanged(Exception):
    """The words are no longer what the person read; nothing was recorded."""


# Somebody with an account, or the holder of a link.
Speaker = User | ReviewLink


def spoken_by(speaker: Speaker) -> dict[str, Any]:
    return {"by": speaker, "link": None} if isinstance(speaker, User) else {"by": None, "link": speaker}


@transaction.atomic
def ask(finding: Finding, now: datetime) -> int:
    """Puts the finding before every organisation concerned and writes to its people; how many letters that made.

    Who has answered for these very words is left alone, and nobody is written to twice about the same words.
    """
    asked = finding.ask(now)
    if finding.cohort.status == Cohort.Status.DRAFT:
        return 0
    return sum(
        write_to(person, agreement, now)
        for agreement in asked
        for person in User.objects.seated_at(agreement.membership)
    )


def write_to(person: User, agreement: Agreement, now: datetime) -> bool:
    finding = agreement.finding
    context = {
        "person": person,
        "agreement": agreement,
        "excerpts": [excerpt for excerpt in finding.excerpts.present() if excerpt.membership == agreement.membership],
        "until": now + SILENCE,
    }
    subject, body = compose("findings/email/finding_to_agree", context)
    return write_letter(
        kind="finding_to_agree",
        occurrence=f"finding {finding.pk}",
        version=agreement.asked_for[:16],
        address=person.email,
        subject=subject,
        body=body,
        now=now,
        about=finding.cohort.slug,
    )


@transaction.atomic
def answer(
    agreement: Agreement,
    speaker: Speaker,
    answer: str,
    remark: str,
    now: datetime,
    digest: str = "",
) -> Agreement:
    """Records an organisation's yes or no to the text with this digest; without one, to the text as it stands.

    A yes to words that have changed since raises WordsChanged. A no counts whatever became of the words: where the
    published release names the organisation, it takes the finding from the public at once.
    """
    # The lock that publishing takes too: a no is either seen by it or withdraws what it made.
    finding = Finding.objects.select_for_update().get(pk=agreement.finding_id)
    locked = Agreement.objects.select_for_update().get(pk=agreement.pk)
    membership = locked.membership
    words = digest_of(finding.words_for([membership]))
    if answer == Agreement.Answer.YES and digest and digest != words:
        raise WordsChanged
    digest = digest or words
    if (locked.answer, locked.digest, locked.remark) != (answer, digest, remark):
        record(locked, speaker, answer, digest, remark, now)
    is_out = finding.state == Finding.State.PUBLISHED and finding.current and finding.current.rests_on(membership)
    if answer == Agreement.Answer.NO and is_out:
        finding.withdraw(now, because="An organisation took back its agreement.")
    return locked


def record(agreement: Agreement, speaker: Speaker, answer: str, digest: str, remark: str, now: datetime) -> None:
    AgreementRecord.objects.create(
        agreement=agreement,
        answer=answer,
        digest=digest,
        at=now,
        remark=remark,
        **spoken_by(speaker),
    )
    agreement.answer, agreement.digest, agreement.remark = Agreement.Answer(answer), digest, remark
    who = spoken_by(speaker)
    agreement.answered_by, agreement.answered_by_link, agreement.answered_at = who["by"], who["link"], now
    agreement.save(update_fields=["answer", "digest", "remark", "answered_by", "answered_by_link", "answered_at"])


@transaction.atomic
def answer_excerpt(
    excerpt: Excerpt,
    voice: str,
    speaker: Speaker,
    answer: str,
    now: datetime,
    *,
    mark: str = "",
    proposal: str = "",
    remark: str = "",
) -> Excerpt:
    """Records a voice's answer for the words with this mark; without one, for the words as they stand.

    A yes to words that have changed since raises WordsChanged. A no takes the excerpt out, also out of what is
    published; a yes brings it back to the working copy, if only a voice or silence had kept it out. Other words than
    those published take them out until all have agreed to the new ones.
    """
    finding = Finding.objects.select_for_update().get(pk=excerpt.finding_id)
    locked = Excerpt.objects.with_voices().get(pk=excerpt.pk)
    if mark and mark != locked.mark and answer != Permission.Answer.NO:
        raise WordsChanged
    said = locked.said(voice)
    given = (answer, locked.words, proposal, remark)
    if said is None or (said.answer, said.words, said.proposal, said.remark) != given:
        Permission.objects.create(
            excerpt=locked,
            voice=voice,
            answer=answer,
            words=locked.words,
            proposal=proposal,
            remark=remark,
            at=now,
            **spoken_by(speaker),
        )
    if answer == Permission.Answer.NO:
        leave_out(locked, Excerpt.Why.REFUSED, now)
        strike(finding, "excerpts", locked.pk, now)
    elif answer == Permission.Answer.CHANGE:
        strike(finding, "excerpts", locked.pk, now)
    if answer != Permission.Answer.NO:
        bring_back(Excerpt.objects.with_voices().get(pk=locked.pk), now)
    return Excerpt.objects.with_voices().get(pk=locked.pk)


def leave_out(excerpt: Excerpt, why: str, now: datetime) -> None:
    """Takes it out of the working copy; the row stays. What staff took out, they took out."""
    if excerpt.withdrawn_at is None or (
        why == Excerpt.Why.REFUSED and excerpt.withdrawn_because == Excerpt.Why.SILENCE
    ):
        excerpt.withdrawn_at, excerpt.withdrawn_because = now, Excerpt.Why(why)
        excerpt.save(update_fields=["withdrawn_at", "withdrawn_because"])


def bring_back(excerpt: Excerpt, now: datetime) -> None:
    """Lets it into the working copy again once no voice refuses it; the time to answer begins anew."""
    refused = any(
        (said := excerpt.said(voice)) is not None and said.answer == Permission.Answer.NO for voice in excerpt.voices
    )
    if excerpt.withdrawn_because in (Excerpt.Why.REFUSED, Excerpt.Why.SILENCE) and not refused:
        excerpt.withdrawn_at, excerpt.withdrawn_because, excerpt.asked_at = None, "", now
        excerpt.save(update_fields=["withdrawn_at", "withdrawn_because", "asked_at"])


@transaction.atomic
def take_over(excerpt: Excerpt, now: datetime) -> None:
    """Puts the words the organisation asked for in place of the quotation: its yes to them is its asking. Who wrote
    the quotation is asked anew. Raises ValidationError where no other words are asked for."""
    locked = Excerpt.objects.with_voices().get(pk=excerpt.pk)
    said, proposal = locked.said(Permission.Voice.ORGANISATION), locked.proposal
    if said is None or not proposal:
        raise ValidationError("No other words are asked for.")
    locked.wording, locked.asked_at = proposal, None
    locked.save(update_fields=["wording", "asked_at"])
    Permission.objects.create(
        excerpt=locked,
        voice=said.voice,
        answer=Permission.Answer.YES,
        words=proposal,
        remark="Their own words, taken over.",
        by=said.by,
        link=said.link,
        at=now,
    )


@transaction.atomic
def take_out(excerpt: Excerpt, now: datetime) -> None:
    """Staff take it out of the working copy. What is published stays as it is until the next release."""
    leave_out(excerpt, Excerpt.Why.STAFF, now)


def leave_out_silent(now: datetime) -> int:
    """Leaves out the excerpts somebody has not answered for in time; how many. What is published had its yes."""
    late = Excerpt.objects.present().filter(asked_at__lte=now - SILENCE, finding__cohort__status=Cohort.Status.RUNNING)
    number = 0
    for excerpt in late:
        if excerpt.is_open:
            number += leave_out_if_silent(excerpt, now)
    return number


@transaction.atomic
def leave_out_if_silent(excerpt: Excerpt, now: datetime) -> bool:
    # The lock that an answer takes: one given in this moment is seen.
    Finding.objects.select_for_update().get(pk=excerpt.finding_id)
    fresh = Excerpt.objects.present().filter(pk=excerpt.pk).first()
    if fresh is None or not fresh.is_open:
        return False
    leave_out(fresh, Excerpt.Why.SILENCE, now)
    return True


def close_unquotable(now: datetime) -> int:
    """Takes out, also of what is published, the excerpts whose note may not be quoted any more; how many."""
    closed = list(Excerpt.objects.closed().select_related("finding"))
    for excerpt in closed:
        with transaction.atomic():
            leave_out(excerpt, Excerpt.Why.CLOSED, now)
            strike(excerpt.finding, "excerpts", excerpt.pk, now)
    return len(closed)


@transaction.atomic
def carry_over(finding: Finding, before: str, what: str, by: User, now: datetime) -> int:
    """Lets each yes to the text with the digest `before` hold for the text as it stands: they differ by a typo. How
    many. The organisation reads what was corrected, and may take its yes back."""
    digest = finding.digest()
    carried = finding.agreements.filter(answer=Agreement.Answer.YES, digest=before).exclude(digest=digest)
    for agreement in carried:
        AgreementRecord.objects.create(
            agreement=agreement,
            answer=Agreement.Answer.YES,
            digest=digest,
            by=by,
            at=now,
            is_typo=True,
            remark=what,
        )
        agreement.digest = digest
        agreement.save(update_fields=["digest"])
    return len(carried)


@transaction.atomic
def send_link(
    finding: Finding,
    *,
    name: str,
    email: str,
    by: User,
    now: datetime,
    membership: Membership | None = None,
    writer: User | None = None,
) -> ReviewLink:
    """Writes to somebody without an account a letter with a key of their own to this finding, for a fortnight."""
    finding.ask(now)
    key = new_token()
    link = ReviewLink.objects.create(
        finding=finding,
        membership=membership,
        writer=writer,
        name=name,
        email=email,
        mark=ReviewLink.mark_of(key),
        made_by=by,
        made_at=now,
        expires_at=now + ReviewLink.LASTS,
    )
    subject, body = compose("findings/email/finding_to_review", {"link": link, "key": key, "finding": finding})
    write_letter(
        kind="finding_to_review",
        occurrence=f"review {link.pk}",
        version="1",
        address=email,
        subject=subject,
        body=body,
        now=now,
        about=finding.cohort.slug,
        not_after=link.expires_at,
        is_secret=True,
    )
    return link


def remind_reviewers(now: datetime) -> int:
    """Writes again, after three and seven days, to holders of a link who have not answered; how many letters."""
    written = 0
    waiting = ReviewLink.objects.filter(
        revoked_at=None, expires_at__gt=now, made_at__lte=now - timedelta(days=3), finding__withdrawn_at=None
    )
    for link in waiting.select_related("finding__cohort", "membership", "writer"):
        days = 7 if link.made_at <= now - timedelta(days=7) else 3
        if not is_waited_for(link):
            continue
        subject, body = compose("findings/email/finding_to_review_missing", {"link": link, "finding": link.finding})
        written += write_letter(
            kind="finding_to_review_missing",
            occurrence=f"review {link.pk}",
            version=str(days),
            address=link.email,
            subject=subject,
            body=body,
            now=now,
            about=link.finding.cohort.slug,
            not_after=link.expires_at,
        )
    return written


def is_waited_for(link: ReviewLink) -> bool:
    """Whether the link's holder has still something to answer."""
    excerpts = link.finding.excerpts.present()
    if link.writer_id:
        own = [excerpt for excerpt in excerpts if excerpt.writer == link.writer]
        return any(excerpt.is_open_to(Permission.Voice.WRITER) for excerpt in own)
    own = [excerpt for excerpt in excerpts if excerpt.membership == link.membership]
    agreement = link.finding.agreements.filter(membership=link.membership).first()
    if agreement is None or agreement.digest != link.finding.digest():
        return True
    return any(excerpt.is_open_to(Permission.Voice.ORGANISATION) for excerpt in own)
