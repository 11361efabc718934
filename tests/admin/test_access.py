"""Who may sit at the staff desk, what opens there, and what never shows."""

from __future__ import annotations

import json

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.test import Client

from correspondence.models import Heartbeat, Letter, NewsletterIssue, Rule, Subscriber, Suppression
from correspondence.suppression import suppress
from discussions.models import Comment
from findings.models import Finding, Headings, Resource, Theme
from mentoring.models import FollowUp, MentoringSession, Slot
from participants.models import Cohort, Invitation, Membership, Mentor, Mentorship, Organisation, Seat, User
from participants.staff import ensure_staff_group
from research.models import Experiment, KindLabel, NoteVersion, ResearchNote, ResearchPhase
from tests import factories
from tests.admin.desk import at_the_desk, no_rows, page_of, registered, request_of, text_of
from tests.factories import NOW
from workshops.models import Attendance, Workshop

pytestmark = pytest.mark.django_db

CANARY = "kingfisher"


@pytest.fixture
def programme() -> Cohort:
    """One row at least of everything the desk shows, and a private draft beside them."""
    cohort = factories.a_cohort("desk")
    museum = factories.a_membership(cohort, "Sample Museum")
    author = factories.a_participant(museum)
    phase, workshop = factories.a_phase(cohort), factories.a_workshop(cohort)
    Attendance.objects.create(workshop=workshop, user=author, reply="yes", dietary_needs="Vegan", replied_at=NOW)
    note = factories.a_note(museum, author, phase=phase, may_be_quoted=True, title="A shared note")
    factories.a_note(
        museum,
        author,
        phase=phase,
        audience=ResearchNote.Audience.ME,
        title=f"Draft {CANARY}",
        body=f"Private: {CANARY}",
        may_be_quoted=True,
        experiment=factories.an_experiment(museum),
    )
    session = factories.a_session(factories.a_slot(factories.a_mentor(museum)), museum, author)
    factories.a_follow_up(session)
    factories.a_remark(session, f"Among mentors: {CANARY}")
    topic = factories.a_topic(cohort, author)
    factories.a_comment(topic.discussion, author)
    factories.a_comment(note.discussion, author)
    finding = factories.a_finding(cohort, museum)
    factories.an_excerpt(finding, note)
    Headings.objects.create(cohort=cohort, thought="Our sample hunch")
    factories.agreed(finding)
    finding.publish(NOW, None)
    factories.a_published_report(cohort, finding)
    Theme.objects.create(cohort=cohort, name="Place", slug="place")
    Resource.objects.create(title="A report")
    KindLabel.objects.create(cohort=cohort, kind="hunch", label="Guess")
    Invitation.objects.create(email="new@sample.example", cohort=cohort, membership=museum, expires_at=NOW)
    Subscriber.objects.create(address="reader@sample.example", asked_at=NOW)
    suppress("gone@sample.example", Suppression.Why.BOUNCED, NOW, "550 no such user")
    NewsletterIssue.objects.create(subject="Spring", body="Hello.")
    Rule.objects.get_or_create(kind="phase_opens", defaults={"label": "Phase opens"})
    Letter.objects.create(
        key="a", kind="phase_opens", address="p@sample.example", subject="Opens", body="x", due_at=NOW
    )
    return cohort


def test_everybody_signs_in_like_everywhere_else():
    response = Client().get("/admin/", follow=True)

    assert response.redirect_chain[-1][0].startswith("/accounts/login/?next=")


def test_participants_and_mentors_are_told_that_the_desk_is_not_theirs():
    for user in (factories.a_participant(), factories.a_mentor(factories.a_membership()).user):
        client = at_the_desk(user)

        assert client.get("/admin/").status_code == 403
        assert client.get("/admin/login/").status_code == 403
        assert client.get(page_of(User, "changelist")).status_code == 403


def test_staff_find_the_desk_open():
    assert at_the_desk().get("/admin/").status_code == 200


def test_signing_out_and_passwords_are_where_they_are_for_everyone():
    client = at_the_desk()

    assert client.post("/admin/logout/").url == "/accounts/logout/"
    assert client.get("/admin/password_change/").url == "/accounts/password/change/"


def test_every_kind_of_row_has_its_list_its_form_and_its_history(programme):
    user = factories.staff()
    client = at_the_desk(user)
    assert len(registered()) == 28
    for model in registered():
        desk = admin.site._registry[model]
        assert client.get(page_of(model, "changelist")).status_code == 200, model
        assert client.get(page_of(model, "changelist"), {"q": "sample"}).status_code == 200, model
        if desk.has_add_permission(request_of(user)):
            assert client.get(page_of(model, "add")).status_code == 200, model
        row = desk.get_queryset(request_of(user)).first()
        assert row is not None, model
        assert client.get(page_of(model, "change", row.pk)).status_code == 200, model
        assert client.get(page_of(model, "history", row.pk)).status_code == 200, model
        if desk.has_delete_permission(request_of(user), row):
            assert client.get(page_of(model, "delete", row.pk)).status_code == 200, model


def test_what_is_not_for_the_desk_is_not_there():
    labels = {model._meta.label for model in registered()}

    assert labels & {"mentoring.Remark", "research.NoteVersion", "correspondence.Heartbeat"} == set()
    assert {label for label in labels if label.split(".")[0] in {"auth", "account", "mfa", "usersessions"}} == set()


def test_a_private_draft_shows_nowhere_at_the_desk(programme):
    user = factories.staff()
    client = at_the_desk(user)
    draft = ResearchNote.objects.get(audience="me")
    said = {"/admin/": client.get("/admin/")}
    for model in registered():
        desk = admin.site._registry[model]
        for query in ({}, {"q": "draft"}, {"q": CANARY[:5]}):
            path = page_of(model, "changelist")
            said[f"{path} {query}"] = client.get(path, query)
        for row in desk.get_queryset(request_of(user))[:5]:
            for page in ("change", "history", "delete"):
                path = page_of(model, page, row.pk)
                said[path] = client.get(path)
    for page in ("change", "history", "delete"):
        path = page_of(ResearchNote, page, draft.pk)
        said[path] = client.get(path, follow=True)
    for finding in Finding.objects.all():
        for page in ("ask", "publish", "withdraw"):
            path = page_of(Finding, page, finding.pk)
            said[path] = client.get(path)
        said["words"] = client.get(page_of(Finding, "change", finding.pk), {"notes-words": CANARY})
        said["quote"] = client.get(page_of(Finding, "quote", finding.pk, draft.pk))

    assert "A shared note" in text_of(said[page_of(ResearchNote, "changelist") + " {}"])
    assert said["quote"].status_code == 404
    # What was searched for is repeated in the search box; apart from that nothing of the draft is on any page.
    shown = {path for path, page in said.items() if CANARY in page.content.decode() and path != "words"}
    assert shown == set()
    assert "Draft" not in text_of(said["words"])


def test_no_list_answers_questions_about_columns_it_does_not_show(programme):
    client = at_the_desk()
    questions = [
        (Membership, "notes__title__startswith", "Draft"),
        (Membership, "notes__body__icontains", CANARY),
        (Membership, "cohort__memberships__notes__body__icontains", CANARY),
        (ResearchPhase, "notes__title", f"Draft {CANARY}"),
        (User, "password__startswith", "!"),
        (User, "notes__title__startswith", "Draft"),
        (Letter, "body__contains", "x"),
        (Letter, "subject__contains", "Opens"),
        (Subscriber, "token__startswith", "a"),
        (Invitation, "token__startswith", "a"),
    ]
    for model, lookup, value in questions:
        assert client.get(page_of(model, "changelist"), {lookup: value}).status_code == 400, lookup
    cohort = Cohort.objects.get()
    allowed = client.get(page_of(Membership, "changelist"), {"cohort__id__exact": cohort.pk})
    assert allowed.status_code == 200


def test_autocomplete_finds_people_and_organisations_and_no_drafts(programme):
    client = at_the_desk()

    def found(model: str, field: str, app: str, words: str) -> list[str]:
        query = {"app_label": app, "model_name": model, "field_name": field, "term": words}
        return [row["text"] for row in json.loads(client.get("/admin/autocomplete/", query).content)["results"]]

    assert found("seat", "membership", "participants", "museum") == ["Sample Museum"]
    assert found("seat", "user", "participants", CANARY) == []


def test_deleting_names_no_draft_that_stands_in_the_way(programme):
    phase = ResearchPhase.objects.get()

    page = text_of(at_the_desk().get(page_of(ResearchPhase, "delete", phase.pk)))

    assert "research notes: 2" in page
    assert CANARY not in page
    assert "A shared note" not in page


def test_a_phase_with_notes_is_not_deleted_and_an_empty_one_is(programme):
    client = at_the_desk()
    full, empty = ResearchPhase.objects.get(), factories.a_phase(programme, 2)

    refused = client.post(page_of(ResearchPhase, "delete", full.pk), {"post": "yes"})
    client.post(page_of(ResearchPhase, "delete", empty.pk), {"post": "yes"})

    assert refused.status_code < 500
    assert list(ResearchPhase.objects.all()) == [full]


@pytest.mark.parametrize(
    "model", [User, Cohort, Seat, Mentor, ResearchNote, Experiment, Letter, MentoringSession, Comment]
)
def test_what_others_rest_on_cannot_be_deleted(programme, model):
    user = factories.staff()
    row = admin.site._registry[model].get_queryset(request_of(user)).first()

    response = at_the_desk(user).post(page_of(model, "delete", row.pk), {"post": "yes"})

    assert response.status_code == 403
    assert model.objects.filter(pk=row.pk).exists()


def test_notes_and_letters_are_read_and_not_rewritten(programme):
    client = at_the_desk()
    note, letter = ResearchNote.objects.exclude(audience="me").get(), Letter.objects.get()

    answers = [
        client.post(page_of(ResearchNote, "change", note.pk), {"title": "Other", "body": "Other"}).status_code,
        client.post(page_of(ResearchNote, "add"), {"title": "Other"}).status_code,
        client.post(page_of(Letter, "change", letter.pk), {"subject": "Other"}).status_code,
        client.post(page_of(Letter, "add"), {"subject": "Other"}).status_code,
    ]

    assert answers == [403, 403, 403, 403]
    note.refresh_from_db()
    letter.refresh_from_db()
    assert (note.title, letter.subject) == ("A shared note", "Opens")


def test_a_letter_with_a_code_shows_neither_subject_nor_text():
    secret = Letter.objects.create(
        key="s",
        kind="sign_in_code",
        address="p@sample.example",
        subject="Your code is ABCD-1234",
        body="ABCD-1234",
        is_secret=True,
        due_at=NOW,
        headers={"X-Code": "ABCD-1234"},
        state=Letter.State.FAILED,
    )
    client = at_the_desk()
    pages = [
        client.get(page_of(Letter, "changelist")),
        client.get(page_of(Letter, "changelist"), {"q": "p@sample.example"}),
        client.get(page_of(Letter, "change", secret.pk)),
        client.get(page_of(Letter, "history", secret.pk)),
        client.post(page_of(Letter, "changelist"), {"action": "send_again", "_selected_action": [secret.pk]}),
    ]

    assert ["p@sample.example" in text_of(page) for page in pages] == [True] * 5
    assert ["ABCD-1234" in page.content.decode() for page in pages] == [False] * 5
    assert "0 found" in text_of(client.get(page_of(Letter, "changelist"), {"q": "ABCD"}))


def test_a_letter_without_a_code_can_be_read(programme):
    page = text_of(at_the_desk().get(page_of(Letter, "change", Letter.objects.get().pk)))

    assert "Opens" in page


def test_staff_without_a_group_see_how_the_cohort_stands_and_change_nothing(programme):
    client = at_the_desk(factories.a_user(is_staff=True))

    assert client.get("/admin/").status_code == 200
    assert client.get(page_of(Cohort, "changelist")).status_code == 403


def test_the_staff_group_opens_every_page_of_the_desk(programme):
    user = factories.a_user(is_staff=True)
    user.groups.add(ensure_staff_group())
    client = at_the_desk(user)

    assert {model for model in registered() if client.get(page_of(model, "changelist")).status_code != 200} == set()


def test_the_staff_group_is_made_once():
    ensure_staff_group()
    number = ensure_staff_group().permissions.count()

    assert Group.objects.count() == 1
    assert ensure_staff_group().permissions.count() == number


def test_only_a_superuser_says_who_is_staff(programme):
    group_member = factories.a_user(is_staff=True)
    group_member.groups.add(ensure_staff_group())
    participant = factories.a_participant(name="Pat")
    page = page_of(User, "change", participant.pk)
    address = participant.emailaddress_set.get()
    posted = {
        "name": "Pat Other",
        "is_active": "on",
        "is_staff": "on",
        "is_superuser": "on",
        "emailaddress_set-TOTAL_FORMS": "1",
        "emailaddress_set-INITIAL_FORMS": "1",
        "emailaddress_set-0-id": address.pk,
        "emailaddress_set-0-user": participant.pk,
        "emailaddress_set-0-email": address.email,
        **no_rows("seats"),
    }

    at_the_desk(group_member).post(page, posted)
    participant.refresh_from_db()
    by_group = (participant.name, participant.is_staff, participant.is_superuser)
    at_the_desk().post(page, {**posted, "is_superuser": ""})
    participant.refresh_from_db()

    assert by_group == ("Pat Other", False, False)
    assert (participant.is_staff, participant.is_superuser) == (True, False)
    assert participant.groups.get().name == "Culture24 staff"


def test_staff_who_are_no_superusers_cannot_take_over_another_staff_account():
    group_member = factories.a_user(is_staff=True)
    group_member.groups.add(ensure_staff_group())
    boss = factories.staff()

    response = at_the_desk(group_member).post(page_of(User, "change", boss.pk), {"name": "Mine"})

    assert response.status_code == 403


def test_no_password_shows_on_a_person(programme):
    user = factories.staff()
    user.set_password("a long test password")
    user.save()
    client = at_the_desk(user)

    page = client.get(page_of(User, "change", user.pk)).content.decode()

    assert user.email in page
    assert user.password not in page
    assert user.calendar_token not in page


def test_the_desk_allows_no_script_or_style_but_its_own():
    policy = at_the_desk().get("/admin/").headers["Content-Security-Policy"]

    assert "script-src 'self';" in f"{policy};"
    assert "style-src 'self';" in f"{policy};"


def test_a_list_takes_as_many_queries_for_thirty_rows_as_for_three(programme, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = at_the_desk()
    museum = Membership.objects.get()

    def count(model) -> int:
        client.get(page_of(model, "changelist"))
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get(page_of(model, "changelist"))
        return len(queries)

    models = [ResearchNote, Membership, Seat, User, Workshop, Finding, Comment, FollowUp, Slot, Mentor, Mentorship]
    before = {model: count(model) for model in models}
    session = MentoringSession.objects.get()
    for number in range(10):
        other = factories.a_membership(museum.cohort)
        author = factories.a_participant(other)
        note = factories.a_note(other, author)
        factories.a_comment(note.discussion, author)
        factories.a_finding(museum.cohort, other)
        factories.a_workshop(museum.cohort, number + 2)
        factories.a_mentor(other)
        factories.a_follow_up(session)

    assert {model: count(model) for model in models} == before


def test_the_heartbeat_shows_on_the_first_page(programme):
    Heartbeat.objects.create(name="clock", at=NOW)

    assert "Clock ticked 14 May, 12:00:00: it stands still" in text_of(at_the_desk().get("/admin/"))


def test_versions_stay_out_of_reach(programme):
    assert NoteVersion.objects.count() == 2
    assert at_the_desk().get("/admin/research/noteversion/").status_code == 404


def test_organisations_of_every_cohort_are_on_one_list(programme):
    assert "Sample Museum" in text_of(at_the_desk().get(page_of(Organisation, "changelist")))
