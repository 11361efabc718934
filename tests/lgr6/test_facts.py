"""LGR6 as its announcement states it, and nothing more."""

from datetime import date, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from correspondence.models import Letter
from findings.models import Finding, Resource
from lgr6.rehearsal import accounts, play
from participants.models import Cohort, Membership, Organisation, User
from research.models import ResearchNote, ResearchPhase
from workshops.models import Workshop

pytestmark = pytest.mark.django_db


@pytest.fixture
def lgr6() -> Cohort:
    call_command("load_lgr6", verbosity=0)
    return Cohort.objects.get(slug="lgr6")


def test_sixteen_organisations_are_named_of_eighteen_announced(lgr6):
    assert lgr6.memberships.named().count() == 16
    assert lgr6.announced_organisations == 18


def test_roles_overlap_as_stated(lgr6):
    host = lgr6.memberships.get(organisation__name="Battersea Arts Centre")
    joint = lgr6.memberships.get(name="Wandsworth Museum (Battersea Arts Centre)")

    assert host.roles == ["partner", "host"]
    assert joint.roles == ["participant"]
    assert [body.name for body in joint.joint_bodies.all()] == ["Battersea Arts Centre", "Wandsworth Museum"]
    assert lgr6.memberships.get(is_organiser=True).name == "Culture24"


def test_what_is_not_stated_is_left_open(lgr6):
    assert set(lgr6.workshops.values_list("starts_at", "title")) == {(None, "")}
    assert set(lgr6.phases.values_list("name", "opens_on", "closes_on")) == {("", None, None)}
    assert (lgr6.workshops.count(), lgr6.phases.count()) == (4, 4)
    assert (lgr6.starts_on, lgr6.ends_on, lgr6.date_precision) == (date(2018, 1, 1), date(2018, 10, 31), "month")
    assert set(Resource.objects.values_list("url", flat=True)) == {""}
    assert User.objects.count() == 0


def test_loading_again_changes_nothing_that_staff_changed(lgr6):
    Membership.objects.filter(name="Chester Zoo").update(name="Chester Zoo, renamed")
    Workshop.objects.filter(number=4).delete()
    Cohort.objects.update(question="Another question?")

    call_command("load_lgr6", verbosity=0)

    assert Membership.objects.filter(name="Chester Zoo, renamed").exists()
    assert lgr6.workshops.count() == 3
    assert Cohort.objects.get().question == "Another question?"
    assert lgr6.memberships.named().count() == 16


def test_the_rehearsal_puts_today_into_phase_2(lgr6):
    call_command("load_rehearsal", verbosity=0)

    assert lgr6.phases.get(number=2).is_open(timezone.localdate())
    assert not lgr6.phases.get(number=1).is_open(timezone.localdate())


def test_the_rehearsal_says_of_every_text_that_it_is_a_sample(lgr6):
    play(timezone.now())

    assert [note.title for note in ResearchNote.objects.all() if "ample" not in note.title] == []
    assert [finding.title for finding in Finding.objects.all() if "ample" not in finding.title] == []
    assert set(Finding.objects.values_list("is_sample", flat=True)) == {True}
    assert [user.email for user in User.objects.all() if not user.email.endswith("@rehearsal.example")] == []
    named = Organisation.objects.filter(memberships__notes__isnull=False).distinct()
    assert set(named.values_list("is_sample", flat=True)) == {True}


def test_the_rehearsal_leaves_the_public_count_as_it_is(lgr6):
    play(timezone.now())

    assert lgr6.memberships.named().count() == 16


def test_playing_the_rehearsal_again_adds_nothing(lgr6):
    play(timezone.now())
    before = (ResearchNote.objects.count(), User.objects.count(), Letter.objects.count(), Finding.objects.count())

    play(timezone.now())

    after = (ResearchNote.objects.count(), User.objects.count(), Letter.objects.count(), Finding.objects.count())
    assert after == before


def test_when_phase_2_is_over_the_rehearsal_moves_its_dates(lgr6):
    now = timezone.now()
    play(now)

    play(now + timedelta(days=40))

    moved = ResearchPhase.objects.get(cohort=lgr6, number=2)
    assert moved.is_open(timezone.localdate(now + timedelta(days=40)))


def test_every_printed_account_works(lgr6, client):
    play(timezone.now())

    for email, _ in accounts():
        response = client.post("/accounts/login/", {"login": email, "password": "rehearse-lgr6-only"})
        assert (email, response.status_code, response["Location"]) == (email, 302, "/my/")
        client.post("/accounts/logout/")


def test_the_rehearsal_refuses_to_play_in_production(lgr6, settings):
    settings.REHEARSAL = False

    with pytest.raises(CommandError, match="not a rehearsal"):
        call_command("load_rehearsal")

    assert User.objects.count() == 0
