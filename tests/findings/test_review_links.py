"""Somebody without an account reads and answers by a link of their own, for a fortnight."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from correspondence.models import Letter
from findings import consent
from findings.models import AgreementRecord, Permission, ReviewLink
from tests.factories import a_cohort, a_finding, a_membership, a_note, a_participant, an_excerpt, staff

pytestmark = pytest.mark.django_db

WORDS = "The volunteers chose the questions."


def sent(**extra):
    """A finding that quotes Moor Museum, a link for its director, and the path in the letter."""
    moor = a_membership(a_cohort(), "Moor Museum")
    writer = a_participant(moor, "Wanda Writer")
    finding = a_finding(moor.cohort)
    excerpt = an_excerpt(finding, a_note(moor, writer, may_be_quoted=True, body=WORDS))
    whom = extra or {"membership": moor}
    if "writer" in whom:
        whom = {"writer": writer}
    link = consent.send_link(
        finding, name="Dee Rector", email="dee@moor.example", by=staff(), now=timezone.now(), **whom
    )
    letter = Letter.objects.get(kind="finding_to_review")
    path = re.search(r"http://localhost:8000(/review/\S+/)", letter.body)[1]
    return finding, excerpt, link, path


def test_the_letter_carries_the_key_and_the_database_only_its_hash(client):
    _finding, _, link, path = sent()
    key = path.split("/")[2]
    assert key not in str(ReviewLink.objects.values().get())
    assert ReviewLink.mark_of(key) == link.mark
    assert Letter.objects.get(kind="finding_to_review").is_secret
    page = client.get(path)
    assert page.status_code == 200
    assert WORDS in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    assert page["X-Robots-Tag"] == "noindex"


def test_the_holder_answers_for_the_organisation_and_for_its_excerpts_apart(client):
    finding, excerpt, link, path = sent()
    agreement = finding.agreements.get()
    said = client.post(path, {"agreement": agreement.pk, "digest": finding.digest(), "answer": "yes"})
    assert (said.status_code, said.url) == (302, path)
    client.post(path, {"excerpt": excerpt.pk, "voice": "organisation", "mark": excerpt.mark, "answer": "yes"})
    assert [(row.link, row.by) for row in AgreementRecord.objects.all()] == [(link, None)]
    assert [(row.link, row.voice) for row in Permission.objects.all()] == [(link, "organisation")]
    # The writer's voice is not the director's.
    given = {"excerpt": excerpt.pk, "voice": "writer", "mark": excerpt.mark, "answer": "yes"}
    assert client.post(path, given).status_code == 404
    assert "Dee Rector (by link)" in client.get(path).content.decode()


def test_who_wrote_the_words_answers_by_a_link_for_them_alone(client):
    finding, excerpt, _link, path = sent(writer=True)
    assert WORDS in client.get(path).content.decode()
    agreement = finding.agreements.get()
    given = {"agreement": agreement.pk, "digest": finding.digest(), "answer": "yes"}
    assert client.post(path, given).status_code == 404
    given = {"excerpt": excerpt.pk, "voice": "writer", "mark": excerpt.mark, "answer": "no"}
    assert client.post(path, given).status_code == 302
    excerpt.refresh_from_db()
    assert excerpt.withdrawn_because == "refused"


def test_looking_changes_nothing(client):
    _, _, _, path = sent()
    for _ in range(2):
        client.get(path)
        client.head(path)
    assert not AgreementRecord.objects.exists()
    assert not Permission.objects.exists()


def test_a_closed_link_opens_nothing_and_says_why(client):
    finding, _, link, path = sent()
    assert finding.title in client.get(path).content.decode()
    link.revoke(timezone.now())
    for answer in (client.get(path), client.post(path, {"agreement": 1, "answer": "yes"})):
        assert answer.status_code == 410
        assert "Staff closed it on" in answer.content.decode()
        assert finding.title not in answer.content.decode()
    assert not AgreementRecord.objects.exists()


def test_a_link_ends_by_itself_and_a_wrong_key_is_nothing(client):
    _finding, _, _link, path = sent()
    ReviewLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    ended = client.get(path)
    assert ended.status_code == 410
    assert WORDS not in ended.content.decode()
    assert client.get("/review/not-a-key/").status_code == 404


def test_the_holder_is_written_to_twice_more_and_not_after_an_answer():
    finding, excerpt, link, _ = sent()
    start = link.made_at
    for days in range(1, 14):
        consent.remind_reviewers(start + timedelta(days=days))
    letters = Letter.objects.filter(kind="finding_to_review_missing")
    assert [letter.address for letter in letters] == ["dee@moor.example"] * 2
    Letter.objects.all().delete()
    consent.answer(finding.agreements.get(), link, "yes", "", start)
    consent.answer_excerpt(excerpt, "organisation", link, "yes", start)
    assert consent.remind_reviewers(start + timedelta(days=3)) == 0


def test_staff_send_and_close_a_link_at_the_desk(client):
    finding, *_ = sent()
    client.force_login(staff("Second Staff"))
    moor = finding.agreements.get().membership
    path = f"/admin/findings/finding/{finding.pk}/links/"
    given = {"confirmed": "yes", "voice": f"organisation-{moor.pk}", "name": "Ann Other", "email": "ann@moor.example"}
    assert client.post(path, {**given, "email": "ann@moor.example\r\nBcc: x@x.example"}).status_code == 422
    assert client.post(path, given).status_code == 302
    link = ReviewLink.objects.get(name="Ann Other")
    assert Letter.objects.filter(address="ann@moor.example", kind="finding_to_review").count() == 1
    close = f"/admin/findings/finding/{finding.pk}/links/{link.pk}/close/"
    client.get(close)
    link.refresh_from_db()
    assert link.revoked_at is None
    client.post(close, {"confirmed": "yes"})
    link.refresh_from_db()
    assert link.revoked_at is not None
    assert "closed on" in client.get(path).content.decode()
