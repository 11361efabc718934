"""People at the desk: seats, mentors, addresses, invitations one by one and from a file."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from correspondence.models import Letter
from participants.models import Invitation, Membership, Mentor, Mentorship, Seat, User
from tests import factories
from tests.admin.desk import at_the_desk, chosen, no_rows, page_of, rows, text_of
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def test_ending_seats_names_the_people_and_the_consequence_first():
    membership = factories.a_membership(name="Sample Museum")
    seats = [factories.a_seat(membership, factories.a_user(name)) for name in ("Ann Sample", "Ben Sample")]
    stays = factories.a_seat(membership)
    client = at_the_desk()

    asked = client.post(page_of(Seat, "changelist"), chosen("end_seats", *seats))
    held = Seat.objects.live().count()
    done = client.post(page_of(Seat, "changelist"), chosen("end_seats", *seats, confirmed="yes"), follow=True)

    assert "2 people can no longer open their organisation's pages" in text_of(asked)
    assert ["Ann Sample, Sample Museum" in text_of(asked), "Ben Sample, Sample Museum" in text_of(asked)] == [
        True,
        True,
    ]
    assert held == 3
    assert "2 seats have ended" in text_of(done)
    assert list(Seat.objects.live()) == [stays]


def test_a_seat_that_has_ended_is_not_ended_again():
    seat = factories.a_seat(ended_at=NOW)

    response = at_the_desk().post(page_of(Seat, "changelist"), chosen("end_seats", seat, confirmed="yes"), follow=True)

    seat.refresh_from_db()
    assert "These seats have ended already" in text_of(response)
    assert seat.ended_at == NOW


def test_nobody_sits_twice_at_one_organisation():
    seat = factories.a_seat()
    client = at_the_desk()
    posted = {
        "user": seat.user_id,
        "membership": seat.membership_id,
        "started_at_0": "1/5/2018",
        "started_at_1": "9:00",
    }

    alone = client.post(page_of(Seat, "add"), posted)
    membership = seat.membership
    form = {"name": membership.name, "status": "confirmed", "is_participant": "on", **no_rows("mentorships")}
    with_one = client.post(
        page_of(Membership, "change", membership.pk),
        form | rows("seats", {"id": seat.pk, "membership": membership.pk}, {"user": seat.user_id}, initial=1),
    )
    other = factories.a_user()
    twice = client.post(
        page_of(Membership, "change", membership.pk),
        form | rows("seats", {"id": seat.pk}, {"user": other.pk}, {"user": other.pk}, initial=1),
    )

    assert [alone.status_code, with_one.status_code, twice.status_code] == [422, 422, 422]
    assert "has a seat here already" in text_of(with_one)
    assert Seat.objects.count() == 1


def test_a_seat_is_given_on_the_organisations_page():
    membership, newcomer = factories.a_membership(), factories.a_user()
    mentor = factories.a_mentor(cohort=membership.cohort)
    posted = {
        "name": "Sample Museum",
        "status": "confirmed",
        "is_participant": "on",
        **rows("seats", {"user": newcomer.pk}),
        **rows("mentorships", {"mentor": mentor.pk}),
    }

    at_the_desk().post(page_of(Membership, "change", membership.pk), posted)

    assert list(User.objects.seated_at(membership)) == [newcomer]
    assert Mentorship.objects.live().get().mentor == mentor


def test_a_mentor_mentors_organisations_of_their_own_cohort():
    membership, stranger = factories.a_membership(), factories.a_mentor()
    posted = {"mentor": stranger.pk, "membership": membership.pk, "started_at_0": "1/5/2018", "started_at_1": "9:00"}

    response = at_the_desk().post(page_of(Mentorship, "add"), posted)

    assert response.status_code == 422
    assert "in another cohort" in text_of(response)


def test_a_mentors_role_does_not_end_before_it_starts():
    mentor = factories.a_mentor()
    posted = {"started_at_0": "2/5/2018", "started_at_1": "9:00", "ended_at_0": "1/5/2018", "ended_at_1": "9:00"}

    response = at_the_desk().post(page_of(Mentor, "change", mentor.pk), posted | no_rows("mentorships"))

    assert response.status_code == 422


def test_ending_a_mentorship_closes_the_organisations_notes_to_the_mentor():
    membership = factories.a_membership()
    mentor = factories.a_mentor(membership)
    mentorship = mentor.mentorships.get()
    client = at_the_desk()

    asked = client.post(page_of(Mentorship, "changelist"), chosen("end_mentorships", mentorship))
    client.post(page_of(Mentorship, "changelist"), chosen("end_mentorships", mentorship, confirmed="yes"))

    assert "no longer reads what the organisation shares" in text_of(asked)
    assert not Mentorship.objects.live().exists()


def a_person_form(user: User, email: str, **more: Any) -> dict[str, Any]:
    address = user.emailaddress_set.get()
    row = {"id": address.pk, "user": user.pk, "email": email}
    return {
        "name": user.name,
        "is_active": "on",
        **rows("emailaddress_set", row, initial=1),
        **no_rows("seats"),
        **more,
    }


def test_an_address_changed_at_the_desk_is_the_one_to_sign_in_with():
    user = factories.a_participant()

    at_the_desk().post(page_of(User, "change", user.pk), a_person_form(user, "New.Name@sample.example"))

    user.refresh_from_db()
    assert user.email == "new.name@sample.example"
    assert list(user.emailaddress_set.values_list("email", "primary", "verified")) == [
        ("new.name@sample.example", True, True)
    ]


@pytest.mark.parametrize("typed", ["taken@sample.example", "TAKEN@sample.example", "no address", ""])
def test_an_address_that_cannot_be_used_is_refused_in_the_form(typed):
    factories.a_user(email="taken@sample.example")
    user = factories.a_participant(name="Pat")
    before = user.email

    response = at_the_desk().post(page_of(User, "change", user.pk), a_person_form(user, typed))

    user.refresh_from_db()
    assert response.status_code == 422
    assert (user.email, user.emailaddress_set.get().email) == (before, before)


def test_a_superuser_adds_a_colleague_who_can_sign_in_by_code():
    posted = {"name": "New Colleague", "email": "New@sample.example", "is_active": "on", "is_staff": "on"}

    at_the_desk().post(page_of(User, "add"), posted)

    user = User.objects.get(name="New Colleague")
    assert (user.email, user.is_staff, user.has_usable_password()) == ("new@sample.example", True, False)
    assert user.emailaddress_set.get().verified
    assert user.groups.get().name == "Culture24 staff"


def test_two_people_of_one_address_are_refused():
    factories.a_user(email="taken@sample.example")

    response = at_the_desk().post(page_of(User, "add"), {"name": "Twin", "email": "Taken@sample.example"})

    assert response.status_code == 422
    assert not User.objects.filter(name="Twin").exists()


def an_invitation_form(membership: Membership, email: str = "new@sample.example") -> dict[str, Any]:
    return {"email": email, "name": "Nia", "cohort": membership.cohort_id, "membership": membership.pk}


def test_an_invitation_sends_one_letter_however_often_it_is_added():
    membership = factories.a_membership()
    client = at_the_desk()

    first = client.post(page_of(Invitation, "add"), an_invitation_form(membership), follow=True)
    second = client.post(page_of(Invitation, "add"), an_invitation_form(membership), follow=True)

    assert "The invitation goes to new@sample.example" in text_of(first)
    assert "was invited already: nothing new is sent" in text_of(second)
    assert (Invitation.objects.count(), Letter.objects.count()) == (1, 1)


def test_the_link_of_an_invitation_is_shown_to_nobody_at_the_desk():
    membership = factories.a_membership()
    client = at_the_desk()
    client.post(page_of(Invitation, "add"), an_invitation_form(membership))
    invitation = Invitation.objects.get()

    pages = [
        client.get(page_of(Invitation, "changelist")),
        client.get(page_of(Invitation, "change", invitation.pk)),
        client.get(page_of(Letter, "change", Letter.objects.get().pk)),
    ]

    assert ["new@sample.example" in text_of(page) for page in pages] == [True] * 3
    assert [invitation.token in page.content.decode() for page in pages] == [False] * 3


@pytest.mark.parametrize("change", [{"status": "draft"}, {"status": "ended"}])
def test_a_cohort_that_does_not_run_invites_nobody(change):
    membership = factories.a_membership(factories.a_cohort(**change))

    response = at_the_desk().post(page_of(Invitation, "add"), an_invitation_form(membership))

    assert response.status_code == 422
    assert "Set it to running" in text_of(response)
    assert "new@sample.example" in response.content.decode()
    assert Invitation.objects.count() == 0


def test_an_organisation_of_another_cohort_is_no_place_to_invite_to():
    membership = factories.a_membership()
    posted = an_invitation_form(membership) | {"cohort": factories.a_cohort().pk}

    response = at_the_desk().post(page_of(Invitation, "add"), posted)

    assert response.status_code == 422
    assert Invitation.objects.count() == 0


def test_somebody_seated_there_is_not_invited():
    seat = factories.a_seat()

    response = at_the_desk().post(page_of(Invitation, "add"), an_invitation_form(seat.membership, seat.user.email))

    assert response.status_code == 422
    assert "is there already" in text_of(response)


def test_invitations_are_renewed_and_cancelled_after_their_consequences_were_shown():
    membership = factories.a_membership()
    client = at_the_desk()
    client.post(page_of(Invitation, "add"), an_invitation_form(membership))
    invitation = Invitation.objects.get()
    token, page = invitation.token, page_of(Invitation, "changelist")

    asked = client.post(page, chosen("renew", invitation))
    client.post(page, chosen("renew", invitation, confirmed="yes"))
    invitation.refresh_from_db()
    renewed = invitation.token
    asked_again = client.post(page, chosen("cancel", invitation))
    client.post(page, chosen("cancel", invitation, confirmed="yes"))
    invitation.refresh_from_db()
    late = client.post(page, chosen("renew", invitation, confirmed="yes"), follow=True)

    assert "a new letter with a new link" in text_of(asked)
    assert renewed != token
    assert "The link in the letter stops working" in text_of(asked_again)
    assert invitation.cancelled_at is not None
    assert "accepted or cancelled already" in text_of(late)
    assert Letter.objects.count() == 2


def test_the_list_of_invitations_is_filtered_by_how_they_stand():
    cohort = factories.a_cohort()
    ahead = {"cohort": cohort, "expires_at": NOW + timedelta(days=36500)}
    Invitation.objects.create(email="open@sample.example", **ahead)
    Invitation.objects.create(email="past@sample.example", cohort=cohort, expires_at=NOW)
    Invitation.objects.create(email="taken@sample.example", accepted_at=NOW, **ahead)
    client = at_the_desk()

    pages = {s: text_of(client.get(page_of(Invitation, "changelist"), {"state": s})) for s in ("open", "expired")}

    assert ["open@" in pages["open"], "past@" in pages["open"], "taken@" in pages["open"]] == [True, False, False]
    assert ["open@" in pages["expired"], "past@" in pages["expired"]] == [False, True]


CSV = """email,name,organisation,role,affiliation
ann@sample.example,Ann,Sample Museum,participant,
not an address,Bob,Sample Museum,participant,
mo@sample.example,Mo,,mentor,Happy Museum Project
eve@sample.example,Eve,Nowhere,participant,
"""


def a_file(text: str | bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile("people.csv", text if isinstance(text, bytes) else text.encode(), "text/csv")


def test_a_csv_file_is_shown_row_by_row_before_anybody_is_invited():
    membership = factories.a_membership(name="Sample Museum")
    client = at_the_desk()

    preview = client.post("/admin/participants/invitation/csv/", {"cohort": membership.cohort_id, "file": a_file(CSV)})
    before = (Invitation.objects.count(), Letter.objects.count())
    posted = {"confirmed": "yes", "cohort": membership.cohort_id, "text": preview.context["again"].initial["text"]}
    done = client.post("/admin/participants/invitation/csv/", posted, follow=True)
    again = client.post("/admin/participants/invitation/csv/", posted, follow=True)

    said = text_of(preview)
    assert "2 of 4 will be invited" in said
    assert "“not an address” is not an e-mail address." in said
    assert "“Nowhere” is not an organisation" in said
    assert before == (0, 0)
    assert "2 invited" in text_of(done)
    assert "0 invited" in text_of(again)
    assert sorted(Invitation.objects.values_list("email", flat=True)) == ["ann@sample.example", "mo@sample.example"]
    assert Letter.objects.count() == 2


def test_a_csv_file_of_a_thousand_rows_goes_through():
    membership = factories.a_membership(name="Sample Museum")
    text = "email,organisation\r\n" + "".join(f"p{n}@sample.example,Sample Museum\r\n" for n in range(1000))
    client = at_the_desk()
    page = "/admin/participants/invitation/csv/"

    preview = client.post(page, {"cohort": membership.cohort_id, "file": a_file(b"\xef\xbb\xbf" + text.encode())})

    assert "1000 of 1000 will be invited" in text_of(preview)


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("", "empty"),
        ("name\nAnn\n", "email and organisation is missing"),
        (b"email,organisation\nann@sample.example,Mus\xe9e\n", "not in UTF-8"),
        ("email,organisation\n" + "a@sample.example,M\n" * 1001, "more than 1000 rows"),
        (b"email,organisation\n\x00\n", ""),
    ],
)
def test_a_file_that_cannot_be_read_says_why(file, reason):
    cohort = factories.a_cohort()

    response = at_the_desk().post("/admin/participants/invitation/csv/", {"cohort": cohort.pk, "file": a_file(file)})

    assert response.status_code in (200, 422)
    assert reason in text_of(response)
    assert Invitation.objects.count() == 0


def test_a_confirmed_file_that_was_tampered_with_invites_nobody():
    cohort = factories.a_cohort()
    client = at_the_desk()

    for text in ("", "nonsense", "email\x00,organisation"):
        posted = {"confirmed": "yes", "cohort": cohort.pk, "text": text}
        assert client.post("/admin/participants/invitation/csv/", posted).status_code == 422

    assert Invitation.objects.count() == 0
