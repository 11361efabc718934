"""Two clients at one moment: one is taken, the other is told, and both texts are there."""

import threading
import uuid

import pytest
from django.db import connection

from discussions.models import Discussion
from research.models import NoteVersion, ResearchNote
from research.saving import Change, save_note
from tests.factories import NOW, a_membership, a_participant

pytestmark = pytest.mark.django_db(transaction=True)
CLIENTS = 6


def at_once(acts):
    """Runs the acts on threads that set off together; gives back what each returned or raised, in order."""
    gate = threading.Barrier(len(acts))
    results = [None] * len(acts)

    def run(at, act):
        try:
            gate.wait()
            results[at] = act()
        except Exception as error:
            results[at] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def a_save(pk, author, cohort, base_version, body, save_id=None):
    change = Change(save_id or uuid.uuid4(), base_version, "", body)
    return lambda: save_note(pk, cohort, change, author, NOW)


def test_of_clients_that_begin_one_note_together_one_begins_it_and_all_texts_are_kept():
    membership = a_membership()
    author = a_participant(membership)
    pk = uuid.uuid4()

    outcomes = at_once([a_save(pk, author, membership.cohort, 0, f"Text {n}") for n in range(CLIENTS)])

    assert [outcome.version for outcome in outcomes] == [1] * CLIENTS
    assert [outcome.kept is None for outcome in outcomes].count(True) == 1
    assert set(NoteVersion.objects.values_list("body", flat=True)) == {f"Text {n}" for n in range(CLIENTS)}
    assert ResearchNote.objects.count() == Discussion.objects.count() == 1


def test_of_clients_that_change_one_version_together_one_is_taken_and_all_texts_are_kept():
    membership = a_membership()
    author = a_participant(membership)
    pk = uuid.uuid4()
    a_save(pk, author, membership.cohort, 0, "Start")()

    outcomes = at_once([a_save(pk, author, membership.cohort, 1, f"Text {n}") for n in range(CLIENTS)])

    assert [outcome.kept is None for outcome in outcomes].count(True) == 1
    assert ResearchNote.objects.get(pk=pk).version == 2
    assert NoteVersion.objects.count() == CLIENTS + 1


def test_one_save_sent_twice_at_once_is_stored_once_and_answered_alike():
    membership = a_membership()
    author = a_participant(membership)
    pk, save_id = uuid.uuid4(), uuid.uuid4()

    outcomes = at_once([a_save(pk, author, membership.cohort, 0, "Once", save_id)] * CLIENTS)

    assert [(outcome.version, outcome.kept) for outcome in outcomes] == [(1, None)] * CLIENTS
    assert NoteVersion.objects.count() == 1
