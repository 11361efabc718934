"""At the desk: themes merged, and organisations that said "us too" about what a finding quotes."""

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from findings.models import Facet, Finding, Theme
from research.models import ResearchNote
from tests.admin.desk import at_the_desk, page_of, text_of
from tests.factories import (
    NOW,
    a_cohort,
    a_finding,
    a_membership,
    a_note,
    a_participant,
    a_passage,
    a_published_finding,
    a_theme,
    a_us_too,
    agreed,
    an_excerpt,
    staff,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_second_factor(settings):
    settings.REQUIRE_STAFF_MFA = False


@pytest.fixture
def cohort():
    return a_cohort("lgr6")


def merging(theme):
    return reverse("admin:findings_theme_merge", args=[theme.pk])


def test_before_themes_merge_the_page_says_what_moves(cohort):
    old, finding = a_theme(cohort, "Voices"), a_finding(cohort, title="Waiting for a yes")
    a_theme(cohort, "Audience voice")
    a_passage(a_note(a_membership(cohort)), staff(), "", old)
    finding.themes.add(old)
    Finding.objects.filter(pk=finding.pk).update(state=Finding.State.WITH_ORGANISATION)

    said = text_of(at_the_desk().get(merging(old)))

    assert "1 finding and 1 passage get the other theme" in said
    assert "“Waiting for a yes” names the other theme in its working copy: ask for its yes again." in said
    assert Theme.objects.count() == 2


def test_confirmed_the_theme_is_merged_and_both_histories_say_so(cohort):
    old, new = a_theme(cohort, "Voices"), a_theme(cohort, "Audience voice")
    number = old.pk

    answer = at_the_desk().post(merging(old), {"confirmed": "yes", "into": new.pk})

    assert answer["Location"] == page_of(Theme, "change", new.pk)
    assert list(Theme.objects.all()) == [new]
    assert LogEntry.objects.filter(object_id=str(new.pk), change_message__contains="Voices").exists()
    assert LogEntry.objects.filter(object_id=str(number), action_flag=3).exists()


def test_without_the_button_of_the_second_page_nothing_is_merged(cohort):
    old, new = a_theme(cohort, "Voices"), a_theme(cohort, "Audience voice")

    assert at_the_desk().post(merging(old), {"into": new.pk}).status_code == 200
    assert Theme.objects.count() == 2


def test_a_theme_merges_with_no_theme_of_another_cohort(cohort):
    old, other = a_theme(cohort), a_theme(a_cohort())

    answer = at_the_desk().post(merging(old), {"confirmed": "yes", "into": other.pk})

    assert answer.status_code == 422
    assert Theme.objects.count() == 2


def test_what_is_published_is_still_found_by_the_theme_it_was_published_with(client, cohort):
    old, new = a_theme(cohort, "Voices"), a_theme(cohort, "Audience voice")
    finding = a_published_finding(cohort, a_membership(cohort))
    finding.themes.add(old)
    agreed(finding)
    finding.publish(NOW, None, "A theme")

    at_the_desk().post(merging(old), {"confirmed": "yes", "into": new.pk})

    finding.refresh_from_db()
    assert finding.current.content["themes"] == ["Voices"]
    assert Facet.objects.filter(release=finding.current, kind=Facet.Kind.THEME, value="voices").exists()
    assert finding.title in client.get("/findings/?theme=voices").content.decode()


def test_a_renamed_theme_keeps_its_passages(cohort):
    theme = a_theme(cohort, "Voices")
    passage = a_passage(a_note(a_membership(cohort)), staff(), "", theme)

    answer = at_the_desk().post(page_of(Theme, "change", theme.pk), {"name": "Voices of visitors"})

    assert answer.status_code == 302
    assert str(passage.themes.get()) == "Voices of visitors"


def test_who_said_us_too_about_a_quoted_note_is_proposed_to_staff(cohort):
    note = a_note(a_membership(cohort, "Sample Museum"), may_be_quoted=True)
    finding = a_finding(cohort, note.membership)
    an_excerpt(finding, note)
    a_us_too(note, a_participant(a_membership(cohort, "Sample Gallery")), "Here as well.")

    said = text_of(at_the_desk().get(page_of(Finding, "change", finding.pk)))

    assert "Said “us too” about a note it quotes" in said
    assert "Sample Gallery, under “Visitors film in the stores”: Here as well." in said
    assert "Sample Gallery" not in str(finding.content())


@pytest.mark.parametrize("why", ["taken out", "not quoted", "made private", "concerned already"])
def test_nobody_is_proposed_for_a_note_the_finding_does_not_rest_on_or_who_is_in_it(cohort, why):
    note = a_note(a_membership(cohort, "Sample Museum"), may_be_quoted=True)
    said = a_us_too(note, a_participant(a_membership(cohort, "Sample Gallery")), "Here as well.")
    finding = a_finding(cohort, said.membership if why == "concerned already" else note.membership)
    if why != "not quoted":
        an_excerpt(finding, note)
    if why == "taken out":
        said.remove(staff(), NOW)
    if why == "made private":
        ResearchNote.objects.filter(pk=note.pk).update(audience=ResearchNote.Audience.ME)

    shown = text_of(at_the_desk().get(page_of(Finding, "change", finding.pk)))

    assert "Here as well." not in shown
    assert finding.title in shown
