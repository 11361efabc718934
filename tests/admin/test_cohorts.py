"""A cohort is made at the desk: its programme, its organisations, and another after its pattern."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

import pytest

from correspondence.models import Letter
from lgr6.programme_line import line_of
from participants.models import Cohort, Membership, Organisation
from research.models import KindLabel, Prompt, ResearchPhase
from tests import factories
from tests.admin.desk import at_the_desk, chosen, no_rows, page_of, rows, text_of
from tests.factories import LONDON, NOW
from workshops.models import AgendaItem, Attendance, Workshop

pytestmark = pytest.mark.django_db


def a_form(**more: Any) -> dict[str, Any]:
    return {
        "series": "Let's Get Real",
        "number": "7",
        "title": "Listening to audiences",
        "slug": "lgr7",
        "status": "draft",
        "date_precision": "day",
        **no_rows("workshops", "phases", "memberships"),
        **more,
    }


def names(number: int) -> str:
    return "\n".join(f"Harbour Museum {n}" for n in range(1, number + 1))


def test_a_cohort_of_3_workshops_5_phases_and_25_organisations_is_made_in_two_pages():
    client = at_the_desk()
    workshops = rows(
        "workshops",
        *(
            {
                "number": n,
                "title": "",
                "starts_at_0": f"{n}/3/2019",
                "starts_at_1": "10:00",
                "ends_at_0": f"{n}/3/2019",
                "ends_at_1": "16:00",
            }
            for n in (1, 2, 3)
        ),
    )
    phases = rows(
        "phases", *({"number": n, "opens_on": f"4/{n}/2019", "closes_on": f"20/{n}/2019"} for n in range(1, 6))
    )

    made = client.post(page_of(Cohort, "add"), a_form(**workshops, **phases))
    cohort = Cohort.objects.get(slug="lgr7")
    added = client.post(
        page_of(Cohort, "organisations", cohort.pk), {"confirmed": "yes", "names": names(25)}, follow=True
    )
    index = text_of(client.get("/admin/", {"cohort": "lgr7"}))

    assert made.status_code == 302
    assert "25 organisations added" in text_of(added)
    line = line_of(cohort, NOW)
    assert len([s for s in line if s.workshop]) == 3
    assert len([s for s in line if s.phase]) == 5
    assert Workshop.objects.get(cohort=cohort, number=1).starts_at == datetime(2019, 3, 1, 10, tzinfo=LONDON)
    assert cohort.memberships.participating().count() == 25
    assert [index.count(f"Harbour Museum {n} ") > 0 for n in range(1, 26)] == [True] * 25
    assert ["Workshop 3" in index, "Workshop 4" in index] == [True, False]
    assert ["Phase 5" in index or "phase 5" in index, "hase 6" in index] == [True, False]
    assert Letter.objects.count() == 0


def test_two_cohorts_run_at_once_and_the_desk_switches_between_them():
    first, second = factories.a_cohort("lgr6"), factories.a_cohort("lgr7", number=7, ends_on=date(2019, 1, 1))
    factories.a_phase(first)
    factories.a_phase(second)
    factories.a_membership(first, "Old Gallery")
    factories.a_membership(second, "New Gallery")
    client = at_the_desk()

    pages = {slug: text_of(client.get("/admin/", {"cohort": slug})) for slug in ("lgr6", "lgr7")}

    assert ["Old Gallery" in pages["lgr6"], "New Gallery" in pages["lgr6"]] == [True, False]
    assert ["Old Gallery" in pages["lgr7"], "New Gallery" in pages["lgr7"]] == [False, True]
    assert 'aria-current="page">Let&#x27;s Get Real 7' in client.get("/admin/", {"cohort": "lgr7"}).content.decode()


def test_names_pasted_twice_make_no_second_organisation():
    client = at_the_desk()
    cohort, other = factories.a_cohort(), factories.a_cohort()
    known = factories.a_membership(other, "Harbour Museum 1").organisation
    page = page_of(Cohort, "organisations", cohort.pk)

    client.post(page, {"confirmed": "yes", "names": "harbour museum 1\n\n  Pallant   House \nPallant House"})
    again = client.post(page, {"confirmed": "yes", "names": "Pallant House"}, follow=True)

    assert sorted(cohort.memberships.values_list("name", flat=True)) == ["Pallant House", "harbour museum 1"]
    assert cohort.memberships.get(name="harbour museum 1").organisation == known
    assert Organisation.objects.filter(name__iexact="pallant house").count() == 1
    assert "In the cohort already: Pallant House" in text_of(again)


@pytest.mark.parametrize("typed", ["", "\n \n", "x" * 201, "\n".join(str(n) for n in range(201)), "Museum\x00"])
def test_a_list_of_names_that_cannot_be_used_stays_on_the_page_with_the_reason(typed):
    cohort = factories.a_cohort()

    response = at_the_desk().post(page_of(Cohort, "organisations", cohort.pk), {"confirmed": "yes", "names": typed})

    assert response.status_code == 422
    assert cohort.memberships.count() == 0


def test_names_in_any_script_get_an_address_of_their_own():
    cohort = factories.a_cohort()

    at_the_desk().post(
        page_of(Cohort, "organisations", cohort.pk), {"confirmed": "yes", "names": "博物館\n美術館\nÂme & Âge"}
    )

    slugs = sorted(Organisation.objects.values_list("slug", flat=True))
    assert slugs == ["ame-age", "organisation", "organisation-2"]


def test_organisations_are_added_only_after_the_page_said_what_happens():
    cohort = factories.a_cohort()
    client = at_the_desk()

    page = client.get(page_of(Cohort, "organisations", cohort.pk))

    assert "shows on the public pages at once" in text_of(page)
    assert Membership.objects.count() == 0


def test_a_clone_takes_the_pattern_and_leaves_dates_people_and_notes_behind():
    old = factories.a_cohort("lgr6")
    workshop = factories.a_workshop(old, title="Begin")
    AgendaItem.objects.create(workshop=workshop, starts=time(10), title="Welcome")
    phase = factories.a_phase(old, name="Explore", brief="Look around.")
    Prompt.objects.create(phase=phase, text="What surprised you?")
    KindLabel.objects.create(cohort=old, kind="hunch", label="Guess")
    factories.a_note(factories.a_membership(old), phase=phase)

    posted = {"confirmed": "yes", "title": "Next", "number": "7", "slug": "lgr7"}
    response = at_the_desk().post(page_of(Cohort, "clone", old.pk), posted, follow=True)

    new = Cohort.objects.get(slug="lgr7")
    copied, stretch = new.workshops.get(), new.phases.get()
    assert "sends nothing until it is set to running" in text_of(response)
    assert new.status == Cohort.Status.DRAFT
    assert (copied.title, copied.starts_at, copied.venue, copied.agenda.get().title) == ("Begin", None, "", "Welcome")
    assert (stretch.name, stretch.brief, stretch.opens_on) == ("Explore", "Look around.", None)
    assert stretch.prompts.get().text == "What surprised you?"
    assert new.kind_labels.get().label == "Guess"
    assert (new.memberships.count(), stretch.notes.count()) == (0, 0)
    assert old.workshops.get().agenda.count() == 1


def test_a_clone_needs_an_address_of_its_own():
    old = factories.a_cohort("lgr6")

    response = at_the_desk().post(
        page_of(Cohort, "clone", old.pk), {"confirmed": "yes", "title": "Next", "number": "7", "slug": "lgr6"}
    )

    assert response.status_code == 422
    assert "Next" in response.content.decode()
    assert Cohort.objects.count() == 1


BAD = {
    "a cohort that ends before it starts": {"starts_on": "1/10/2019", "ends_on": "1/1/2019"},
    "an address that is taken": {"slug": "lgr6"},
    "an address with a space": {"slug": "lgr 7"},
    "a number below nought": {"number": "-1"},
    "a number no database keeps": {"number": "99999999999999999999"},
    "a title with NUL": {"title": "Listening\x00"},
    "no title": {"title": ""},
    "a day that is none": {"starts_on": "31/2/2019"},
    "two workshops of one number": rows("workshops", {"number": 1}, {"number": 1}),
    "a workshop that ends before it starts": rows(
        "workshops",
        {
            "number": 1,
            "starts_at_0": "1/3/2019",
            "starts_at_1": "10:00",
            "ends_at_0": "1/3/2019",
            "ends_at_1": "9:00",
        },
    ),
    "a workshop with an end and no start": rows(
        "workshops", {"number": 1, "ends_at_0": "1/3/2019", "ends_at_1": "9:00"}
    ),
    "two phases of one number": rows("phases", {"number": 2}, {"number": 2}),
    "a phase that closes before it opens": rows(
        "phases", {"number": 1, "opens_on": "2/3/2019", "closes_on": "1/3/2019"}
    ),
    "inlines without their counts": {"workshops-TOTAL_FORMS": ""},
}


@pytest.mark.parametrize("what", BAD)
def test_bad_input_to_a_cohort_is_answered_in_the_form(what):
    factories.a_cohort("lgr6")

    response = at_the_desk().post(page_of(Cohort, "add"), a_form(**BAD[what]))

    assert response.status_code == 422
    assert "Please correct the error" in text_of(response)
    assert list(Cohort.objects.values_list("slug", flat=True)) == ["lgr6"]


def test_an_organisation_joins_a_cohort_once():
    membership = factories.a_membership()
    posted = {
        "cohort": membership.cohort_id,
        "organisation": membership.organisation_id,
        "name": "Again",
        "status": "confirmed",
        **no_rows("seats", "mentorships"),
    }

    response = at_the_desk().post(page_of(Membership, "add"), posted)

    assert response.status_code == 422
    assert "This organisation is in the cohort already." in text_of(response)
    assert Membership.objects.count() == 1


def test_two_rows_of_one_organisation_in_a_cohort_are_refused():
    organisation = factories.a_membership().organisation
    row = {"organisation": organisation.pk, "name": "Twin", "is_participant": "on", "status": "confirmed"}

    response = at_the_desk().post(page_of(Cohort, "add"), a_form(**rows("memberships", row, row)))

    assert response.status_code == 422
    assert not Cohort.objects.filter(slug="lgr7").exists()


def test_the_number_of_a_workshop_or_phase_cannot_be_another_ones():
    cohort = factories.a_cohort()
    factories.a_workshop(cohort, 1)
    second = factories.a_workshop(cohort, 2)
    factories.a_phase(cohort, 1)
    phase = factories.a_phase(cohort, 2)
    client = at_the_desk()

    answers = [
        client.post(
            page_of(Workshop, "change", second.pk), {"number": "1", **no_rows("agenda", "materials", "attendances")}
        ),
        client.post(page_of(ResearchPhase, "change", phase.pk), {"number": "1", **no_rows("prompts")}),
    ]

    assert [answer.status_code for answer in answers] == [422, 422]
    assert "This clashes with something saved already" in text_of(answers[0])
    assert sorted(cohort.workshops.values_list("number", flat=True)) == [1, 2]
    assert sorted(cohort.phases.values_list("number", flat=True)) == [1, 2]


def a_workshop_form(workshop: Workshop, day: str, **more: Any) -> dict[str, Any]:
    return {
        "number": workshop.number,
        "starts_at_0": day,
        "starts_at_1": "10:00" if day else "",
        "ends_at_0": day,
        "ends_at_1": "16:00" if day else "",
        "venue": "Wellcome Collection",
        **no_rows("agenda", "materials", "attendances"),
        **more,
    }


def test_moving_a_workshop_tells_calendars_and_another_change_does_not():
    workshop = factories.a_workshop(factories.a_cohort())
    client = at_the_desk()
    page = page_of(Workshop, "change", workshop.pk)

    client.post(page, a_workshop_form(workshop, "1/6/2018"))
    workshop.refresh_from_db()
    moved = (workshop.starts_at, workshop.venue, workshop.sequence)
    client.post(page, a_workshop_form(workshop, "1/6/2018", title="Halfway"))
    workshop.refresh_from_db()

    assert moved == (datetime(2018, 6, 1, 10, tzinfo=LONDON), "Wellcome Collection", 1)
    assert (workshop.title, workshop.sequence) == ("Halfway", 1)


def test_a_workshop_moved_on_the_cohorts_page_tells_calendars_too():
    cohort = factories.a_cohort("lgr6")
    workshop = factories.a_workshop(cohort)
    row = {
        "id": workshop.pk,
        "cohort": cohort.pk,
        "number": "1",
        "starts_at_0": "1/6/2018",
        "starts_at_1": "10:00",
        "ends_at_0": "1/6/2018",
        "ends_at_1": "16:00",
    }

    at_the_desk().post(page_of(Cohort, "change", cohort.pk), a_form(**rows("workshops", row, initial=1)))

    workshop.refresh_from_db()
    assert (workshop.starts_at, workshop.sequence) == (datetime(2018, 6, 1, 10, tzinfo=LONDON), 1)


def test_a_workshops_date_can_be_taken_away_again():
    workshop = factories.a_workshop(factories.a_cohort())

    at_the_desk().post(page_of(Workshop, "change", workshop.pk), a_workshop_form(workshop, ""))

    workshop.refresh_from_db()
    assert (workshop.starts_at, workshop.ends_at, workshop.sequence) == (None, None, 1)


def test_a_workshop_is_cancelled_with_a_reason_after_its_consequences_were_shown():
    cohort = factories.a_cohort()
    workshop = factories.a_workshop(cohort)
    person = factories.a_participant(factories.a_membership(cohort))
    Attendance.objects.create(workshop=workshop, user=person, reply="yes", replied_at=NOW)
    client = at_the_desk()
    page = page_of(Workshop, "changelist")

    asked = text_of(client.post(page, chosen("cancel", workshop)))
    without = client.post(page, chosen("cancel", workshop, confirmed="yes", because=""))
    workshop.refresh_from_db()
    before = workshop.state
    client.post(page, chosen("cancel", workshop, confirmed="yes", because="The venue is flooded."))
    workshop.refresh_from_db()

    assert "1 person has said yes or maybe" in asked
    assert (without.status_code, before) == (422, "planned")
    assert (workshop.state, workshop.cancelled_because, workshop.sequence) == ("cancelled", "The venue is flooded.", 1)


def test_a_cancelled_workshop_is_not_moved():
    workshop = factories.a_workshop(factories.a_cohort())
    workshop.cancel("Flood.", NOW)

    response = at_the_desk().post(page_of(Workshop, "change", workshop.pk), a_workshop_form(workshop, "1/6/2018"))

    assert response.status_code == 422
    assert "A cancelled workshop has no other time" in text_of(response)


def test_staff_see_totals_of_what_people_need():
    cohort = factories.a_cohort()
    workshop = factories.a_workshop(cohort)
    membership = factories.a_membership(cohort)
    for needs, reply in (("Vegan", "yes"), ("vegan ", "maybe"), ("Halal", "no")):
        Attendance.objects.create(
            workshop=workshop,
            user=factories.a_participant(membership),
            reply=reply,
            dietary_needs=needs,
            replied_at=NOW,
        )
    factories.a_participant(membership)

    page = text_of(at_the_desk().get(page_of(Workshop, "change", workshop.pk)))

    assert "Access: nothing asked for Food: vegan (2)" in page
    assert "1 yes, 1 maybe, 1 no; 1 of 4 have not answered" in page


def test_nobody_is_counted_twice_at_a_workshop():
    cohort = factories.a_cohort()
    workshop = factories.a_workshop(cohort)
    person = factories.a_participant(factories.a_membership(cohort))
    row = {"workshop": workshop.pk, "user": person.pk, "reply": "yes"}
    form = a_workshop_form(workshop, "1/6/2018") | rows("attendances", row, row)

    response = at_the_desk().post(page_of(Workshop, "change", workshop.pk), form)

    assert response.status_code == 422
    assert Attendance.objects.count() == 0


def test_the_lists_of_a_cohort_are_written_one_a_line():
    cohort = factories.a_cohort("lgr6", objectives=["listen", "learn"])
    client = at_the_desk()

    shown = client.get(page_of(Cohort, "change", cohort.pk)).content.decode()
    client.post(page_of(Cohort, "change", cohort.pk), a_form(objectives="listen\r\n\r\n share "))

    cohort.refresh_from_db()
    assert "listen\nlearn</textarea>" in shown
    assert cohort.objectives == ["listen", "share"]
    assert cohort.slug == "lgr6"
