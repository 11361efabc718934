"""What staff do to letters, issues, notes, comments and mentors' times: consequences first, then the deed, once."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from correspondence.holding import active_hold
from correspondence.models import Letter, NewsletterIssue, Rule, Subscriber, Suppression
from correspondence.suppression import suppress
from discussions.models import Comment, Topic
from mentoring.models import FollowUp, MentoringSession, Slot
from participants.staff import ensure_staff_group
from research.models import ResearchNote
from tests import factories
from tests.admin.desk import at_the_desk, chosen, page_of, text_of
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def a_letter(state: str, number: int = 1, **extra) -> Letter:
    return Letter.objects.create(
        key=f"{state} {number}",
        kind="phase_opens",
        address=f"p{number}@sample.example",
        subject="Phase 2 opens",
        body="Hello.",
        due_at=NOW,
        state=state,
        **extra,
    )


def test_a_refused_letter_goes_again_after_the_consequence_was_shown():
    refused, doubtful, sent = a_letter("failed", 1), a_letter("in_doubt", 2), a_letter("sent", 3)
    client, page = at_the_desk(), page_of(Letter, "changelist")

    asked = client.post(page, chosen("send_again", refused, doubtful, sent))
    before = sorted(Letter.objects.values_list("state", flat=True))
    client.post(page, chosen("send_again", refused, doubtful, sent, confirmed="yes"))

    assert "2 letters go out within a minute" in text_of(asked)
    assert "1 may have arrived already" in text_of(asked)
    assert before == ["failed", "in_doubt", "sent"]
    assert {letter.key: letter.state for letter in Letter.objects.all()} == {
        "failed 1": "planned",
        "in_doubt 2": "planned",
        "sent 3": "sent",
    }
    assert LogEntry.objects.filter(change_message="Sent again.").count() == 2


def test_a_sent_letter_is_never_sent_again():
    sent = a_letter("sent")

    response = at_the_desk().post(
        page_of(Letter, "changelist"), chosen("send_again", sent, confirmed="yes"), follow=True
    )

    sent.refresh_from_db()
    assert "Only letters refused, in doubt or too late" in text_of(response)
    assert sent.state == "sent"


def test_a_letter_left_unsent_never_goes():
    waiting, sending = a_letter("planned", 1), a_letter("sending", 2)
    client, page = at_the_desk(), page_of(Letter, "changelist")

    asked = client.post(page, chosen("leave_unsent", waiting, sending))
    client.post(page, chosen("leave_unsent", waiting, sending, confirmed="yes"))

    waiting.refresh_from_db()
    sending.refresh_from_db()
    assert "1 letter is never sent" in text_of(asked)
    assert (waiting.state, sending.state) == ("cancelled", "sending")


def test_mail_is_held_and_released_after_the_numbers_were_shown():
    client, hold = at_the_desk(), reverse("admin:correspondence_letter_hold")
    release = reverse("admin:correspondence_letter_release")
    factories.a_cohort()
    a_letter("planned")
    a_letter("in_doubt", 2)
    before = text_of(client.get(hold))
    client.post(hold)
    assert active_hold() is None
    client.post(hold, {"confirmed": "yes"})
    client.post(release)
    assert active_hold() is not None

    listed, desk, asked = (text_of(client.get(where)) for where in (page_of(Letter, "changelist"), "/admin/", release))
    for _ in range(2):
        client.post(release, {"confirmed": "yes"})

    assert "1 letter would go now and 0 letters later." in before
    assert "Mail is held: release it" in listed
    assert "nothing goes out" in desk
    assert "1 letter due by now goes out within a minute" in asked
    assert "1 letter in doubt stays unsent until you decide" in asked
    assert active_hold() is None


def test_only_who_may_change_letters_may_hold_mail():
    reader = factories.a_user(is_staff=True)
    ensure_staff_group()
    reader.user_permissions.add(Permission.objects.get(codename="view_letter"))
    client = at_the_desk(reader)

    assert client.get(page_of(Letter, "changelist")).status_code == 200
    for deed in ("hold", "release"):
        page = reverse(f"admin:correspondence_letter_{deed}")
        assert client.post(page, {"confirmed": "yes"}).status_code == 403
    assert active_hold() is None


def test_letters_that_need_a_person_are_one_click_away():
    a_letter("failed", 1, about="lgr6")
    a_letter("sent", 2)
    client = at_the_desk()

    page = text_of(client.get(page_of(Letter, "changelist"), {"stuck": "yes"}))

    assert ["p1@sample.example" in page, "p2@sample.example" in page] == [True, False]
    assert client.get(page_of(Letter, "changelist"), {"about": "lgr6"}).status_code == 200


def test_reminders_are_set_by_day_time_and_switch_and_by_nothing_else():
    rule, _ = Rule.objects.update_or_create(kind="phase_opens", defaults={"label": "Phase opens", "days": 0})
    client, page = at_the_desk(), page_of(Rule, "change", "phase_opens")

    client.post(page, {"days": "-2", "at": "08:30", "minutes": "0", "kind": "other", "label": "Other"})
    rule.refresh_from_db()
    bad = [
        client.post(page, {"days": days, "at": at, "minutes": "0"}).status_code
        for days, at in (("x", "08:30"), ("99999999999", "08:30"), ("1", "25:00"))
    ]

    assert (rule.kind, rule.label, rule.days, rule.at.hour, rule.is_on) == ("phase_opens", "Phase opens", -2, 8, False)
    assert bad == [422] * 3
    assert [client.post(page_of(Rule, "add"), {}).status_code] == [403]
    assert "2 days before, at 08:30 in London" in text_of(client.get(page_of(Rule, "changelist")))


def readers(number: int) -> None:
    for n in range(number):
        Subscriber.objects.create(address=f"reader{n}@sample.example", asked_at=NOW, confirmed_at=NOW)
    Subscriber.objects.create(address="unconfirmed@sample.example", asked_at=NOW)
    Subscriber.objects.create(address="gone@sample.example", asked_at=NOW, confirmed_at=NOW, left_at=NOW)


def test_an_issue_goes_to_every_subscriber_once_after_the_number_was_shown():
    readers(3)
    issue = NewsletterIssue.objects.create(subject="Women's stories", body="Spring & co.")
    client, page = at_the_desk(), page_of(NewsletterIssue, "send", issue.pk)

    asked = text_of(client.get(page))
    client.get(page, {"confirmed": "yes"})
    before = Letter.objects.count()
    client.post(page, {"confirmed": "yes"})
    again = client.post(page, {"confirmed": "yes"})

    assert ["to 3 subscribers?" in asked, "cannot be called back" in asked] == [True, True]
    assert before == 0
    assert sorted(Letter.objects.values_list("address", flat=True)) == [f"reader{n}@sample.example" for n in range(3)]
    assert again.status_code == 403
    issue.refresh_from_db()
    assert issue.sent_at is not None
    refused = client.post(page_of(NewsletterIssue, "change", issue.pk), {"subject": "Other", "body": "Other"})
    assert refused.status_code == 403


def test_an_issue_without_readers_is_not_sent():
    issue = NewsletterIssue.objects.create(subject="Spring", body="Hello.")

    page = at_the_desk().get(page_of(NewsletterIssue, "send", issue.pk))

    assert "Nobody subscribes at the moment." in text_of(page)
    assert 'value="Send' not in page.content.decode()


def test_a_subscriber_is_taken_off_the_list_and_never_changed():
    readers(1)
    reader = Subscriber.objects.get(address="reader0@sample.example")
    client = at_the_desk()

    changed = client.post(page_of(Subscriber, "change", reader.pk), {"address": "other@sample.example"})
    client.post(page_of(Subscriber, "changelist"), chosen("take_off_the_list", reader, confirmed="yes"))

    assert changed.status_code == 403
    assert not Subscriber.objects.active().exists()


def test_an_issue_is_read_and_tried_before_it_goes_and_stopped_and_let_go_on_after():
    readers(2)
    issue = NewsletterIssue.objects.create(subject="Women's stories", body="Spring & co.")
    client, deed = at_the_desk(), lambda name: page_of(NewsletterIssue, name, issue.pk)

    assert "Spring & co." in text_of(client.get(deed("read")))
    assert "One letter goes to you" in text_of(client.get(deed("test")))
    client.post(deed("test"), {"confirmed": "yes"})
    assert Letter.objects.get().subject == "Test: Women's stories"
    assert "not on its way" in text_of(client.get(deed("stop"), follow=True))

    client.post(deed("send"), {"confirmed": "yes"})
    assert "Its letters: 2 waiting to go" in text_of(client.get(deed("change")))
    assert "cannot be called back" in text_of(client.get(deed("stop")))
    assert Letter.objects.filter(kind="newsletter", state="planned").count() == 2
    client.post(deed("stop"), {"confirmed": "yes"})
    assert "Stopped. Its letters: 2 waiting for staff" in text_of(client.get(deed("change")))
    assert "Nobody gets it twice" in text_of(client.get(deed("go_on")))
    client.post(deed("go_on"), {"confirmed": "yes"})
    assert Letter.objects.filter(kind="newsletter", state="planned").count() == 2


def test_a_list_is_read_before_anybody_is_asked_and_a_mistake_in_it_loses_nothing():
    readers(1)
    client, page = at_the_desk(), page_of(Subscriber, "ask")
    wrong = "new@sample.example\nnonsense\nreader0@sample.example"

    refused = client.post(page, {"addresses": wrong, "confirmed": "yes"})
    assert refused.status_code == 422
    assert "Line 2: “nonsense” is not an e-mail address." in text_of(refused)
    assert wrong in refused.context["form"]["addresses"].value()

    right = wrong.replace("nonsense\n", "")
    asked = client.post(page, {"addresses": right, "confirmed": "yes"})
    assert ["Ask one address?" in text_of(asked), "subscribes already" in text_of(asked)] == [True, True]
    assert not Letter.objects.exists()
    client.post(page, {"addresses": right, "sure": "other@sample.example", "confirmed": "yes"})
    assert not Letter.objects.exists()
    client.post(page, {"addresses": right, "sure": "new@sample.example", "confirmed": "yes"})
    assert Letter.objects.get().address == "new@sample.example"


def test_an_address_is_erased_after_its_consequences_were_shown():
    readers(1)
    reader, client = Subscriber.objects.get(address="reader0@sample.example"), at_the_desk()

    asked = client.post(page_of(Subscriber, "changelist"), chosen("erase", reader))
    assert "A hash is kept" in text_of(asked)
    assert Subscriber.objects.filter(pk=reader.pk).exists()
    client.post(page_of(Subscriber, "changelist"), chosen("erase", reader, confirmed="yes"))

    assert not Subscriber.objects.filter(pk=reader.pk).exists()
    assert [row.why for row in Suppression.objects.all()] == ["erased"]
    assert not LogEntry.objects.filter(object_repr__contains="reader0").exists()


def test_what_a_server_refused_can_be_tried_again_and_an_owner_s_no_stays():
    suppress("ann@sample.example", Suppression.Why.BOUNCED, NOW, "550 no such user")
    suppress("bob@sample.example", Suppression.Why.ERASED, NOW)
    client, rows = at_the_desk(), list(Suppression.objects.all())

    found = client.get(page_of(Suppression, "changelist"), {"q": "Ann@sample.example"})
    assert [row.why for row in found.context["cl"].result_list] == ["bounced"]
    for row in rows:
        client.post(page_of(Suppression, "changelist"), chosen("write_again", row, confirmed="yes"))

    assert [row.why for row in Suppression.objects.all()] == ["erased"]


def test_a_note_is_deleted_so_that_it_can_be_put_back():
    note = factories.a_note(factories.a_membership())
    client, page = at_the_desk(), page_of(ResearchNote, "changelist")

    asked = client.post(page, chosen("delete_softly", note))
    there = ResearchNote.objects.present().count()
    client.post(page, chosen("delete_softly", note, confirmed="yes"))
    gone = ResearchNote.objects.present().count()
    listed = [note.title in text_of(client.get(page, query)) for query in ({}, {"deleted": "yes"})]
    client.post(page + "?deleted=yes", chosen("put_back", note, confirmed="yes"))

    assert "Nothing is lost" in text_of(asked)
    assert [there, gone, ResearchNote.objects.present().count()] == [1, 0, 1]
    assert listed == [False, True]
    assert note.versions.count() == 1


def test_staff_read_the_files_of_a_shared_note_and_change_none():
    note = factories.a_note(factories.a_membership())
    shown = factories.an_attachment(note, "Plan.txt", alt="Not for Kestrels")
    off = factories.an_attachment(note, "Old plan.txt")
    off.take_off(note.author, NOW)
    private = factories.an_attachment(note, "Kingfisher.txt")
    note.audience = ResearchNote.Audience.ME
    private.take_off(note.author, NOW)
    client = at_the_desk()

    page = client.get(page_of(ResearchNote, "change", note.pk)).content.decode()

    assert f'<a href="{shown.get_absolute_url()}">Plan.txt</a>' in page
    assert "not scanned" in page
    assert off.get_absolute_url() not in page
    assert "Old plan.txt" in page
    assert "Kingfisher" not in page
    assert client.get(shown.get_absolute_url()).status_code == 200
    assert re.findall(r'name="attachments-\d+-(?!uuid|note)', page) == []


def test_no_action_reaches_a_private_draft():
    draft = factories.a_note(factories.a_membership(), audience=ResearchNote.Audience.ME, title="Kingfisher")

    response = at_the_desk().post(
        page_of(ResearchNote, "changelist"), chosen("delete_softly", draft, confirmed="yes"), follow=True
    )

    draft.refresh_from_db()
    assert draft.deleted_at is None
    assert "Kingfisher" not in text_of(response)


def test_a_comment_is_taken_back_and_put_back():
    cohort = factories.a_cohort()
    author = factories.a_participant(factories.a_membership(cohort))
    comment = factories.a_comment(factories.a_topic(cohort, author).discussion, author, "Something unkind.")
    client, page = at_the_desk(), page_of(Comment, "changelist")

    asked = client.post(page, chosen("take_back", comment))
    client.post(page, chosen("take_back", comment, confirmed="yes"))
    comment.refresh_from_db()
    taken = comment.withdrawn_at
    client.post(page, chosen("put_back", comment, confirmed="yes"))
    comment.refresh_from_db()

    assert "Their words go from view" in text_of(asked)
    assert (taken is not None, comment.withdrawn_at) == (True, None)


def test_comments_under_a_note_that_is_private_now_are_not_shown():
    membership = factories.a_membership()
    note = factories.a_note(membership)
    factories.a_comment(note.discussion, note.author, "Kingfisher")
    client = at_the_desk()
    before = text_of(client.get(page_of(Comment, "changelist")))
    ResearchNote.objects.filter(pk=note.pk).update(audience=ResearchNote.Audience.ME)

    after = text_of(client.get(page_of(Comment, "changelist")))

    assert ["Kingfisher" in before, "Kingfisher" in after] == [True, False]


def test_a_session_is_cancelled_with_a_reason_that_everybody_reads():
    membership = factories.a_membership()
    person = factories.a_participant(membership)
    start = timezone.now() + timedelta(days=3)
    slot = factories.a_slot(factories.a_mentor(membership), starts_at=start, ends_at=start + timedelta(hours=1))
    session = factories.a_session(slot, membership, person)
    client, page = at_the_desk(), page_of(MentoringSession, "changelist")

    asked = client.post(page, chosen("cancel", session))
    without = client.post(page, chosen("cancel", session, confirmed="yes", because=""))
    before = Letter.objects.count()
    client.post(page, chosen("cancel", session, confirmed="yes", because="The mentor is ill."))
    session.refresh_from_db()

    assert "2 people get a letter with your reason" in text_of(asked)
    assert (without.status_code, before) == (422, 0)
    assert (session.state, session.cancelled_because) == ("cancelled", "The mentor is ill.")
    assert Letter.objects.count() == 2
    assert "The mentor is ill." in Letter.objects.first().body


def test_times_are_offered_for_a_mentor_and_never_twice_over():
    mentor = factories.a_mentor()
    client = at_the_desk()
    posted = {
        "mentor": mentor.pk,
        "starts_at_0": "1/6/2030",
        "starts_at_1": "10:00",
        "ends_at_0": "1/6/2030",
        "ends_at_1": "11:00",
    }

    first = client.post(page_of(Slot, "add"), posted)
    overlapping = client.post(page_of(Slot, "add"), posted | {"starts_at_1": "10:30", "ends_at_1": "11:30"})
    backwards = client.post(page_of(Slot, "add"), posted | {"starts_at_1": "12:00"})

    assert [first.status_code, overlapping.status_code, backwards.status_code] == [302, 422, 422]
    assert "overlaps" in text_of(overlapping)
    assert Slot.objects.count() == 1


def test_a_booked_time_is_not_withdrawn():
    membership = factories.a_membership()
    slot = factories.a_slot(factories.a_mentor(membership))
    factories.a_session(slot, membership)
    free = factories.a_slot(slot.mentor, starts_at=NOW, ends_at=NOW + timedelta(hours=1))

    response = at_the_desk().post(
        page_of(Slot, "changelist"), chosen("withdraw", slot, free, confirmed="yes"), follow=True
    )

    assert "This time is booked" in text_of(response)
    assert list(Slot.objects.filter(withdrawn_at=None)) == [slot]


def test_a_follow_up_is_ticked_and_opened_again():
    membership = factories.a_membership()
    follow_up = factories.a_follow_up(factories.a_session(factories.a_slot(factories.a_mentor(membership)), membership))
    client, page = at_the_desk(), page_of(FollowUp, "changelist")

    client.post(page, chosen("tick", follow_up))
    done = FollowUp.objects.open().count()
    client.post(page, chosen("reopen", follow_up))

    assert [done, FollowUp.objects.open().count()] == [0, 1]


def test_a_topic_is_pinned_and_its_starter_stays():
    cohort = factories.a_cohort()
    topic = factories.a_topic(cohort, factories.a_participant(factories.a_membership(cohort)))

    at_the_desk().post(page_of(Topic, "change", topic.pk), {"title": "Consent forms", "is_pinned": "on"})

    topic.refresh_from_db()
    assert (topic.title, topic.is_pinned) == ("Consent forms", True)


def test_an_action_without_rows_says_so():
    factories.a_seat()

    response = at_the_desk().post("/admin/participants/seat/", {"action": "end_seats", "index": "0"}, follow=True)

    assert "Items must be selected" in text_of(response)


def test_only_who_may_change_letters_may_send_one_again():
    refused = a_letter("failed")
    reader = factories.a_user(is_staff=True)
    group = ensure_staff_group()
    reader.user_permissions.add(group.permissions.get(codename="view_letter"))
    client, page = at_the_desk(reader), page_of(Letter, "changelist")

    shown = client.get(page)
    client.post(page, chosen("send_again", refused, confirmed="yes"))

    refused.refresh_from_db()
    assert shown.status_code == 200
    assert refused.state == "failed"
