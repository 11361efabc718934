"""A canary in every text of every organisation: none may sing where it is not at home."""

from __future__ import annotations

import re
from collections import deque
from datetime import timedelta
from html import unescape
from io import BytesIO
from urllib.parse import urljoin, urlsplit
from zipfile import ZipFile

import pytest
from django.test import Client
from django.utils import timezone

from correspondence.clock import tick
from correspondence.models import Letter
from participants.models import Seat
from research.models import ResearchNote
from research.packing import pack_waiting
from tests.access.rows import ROWS
from tests.access.test_matrix import client_of
from tests.access.world import ROLES, World, build, canary

# Who may meet a canary at all. Those of organisation B: the same, seen from the other side.
HOMES = {
    "A-draft": {"participant"},
    "A-inner": {"participant", "colleague", "mentor", "staff"},
    "A-shared": {"participant", "colleague", "neighbour", "mentor", "staff"},
    "A-locked": {"participant", "colleague", "mentor", "staff"},
    "A-deleted": {"participant", "colleague", "staff"},
    "A-join": {"participant", "colleague", "mentor", "staff"},
    "A-wish": {"participant", "colleague", "mentor", "staff"},
    "A-record": {"participant", "colleague", "mentor", "staff"},
    "A-remark": {"mentor"},
    "A-followup": {"participant", "colleague", "mentor", "staff"},
    "A-question": {"participant", "colleague", "mentor", "staff"},
    "A-topic": {"participant", "colleague", "staff"},
    "A-finding": {"participant", "colleague", "staff"},
    "A-memo": {"mentor", "staff"},
    "A-theme": {"mentor", "other_mentor", "staff"},
    "A-ustoo": {"participant", "colleague", "neighbour", "mentor", "staff"},
    "A-needs": {"participant", "staff"},
    "B-draft": {"neighbour"},
    "B-inner": {"neighbour", "other_mentor", "staff"},
    "B-shared": {"participant", "colleague", "neighbour", "other_mentor", "staff"},
    "B-locked": {"neighbour", "other_mentor", "staff"},
    "B-deleted": {"neighbour", "staff"},
    "B-join": {"neighbour", "other_mentor", "staff"},
    "B-wish": {"neighbour", "other_mentor", "staff"},
    "B-record": {"neighbour", "other_mentor", "staff"},
    "B-remark": {"other_mentor"},
    "B-followup": {"neighbour", "other_mentor", "staff"},
    "B-question": {"neighbour", "other_mentor", "staff"},
    "B-topic": {"neighbour", "staff"},
    "B-finding": {"neighbour", "staff"},
    "B-memo": {"other_mentor", "staff"},
    "B-theme": {"mentor", "other_mentor", "staff"},
    "B-ustoo": {"participant", "colleague", "neighbour", "other_mentor", "staff"},
    "B-needs": {"neighbour", "staff"},
    "withdrawn": {"participant", "colleague", "staff"},
    "hidden-resource": {"staff"},
    "draft-report": {"staff"},
    "reader": {"staff"},
    "elsewhere": {"staff"},
}
# Canaries that the crawl need not meet: they may be read there, but no page is bound to show them.
SHY = {"A-deleted", "B-deleted", "withdrawn", "A-wish", "B-wish"}
MOST_PAGES = 600


def crawl(client: Client, seeds: list[str]) -> dict[str, str]:
    """Every page within reach by links, with its text. Follows no link that signs out or asks for a deed."""
    queue: deque[str] = deque(seeds)
    texts: dict[str, str] = {}
    while queue and len(texts) < MOST_PAGES:
        path = queue.popleft()
        if path in texts or path.startswith(("/static/", "/accounts/logout", "/mailroom/")):
            continue
        response = client.get(path)
        assert response.status_code != 500, path
        body = b"".join(response.streaming_content) if response.streaming else response.content
        is_zip = response.get("Content-Type") == "application/zip"
        texts[path] = unpacked(body) if is_zip else body.decode("utf-8", "replace")
        if response.get("Content-Type", "").startswith("text/html"):
            for href in re.findall(r'href="([^"#]+)', texts[path]):
                target = urlsplit(urljoin(f"http://testserver{path}", unescape(href)))
                if target.netloc == "testserver":
                    queue.append(target.path + (f"?{target.query}" if target.query else ""))
        elif response.status_code in (301, 302):
            queue.append(response["Location"])
    return texts


def unpacked(content: bytes) -> str:
    """Every name and every text in a ZIP."""
    with ZipFile(BytesIO(content)) as parcel:
        texts = [parcel.read(name).decode("utf-8", "replace") for name in parcel.namelist()]
        return "\n".join([*parcel.namelist(), *texts])


def take_all_away(client: Client, world: World) -> dict[str, str]:
    """Asks for every archive there might be, and packs those that are given: each file's path, with all it says."""
    organisations = [world.things.museum, world.things.gallery]
    texts: dict[str, str] = {}
    for path in ["/my/archives/", *(f"{place.get_absolute_url()}archive/" for place in organisations)]:
        answer = client.post(path)
        pack_waiting(timezone.now())
        if answer.status_code == 302 and answer["Location"].startswith("/my/archives/"):
            texts |= crawl(client, [f"{answer['Location']}file/"])
    return texts


def sung(texts: dict[str, str]) -> dict[str, str]:
    """The canaries in the texts, each with a page it was met on. The longest name wins: A-draft is not A."""
    found = {}
    for path, text in texts.items():
        lowered = text.lower()
        for name in HOMES:
            if canary(name).lower() in lowered and canary(name).lower() not in path.lower():
                found.setdefault(name, path)
    return found


@pytest.fixture
def world(db, settings) -> World:
    settings.REQUIRE_STAFF_MFA = False
    return build()


SEARCHES = ["?q=CANARY", "?q=Note", "?q=Text"]


@pytest.mark.parametrize("role", ROLES)
def test_nobody_meets_a_canary_that_is_not_theirs(world, role):
    client = client_of(world, role)
    seeds = ["/", "/my/", "/admin/"] if role == "staff" else ["/", "/my/"]
    # What a secret address opens is for whoever holds it, and nobody here does.
    seeds += [row.path(world) for row in ROWS if row.variant != "the key" and "mailroom" not in row.name]
    seeds += [f"/cohorts/world/notes/{search}" for search in SEARCHES]
    if user := world.people[role]:
        seeds.append(f"/calendar/{user.calendar_token}.ics")

    met = sung(crawl(client, seeds))

    allowed = {name for name, roles in HOMES.items() if role in roles}
    assert {name: page for name, page in met.items() if name not in allowed} == {}
    assert allowed - SHY - set(met) == set()


SHARED_BY_A, SHARED_BY_B = ({f"{letter}-{name}" for name in ("inner", "shared", "locked")} for letter in "AB")
TAKEN_AWAY = {
    "anonymous": set(),
    "participant": SHARED_BY_A | {"A-draft"},
    "colleague": SHARED_BY_A,
    "neighbour": SHARED_BY_B | {"B-draft"},
    "former": set(),
    "mentor": SHARED_BY_A,
    "other_mentor": SHARED_BY_B,
    "staff": SHARED_BY_A | SHARED_BY_B,
}


@pytest.mark.parametrize("role", ROLES)
def test_archives_hold_what_their_asker_may_read_and_nothing_else(world, role):
    assert set(sung(take_all_away(client_of(world, role), world))) == TAKEN_AWAY[role]


def test_an_archive_that_asked_nobody_would_be_heard(world, monkeypatch):
    """The negative control: with notes visible to all, a colleague takes drafts of others away."""
    monkeypatch.setattr(type(ResearchNote.objects.all()), "visible_to", lambda self, user: self)
    monkeypatch.setattr(type(ResearchNote.objects.all()), "shared", lambda self: self)

    assert "A-draft" in sung(take_all_away(client_of(world, "colleague"), world))


def test_no_letter_carries_a_canary_to_the_wrong_reader(world):
    now = timezone.now()
    for hours in range(0, 24 * 14, 6):
        tick(now + timedelta(hours=hours))
    roles = {user.email: role for role, user in world.people.items() if user}
    # Others with a seat beside the participant's read what the colleague reads, digests included.
    beside = Seat.objects.live().filter(membership__seats__user=world.people["participant"])
    for address in beside.values_list("user__email", flat=True):
        roles.setdefault(address, "colleague")
    letters = list(Letter.objects.all())

    wrong = [
        (letter.kind, letter.address, name)
        for letter in letters
        for name, homes in HOMES.items()
        if canary(name) in letter.subject + letter.body and roles.get(letter.address) not in homes
    ]

    assert len({letter.kind for letter in letters}) >= 5
    assert wrong == []


def test_the_mail_room_is_shut_in_production(world, settings, client):
    settings.MAILROOM = False

    assert client.get("/mailroom/").status_code == 404
    assert client.get(f"/mailroom/{world.things.letter.pk}/").status_code == 404


def test_a_canary_where_it_should_not_be_would_be_heard():
    texts = {"/somewhere/": f"<p>{canary('B-inner')}</p>"}

    assert sung(texts) == {"B-inner": "/somewhere/"}
