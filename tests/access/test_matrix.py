"""The access matrix: eight roles × every URL of the resolver × every HTTP method.

matrix.txt holds one code for each role, place and method; a POST is an empty one. A URL without a row fails.
GET and POST, which browsers send, are asked on both databases; of the other methods each is asked on one, as what
refuses them, or answers HEAD like GET, is the same: `.ci/run`, which takes both databases, asks everything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client
from django.urls import NoReverseMatch, reverse

from tests import factories as make
from tests.access.rows import CODES, METHODS, ROWS, read_table
from tests.access.world import ROLES, World, build
from tests.architecture.test_public_pages import patterns

ELSEWHERE = {"sqlite": {"HEAD", "PATCH", "DELETE"}, "postgresql": {"PUT", "OPTIONS"}}
ASKED = [method for method in METHODS if method not in ELSEWHERE[connection.vendor]]


@pytest.fixture
def world(db, settings) -> World:
    settings.REQUIRE_STAFF_MFA = False
    return build()


def client_of(world: World, role: str) -> Client:
    client = Client(raise_request_exception=False)
    if user := world.people[role]:
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def ask(client: Client, method: str, path: str) -> int:
    """The status of one request, whose traces in the database and in the cookies are wiped out."""
    cookies = copy(client.cookies)
    with transaction.atomic():
        response = client.generic(method, path)
        if response.streaming:
            b"".join(response.streaming_content)
        transaction.set_rollback(True)
    client.cookies = cookies
    if settings.REDIS_URL:
        # Counts of tries are not rolled back there.
        cache.clear()
    return response.status_code


@pytest.mark.parametrize("role", ROLES)
def test_every_page_answers_this_role_as_the_matrix_says(world, role):
    client = client_of(world, role)
    wrong = {}
    for row in ROWS:
        path = row.path(world)
        codes = row.expected(role)
        for method in ASKED:
            code = codes[method]
            if (answer := ask(client, method, path)) != code:
                wrong[f"{row.title} {method}"] = f"{answer}, not {code}"

    assert wrong == {}


def test_each_method_is_asked_on_a_database():
    assert set.intersection(*ELSEWHERE.values()) == set()
    assert set.union(*ELSEWHERE.values()) < set(METHODS)


def test_every_url_has_a_row():
    named = {row.name for row in ROWS}
    without = {name for name, _ in patterns() if not name.startswith("admin:")} - named

    assert without == set()


def test_every_row_is_a_url_and_has_its_lines():
    known = {name for name, _ in patterns()}

    assert {row.name for row in ROWS} - known == set()
    assert {row.title for row in ROWS} == set(CODES)
    assert {row.title for row in ROWS if not {"GET", "POST", "other"} <= set(row.codes)} == set()


def admin_paths(world: World) -> Iterator[tuple[str, str]]:
    """Every page of the staff desk, with something there."""
    for name, pattern in patterns():
        if not name.startswith("admin:") or pattern.name is None:
            continue
        kwargs = dict.fromkeys(pattern.pattern.converters, "1")
        if "app_label" in str(pattern.pattern):
            kwargs = {"app_label": "participants"}
        try:
            yield name, reverse(name, kwargs=kwargs) if kwargs else reverse(name)
        except NoReverseMatch:
            yield name, reverse(name, args=["1"] * len(pattern.pattern.converters or [1]))


# Pages of the desk that say nothing of ours: the way in, the way out, and words for scripts.
OPEN_DESK = {"admin:login", "admin:logout", "admin:jsi18n"}


@pytest.mark.parametrize("role", [role for role in ROLES if role != "staff"])
def test_the_staff_desk_is_closed_to_everyone_but_staff(world, role):
    client = client_of(world, role)
    closed = {302} if role == "anonymous" else {403}
    wrong = {}
    for name, path in admin_paths(world):
        if name in OPEN_DESK:
            continue
        for method in ASKED:
            if (answer := ask(client, method, path)) not in closed:
                wrong[f"{name} {method}"] = answer

    assert wrong == {}


def test_the_staff_desk_opens_for_staff_and_never_breaks(world):
    client = client_of(world, "staff")
    answers = {name: ask(client, "GET", path) for name, path in admin_paths(world)}

    assert {name: code for name, code in answers.items() if code >= 500} == {}
    lists = {name: code for name, code in answers.items() if name.endswith("_changelist")}
    assert lists
    assert set(lists.values()) == {200}


@dataclass(frozen=True)
class Twin:
    """A thing of another organisation and one that does not exist: their answers must be the same."""

    there: Callable[[World], str]
    missing: str


TWINS = {
    "a note of another organisation": Twin(
        lambda w: reverse("research:note_detail", args=["world", w.things.b.inner.pk]),
        "/cohorts/world/notes/00000000-0000-4000-8000-000000000000/",
    ),
    "somebody else's draft": Twin(
        lambda w: reverse("research:note_detail", args=["world", w.things.b.draft.pk]),
        "/cohorts/world/notes/00000000-0000-4000-8000-000000000000/",
    ),
    "a file of another organisation": Twin(
        lambda w: w.things.files[w.things.b.inner.pk].get_absolute_url(),
        "/cohorts/world/notes/00000000-0000-4000-8000-000000000000/files/00000000-0000-4000-8000-000000000000/",
    ),
    "somebody else's archive": Twin(
        lambda w: reverse("research:archive_file", args=[make.an_archive(w.people["colleague"], w.things.museum).pk]),
        "/my/archives/00000000-0000-4000-8000-000000000000/file/",
    ),
    "a session of another organisation": Twin(
        lambda w: reverse("mentoring:session_detail", args=["world", w.things.b.session.pk]),
        "/cohorts/world/mentoring/sessions/999999/",
    ),
    "a topic of another organisation": Twin(
        lambda w: reverse("discussions:topic_detail", args=["world", w.things.b.topic.pk]),
        "/cohorts/world/exchange/999999/",
    ),
    "the inside of another organisation": Twin(
        lambda w: w.things.b.membership.get_absolute_url(), "/cohorts/world/organisations/nobody/"
    ),
    "another cohort": Twin(lambda w: w.other_cohort.get_absolute_url(), "/cohorts/nowhere/"),
    "an unpublished finding": Twin(
        lambda w: reverse("findings:finding_detail", args=[w.things.b.finding.slug]), "/findings/nothing/"
    ),
}


@pytest.mark.parametrize("twin", TWINS.values(), ids=TWINS.keys())
def test_what_is_not_yours_looks_as_if_it_did_not_exist(world, twin):
    client = client_of(world, "participant")
    path = twin.there(world)

    there, missing = client.get(path), client.get(twin.missing)

    assert (there.status_code, missing.status_code) == (404, 404)
    assert there.content.decode().replace(path, "") == missing.content.decode().replace(twin.missing, "")


def test_the_matrix_would_see_a_guard_that_is_off(world, monkeypatch):
    """The negative control: with notes visible to all, the neighbour's row no longer holds."""
    from research.models import ResearchNote

    path = reverse("research:note_detail", args=["world", world.things.a.inner.pk])
    assert ask(client_of(world, "neighbour"), "GET", path) == 404

    queryset = type(ResearchNote.objects.all())
    monkeypatch.setattr(queryset, "visible_to", lambda self, user: self)

    assert ask(client_of(world, "neighbour"), "GET", path) == 200


def test_a_line_needs_a_code_for_each_role():
    with pytest.raises(ValueError, match="2 codes for 8 roles"):
        read_table("home\n  GET 200 200\n")
