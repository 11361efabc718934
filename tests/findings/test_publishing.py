"""Publishing at a chosen time, a typo after a yes, and links that lead nowhere."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError

from correspondence.models import Letter
from findings import consent, publishing
from findings.models import AgreementRecord, Finding, Release
from findings.wording import dead_links, stands_in_text, typo
from tests.factories import (
    NOW,
    a_cohort,
    a_finding,
    a_membership,
    a_note,
    a_participant,
    a_published_finding,
    agreed,
    an_excerpt,
    staff,
)

from .test_writing import form_of, path_of

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(days=2)


def scheduled(name="Harbour Museum", **extra):
    membership = a_membership(a_cohort(), name)
    finding = a_finding(membership.cohort, membership, **extra)
    agreed(finding)
    finding.schedule(LATER, staff(), "", NOW)
    return finding


def reload(finding):
    return Finding.objects.get(pk=finding.pk)


def test_a_scheduled_finding_is_published_at_its_minute_once(client):
    finding = scheduled()
    assert publishing.publish_due(LATER - timedelta(seconds=1)) == 0
    assert client.get(f"/findings/{finding.slug}/").status_code == 404
    assert [publishing.publish_due(LATER), publishing.publish_due(LATER)] == [1, 0]
    assert client.get(f"/findings/{finding.slug}/").status_code == 200
    assert Release.objects.count() == 1
    assert reload(finding).publish_at is None


def test_what_stands_in_the_way_at_that_minute_stops_it_and_staff_get_a_letter():
    finding = scheduled()
    consent.answer(finding.agreements.get(), a_participant(finding.membership), "no", "", NOW)
    assert publishing.publish_due(LATER) == 0
    now = reload(finding)
    assert (now.state, now.publish_at) == (Finding.State.WITH_ORGANISATION, None)
    assert now.publish_trouble == "Harbour Museum said no."
    letter = Letter.objects.get(kind="finding_not_published")
    assert letter.address == finding.publish_by.email
    assert "- Harbour Museum said no." in letter.body
    assert publishing.publish_due(LATER + timedelta(minutes=1)) == 0
    assert Letter.objects.filter(kind="finding_not_published").count() == 1


def test_one_that_cannot_be_published_does_not_keep_another_from_it():
    first, second = scheduled(), scheduled("Moor Museum")
    consent.answer(first.agreements.get(), a_participant(first.membership), "no", "", NOW)
    assert publishing.publish_due(LATER) == 1
    assert reload(second).state == Finding.State.PUBLISHED


def test_a_moment_that_is_past_or_words_without_a_yes_are_not_scheduled():
    finding = a_finding(a_cohort(), a_membership(a_cohort()))
    with pytest.raises(ValidationError, match="past"):
        finding.schedule(NOW, staff(), "", NOW)
    with pytest.raises(ValidationError, match="has not been asked"):
        finding.schedule(LATER, staff(), "", NOW)
    assert reload(finding).publish_at is None


def desk(client):
    client.force_login(staff("Desk Staff"))


def test_the_desk_schedules_by_londons_clock_and_takes_off_again(client):
    membership = a_membership(a_cohort(), "Harbour Museum")
    finding = a_finding(membership.cohort, membership)
    agreed(finding)
    desk(client)
    path = f"/admin/findings/finding/{finding.pk}/"
    given = {"confirmed": "yes", "when": "later", "day": "2099-07-01", "time": "09:30"}
    assert client.post(f"{path}publish/", given).status_code == 302
    assert reload(finding).publish_at == datetime(2099, 7, 1, 8, 30, tzinfo=UTC)
    page = client.get(f"{path}change/").content.decode()
    assert "Scheduled for 1 July 2099, 09:30, London time." in page
    assert 'name="title"' not in page
    client.post(f"{path}unschedule/", {"confirmed": "yes"})
    assert reload(finding).publish_at is None
    assert 'name="title"' in client.get(f"{path}change/").content.decode()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"day": "2019-03-31", "time": "01:30"}, "This time does not exist"),
        ({"day": "2018-05-01", "time": "09:00"}, "That moment is past"),
        ({"day": "", "time": "09:00"}, "Say when"),
        ({"day": "2099-02-30", "time": "09:00"}, "Enter a valid date."),
    ],
)
def test_a_time_that_cannot_be_is_refused_with_a_sentence(client, given, message):
    finding = a_finding(a_cohort())
    desk(client)
    path = f"/admin/findings/finding/{finding.pk}/publish/"
    answer = client.post(path, {"confirmed": "yes", "when": "later", **given})
    assert answer.status_code == 422
    assert message in answer.content.decode()
    assert reload(finding).publish_at is None
    assert not Release.objects.exists()


BEFORE = {"title": "Teh title", "highlight": "", "summary": "We asked 30 people.", "sections": [], "excerpts": []}


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"title": "The title"}, "“Teh” → “The”"),
        ({}, ""),
        ({"summary": "We asked 31 people."}, ""),
        ({"summary": "We never asked 30 people."}, ""),
        ({"summary": "Something else altogether, and much longer than what stood there before."}, ""),
        ({"outcome": "Worked"}, ""),
    ],
)
def test_a_typo_is_a_few_letters_and_no_figure_and_no_denial(change, found):
    assert typo(BEFORE, {**BEFORE, **change}) == found


def test_a_corrected_typo_keeps_the_yes_and_other_changes_do_not(client):
    membership = a_membership(a_cohort(), "Harbour Museum")
    person = a_participant(membership)
    finding = a_finding(membership.cohort, membership, summary="Peple film.")
    consent.ask(finding, NOW)
    consent.answer(finding.agreements.get(), person, "yes", "", NOW)
    desk(client)
    path = path_of(finding)
    assert client.post(path, form_of(client, finding, summary="Nobody films, ever.", is_typo="on")).status_code == 422
    assert client.post(path, form_of(client, finding, summary="People film.", is_typo="on")).status_code == 302
    assert reload(finding).hindrances() == []
    record = AgreementRecord.objects.last()
    assert (record.is_typo, record.remark) == (True, "“Peple” → “People”")
    client.force_login(person)
    assert "a typo was corrected" in client.get(finding.agreement_path()).content.decode()
    desk(client)
    client.post(path, form_of(client, finding, summary="People film all."))
    assert reload(finding).hindrances() == ["Harbour Museum agreed to another wording: ask again."]


def test_links_that_lead_nowhere_are_named_before_publishing():
    public = a_published_finding(a_cohort())
    public.former_slugs.create(slug="once")
    draft = a_finding(a_cohort(), slug="a-draft")
    body = (
        f"[good](https://museum.example/a) [own](/findings/{public.slug}/) [mail](mailto:a@b.example) [part](#part)\n"
        f"[bad](www.museum.example) [draft](/findings/{draft.slug}/) [gone](/no-such-page/) <ftp://x.example/y>\n"
        "[full](http://localhost:8000/nowhere/)\n\n[ref]: /also-nowhere/\n\n"
        "[former](/findings/once/) [list](/findings/) [note](/cohorts/lgr6/notes/) [report](/reports/not-out/)"
    )
    assert dead_links({"sections": [{"body": body}]}) == [
        "The link to www.museum.example leads nowhere.",
        "The link to /findings/a-draft/ leads nowhere.",
        "The link to /no-such-page/ leads nowhere.",
        "The link to ftp://x.example/y leads nowhere.",
        "The link to http://localhost:8000/nowhere/ leads nowhere.",
        "The link to /also-nowhere/ leads nowhere.",
        "The link to /cohorts/lgr6/notes/ leads nowhere.",
        "The link to /reports/not-out/ leads nowhere.",
    ]
    finding = a_finding(a_cohort(), learned="[bad](/no-such-page/)")
    with pytest.raises(ValidationError, match="leads nowhere"):
        finding.publish(NOW, staff())


def test_a_quotation_in_the_text_is_found_whatever_its_spacing():
    content = {
        "title": "",
        "summary": "",
        "sections": [{"body": "They said: *three groups asked\nif they could film*."}],
    }
    assert stands_in_text("Three groups asked if they could film", content)
    assert not stands_in_text("Four groups asked if they could film", content)
    assert not stands_in_text("groups asked", content)


def test_the_desk_shows_who_answered_for_an_excerpt(client):
    membership = a_membership(a_cohort(), "Moor Museum")
    writer = a_participant(membership, "Wanda Writer")
    finding = a_finding(membership.cohort)
    excerpt = an_excerpt(finding, a_note(membership, writer, may_be_quoted=True, body="Some words here."))
    consent.ask(finding, NOW)
    consent.answer_excerpt(excerpt, "organisation", writer, "change", NOW, proposal="Other words.")
    desk(client)
    page = client.get(f"/admin/findings/finding/{finding.pk}/change/").content.decode()
    assert "the organisation: wants other words, Wanda Writer" in page
    reword = f"/admin/findings/finding/{finding.pk}/excerpts/{excerpt.pk}/reword/"
    assert reword in page
    assert "Other words." in client.get(reword).content.decode()
    assert client.post(reword, {"confirmed": "yes"}).status_code == 302
    excerpt.refresh_from_db()
    assert excerpt.wording == "Other words."
