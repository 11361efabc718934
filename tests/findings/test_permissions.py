"""Excerpt by excerpt: two voices, exact words, taken back at any time."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from correspondence import reminders
from correspondence.models import Letter
from findings import consent, tasks
from findings.consent import WordsChanged
from findings.models import Excerpt, Finding, Permission
from lgr6.clock import wind_up
from tests.factories import (
    NOW,
    a_cohort,
    a_finding,
    a_membership,
    a_note,
    a_participant,
    agreed,
    an_excerpt,
    permitted,
    staff,
)

pytestmark = pytest.mark.django_db

WORDS = "Three groups asked if they could film themselves."
OTHER = "Nobody filmed in the rain, and we asked why."


def quoted(words=WORDS, cohort=None, **extra):
    """A finding of the whole cohort that quotes Moor Museum, with a colleague and the writer there."""
    moor = a_membership(cohort or a_cohort(), "Moor Museum")
    writer, colleague = a_participant(moor, "Wanda Writer"), a_participant(moor, "Col League")
    note = a_note(moor, writer, may_be_quoted=True, body=f"{WORDS} {OTHER}")
    finding = a_finding(moor.cohort, **extra)
    return finding, an_excerpt(finding, note, words), writer, colleague


def published(**extra):
    finding, excerpt, writer, colleague = quoted(**extra)
    consent.ask(finding, NOW)
    consent.answer(finding.agreements.get(), colleague, "yes", "", NOW)
    consent.answer_excerpt(excerpt, "organisation", colleague, "yes", NOW)
    consent.answer_excerpt(excerpt, "writer", writer, "yes", NOW)
    reload(finding).publish(NOW, staff())
    return reload(finding), excerpt, writer, colleague


def reload(row):
    return type(row).objects.get(pk=row.pk)


def page_of(finding):
    return f"/cohorts/{finding.cohort.slug}/findings/{finding.slug}/"


def post(client, excerpt, voice, answer, **more):
    given = {"excerpt": excerpt.pk, "voice": voice, "mark": reload(excerpt).mark, "answer": answer, **more}
    return client.post(page_of(excerpt.finding), given)


def test_an_excerpt_is_published_with_both_voices_and_not_with_one():
    finding, excerpt, writer, colleague = quoted()
    consent.ask(finding, NOW)
    consent.answer(finding.agreements.get(), colleague, "yes", "", NOW)
    consent.answer_excerpt(excerpt, "organisation", colleague, "yes", NOW)
    with pytest.raises(ValidationError) as refused:
        finding.publish(NOW, staff())
    short = f"“{WORDS}”"
    assert refused.value.messages == [f"Who wrote it has not answered for the excerpt {short} of Moor Museum."]
    consent.answer_excerpt(excerpt, "writer", writer, "yes", NOW)
    assert finding.publish(NOW, staff()).content["excerpts"][0]["quote"] == WORDS


def test_of_a_writer_who_is_gone_the_organisation_speaks_alone():
    finding, excerpt, writer, colleague = quoted()
    writer.is_active = False
    writer.save()
    consent.ask(finding, NOW)
    consent.answer(finding.agreements.get(), colleague, "yes", "", NOW)
    consent.answer_excerpt(excerpt, "organisation", colleague, "yes", NOW)
    assert finding.publish(NOW, staff()).number == 1


def test_a_no_leaves_the_excerpt_out_and_the_rest_can_be_published():
    cohort = a_cohort()
    finding, excerpt, writer, _colleague = quoted(cohort=cohort)
    harbour = a_membership(cohort, "Harbour Museum")
    kept = an_excerpt(finding, a_note(harbour, may_be_quoted=True, body="We kept the question."))
    agreed(finding)
    consent.answer_excerpt(excerpt, "writer", writer, "no", NOW)
    assert reload(excerpt).withdrawn_because == Excerpt.Why.REFUSED
    release = reload(finding).publish(NOW, staff())
    assert [row["id"] for row in release.content["excerpts"]] == [kept.pk]


def test_a_yes_after_a_no_lets_it_in_again_unless_the_other_voice_refuses():
    finding, excerpt, writer, colleague = quoted()
    consent.answer_excerpt(excerpt, "writer", writer, "no", NOW)
    consent.answer_excerpt(excerpt, "organisation", colleague, "no", NOW)
    consent.answer_excerpt(excerpt, "writer", writer, "yes", NOW)
    assert reload(excerpt).withdrawn_at == NOW
    consent.answer_excerpt(excerpt, "organisation", colleague, "yes", NOW)
    assert reload(excerpt).withdrawn_at is None
    assert list(finding.excerpts.present()) == [excerpt]


def test_what_staff_took_out_no_yes_brings_back():
    _finding, excerpt, writer, _ = quoted()
    consent.take_out(excerpt, NOW)
    consent.answer_excerpt(excerpt, "writer", writer, "yes", NOW)
    assert reload(excerpt).withdrawn_because == Excerpt.Why.STAFF


def test_an_excerpt_withdrawn_after_publishing_leaves_every_public_byte_and_the_page_says_so(client):
    finding, excerpt, writer, _ = published(summary="The summary stays.")
    public = [f"/findings/{finding.slug}{end}" for end in ("/", ".json", ".pdf")] + ["/findings/feed.atom"]
    assert WORDS in client.get(public[0]).content.decode()
    assert WORDS in client.get("/findings/feed.json").json()["items"][0]["content_html"]
    client.force_login(writer)
    assert "gone from what was published" in post_and_follow(client, excerpt, "writer", "no")
    client.logout()
    page = client.get(public[0]).content.decode()
    assert "A quotation or a picture was withdrawn from this finding" in page
    assert "The summary stays." in page
    for path in [*public, "/findings/feed.json", "/findings/"]:
        assert WORDS[:20] not in client.get(path).content.decode("utf-8", "replace")
    now = reload(finding)
    assert (now.state, now.release.number) == (Finding.State.PUBLISHED, 2)
    # Nor do the releases that are kept hold the words; who said what stays with staff.
    assert all(WORDS not in str(release.content) for release in now.releases.all())
    assert [row.answer for row in excerpt.permissions.filter(voice="writer")] == ["yes", "no"]


def post_and_follow(client, excerpt, voice, answer, **more):
    sent = post(client, excerpt, voice, answer, **more)
    assert sent.status_code == 302
    return client.get(sent.url).content.decode()


def test_where_the_words_stand_in_the_text_too_the_text_goes_with_them(client):
    finding, excerpt, writer, _ = published(learned=f"As one said: *{WORDS}*")
    consent.answer_excerpt(excerpt, "writer", writer, "no", NOW)
    gone = client.get(f"/findings/{finding.slug}/")
    assert gone.status_code == 410
    assert "Words quoted in it were withdrawn." in gone.content.decode()
    assert WORDS not in gone.content.decode()


def test_other_words_are_asked_for_taken_over_and_agreed_to_anew(client):
    finding, excerpt, writer, colleague = quoted()
    consent.ask(finding, NOW)
    consent.answer_excerpt(excerpt, "writer", writer, "yes", NOW)
    client.force_login(colleague)
    assert post(client, excerpt, "organisation", "change").status_code == 422
    assert post(client, excerpt, "organisation", "change", proposal="Some groups asked.").status_code == 302
    assert "wants other words" in "".join(reload(finding).hindrances())
    consent.take_over(excerpt, NOW)
    assert reload(excerpt).words == "Some groups asked."
    fresh = finding.excerpts.present().get()
    assert (fresh.has_yes("organisation"), fresh.has_yes("writer")) == (True, False)
    consent.answer_excerpt(excerpt, "writer", writer, "yes", NOW)
    consent.answer(finding.agreements.get(), colleague, "yes", "", NOW)
    content = reload(finding).publish(NOW, staff()).content["excerpts"][0]
    assert (content["quote"], content["is_reworded"]) == ("Some groups asked.", True)
    client.logout()
    assert "in words the organisation chose" in client.get(f"/findings/{finding.slug}/").content.decode()


def test_a_yes_to_words_that_changed_meanwhile_is_not_recorded(client):
    finding, excerpt, _writer, colleague = quoted()
    consent.ask(finding, NOW)
    read = reload(excerpt).mark
    Excerpt.objects.update(wording="Other words.")
    client.force_login(colleague)
    given = {"excerpt": excerpt.pk, "voice": "organisation", "mark": read, "answer": "yes", "remark": "Kept words."}
    answered = client.post(page_of(finding), given)
    assert answered.status_code == 409
    assert "Kept words." in answered.content.decode()
    assert not Permission.objects.exists()
    with pytest.raises(WordsChanged):
        consent.answer_excerpt(excerpt, "organisation", colleague, "yes", NOW, mark=read)


def test_nobody_answers_for_a_voice_that_is_not_theirs(client):
    finding, excerpt, writer, colleague = quoted()
    neighbour = a_participant(a_membership(finding.cohort, "Harbour Museum"))
    consent.ask(finding, NOW)
    for person, voice in [(colleague, "writer"), (neighbour, "organisation"), (staff(), "organisation")]:
        client.force_login(person)
        assert post(client, excerpt, voice, "yes").status_code == 404
    assert not Permission.objects.exists()
    client.force_login(colleague)
    assert post(client, excerpt, "organisation", "yes").status_code == 302
    client.force_login(writer)
    assert post(client, excerpt, "writer", "yes").status_code == 302
    assert {(row.voice, row.by) for row in Permission.objects.all()} == {
        ("organisation", colleague),
        ("writer", writer),
    }


def test_another_organisations_words_are_read_once_they_are_agreed(client):
    finding, excerpt, _, _ = quoted()
    harbour = a_membership(finding.cohort, "Harbour Museum")
    person = a_participant(harbour)
    an_excerpt(finding, a_note(harbour, may_be_quoted=True, body="Harbour words."))
    consent.ask(finding, NOW)
    client.force_login(person)
    page = client.get(page_of(finding)).content.decode()
    assert "Harbour words." in page
    assert WORDS not in page
    permitted(excerpt)
    assert WORDS in client.get(page_of(finding)).content.decode()


def test_silence_is_reminded_of_twice_and_then_leaves_the_excerpt_out():
    wind_up()
    finding, excerpt, writer, colleague = quoted()
    finding.cohort.status = "running"
    finding.cohort.save()
    consent.ask(finding, NOW)
    consent.answer_excerpt(excerpt, "organisation", colleague, "yes", NOW)
    consent.answer(finding.agreements.get(), colleague, "yes", "", NOW)
    for days in range(1, 12):
        reminders.plan(NOW + timedelta(days=days))
    kinds = Letter.objects.filter(kind__startswith="finding_to_agree_missing").order_by("pk")
    assert [(letter.kind, letter.address) for letter in kinds] == [
        ("finding_to_agree_missing", writer.email),
        ("finding_to_agree_missing_again", writer.email),
    ]
    assert consent.leave_out_silent(NOW + timedelta(days=9, hours=23)) == 0
    assert consent.leave_out_silent(NOW + timedelta(days=10)) == 1
    assert reload(excerpt).withdrawn_because == Excerpt.Why.SILENCE
    # A yes that comes late lets it in again.
    consent.answer_excerpt(excerpt, "writer", writer, "yes", NOW + timedelta(days=11))
    assert reload(excerpt).withdrawn_at is None


def test_an_excerpt_with_both_answers_is_never_left_out_for_silence():
    finding, excerpt, _, _ = quoted()
    consent.ask(finding, NOW)
    permitted(excerpt)
    assert consent.leave_out_silent(NOW + timedelta(days=30)) == 0


@pytest.mark.parametrize("change", [{"may_be_quoted": False}, {"audience": "me"}, {}])
def test_a_note_that_may_not_be_quoted_any_more_takes_its_words_from_the_public(client, change):
    finding, excerpt, *_ = published()
    note = excerpt.version.note
    tasks.keep_consent()
    assert WORDS in client.get(f"/findings/{finding.slug}/").content.decode()
    if change:
        type(note).objects.filter(pk=note.pk).update(**change)
    else:
        note.delete_softly(NOW, note.author)
    tasks.keep_consent()
    assert reload(excerpt).withdrawn_because == Excerpt.Why.CLOSED
    page = client.get(f"/findings/{finding.slug}/").content.decode()
    assert WORDS not in page
    assert "A quotation was withdrawn" in page


def test_a_permission_is_somebodys_and_names_the_words_it_wants():
    _, excerpt, writer, _ = quoted()
    given = {"excerpt": excerpt, "voice": "writer", "words": WORDS, "at": NOW}
    for wrong in [
        {"answer": "yes"},
        {"answer": "change", "by": writer},
        {"answer": "no", "by": writer, "proposal": "x"},
    ]:
        with pytest.raises(IntegrityError), transaction.atomic():
            Permission.objects.create(**given, **wrong)
    assert Permission.objects.create(**given, answer="yes", by=writer).pk
