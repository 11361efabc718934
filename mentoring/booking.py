"""Booking, moving and cancelling a mentor's time: each one transaction, with its letters.

The mentor's row is locked first, so that two hands never write in one diary at once; on SQLite the transaction
itself does that. Should anything slip past, the database refuses: one live session a slot, no overlap.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from correspondence.calendars import message
from correspondence.ledger import compose, write_letter
from participants.models import Cohort, Membership, Mentor, Mentorship, User

from .calendar import entry_of
from .models import MentoringSession, Party, Slot

WISH_LENGTH = 2000


class Refused(Exception):
    """It cannot be done as things stand; the sentence says why, for the person who asked."""


class SlotTaken(Refused):
    """Somebody else has the time."""


def book(slot: Slot, membership: Membership, user: User, wish: str, now: datetime) -> MentoringSession:
    """Books the time for the organisation and tells everybody concerned, once.

    A repeat by the same organisation answers with the session that stands. Raises SlotTaken when another
    organisation has the time, Refused when it can no longer be booked, PermissionDenied when the mentor is not theirs.
    """
    if not Mentorship.objects.live().filter(mentor=slot.mentor_id, membership=membership).exists():
        raise PermissionDenied("This mentor does not mentor the organisation.")
    try:
        with transaction.atomic():
            lock_diary(slot.mentor_id)
            slot = Slot.objects.select_related("mentor__user").get(pk=slot.pk)
            standing = slot.sessions.live().select_related("mentor__user", "membership__cohort").first()
            if standing and standing.membership_id == membership.pk and standing.state == standing.State.BOOKED:
                return with_wish(standing, wish)
            check_free(slot, standing)
            check_notice(slot, Slot.NOTICE, now)
            session = MentoringSession.objects.create(
                slot=slot,
                mentor=slot.mentor,
                membership=membership,
                starts_at=slot.starts_at,
                ends_at=slot.ends_at,
                wish=wish,
                booked_by=user,
                booked_at=now,
            )
            write_to_all(session, "session_booked", now, actor=user)
            return session
    except IntegrityError as error:
        raise SlotTaken("This time has just been taken.") from error


def move(
    session: MentoringSession,
    new_slot: Slot,
    user: User,
    now: datetime,
    because: str = "",
    *,
    keep_offering: bool = True,
) -> MentoringSession:
    """Moves the session to another time of the same mentor; it stays the same session, in calendars too.

    Mentor and staff give a reason. The time left behind is free again, unless `keep_offering` is false.
    Raises SlotTaken, Refused, or PermissionDenied for somebody who has no part in it.
    """
    try:
        with transaction.atomic():
            session = lock(session)
            new_slot = Slot.objects.get(pk=new_slot.pk)
            if session.slot_id == new_slot.pk and session.state == session.State.BOOKED:
                return session
            party = check_change(session, user, because, now)
            if new_slot.mentor_id != session.mentor_id:
                raise Refused("A session moves to another time of the same mentor.")
            check_free(new_slot, new_slot.sessions.live().first(), beside=session)
            check_notice(new_slot, Slot.NOTICE if party == Party.ORGANISATION else timedelta(0), now)
            old_slot, old_times = session.slot, (session.starts_at, session.ends_at)
            session.slot, session.starts_at, session.ends_at = new_slot, new_slot.starts_at, new_slot.ends_at
            session.sequence, session.moved_at = session.sequence + 1, now
            session.save(update_fields=["slot", "starts_at", "ends_at", "sequence", "moved_at"])
            if not keep_offering:
                old_slot.withdraw(now)
            write_to_all(session, "session_moved", now, actor=user, because=because, old_times=old_times)
            return session
    except IntegrityError as error:
        raise SlotTaken("The new time has just been taken.") from error


def cancel(
    session: MentoringSession, user: User, because: str, now: datetime, *, keep_offering: bool = True
) -> MentoringSession:
    """Calls the session off; its time is free again, unless `keep_offering` is false.

    Mentor and staff give a reason. A repeat changes nothing and writes to nobody.
    """
    with transaction.atomic():
        session = lock(session)
        if session.state == session.State.CANCELLED:
            return session
        check_change(session, user, because, now)
        session.state, session.sequence = session.State.CANCELLED, session.sequence + 1
        session.cancelled_by, session.cancelled_at, session.cancelled_because = user, now, because
        session.save(update_fields=["state", "sequence", "cancelled_by", "cancelled_at", "cancelled_because"])
        if not keep_offering:
            session.slot.withdraw(now)
        write_to_all(session, "session_cancelled", now, actor=user, because=because)
        return session


def record(
    session: MentoringSession, user: User, state: str, text: str, read_at: datetime | None, now: datetime
) -> MentoringSession:
    """Keeps the shared record. Refused when somebody else has written one since `read_at`: nothing is overwritten."""
    try:
        with transaction.atomic():
            session = lock(session)
            if not session.can_be_recorded_by(session.party_of(user), now):
                raise Refused("A record can be written from the start of a session on, unless it is cancelled.")
            if session.recorded_at != read_at and (session.state, session.record) != (state, text):
                raise Refused("Somebody has written the record meanwhile. Nothing of yours is saved yet.")
            session.write_record(state, text, now)
            return session
    except IntegrityError as error:
        raise Refused("The mentor has another session at that time, so this one cannot have been held.") from error


def withdraw(slot: Slot, now: datetime) -> None:
    """Takes back an offered time that nobody has booked; Refused when somebody has."""
    with transaction.atomic():
        lock_diary(slot.mentor_id)
        if slot.sessions.live().exists():
            raise Refused("This time is booked. Cancel the session instead, so that the organisation hears of it.")
        slot.withdraw(now)


def lock_diary(mentor_id: int) -> None:
    """Waits until nobody else writes in the mentor's diary, and holds it to the end of the transaction."""
    Mentor.objects.select_for_update(no_key=True).get(pk=mentor_id)


def lock(session: MentoringSession) -> MentoringSession:
    """The session as it stands now, with nobody else at it."""
    lock_diary(session.mentor_id)
    return MentoringSession.objects.select_related("slot", "mentor__user", "membership__cohort").get(pk=session.pk)


def with_wish(session: MentoringSession, wish: str) -> MentoringSession:
    """The session that stands, with what a second person of the organisation wished for added to it."""
    if wish and wish not in session.wish:
        joined = f"{session.wish}\n\n{wish}".strip()
        if len(joined) > 5 * WISH_LENGTH:
            raise Refused("Your organisation has booked this time already, and its wishes are long enough.")
        session.wish = joined
        session.save(update_fields=["wish"])
    return session


def check_free(slot: Slot, standing: MentoringSession | None, beside: MentoringSession | None = None) -> None:
    if standing:
        raise SlotTaken("Somebody else has just booked this time.")
    if slot.withdrawn_at:
        raise Refused("The mentor no longer offers this time.")
    clashing = MentoringSession.objects.clashing(slot.mentor, slot.starts_at, slot.ends_at)
    if any(session != beside for session in clashing):
        raise SlotTaken("The mentor has another session at this time.")


def check_notice(slot: Slot, notice: timedelta, now: datetime) -> None:
    if slot.starts_at <= now:
        raise Refused("This time has passed.")
    if slot.starts_at <= now + notice:
        raise Refused("This time is less than 24 hours away: too near to be booked.")


def check_bookable(slot: Slot, now: datetime) -> None:
    """Raises what `book` would raise now; says nothing of a moment later."""
    check_free(slot, slot.sessions.live().first())
    check_notice(slot, Slot.NOTICE, now)


def check_change(session: MentoringSession, user: User, because: str, now: datetime) -> Party:
    """The part in which the person may move or cancel the session now; Refused or PermissionDenied otherwise."""
    party = session.party_of(user)
    if party == Party.OTHER_MENTOR:
        raise PermissionDenied("Only those who take part in a session change it.")
    if session.state != session.State.BOOKED:
        raise Refused(f"This session cannot be changed any more: {session.get_state_display()}.")
    if not session.can_be_changed_by(party, now):
        raise Refused(
            "This session is over."
            if now >= session.ends_at
            else "Less than 12 hours are left. Please speak to your mentor or to Culture24: they can still change it."
        )
    if party != Party.ORGANISATION and not because:
        raise Refused("Please give the organisation a reason.")
    return party


def write_to_all(
    session: MentoringSession,
    kind: str,
    now: datetime,
    *,
    actor: User,
    because: str = "",
    old_times: tuple[datetime, datetime] | None = None,
) -> None:
    """One letter to each person the session concerns, with the entry for their calendar, in a cohort that runs."""
    if session.membership.cohort.status != Cohort.Status.RUNNING:
        return
    entry = entry_of(session, with_link=True)
    for person in session.people():
        context = {"event": session, "person": person, "actor": actor, "because": because, "old_times": old_times}
        subject, body = compose(f"mentoring/email/{kind}", context)
        write_letter(
            kind=kind,
            occurrence=f"mentoringsession {session.pk}",
            version=str(session.sequence),
            address=person.email,
            subject=subject,
            body=body,
            now=now,
            about=session.membership.cohort.slug,
            not_after=session.ends_at,
            calendar=message(entry, person.email, now, "ACCEPTED"),
        )
