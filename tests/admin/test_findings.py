"""A finding at the desk: written from notes, put before the organisations, published, withdrawn."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client

from correspondence.models import Letter
from findings.models import Agreement, Excerpt, Finding
from research.models import ResearchNote
from tests import factories
from tests.admin.desk import at_the_desk, no_rows, page_of, rows, text_of

pytestmark = pytest.mark.django_db


def a_working_copy(finding: Finding, **more: Any) -> dict[str, Any]:
    return {
        "base": finding.version,
        "title": finding.title,
        "slug": finding.slug,
        "summary": finding.summary,
        "learned": finding.learned,
        "membership": finding.membership_id or "",
        **no_rows("excerpts", "agreements", "releases"),
        **more,
    }


def test_staff_write_a_finding_from_notes_and_publish_it():
    cohort = factories.a_cohort()
    museum = factories.a_membership(cohort, "Sample Museum")
    person = factories.a_participant(museum)
    note = factories.a_note(museum, person, may_be_quoted=True, body="They filmed.\r\nWe watched.")
    client = at_the_desk()

    posted = {"cohort": cohort.pk, "title": "People film", "slug": "people-film", "summary": "They do."}
    written = client.post(page_of(Finding, "add"), posted, follow=True)
    finding = Finding.objects.get()
    client.post(
        page_of(Finding, "quote", finding.pk, note.pk), {"confirmed": "yes", "quote": "They filmed.\nWe watched."}
    )
    too_early = client.post(page_of(Finding, "publish", finding.pk), {"confirmed": "yes"})
    asking = client.get(page_of(Finding, "ask", finding.pk))
    letters_before = Letter.objects.filter(kind="finding_to_agree").count()
    client.post(page_of(Finding, "ask", finding.pk), {"confirmed": "yes"})
    letter = Letter.objects.get(kind="finding_to_agree")
    factories.agreed(finding, person)
    preview = client.get(page_of(Finding, "publish", finding.pk))
    before = Client().get("/findings/people-film/").status_code
    client.post(page_of(Finding, "publish", finding.pk), {"confirmed": "yes"})
    page = Client().get("/findings/people-film/")

    assert "quote from the notes below" in text_of(written)
    assert note.title in text_of(written)
    assert too_early.status_code == 409
    assert "Sample Museum has not been asked." in text_of(too_early)
    assert "Sample Museum: Pat Participant" in text_of(asking)
    assert letters_before == 0
    assert letter.address == person.email
    assert ["They filmed." in text_of(preview), "/findings/people-film/" in text_of(preview)] == [True, True]
    assert before == 404
    assert page.status_code == 200
    assert "They filmed." in text_of(page)


def test_words_that_are_not_in_the_note_are_not_quoted():
    cohort = factories.a_cohort()
    note = factories.a_note(factories.a_membership(cohort), may_be_quoted=True)
    finding = factories.a_finding(cohort)
    page = page_of(Finding, "quote", finding.pk, note.pk)

    response = at_the_desk().post(page, {"confirmed": "yes", "quote": "Nobody ever said this."})

    assert response.status_code == 422
    assert "These words are not in that version of the note." in text_of(response)
    assert "Nobody ever said this." in response.content.decode()
    assert Excerpt.objects.count() == 0


def test_only_shared_notes_of_the_cohort_that_may_be_quoted_can_be():
    cohort = factories.a_cohort()
    museum = factories.a_membership(cohort)
    finding = factories.a_finding(cohort)
    closed = [
        factories.a_note(museum, may_be_quoted=False, title="Silent one"),
        factories.a_note(museum, may_be_quoted=True, audience=ResearchNote.Audience.ME, title="Private one"),
        factories.a_note(museum, may_be_quoted=True, deleted_at=factories.NOW, title="Deleted one"),
        factories.a_note(factories.a_membership(), may_be_quoted=True, title="Foreign one"),
    ]
    open_note = factories.a_note(museum, may_be_quoted=True, title="Open one")
    client = at_the_desk()

    page = text_of(client.get(page_of(Finding, "change", finding.pk)))

    assert "Open one" in page
    assert [note.title in page for note in closed] == [False] * 4
    assert [client.get(page_of(Finding, "quote", finding.pk, note.pk)).status_code for note in closed] == [404] * 4
    assert client.get(page_of(Finding, "quote", finding.pk, open_note.pk)).status_code == 200
    assert client.get(page_of(Finding, "quote", finding.pk, uuid.UUID(int=0))).status_code == 404
    assert client.get(page_of(Finding, "quote", finding.pk, "nonsense")).status_code == 404


def test_notes_to_quote_from_are_filtered_by_organisation_phase_and_words():
    cohort = factories.a_cohort()
    museum, gallery = (factories.a_membership(cohort, name) for name in ("Sample Museum", "Sample Gallery"))
    phase = factories.a_phase(cohort)
    factories.a_note(museum, may_be_quoted=True, title="Films in the stores", phase=phase)
    factories.a_note(museum, may_be_quoted=True, title="Volunteers", body="They stay until closing time.")
    factories.a_note(gallery, may_be_quoted=True, title="Films at the gallery")
    page = page_of(Finding, "change", factories.a_finding(cohort).pk)
    client = at_the_desk()

    def shown(**wanted: Any) -> list[bool]:
        query = {"notes-words": "", **{f"notes-{name}": value for name, value in wanted.items()}}
        text = text_of(client.get(page, query))
        return [title in text for title in ("Films in the stores", "Volunteers", "Films at the gallery")]

    assert shown() == [True, True, True]
    assert shown(organisation=museum.pk) == [True, True, False]
    assert shown(phase=phase.pk) == [True, False, False]
    assert shown(words="films") == [True, False, True]
    assert shown(words="films", organisation=gallery.pk) == [False, False, True]
    assert shown(organisation="nonsense") == [True, True, True]


def test_an_excerpt_taken_out_keeps_its_row():
    cohort = factories.a_cohort()
    note = factories.a_note(factories.a_membership(cohort), may_be_quoted=True)
    finding = factories.a_finding(cohort)
    excerpt = factories.an_excerpt(finding, note)
    form = a_working_copy(finding) | rows(
        "excerpts", {"id": excerpt.pk, "finding": finding.pk, "DELETE": "on"}, initial=1
    )

    at_the_desk().post(page_of(Finding, "change", finding.pk), form)

    excerpt.refresh_from_db()
    assert excerpt.withdrawn_at is not None
    assert finding.concerned() == set()


def test_an_excerpt_of_a_note_that_is_private_now_is_not_shown():
    cohort = factories.a_cohort()
    note = factories.a_note(factories.a_membership(cohort), may_be_quoted=True, title="Kingfisher", body="Kingfisher.")
    finding = factories.a_finding(cohort)
    factories.an_excerpt(finding, note)
    client = at_the_desk()
    before = text_of(client.get(page_of(Finding, "change", finding.pk)))
    ResearchNote.objects.filter(pk=note.pk).update(audience=ResearchNote.Audience.ME)

    after = text_of(client.get(page_of(Finding, "change", finding.pk)))

    assert "Kingfisher" in before
    assert "Kingfisher" not in after
    assert "The note is private now" in after


def test_the_second_release_says_what_changed():
    cohort = factories.a_cohort()
    finding = factories.a_published_finding(cohort, factories.a_membership(cohort))
    finding.summary = "Corrected."
    finding.save()
    factories.agreed(finding)
    client = at_the_desk()
    page = page_of(Finding, "publish", finding.pk)

    without = client.post(page, {"confirmed": "yes", "what_changed": ""})
    client.post(page, {"confirmed": "yes", "what_changed": "The number of visitors."})

    assert without.status_code == 422
    assert [(r.number, r.what_changed) for r in finding.releases.order_by("number")] == [
        (1, ""),
        (2, "The number of visitors."),
    ]


def test_changed_words_are_not_published_on_an_old_yes():
    cohort = factories.a_cohort()
    museum = factories.a_membership(cohort, "Sample Museum")
    finding = factories.a_finding(cohort, museum)
    factories.agreed(finding)
    client = at_the_desk()

    client.post(page_of(Finding, "change", finding.pk), a_working_copy(finding, summary="Other words."))
    page = client.post(page_of(Finding, "publish", finding.pk), {"confirmed": "yes"})

    finding.refresh_from_db()
    assert page.status_code == 409
    assert "Sample Museum agreed to another wording: ask again." in text_of(page)
    assert finding.published_at is None


def test_withdrawing_needs_a_reason_and_takes_the_text_from_the_public():
    cohort = factories.a_cohort()
    finding = factories.a_published_finding(cohort, factories.a_membership(cohort), learned="A kingfisher came.")
    client, page = at_the_desk(), page_of(Finding, "withdraw", finding.pk)
    public = finding.get_absolute_url()

    asked = text_of(client.get(page))
    without = client.post(page, {"confirmed": "yes", "because": " "})
    still = "A kingfisher came." in text_of(Client().get(public))
    client.post(page, {"confirmed": "yes", "because": "We counted wrongly."})
    gone = text_of(Client().get(public))

    assert "stays and says when it was withdrawn" in asked
    assert (without.status_code, still) == (422, True)
    assert ["A kingfisher came." in gone, "We counted wrongly." in gone] == [False, True]


def test_a_draft_cannot_be_withdrawn_and_a_finding_about_nobody_asks_nobody():
    finding = factories.a_finding(factories.a_cohort())
    client = at_the_desk()

    withdrawn = client.post(page_of(Finding, "withdraw", finding.pk), {"confirmed": "yes", "because": "x"})
    asked = client.get(page_of(Finding, "ask", finding.pk))

    assert withdrawn.status_code == 409
    assert "There is nobody to ask" in text_of(asked)
    assert Agreement.objects.count() == 0


def test_the_address_of_a_published_finding_is_for_life():
    cohort = factories.a_cohort()
    finding = factories.a_published_finding(cohort, factories.a_membership(cohort))
    client = at_the_desk()

    client.post(page_of(Finding, "change", finding.pk), a_working_copy(finding, slug="other", title="Other title"))
    refused = client.post(page_of(Finding, "delete", finding.pk), {"post": "yes"})

    finding.refresh_from_db()
    assert (finding.slug != "other", finding.title) == (True, "Other title")
    assert refused.status_code == 403


@pytest.mark.parametrize(
    "change",
    [
        {"title": ""},
        {"highlight": "not in the title"},
        {"work_from": "2/5/2018", "work_to": "1/5/2018"},
        {"membership": "999999"},
        {"summary": "x\x00"},
        {"slug": "taken"},
    ],
)
def test_bad_input_to_a_finding_is_answered_in_the_form(change):
    cohort = factories.a_cohort()
    factories.a_finding(cohort, slug="taken")
    finding = factories.a_finding(cohort, factories.a_membership(cohort))

    response = at_the_desk().post(page_of(Finding, "change", finding.pk), a_working_copy(finding, **change))

    assert response.status_code == 422


def test_a_finding_is_about_an_organisation_of_its_own_cohort():
    finding = factories.a_finding(factories.a_cohort())
    stranger = factories.a_membership()

    response = at_the_desk().post(
        page_of(Finding, "change", finding.pk), a_working_copy(finding, membership=stranger.pk)
    )

    assert response.status_code == 422


def test_the_pages_of_a_finding_that_is_not_there_are_not_there():
    client = at_the_desk()

    assert [client.get(page_of(Finding, name, 999)).status_code for name in ("ask", "publish", "withdraw")] == [404] * 3


def test_a_no_that_comes_while_the_form_is_on_its_way_is_not_written_over(rf):
    """The desk read the finding as published; the organisation has withdrawn it since."""
    from types import SimpleNamespace

    from django.contrib import admin

    from findings.models import Finding
    from tests.factories import NOW, a_cohort, a_membership, a_published_finding

    membership = a_membership(a_cohort())
    finding = a_published_finding(membership.cohort, membership)
    as_read = Finding.objects.get(pk=finding.pk)
    finding.withdraw(NOW, "An organisation took back its agreement.")
    as_read.title = "A title typed meanwhile"

    request = rf.post("/")
    request.user = factories.staff()
    admin.site.get_model_admin(Finding).save_model(
        request,
        as_read,
        SimpleNamespace(changed_data=["title", "themes"], cleaned_data={"base": as_read.version}),
        True,
    )

    stored = Finding.objects.get(pk=finding.pk)
    assert (stored.state, stored.title) == (Finding.State.WITHDRAWN, "A title typed meanwhile")
