"""Themes merged while they are given: everything keeps a theme that is there, and nobody waits for ever."""

import pytest
from django.test import Client
from django.urls import reverse

from findings import gathering
from findings.models import Finding, Passage, Theme
from tests.factories import NOW, a_cohort, a_finding, a_membership, a_note, a_theme, staff
from tests.findings.test_writing import form_of, path_of

from .test_booking import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def test_themes_merged_against_each_other_while_they_are_given_are_never_lost():
    person = staff()
    for number in range(12):
        cohort = a_cohort()
        version = a_note(a_membership(cohort), body="Words to mark.", may_be_quoted=True).versions.get()
        one, other = (a_theme(cohort, f"{word} {number}").pk for word in ("Voices", "Audience voice"))
        old = a_finding(cohort)
        old.themes.add(one)
        passage = gathering.mark(version, 0, 5, Theme.objects.filter(pk=one), "", person, NOW)
        desk = Client()
        desk.force_login(person)
        typed = form_of(desk, a_finding(cohort), summary="Typed.", themes=[other])

        outcomes = at_once(
            [
                lambda one=one, other=other: merge(one, other, person),
                lambda one=one, other=other: merge(other, one, person),
                lambda version=version, one=one: mark(version, one, person),
                lambda passage=passage, old=old: take(passage, old, person),
                lambda cohort=cohort, typed=typed, desk=desk: save(desk, cohort, typed),
            ]
        )

        assert set(outcomes) <= {"done", "ValidationError", "DoesNotExist", "302", "422"}, outcomes
        left = Theme.objects.get(cohort=cohort)
        assert [*old.themes.all()] == [left]
        assert [*passage.themes.all()] == [left]
        for finding in Finding.objects.filter(cohort=cohort):
            assert {*finding.themes.all()} <= {left}
        assert Passage.objects.filter(version=version).count() == 1


def test_of_two_memos_written_at_once_one_goes_in_and_the_other_is_answered_with_it():
    person = staff()
    cohort = a_cohort()
    note = a_note(a_membership(cohort), body="Words to mark.", may_be_quoted=True)
    for number in range(6):
        passage = gathering.mark(note.versions.get(), number, 5 + number, [], "First", person, NOW)
        windows = [Client(), Client()]
        for window in windows:
            window.force_login(person)
        path = reverse("findings:passage_edit", args=[cohort.slug, passage.pk])

        outcomes = at_once(
            [
                lambda window=window, word=word, path=path: (
                    window.post(path, {"memo": word, "memo_was": "First"}).status_code
                )
                for window, word in zip(windows, ["Left", "Right"], strict=True)
            ]
        )

        assert outcomes == {"302": 1, "409": 1}


def merge(theme, into, person):
    gathering.merge(Theme.objects.get(pk=theme), Theme.objects.get(pk=into), person, NOW)


def mark(version, theme, person):
    gathering.mark(version, 0, 5, [Theme.objects.get(pk=theme)], "Again.", person, NOW)


def take(passage, finding, person):
    gathering.take(Passage.objects.get(pk=passage.pk), finding, person, NOW)


def save(desk, cohort, typed):
    finding = Finding.objects.filter(cohort=cohort).latest("pk")
    return desk.post(path_of(finding), typed).status_code
