"""Nothing is published without a traceable, withdrawable yes."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from correspondence.models import Letter
from findings import consent
from findings.consent import WordsChanged
from findings.models import Agreement, AgreementRecord, Finding, Release
from participants.models import Seat
from tests.factories import (
    NOW,
    a_cohort,
    a_finding,
    a_membership,
    a_mentor,
    a_note,
    a_participant,
    a_published_finding,
    an_excerpt,
    permitted,
    staff,
)

pytestmark = pytest.mark.django_db

CANARY = "canary of the museum next door"


def asked(title="People film", **extra):
    """A finding before one organisation, and a person who may answer for it."""
    membership = a_membership(name="Harbour Museum")
    person = a_participant(membership)
    finding = a_finding(membership.cohort, membership, title=title, **extra)
    consent.ask(finding, NOW)
    return finding, person


def page_of(finding):
    return f"/cohorts/{finding.cohort.slug}/findings/{finding.slug}/"


def post(client, finding, answer, digest="", remark=""):
    agreement = finding.agreements.get()
    given = {"agreement": agreement.pk, "digest": digest or finding.digest(), "answer": answer, "remark": remark}
    return client.post(page_of(finding), given)


def reload(finding):
    return Finding.objects.get(pk=finding.pk)


def test_asking_writes_to_everyone_seated_once(client):
    finding, person = asked()
    second = a_participant(finding.membership, "Second Person")
    former = a_participant(finding.membership, "Former Person")
    Seat.objects.get(user=former).end(NOW)
    assert consent.ask(finding, NOW + timedelta(hours=1)) == 1
    letters = Letter.objects.filter(kind="finding_to_agree")
    assert sorted(letters.values_list("address", flat=True)) == sorted([person.email, second.email])
    letter = letters.get(address=person.email)
    assert letter.subject == 'Will Harbour Museum agree to this finding? "People film"'
    assert f"http://localhost:8000{page_of(finding)}" in letter.body
    assert reload(finding).state == Finding.State.WITH_ORGANISATION


def test_who_has_answered_for_these_words_is_not_asked_again_but_is_for_others():
    finding, person = asked()
    consent.answer(finding.agreements.get(), person, "yes", "", NOW)
    assert consent.ask(finding, NOW) == 0
    finding.summary = "Other words."
    finding.save()
    assert consent.ask(finding, NOW) == 1


def test_a_cohort_that_is_being_prepared_writes_to_nobody():
    membership = a_membership(a_cohort(status="draft"))
    a_participant(membership)
    assert consent.ask(a_finding(membership.cohort, membership), NOW) == 0
    assert not Letter.objects.exists()


def test_publishing_without_agreement_is_refused_and_names_who_is_missing():
    finding, person = asked()
    other = a_membership(finding.cohort, "Moor Museum")
    an_excerpt(finding, a_note(other, may_be_quoted=True))
    with pytest.raises(ValidationError) as refused:
        finding.publish(NOW, staff())
    assert refused.value.messages == [
        "Harbour Museum has not answered.",
        "Moor Museum has not been asked.",
        "Moor Museum has not answered for the excerpt “Three groups asked if they could film.” of Moor Museum.",
        "Who wrote it has not answered for the excerpt “Three groups asked if they could film.” of Moor Museum.",
    ]
    consent.answer(finding.agreements.get(), person, "no", "", NOW)
    with pytest.raises(ValidationError, match="Harbour Museum said no"):
        finding.publish(NOW, staff())
    assert not Release.objects.exists()


def test_a_yes_opens_the_way_and_taking_it_back_closes_the_page_at_once(client):
    finding, person = asked(summary="Secret no more.")
    client.force_login(person)
    assert post(client, finding, "yes").status_code == 302
    finding.publish(NOW, staff())
    assert client.get(f"/findings/{finding.slug}/").status_code == 200
    answered = client.post(
        page_of(finding),
        {"agreement": finding.agreements.get().pk, "digest": finding.digest(), "answer": "no", "remark": "We changed."},
        follow=True,
    )
    assert "The page has been withdrawn from the public." in answered.content.decode()
    withdrawn = client.get(f"/findings/{finding.slug}/")
    assert withdrawn.status_code == 410
    assert "An organisation took back its agreement." in withdrawn.content.decode()
    assert "Secret no more." not in withdrawn.content.decode()
    assert list(AgreementRecord.objects.values_list("answer", "by", "remark")) == [
        ("yes", person.pk, ""),
        ("no", person.pk, "We changed."),
    ]


def test_a_new_yes_after_a_withdrawal_lets_staff_publish_again():
    finding, person = asked()
    agreement = finding.agreements.get()
    consent.answer(agreement, person, "yes", "", NOW)
    finding.publish(NOW, staff())
    consent.answer(agreement, person, "no", "", NOW + timedelta(days=1))
    with pytest.raises(ValidationError, match="said no"):
        reload(finding).publish(NOW + timedelta(days=2), staff())
    consent.answer(agreement, person, "yes", "", NOW + timedelta(days=3))
    release = reload(finding).publish(NOW + timedelta(days=4), staff())
    assert (release.number, reload(finding).state) == (2, Finding.State.PUBLISHED)
    assert reload(finding).current == release


def test_changed_words_need_a_new_yes():
    finding, person = asked()
    consent.answer(finding.agreements.get(), person, "yes", "", NOW)
    finding.title = "People film everything"
    finding.save()
    with pytest.raises(ValidationError, match="Harbour Museum agreed to another wording"):
        finding.publish(NOW, staff())


def test_a_yes_to_words_that_changed_while_reading_is_not_recorded(client):
    finding, person = asked()
    read = finding.digest()
    finding.summary = "New words to read."
    finding.save()
    client.force_login(person)
    response = post(client, finding, "yes", digest=read, remark="Fine by us.")
    html = response.content.decode()
    assert response.status_code == 409
    assert "The words have changed since you opened this page" in html
    assert "New words to read." in html
    assert "Fine by us.</textarea>" in html
    assert finding.digest() in html
    assert not AgreementRecord.objects.exists()
    with pytest.raises(WordsChanged):
        consent.answer(finding.agreements.get(), person, "yes", "", NOW, read)


def test_a_no_counts_whatever_became_of_the_words(client):
    finding, person = asked()
    consent.answer(finding.agreements.get(), person, "yes", "", NOW)
    finding.publish(NOW, staff())
    read = finding.digest()
    finding.summary = "Staff write on."
    finding.save()
    client.force_login(person)
    assert post(client, finding, "no", digest=read).status_code == 302
    assert reload(finding).state == Finding.State.WITHDRAWN


def test_an_organisation_that_only_the_release_names_can_still_take_its_yes_back(client):
    finding, _ = asked()
    other = a_membership(finding.cohort, "Moor Museum")
    neighbour = a_participant(other)
    excerpt = an_excerpt(finding, a_note(other, may_be_quoted=True, body="Quoted words."))
    consent.ask(finding, NOW)
    for agreement in finding.agreements.all():
        consent.answer(agreement, neighbour, "yes", "", NOW)
    permitted(excerpt)
    finding.publish(NOW, staff())
    excerpt.withdrawn_at = NOW
    excerpt.save()
    Finding.objects.filter(pk=finding.pk).update(summary=CANARY)
    client.force_login(neighbour)
    page = client.get(page_of(finding)).content.decode()
    assert "Quoted words." in page
    assert CANARY not in page
    agreement = finding.agreements.get(membership=other)
    consent.answer(agreement, neighbour, "no", "", NOW)
    assert reload(finding).state == Finding.State.WITHDRAWN


def test_an_organisation_that_nothing_names_any_more_no_longer_reads_it_or_takes_it_down(client):
    finding, person = asked()
    other = a_membership(finding.cohort, "Moor Museum")
    neighbour = a_participant(other)
    excerpt = an_excerpt(finding, a_note(other, may_be_quoted=True))
    consent.ask(finding, NOW)
    excerpt.withdrawn_at = NOW
    excerpt.save()
    consent.answer(finding.agreements.get(membership=finding.membership), person, "yes", "", NOW)
    finding.publish(NOW, staff())
    consent.answer(finding.agreements.get(membership=other), neighbour, "no", "", NOW)
    assert reload(finding).state == Finding.State.PUBLISHED
    client.force_login(neighbour)
    assert client.get(page_of(finding)).status_code == 404
    client.force_login(person)
    assert client.get(page_of(finding)).status_code == 200


def test_outsiders_find_nothing_and_those_asked_find_it(client):
    finding, person = asked(title=CANARY)
    neighbour = a_participant(a_membership(finding.cohort))
    mentor = a_mentor(finding.membership).user
    for outsider in [neighbour, mentor, a_participant()]:
        client.force_login(outsider)
        assert client.get(page_of(finding)).status_code == 404
        assert post(client, finding, "yes").status_code == 404
    client.force_login(neighbour)
    assert CANARY not in client.get(f"/cohorts/{finding.cohort.slug}/findings/").content.decode()
    client.logout()
    assert client.get(page_of(finding)).status_code == 302
    assert not AgreementRecord.objects.exists()
    client.force_login(person)
    assert CANARY in client.get(page_of(finding)).content.decode()
    assert CANARY in client.get(f"/cohorts/{finding.cohort.slug}/findings/").content.decode()


def test_a_draft_is_read_by_staff_alone_and_staff_do_not_answer(client):
    membership = a_membership()
    person = a_participant(membership)
    draft = a_finding(membership.cohort, membership, title=CANARY)
    client.force_login(person)
    assert client.get(page_of(draft)).status_code == 404
    client.force_login(staff())
    page = client.get(page_of(draft)).content.decode()
    assert CANARY in page
    assert "Record the answer" not in page
    consent.ask(draft, NOW)
    assert post(client, draft, "yes").status_code == 404
    assert not AgreementRecord.objects.exists()


def test_what_another_organisation_answered_is_for_staff(client):
    finding, person = asked()
    other = a_membership(finding.cohort, "Moor Museum")
    neighbour = a_participant(other, "Nora Neighbour")
    an_excerpt(finding, a_note(other, may_be_quoted=True))
    consent.ask(finding, NOW)
    consent.answer(finding.agreements.get(membership=other), neighbour, "no", CANARY, NOW)
    client.force_login(person)
    page = client.get(page_of(finding)).content.decode()
    assert "Moor Museum" in page
    assert CANARY not in page
    assert "Nora Neighbour" not in page
    client.force_login(staff())
    assert CANARY in client.get(page_of(finding)).content.decode()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"answer": ""}, "Choose yes or no."),
        ({"answer": "perhaps"}, "Choose yes or no."),
        ({"remark": "x" * 2001}, "at most 2000 characters"),
        ({"remark": "a\x00b"}, "Null characters are not allowed."),
    ],
)
def test_a_faulty_answer_is_refused_with_what_was_typed(client, changes, message):
    finding, person = asked()
    client.force_login(person)
    given = {"answer": "yes", "remark": "Kept words.", **changes}
    response = post(client, finding, given["answer"], remark=given["remark"])
    assert response.status_code == 422
    assert message in response.content.decode()
    assert f'href="#answer-{finding.agreements.get().pk}">something is missing' in response.content.decode()
    assert given["remark"][:50].replace("\x00", "") in response.content.decode().replace("\x00", "")
    assert not AgreementRecord.objects.exists()


def test_the_same_answer_twice_is_one_line_of_history():
    finding, person = asked()
    for _ in range(2):
        consent.answer(finding.agreements.get(), person, "yes", "", NOW)
    assert AgreementRecord.objects.count() == 1
    assert Agreement.objects.get().digest == finding.digest()


def test_publishing_the_same_words_twice_makes_one_release():
    finding = a_published_finding(a_cohort())
    again = Finding.objects.get(pk=finding.pk)
    first = finding.current
    assert again.publish(NOW + timedelta(minutes=1), staff()) == first
    assert Release.objects.count() == 1


def test_a_quote_of_a_note_that_may_no_longer_be_quoted_stops_publishing():
    finding, person = asked()
    note = a_note(finding.membership, may_be_quoted=True)
    permitted(an_excerpt(finding, note))
    consent.answer(finding.agreements.get(), person, "yes", "", NOW)
    note.may_be_quoted = False
    note.save()
    with pytest.raises(ValidationError, match="may no longer be quoted"):
        finding.publish(NOW, staff())


def test_only_what_was_published_can_be_withdrawn_and_the_first_reason_stands():
    finding, _ = asked()
    with pytest.raises(ValidationError, match="Only a published finding"):
        finding.withdraw(NOW, because="Too early.")
    published = a_published_finding(a_cohort())
    published.withdraw(NOW, because="First.")
    published.withdraw(NOW + timedelta(days=1), because="Second.")
    assert (reload(published).withdrawn_at, reload(published).withdrawn_because) == (NOW, "First.")


def test_the_list_takes_as_many_queries_for_thirty_findings_as_for_three(client):
    membership = a_membership()
    person = a_participant(membership)
    client.force_login(person)

    def add(count):
        for _ in range(count):
            a_finding(membership.cohort, membership).ask(NOW)

    add(3)
    path = f"/cohorts/{membership.cohort.slug}/findings/"
    client.get(path)  # The first request of a session notes that it was used.
    few = queries(client, path)
    add(27)
    assert queries(client, path) == few
    assert "30 findings" in client.get(path).content.decode()


def queries(client, path):
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return len(captured)
