import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from correspondence.models import Letter
from participants import invitations
from participants.models import Membership, Seat, User
from tests.factories import a_cohort, a_membership, a_participant, a_seat, a_topic, a_user, staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def invitation():
    membership = a_membership(a_cohort(contact_email="help@sample.example"), name="Sample Library")
    return invitations.invite(
        "new@sample.example", "Nia New", membership.cohort, membership, "", staff(), timezone.now()
    )[0]


def code_for(email):
    return re.search(r"^    (\S+)$", Letter.objects.filter(kind="sign_in_code", address=email).latest("pk").body, re.M)[
        1
    ]


def test_looking_at_an_invitation_changes_nothing_however_often_a_scanner_does(client, invitation):
    for _ in range(2):
        page = client.get(invitation.get_absolute_url())
        assert page.status_code == 200
    assert "Stella Staff invites you" in page.content.decode()
    assert 'value="Nia New"' in page.content.decode()
    invitation.refresh_from_db()
    assert invitation.accepted_at is None
    assert not Seat.objects.exists()


def test_accepting_leads_to_the_page_for_the_code_and_the_code_leads_in(client, invitation):
    answer = client.post(invitation.get_absolute_url(), {"name": "Nia Newcomer"})
    assert answer.url == reverse("account_confirm_login_code")
    assert client.get(answer.url).status_code == 200
    answer = client.post(answer.url, {"code": code_for("new@sample.example")})
    assert answer.url == reverse("my_programme")
    assert client.get(reverse("participants:profile")).context["user"].name == "Nia Newcomer"


@pytest.mark.parametrize("name", ["", "x" * 121, "N\x00a"])
def test_a_name_that_cannot_be_used_is_asked_for_again(client, invitation, name):
    answer = client.post(invitation.get_absolute_url(), {"name": name})
    assert answer.status_code == 422
    assert answer.context["form"].errors["name"]
    assert not Seat.objects.exists()


def test_a_wrong_link_is_a_missing_page(client, invitation):
    assert client.get(reverse("participants:invitation_accept", args=["x" * 43])).status_code == 404
    assert client.post(reverse("participants:invitation_accept", args=["x" * 43])).status_code == 404


def test_the_old_link_of_a_renewed_invitation_is_a_missing_page_and_the_new_one_opens(client, invitation):
    old = invitation.get_absolute_url()
    invitations.renew(invitation, timezone.now())
    assert client.get(old).status_code == 404
    assert client.get(invitation.get_absolute_url()).status_code == 200


def test_a_second_person_with_the_same_link_reads_that_it_has_been_used(client, invitation):
    invitations.accept(invitation, "Nia", timezone.now())
    for answer in (
        client.get(invitation.get_absolute_url()),
        client.post(invitation.get_absolute_url(), {"name": "X"}),
    ):
        assert answer.status_code == 410
        assert "has been used" in answer.content.decode()
        assert reverse("account_request_login_code") in answer.content.decode()
    assert User.objects.filter(seats__isnull=False).count() == 1


def test_an_expired_invitation_says_whom_to_ask(client, invitation):
    invitation.expires_at = timezone.now() - timedelta(minutes=1)
    invitation.save()
    for answer in (
        client.get(invitation.get_absolute_url()),
        client.post(invitation.get_absolute_url(), {"name": "X"}),
    ):
        assert answer.status_code == 410
        assert "has expired" in answer.content.decode()
        assert "help@sample.example" in answer.content.decode()
    assert not Seat.objects.exists()


def test_a_cancelled_invitation_says_so(client, invitation):
    invitations.cancel(invitation, timezone.now())
    answer = client.post(invitation.get_absolute_url(), {"name": "X"})
    assert answer.status_code == 410
    assert "was taken back" in answer.content.decode()
    assert not Seat.objects.exists()


def test_an_invitation_of_an_organisation_that_left_meanwhile_is_not_accepted(client, invitation):
    Membership.objects.update(status=Membership.Status.WITHDRAWN)
    answer = client.post(invitation.get_absolute_url(), {"name": "X"})
    assert answer.status_code == 410
    assert "Sample Library has left the programme." in answer.content.decode()
    assert not User.objects.filter(email="new@sample.example").exists()


def test_who_is_signed_in_as_somebody_else_is_asked_to_sign_out_first(client, invitation):
    other = a_participant()
    client.force_login(other)
    for answer in (
        client.get(invitation.get_absolute_url()),
        client.post(invitation.get_absolute_url(), {"name": "X"}),
    ):
        assert answer.status_code == 409
        assert other.email in answer.content.decode()
    assert not User.objects.filter(email="new@sample.example").exists()
    answer = client.post(reverse("account_logout"), {"next": invitation.get_absolute_url()})
    assert answer.url == invitation.get_absolute_url()


def test_a_person_signed_in_with_the_invited_address_takes_the_second_seat_at_once(client):
    pat = a_participant(email="pat@sample.example")
    membership = a_membership()
    offer, _ = invitations.invite("pat@sample.example", "", membership.cohort, membership, "", staff(), timezone.now())
    client.force_login(pat)
    assert client.post(offer.get_absolute_url()).url == reverse("my_programme")
    assert Seat.objects.live().filter(user=pat).count() == 2


def test_a_person_with_an_account_is_not_asked_for_a_name(client):
    a_participant(email="pat@sample.example")
    membership = a_membership()
    offer, _ = invitations.invite("pat@sample.example", "", membership.cohort, membership, "", staff(), timezone.now())
    assert 'name="name"' not in client.get(offer.get_absolute_url()).content.decode()
    assert client.post(offer.get_absolute_url()).url == reverse("account_confirm_login_code")
    assert User.objects.get(email="pat@sample.example").name == "Pat Participant"


def test_a_person_changes_their_name(client):
    pat = a_participant()
    client.force_login(pat)
    form = {"name": "Patrícia Participant", "timezone": "Europe/London"}
    answer = client.post(reverse("participants:profile"), form, follow=True)
    assert "Others read your name as “Patrícia Participant”." in answer.content.decode()
    pat.refresh_from_db()
    assert pat.name == "Patrícia Participant"


@pytest.mark.parametrize("name", ["", "x" * 121, "P\x00t"])
def test_a_name_that_cannot_be_used_changes_nothing(client, name):
    pat = a_participant()
    client.force_login(pat)
    assert client.post(reverse("participants:profile"), {"name": name, "timezone": "Europe/London"}).status_code == 422
    pat.refresh_from_db()
    assert pat.name == "Pat Participant"


def test_the_profile_names_seats_and_roles_past_ones_too(client):
    pat = a_participant(a_membership(name="Sample Theatre"))
    ended = a_seat(a_membership(name="Former House"), pat)
    ended.end(timezone.now())
    client.force_login(pat)
    page = client.get(reverse("participants:profile")).content.decode()
    assert "Sample Theatre" in page
    assert "Former House" in page
    assert page.count("Ended") == 1


def test_a_person_without_a_seat_has_a_profile_all_the_same(client):
    client.force_login(a_user())
    page = client.get(reverse("participants:profile"))
    assert page.status_code == 200
    assert "You hold no seat" in page.content.decode()


def test_the_profile_takes_as_many_queries_for_thirty_seats_as_for_three(client):
    def queries(number):
        pat = a_user()
        for _ in range(number):
            a_seat(user=pat)
        client.force_login(pat)
        client.get(reverse("participants:profile"))
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse("participants:profile"))
        return len(captured)

    assert queries(30) == queries(3)


def test_a_renewed_calendar_has_a_new_address_and_the_old_one_is_gone(client):
    pat = a_participant()
    old = reverse("calendar_feed", args=[pat.calendar_token])
    assert client.get(old).status_code == 200
    client.force_login(pat)
    assert client.get(reverse("participants:calendar_renew")).status_code == 405
    answer = client.post(reverse("participants:calendar_renew"), follow=True)
    assert "cannot be brought back" in answer.content.decode()
    pat.refresh_from_db()
    assert client.get(old).status_code == 404
    assert client.get(reverse("calendar_feed", args=[pat.calendar_token])).status_code == 200


def test_a_seat_that_ends_closes_the_cohort_the_same_moment(client):
    seat = a_seat()
    cohort = seat.membership.cohort
    topic = a_topic(cohort, seat.user)
    pages = [
        reverse("discussions:topic_list", args=[cohort.slug]),
        topic.get_absolute_url(),
        cohort.get_absolute_url(),
        seat.membership.get_absolute_url(),
    ]
    client.force_login(seat.user)
    assert [client.get(page).status_code for page in pages] == [200] * 4
    seat.end(timezone.now())
    assert [client.get(page).status_code for page in pages] == [404] * 4
    assert client.get(reverse("participants:profile")).status_code == 200
