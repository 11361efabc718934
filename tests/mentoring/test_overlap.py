"""The database itself keeps a mentor in one place at a time."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.db import IntegrityError, connection, transaction

from mentoring.models import MentoringSession
from tests.factories import NOW, a_membership, a_mentor, a_participant, a_session, a_slot

migration = import_module("mentoring.migrations.0002_no_overlap")


@pytest.fixture
def membership(db):
    return a_membership()


@pytest.fixture
def mentor(membership):
    return a_mentor(membership)


def a_time(mentor, minutes):
    start = NOW + timedelta(days=3, minutes=minutes)
    return a_slot(mentor, starts_at=start, ends_at=start + timedelta(minutes=45))


def names_in_the_database():
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT conname FROM pg_constraint WHERE contype = 'x'")
        else:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        return {name for (name,) in cursor.fetchall()}


@pytest.mark.django_db
def test_the_guard_stands_in_the_database_at_hand():
    """Django's table rebuild on SQLite drops triggers made by hand: a later migration may have lost them."""
    wanted = {
        "postgresql": {"mentoring_no_overlap"},
        "sqlite": {"mentoring_no_overlap_insert", "mentoring_no_overlap_update"},
    }
    assert wanted[connection.vendor] <= names_in_the_database()


def test_an_overlapping_session_is_refused_and_one_back_to_back_is_not(mentor, membership):
    a_session(a_time(mentor, 0), membership)

    a_session(a_time(mentor, 45), membership)
    with pytest.raises(IntegrityError, match="mentoring_no_overlap"), transaction.atomic():
        a_session(a_time(mentor, 30), membership)

    assert MentoringSession.objects.count() == 2


def test_another_mentor_may_meet_at_the_same_time(mentor, membership):
    a_session(a_time(mentor, 0), membership)

    a_session(a_time(a_mentor(membership, name="Mia Mentor"), 0), membership)

    assert MentoringSession.objects.count() == 2


def test_a_cancelled_session_is_not_in_the_way_until_it_is_put_back(mentor, membership):
    cancelled = a_session(a_time(mentor, 0), membership, state="cancelled")
    a_session(a_time(mentor, 30), membership)

    with pytest.raises(IntegrityError, match="mentoring_no_overlap"), transaction.atomic():
        MentoringSession.objects.filter(pk=cancelled.pk).update(state="held")


def test_a_session_cannot_be_moved_into_another(mentor, membership):
    a_session(a_time(mentor, 0), membership)
    later = a_session(a_time(mentor, 90), membership)

    with pytest.raises(IntegrityError, match="mentoring_no_overlap"), transaction.atomic():
        MentoringSession.objects.filter(pk=later.pk).update(
            starts_at=NOW + timedelta(days=3, minutes=44), ends_at=NOW + timedelta(days=3, minutes=89)
        )
    MentoringSession.objects.filter(pk=later.pk).update(
        starts_at=NOW + timedelta(days=3, minutes=45), ends_at=NOW + timedelta(days=3, minutes=90)
    )


@pytest.mark.django_db(transaction=True)
def test_without_the_guard_an_overlap_gets_in():
    """The negative control: what refuses above is the guard, and nothing else."""
    membership = a_membership()
    mentor, pat = a_mentor(membership), a_participant(membership)
    a_session(a_time(mentor, 0), membership, pat)
    try:
        with connection.schema_editor() as editor:
            migration.allow(None, editor)
        a_session(a_time(mentor, 30), membership, pat)
        assert MentoringSession.objects.live().count() == 2
    finally:
        MentoringSession.objects.all().delete()
        with connection.schema_editor() as editor:
            migration.forbid(None, editor)
