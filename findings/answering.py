"""What somebody who is asked sees of a finding, and which answers are theirs to give."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.http import QueryDict

from participants.models import Membership, Seat, User

from .consent import Speaker, answer, answer_excerpt
from .forms import AgreementForm, PermissionForm
from .models import Agreement, Excerpt, Finding, Permission, ReviewLink, digest_of


@dataclass(frozen=True)
class Reviewer:
    """Somebody who is asked: with an account, or by a link. Speaks for organisations, and for what they wrote."""

    speaker: Speaker
    memberships: frozenset[Membership]
    writer: User | None

    def agreements(self, finding: Finding) -> list[Agreement]:
        found = finding.agreements.filter(membership__in=self.memberships)
        if isinstance(self.speaker, User):
            found = Agreement.objects.visible_to(self.speaker).filter(pk__in=found)
        return list(found.select_related("membership__organisation", "answered_by", "answered_by_link"))

    def excerpts(self, finding: Finding) -> list[tuple[Excerpt, str]]:
        """The excerpts they may answer for, each with the voice they speak with; those left out for want of a yes
        among them."""
        rows = (finding.excerpts.filter(withdrawn_at=None) | finding.excerpts.left_out()).with_voices()
        readable = [row for row in rows if row.may_be_quoted]
        organisation = [
            (row, Permission.Voice.ORGANISATION.value) for row in readable if row.membership in self.memberships
        ]
        wrote = [row for row in readable if self.writer is not None and row.writer == self.writer]
        return [*organisation, *((row, Permission.Voice.WRITER.value) for row in wrote)]

    def memberships_of(self, finding: Finding) -> set[Membership]:
        """Whose words they may read."""
        wrote = {row.membership for row, voice in self.excerpts(finding) if voice == Permission.Voice.WRITER}
        return {*self.memberships, *(wrote if isinstance(self.speaker, ReviewLink) else ())}


def reviewer_of(user: User) -> Reviewer:
    seats = Seat.objects.live().filter(user=user).select_related("membership__organisation")
    return Reviewer(user, frozenset(seat.membership for seat in seats), user)


def reviewer_by(link: ReviewLink) -> Reviewer:
    return Reviewer(link, frozenset([link.membership] if link.membership else []), link.writer)


@dataclass
class Answers:
    """The forms on a page of somebody who is asked, and what came of the one they sent."""

    agreements: list[tuple[Agreement, AgreementForm]] = field(default_factory=list)
    excerpts: list[tuple[Excerpt, str, PermissionForm]] = field(default_factory=list)


def forms_for(reviewer: Reviewer, finding: Finding, sent: QueryDict | None = None, remark: str = "") -> Answers:
    """A form for each answer that is theirs to give; the one that was sent with what was typed. With `remark` the
    sent one is fresh, for the words as they stand now."""
    answers = Answers()
    for agreement in reviewer.agreements(finding):
        is_sent = sent is not None and sent.get("agreement") == str(agreement.pk)
        initial = {"agreement": agreement.pk, "digest": digest_of(finding.words_for([agreement.membership]))}
        ids = f"%s-{agreement.pk}"
        if is_sent and not remark:
            form = AgreementForm(sent, auto_id=ids)
        else:
            form = AgreementForm(initial={**initial, "remark": remark if is_sent else ""}, auto_id=ids)
        answers.agreements.append((agreement, form))
    for excerpt, voice in reviewer.excerpts(finding):
        is_sent = sent is not None and (sent.get("excerpt"), sent.get("voice")) == (str(excerpt.pk), voice)
        ids = f"%s-{voice}-{excerpt.pk}"
        if is_sent and not remark:
            own = PermissionForm(sent, auto_id=ids)
        else:
            given = {"excerpt": excerpt.pk, "voice": voice, "mark": excerpt.mark, "remark": remark if is_sent else ""}
            own = PermissionForm(initial=given, auto_id=ids)
        answers.excerpts.append((excerpt, voice, own))
    return answers


def sent_form(answers: Answers) -> tuple[Any, Any] | None:
    """What was answered, with its form; None where nothing on the page was."""
    rows: Iterable[tuple[Any, Any]] = [
        *answers.agreements,
        *(((excerpt, voice), form) for excerpt, voice, form in answers.excerpts),
    ]
    return next(((what, form) for what, form in rows if form.is_bound), None)


def take(reviewer: Reviewer, what: Any, form: AgreementForm | PermissionForm, now: datetime) -> str:
    """Records the answer; the sentence that tells what it set in motion. Raises WordsChanged."""
    given = form.cleaned_data
    if isinstance(what, Agreement):
        was_out = what.finding.state == Finding.State.PUBLISHED
        answer(what, reviewer.speaker, given["answer"], given["remark"], now, given["digest"])
        finding = Finding.objects.get(pk=what.finding_id)
        return consequence(what.membership, given["answer"], was_out and finding.state == Finding.State.WITHDRAWN)
    excerpt, voice = what
    answer_excerpt(
        excerpt,
        voice,
        reviewer.speaker,
        given["answer"],
        now,
        mark=given["mark"],
        proposal=given["proposal"],
        remark=given["remark"],
    )
    return {
        Permission.Answer.YES: "Recorded: these words may be quoted. You can take this back here at any time.",
        Permission.Answer.CHANGE: "Recorded: the passage is not published unless in words you agree to.",
        Permission.Answer.NO: "Recorded: the passage is left out, and gone from what was published.",
    }[Permission.Answer(given["answer"])]


def consequence(membership: Membership, given: str, is_withdrawn: bool) -> str:
    if given == Agreement.Answer.YES:
        return f"Recorded: {membership} agrees. You can take this back here at any time."
    if is_withdrawn:
        return f"Recorded: {membership} does not agree. The page has been withdrawn from the public."
    return f"Recorded: {membership} does not agree. It is not published in these words."
