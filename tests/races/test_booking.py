"""Many hands on one diary, each with a connection of its own: one wins, the others hear so, nobody sees an error."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager
from datetime import timedelta
from importlib import import_module

import pytest
from django.db import IntegrityError, connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from correspondence.models import Letter
from mentoring.booking import SlotTaken, book, cancel, move
from mentoring.models import MentoringSession, Slot
from participants.models import Membership, Mentor, User
from tests.factories import NOW, a_cohort, a_membership, a_mentor, a_participant, a_slot

pytestmark = pytest.mark.django_db(transaction=True)

MANY = 50
no_overlap = import_module("mentoring.migrations.0002_no_overlap")
one_a_slot = next(found for found in MentoringSession._meta.constraints if found.name == "one_live_session_a_slot")


def at_once(deeds: list[Callable[[], object]]) -> Counter[str]:
    """Does all deeds at the same moment, each in a thread with its own connection; counts what came of them."""
    start, outcomes, lock = threading.Barrier(len(deeds)), Counter(), threading.Lock()

    def run(deed: Callable[[], object]) -> None:
        try:
            connection.ensure_connection()
            start.wait(timeout=60)
            outcome = deed()
            word = str(outcome) if isinstance(outcome, int) else "done"
        except Exception as error:
            word = type(error).__name__
        finally:
            connection.close()
        with lock:
            outcomes[word] += 1

    threads = [threading.Thread(target=run, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def a_crowd(size: int) -> tuple[Mentor, list[tuple[Membership, User]]]:
    """A mentor, and a person of each of `size` organisations that the mentor mentors."""
    cohort = a_cohort()
    memberships = [a_membership(cohort) for _ in range(size)]
    people = [(membership, a_participant(membership)) for membership in memberships]
    return a_mentor(*memberships), people


def test_of_fifty_organisations_that_book_one_time_one_gets_it_and_forty_nine_hear_so():
    mentor, people = a_crowd(MANY)
    slot = a_slot(mentor)

    outcomes = at_once([lambda m=m, u=u: book(slot, m, u, "Our question", NOW) for m, u in people])

    assert outcomes == {"done": 1, "SlotTaken": MANY - 1}
    session = MentoringSession.objects.live().get()
    written = sorted(Letter.objects.values_list("address", flat=True))
    assert written == sorted([mentor.user.email, session.booked_by.email])


def test_of_fifty_people_who_press_book_one_is_shown_in_and_forty_nine_see_the_next_times():
    mentor, people = a_crowd(MANY)
    now = timezone.now()
    slot = a_slot(mentor, starts_at=now + timedelta(days=3), ends_at=now + timedelta(days=3, hours=1))
    address = reverse("mentoring:session_book", args=[mentor.cohort.slug, slot.pk])
    clients = []
    for _, user in people:
        client = Client()
        client.force_login(user)
        clients.append(client)

    outcomes = at_once([lambda c=c: c.post(address, {"wish": "Our question"}).status_code for c in clients])

    assert outcomes == {"302": 1, "409": MANY - 1}
    assert MentoringSession.objects.live().count() == 1


def test_of_two_times_that_overlap_one_is_booked():
    mentor, people = a_crowd(10)
    start = NOW + timedelta(days=3)
    early = a_slot(mentor, starts_at=start, ends_at=start + timedelta(minutes=45))
    late = a_slot(mentor, starts_at=start + timedelta(minutes=30), ends_at=start + timedelta(minutes=75))

    outcomes = at_once(
        [lambda s=s, m=m, u=u: book(s, m, u, "", NOW) for s, (m, u) in zip([early, late] * 5, people, strict=True)]
    )

    assert outcomes == {"done": 1, "SlotTaken": 9}


def test_ten_clicks_of_one_organisation_are_one_session_and_one_letter_each():
    mentor, [(membership, pat)] = a_crowd(1)
    slot = a_slot(mentor)

    outcomes = at_once([lambda: book(slot, membership, pat, "Our question", NOW)] * 10)

    assert outcomes == {"done": 10}
    assert MentoringSession.objects.count() == 1
    assert Letter.objects.count() == 2


def test_a_time_being_moved_into_and_booked_at_once_has_one_session():
    mentor, [(first, pat), (second, sam)] = a_crowd(2)
    start = NOW + timedelta(days=5)
    wanted = a_slot(mentor, starts_at=start, ends_at=start + timedelta(minutes=45))
    session = book(a_slot(mentor), first, pat, "", NOW)

    outcomes = at_once([lambda: move(session, wanted, pat, NOW), lambda: book(wanted, second, sam, "", NOW)])

    assert outcomes == {"done": 1, "SlotTaken": 1}
    assert wanted.sessions.live().count() == 1


def test_ten_cancellations_at_once_write_one_letter_each_and_free_the_time_once():
    mentor, [(membership, pat)] = a_crowd(1)
    slot = a_slot(mentor)
    session = book(slot, membership, pat, "", NOW)

    outcomes = at_once([lambda: cancel(session, pat, "", NOW)] * 10)

    assert outcomes == {"done": 10}
    session.refresh_from_db()
    assert session.sequence == 1
    assert Letter.objects.filter(kind="session_cancelled").count() == 2
    assert list(Slot.objects.bookable(NOW)) == [slot]


def look_then_book(slot: Slot, membership: Membership, user: User, seen: threading.Barrier) -> None:
    """How not to do it: no lock, and a pause between looking and booking, so that all have looked."""
    is_free = not slot.sessions.live().exists()
    seen.wait(timeout=60)
    if not is_free:
        raise SlotTaken
    MentoringSession.objects.create(
        slot=slot,
        mentor=slot.mentor,
        membership=membership,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        booked_by=user,
        booked_at=NOW,
    )


def race_without_lock() -> Counter[str]:
    mentor, people = a_crowd(8)
    slot, seen = a_slot(mentor), threading.Barrier(8)
    return at_once([lambda m=m, u=u: look_then_book(slot, m, u, seen) for m, u in people])


@contextmanager
def without_constraints():
    """The schema without what forbids a double booking; put back afterwards, the index first."""
    with connection.schema_editor() as editor:
        editor.remove_constraint(MentoringSession, one_a_slot)
        no_overlap.allow(None, editor)
    try:
        yield
    finally:
        MentoringSession.objects.all().delete()
        with connection.schema_editor() as editor:
            editor.add_constraint(MentoringSession, one_a_slot)
            no_overlap.forbid(None, editor)


def test_without_the_lock_the_database_alone_lets_one_in():
    assert race_without_lock() == {"done": 1, IntegrityError.__name__: 7}


def test_without_lock_and_constraints_everybody_gets_in():
    """The negative control: the window is real, and the guards above are what closes it."""
    with without_constraints():
        assert race_without_lock() == {"done": 8}

    assert race_without_lock() == {"done": 1, IntegrityError.__name__: 7}
