from datetime import timedelta

import pytest
from django.utils import timezone

from correspondence.holding import hold
from correspondence.models import Heartbeat, Letter

pytestmark = pytest.mark.django_db


@pytest.fixture
def ticking():
    Heartbeat.objects.create(name="clock", at=timezone.now())


def a_letter(due_at, state=Letter.State.PLANNED):
    return Letter.objects.create(
        key=str(due_at) + state,
        kind="sample",
        address="pat@sample.example",
        subject="A",
        body="B",
        due_at=due_at,
        state=state,
    )


def test_live_looks_at_nothing_else(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = client.get("/healthz")

    assert (response.status_code, response.json()) == (200, {"status": "live"})


def test_well_when_the_clock_ticks_and_no_letter_waits(client, ticking):
    response = client.get("/readyz")

    assert response.status_code == 200
    assert response.json() == {
        "status": "green",
        "database": "answers",
        "oldest_due_letter_seconds": 0,
        "letters": "on time",
        "clock": "ticks",
        "files": "writable",
    }


def test_red_when_a_due_letter_waits_longer_than_five_minutes(client, ticking):
    a_letter(timezone.now() - timedelta(minutes=6))

    response = client.get("/readyz")

    assert (response.status_code, response.json()["letters"]) == (503, "late")


def test_a_letter_that_is_settled_or_not_due_yet_is_not_late(client, ticking):
    a_letter(timezone.now() - timedelta(minutes=6), Letter.State.SENT)
    a_letter(timezone.now() + timedelta(minutes=6))

    assert client.get("/readyz").status_code == 200


def test_red_when_the_clock_is_silent(client):
    Heartbeat.objects.create(name="clock", at=timezone.now() - timedelta(minutes=4))

    response = client.get("/readyz")

    assert (response.status_code, response.json()["clock"]) == (503, "silent")


def test_red_when_the_clock_never_ticked(client):
    assert client.get("/readyz").json()["clock"] == "silent"


def test_red_when_files_have_no_place_to_be_kept(client, ticking, settings, tmp_path):
    in_the_way = tmp_path / "a file"
    in_the_way.write_text("not a folder")
    settings.FILES_DIR = in_the_way / "files"

    response = client.get("/readyz")

    assert (response.status_code, response.json()["files"]) == (503, "not writable")


def test_red_before_the_last_of_the_room_for_files_is_gone(client, ticking, monkeypatch):
    monkeypatch.setattr("research.filing.SPARE", 2**62)

    response = client.get("/readyz")

    assert (response.status_code, response.json()["files"]) == (503, "nearly full")


def test_red_while_mail_is_held(client, ticking):
    hold(timezone.now(), "Held.")

    response = client.get("/readyz")

    assert (response.status_code, response.json()["letters"]) == (503, "held")


@pytest.mark.parametrize("address", ["/", "/my/"])
def test_a_host_that_is_not_ours_is_a_bad_request_in_words(client, address):
    answer = client.get(address, headers={"host": "elsewhere.example"})

    assert answer.status_code == 400
    assert "not be understood" in answer.content.decode()
