"""Moving and cancelling a workshop: each one transaction, with one notice to everybody who counts on it."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from correspondence.calendars import Entry, message
from correspondence.ledger import Intent, compose, write_letter, write_letters
from correspondence.models import Letter
from participants.models import Cohort, User

from .calendar import entry_of
from .models import Attendance, Workshop

# How calendars call the answers; whoever has given none still has to.
PARTSTAT = {
    Attendance.Reply.YES: "ACCEPTED",
    Attendance.Reply.MAYBE: "TENTATIVE",
    Attendance.Reply.NO: "DECLINED",
}


@transaction.atomic
def save(workshop: Workshop, now: datetime) -> int:
    """Saves what a form holds; another time or place is a move. How many notices that writes."""
    before = Workshop.objects.select_for_update().filter(pk=workshop.pk).first()
    if before is None:
        workshop.save()
        return 0
    wanted = {name: getattr(workshop, name) for name in Workshop.WHEN_AND_WHERE}
    for name in (*Workshop.WHEN_AND_WHERE, "state", "cancelled_because", "sequence", "changed_at"):
        setattr(workshop, name, getattr(before, name))
    workshop.save()
    return move(workshop, now, **wanted)


@transaction.atomic
def move(workshop: Workshop, now: datetime, **when_and_where: Any) -> int:
    """Gives it another time or place and tells everybody once, old and new. How many notices are written."""
    before = copy.copy(workshop)
    workshop.move(now, **when_and_where)
    if workshop.sequence == before.sequence:
        return 0
    return tell(workshop, before, "workshop_changed", now)


@transaction.atomic
def cancel(workshop: Workshop, because: str, now: datetime) -> int:
    """Calls it off and tells everybody once. How many notices are written; none for one that is off already."""
    before = Workshop.objects.select_for_update().get(pk=workshop.pk)
    workshop.cancel(because, now)
    if before.is_cancelled:
        return 0
    return tell(workshop, before, "workshop_cancelled", now)


def to_be_told(workshop: Workshop, *others: Workshop, now: datetime) -> QuerySet[User]:
    """Who hears of a change: people seated in the running cohort who had a letter about it, or said yes or maybe.

    Nobody, once the workshop is over in each form given: putting its record right is no news. Whoever lost their seat
    hears nothing any more.
    """
    is_past = all(form.is_over(now) for form in (workshop, *others))
    if workshop.pk is None or is_past or workshop.cohort.status != Cohort.Status.RUNNING:
        return User.objects.none()
    had_one = Letter.objects.filter(occurrence=name_of(workshop), state__in=Letter.WENT)
    said = workshop.attendances.filter(reply__in=[Attendance.Reply.YES, Attendance.Reply.MAYBE])
    seated = User.objects.seated_in(workshop.cohort)
    return seated.filter(email__in=had_one.values("address")) | seated.filter(pk__in=said.values("user"))


def tell(workshop: Workshop, before: Workshop, kind: str, now: datetime) -> int:
    """One notice to each, with what their calendar needs to follow."""
    replies = dict(workshop.attendances.exclude(reply="").values_list("user", "reply"))
    is_another_time = workshop.as_calendars_see_it[:2] != before.as_calendars_see_it[:2]
    entry = entry_after(workshop, before)
    ends = [form.assumed_end for form in (workshop, before) if form.assumed_end]
    intents = []
    for person in to_be_told(workshop, before, now=now).order_by("pk"):
        reply = replies.get(person.pk, "")
        context = {
            "event": workshop,
            "person": person,
            "before": before,
            "is_another_time": is_another_time,
            "is_another_place": workshop.place != before.place,
            "reply": Attendance.Reply(reply).label if reply else "",
        }
        subject, body = compose(f"workshops/email/{kind}", context)
        # A yes to another day is a question again; a yes to another room stays a yes.
        answer = PARTSTAT.get(Attendance.Reply(reply), "") if reply and not is_another_time else "NEEDS-ACTION"
        intents.append(
            Intent(
                kind=kind,
                occurrence=name_of(workshop),
                version=str(workshop.sequence),
                address=person.email,
                subject=subject,
                body=body,
                due_at=now,
                not_after=max(ends, default=None),
                about=workshop.cohort.slug,
                calendar=message(entry, person.email, now, answer) if entry else "",
            )
        )
    return write_letters(intents)


def entry_after(workshop: Workshop, before: Workshop) -> Entry | None:
    """The entry as it is now. One whose date was taken away leaves calendars, until it has a date again."""
    entry, old = entry_of(workshop), entry_of(before)
    if entry is None and old is not None:
        return replace(old, sequence=workshop.sequence, is_cancelled=True, changed_at=workshop.changed_at)
    return entry


def invite(attendance: Attendance, now: datetime) -> bool:
    """Sends the entry to somebody who said yes, once for each time and place. False where there was nothing to send."""
    workshop, person = attendance.workshop, attendance.user
    entry = entry_of(workshop)
    if attendance.reply != Attendance.Reply.YES or entry is None or workshop.cohort.status != Cohort.Status.RUNNING:
        return False
    subject, body = compose("workshops/email/workshop_entry", {"event": workshop, "person": person})
    return write_letter(
        kind="workshop_entry",
        occurrence=name_of(workshop),
        version=str(workshop.sequence),
        address=person.email,
        subject=subject,
        body=body,
        now=now,
        about=workshop.cohort.slug,
        not_after=workshop.starts_at,
        calendar=message(entry, person.email, now, PARTSTAT[Attendance.Reply.YES]),
    )


def name_of(workshop: Workshop) -> str:
    """The same as reminders of a workshop have in the ledger."""
    return f"workshop {workshop.pk}"
