"""Who is reminded of a finding that waits for a yes, and when."""

from datetime import datetime, time

from django.db.models import QuerySet

from correspondence.reminders import Reminder, once_more
from participants.models import Cohort, User

from .consent import SILENCE
from .models import Agreement, Excerpt, Finding, Permission


def waiting(now: datetime) -> list[Agreement]:
    """What was asked within the time for an answer and is not answered wholly."""
    asked = Agreement.objects.filter(asked_at__gt=now - SILENCE, finding__cohort__status=Cohort.Status.RUNNING).exclude(
        finding__state=Finding.State.WITHDRAWN
    )
    return [agreement for agreement in asked.select_related("finding__cohort", "membership") if is_waiting(agreement)]


def is_waiting(agreement: Agreement) -> bool:
    finding = agreement.finding
    if agreement.membership not in finding.concerned():
        return False
    return agreement.digest != finding.digest() or any(excerpt.is_open for excerpt in own_excerpts(agreement))


def own_excerpts(agreement: Agreement) -> list[Excerpt]:
    present = agreement.finding.excerpts.present()
    return [excerpt for excerpt in present if excerpt.membership == agreement.membership]


def asked_at(agreement: Agreement) -> datetime | None:
    return agreement.asked_at


def until(agreement: Agreement) -> datetime:
    assert agreement.asked_at is not None  # noqa: S101  (`waiting` says so)
    return agreement.asked_at + SILENCE


def cohort_slug(agreement: Agreement) -> str:
    return agreement.finding.cohort.slug


def those_who_can_answer(agreement: Agreement, now: datetime) -> QuerySet[User]:
    """Everyone seated there while the organisation's word is missing; else who wrote words that wait for theirs."""
    excerpts = own_excerpts(agreement)
    seated = User.objects.seated_at(agreement.membership)
    if agreement.digest != agreement.finding.digest() or any(
        excerpt.is_open_to(Permission.Voice.ORGANISATION) for excerpt in excerpts
    ):
        return seated
    writers = [
        excerpt.writer.pk
        for excerpt in excerpts
        if excerpt.writer is not None and excerpt.is_open_to(Permission.Voice.WRITER)
    ]
    return seated.filter(pk__in=writers)


MISSING = Reminder(
    kind="finding_to_agree_missing",
    label="Finding waits for an answer",
    template="findings/email/finding_to_agree_missing",
    events=waiting,
    anchor=asked_at,
    audience=those_who_can_answer,
    until=until,
    about=cohort_slug,
    days=3,
    at=time(9),
    nudge=5,
)
REMINDERS = [MISSING, once_more(MISSING, "Finding still waits for an answer", days=7)]
