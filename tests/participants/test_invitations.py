from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress

from correspondence.models import Letter
from participants import invitations
from participants.invitations import Refused
from participants.models import Invitation, Membership, Mentor, Seat, User
from tests.factories import NOW, a_cohort, a_membership, a_mentor, a_participant, a_seat, a_user, staff

pytestmark = pytest.mark.django_db


def invited(email="new@sample.example", membership=None, **extra):
    membership = membership or a_membership()
    fields = {"name": "Nia New", "affiliation": "", "invited_by": staff(), "now": NOW, **extra}
    return invitations.invite(email, cohort=membership.cohort, membership=membership, **fields)[0]


def letters(invitation):
    return Letter.objects.filter(kind="invitation", occurrence=f"invitation {invitation.pk}").order_by("pk")


def test_an_invitation_is_a_row_and_a_letter_with_its_link_in_plain_words():
    membership = a_membership(name="Women's Library")
    invitation = invited(membership=membership)
    letter = letters(invitation).get()
    assert letter.address == "new@sample.example"
    assert letter.subject == f"Stella Staff invites you to {membership.cohort}"
    assert f"http://localhost:8000/invitations/{invitation.token}/" in letter.body
    assert "to take part for Women's Library" in letter.body
    assert letter.is_secret
    assert letter.not_after == invitation.expires_at == NOW + timedelta(days=14)


def test_inviting_the_same_person_again_finds_the_open_invitation_and_sends_nothing():
    membership = a_membership()
    first = invited("New@Sample.Example", membership)
    again, made = invitations.invite(
        " new@sample.EXAMPLE", "", membership.cohort, membership, "", staff(), NOW + timedelta(days=1)
    )
    assert (again, made) == (first, False)
    assert letters(first).count() == 1
    assert Invitation.objects.count() == 1


def test_the_same_address_can_be_invited_to_another_place():
    membership = a_membership()
    invited(membership=membership)
    _, made = invitations.invite("new@sample.example", "", membership.cohort, None, "", staff(), NOW)
    assert made
    assert Invitation.objects.count() == 2


def test_inviting_after_the_invitation_expired_renews_it():
    membership = a_membership()
    first = invited(membership=membership)
    later = NOW + timedelta(days=15)
    again, made = invitations.invite("new@sample.example", "", membership.cohort, membership, "", staff(), later)
    assert (again.pk, made) == (first.pk, True)
    assert again.state_at(later) == Invitation.State.OPEN
    assert letters(first).count() == 2


def test_who_sits_there_already_is_not_invited():
    membership = a_membership()
    a_participant(membership, email="pat@sample.example")
    with pytest.raises(Refused, match="there already"):
        invited("PAT@sample.example", membership)
    assert not Letter.objects.exists()


def test_who_mentors_already_is_not_invited_as_a_mentor():
    mentor = a_mentor(email="mo@sample.example")
    with pytest.raises(Refused, match="there already"):
        invitations.invite("mo@sample.example", "", mentor.cohort, None, "", staff(), NOW)


def test_whose_seat_has_ended_can_be_invited_again():
    seat = a_seat(user=a_user(email="back@sample.example"), ended_at=NOW)
    invitation = invited("back@sample.example", seat.membership)
    assert invitation.state_at(NOW) == Invitation.State.OPEN


@pytest.mark.parametrize("email", ["", "no address", "a@b", "x\x00@sample.example", "a" * 250 + "@sample.example"])
def test_a_bad_address_is_refused_with_words(email):
    with pytest.raises(Refused, match="address"):
        invited(email)


@pytest.mark.parametrize("status", ["draft", "ended"])
def test_a_cohort_that_sends_nothing_invites_nobody(status):
    with pytest.raises(Refused, match="Set it to running"):
        invited(membership=a_membership(a_cohort(status=status)))


def test_nobody_is_invited_for_an_organisation_that_left_or_belongs_elsewhere():
    with pytest.raises(Refused, match="has left"):
        invited(membership=a_membership(status=Membership.Status.WITHDRAWN))
    with pytest.raises(Refused, match="not an organisation of"):
        invitations.invite("new@sample.example", "", a_cohort(), a_membership(), "", staff(), NOW)


def test_a_renewal_has_a_new_link_a_new_end_and_a_new_letter_and_the_unsent_old_letter_does_not_go():
    invitation = invited()
    old = invitation.token
    later = NOW + timedelta(days=3)
    Letter.objects.update(state=Letter.State.PLANNED)
    invitations.renew(invitation, later)
    assert invitation.token != old
    assert invitation.expires_at == later + timedelta(days=14)
    first, second = letters(invitation)
    assert first.state == Letter.State.CANCELLED
    assert invitation.token in second.body
    assert second.key != first.key


def test_a_cancelled_invitation_takes_its_unsent_letter_with_it():
    invitation = invited()
    Letter.objects.update(state=Letter.State.PLANNED)
    invitations.cancel(invitation, NOW)
    assert letters(invitation).get().state == Letter.State.CANCELLED
    with pytest.raises(Refused, match="cancelled"):
        invitations.accept(invitation, "Nia", NOW)
    with pytest.raises(Refused, match="cancelled"):
        invitations.renew(invitation, NOW)
    assert not User.objects.filter(email="new@sample.example").exists()


def test_accepting_makes_the_account_its_verified_address_and_the_seat():
    invitation = invited()
    user = invitations.accept(invitation, "Nia Newcomer", NOW)
    assert (user.name, user.email) == ("Nia Newcomer", "new@sample.example")
    assert not user.has_usable_password()
    address = EmailAddress.objects.get(user=user)
    assert (address.email, address.verified, address.primary) == ("new@sample.example", True, True)
    assert Seat.objects.live().get(user=user).membership == invitation.membership
    invitation.refresh_from_db()
    assert invitation.state_at(NOW) == Invitation.State.ACCEPTED


def test_a_person_with_an_account_gets_a_second_seat_and_keeps_their_name():
    pat = a_participant(email="pat@sample.example")
    invitation = invited("pat@sample.example")
    assert invitations.accept(invitation, "Somebody Else", NOW) == pat
    pat.refresh_from_db()
    assert pat.name == "Pat Participant"
    assert Seat.objects.live().filter(user=pat).count() == 2
    assert EmailAddress.objects.filter(user=pat).count() == 1


def test_accepting_as_a_mentor_gives_the_role_and_a_mentor_who_comes_back_gets_it_again():
    cohort = a_cohort()
    offer, _ = invitations.invite("mo@sample.example", "Mo", cohort, None, "Sample Partner", staff(), NOW)
    user = invitations.accept(offer, "Mo", NOW)
    role = Mentor.objects.get(user=user, cohort=cohort)
    assert role.affiliation == "Sample Partner"
    role.end(NOW)
    again, _ = invitations.invite("mo@sample.example", "", cohort, None, "", staff(), NOW)
    invitations.accept(again, "", NOW + timedelta(days=1))
    assert Mentor.objects.live().get(user=user, cohort=cohort).affiliation == "Sample Partner"


def test_an_invitation_works_once():
    invitation = invited()
    invitations.accept(invitation, "Nia", NOW)
    with pytest.raises(Refused, match="accepted"):
        invitations.accept(invitation, "Another", NOW)
    assert Seat.objects.count() == 1


def test_an_invitation_is_good_to_the_minute_it_expires():
    invitation = invited()
    with pytest.raises(Refused, match="expired"):
        invitations.accept(invitation, "Nia", invitation.expires_at)
    assert invitations.accept(invitation, "Nia", invitation.expires_at - timedelta(minutes=1))


def test_a_closed_account_is_not_opened_by_an_invitation():
    a_user(email="closed@sample.example", is_active=False)
    with pytest.raises(Refused, match="closed"):
        invitations.accept(invited("closed@sample.example"), "", NOW)
