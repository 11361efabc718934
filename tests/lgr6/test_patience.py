"""A database that is away, locked or silent: a request is told so in bounded time, and told to come again."""

import json
import time

import psycopg2
import pytest
from django.db import OperationalError, connection
from psycopg2 import extensions

from lgr6.patience import limit_waiting

pytestmark = pytest.mark.django_db


@pytest.fixture
def away():
    """The database answers nothing at all, not even who has signed in."""

    def fail(execute, sql, params, many, context):
        raise OperationalError("gone")

    with connection.execute_wrapper(fail):
        yield


@pytest.fixture
def visitor(client):
    client.raise_request_exception = False
    client.cookies["sessionid"] = "a-session-that-has-to-be-looked-up"
    return client


def test_a_page_without_its_database_is_503_in_words_and_says_when_to_come_back(visitor, away):
    answer = visitor.get("/my/")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "The portal is <mark>out of breath</mark>" in answer.content.decode()


def test_a_script_without_its_database_is_told_in_json(visitor, away):
    answer = visitor.post("/my/", json.dumps({}), content_type="application/json")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert list(answer.json()) == ["error"]


def test_any_other_failure_is_500(visitor, monkeypatch):
    def fail(*_):
        raise ValueError("a mistake of ours")

    monkeypatch.setattr("lgr6.views.health.oldest_late", fail)

    answer = visitor.get("/readyz")

    assert answer.status_code == 500
    assert "Something <mark>broke</mark>" in answer.content.decode()


@pytest.fixture
def impatient():
    limit_waiting(0.2)
    yield
    extensions.set_wait_callback(None)


def another_connection():
    """Not the test's own: it will be closed."""
    named = connection.get_connection_params()
    return psycopg2.connect(
        **{part: named[part] for part in ("dbname", "user", "password", "host", "port") if part in named}
    )


@pytest.mark.postgres  # SQLite has no server that could be silent
def test_an_answer_that_does_not_come_is_not_waited_for_for_ever(impatient):
    silent = another_connection()
    started = time.monotonic()

    with pytest.raises(psycopg2.OperationalError, match="did not answer in time"):
        silent.cursor().execute("SELECT pg_sleep(5)")

    assert time.monotonic() - started < 2
    assert silent.closed


@pytest.mark.postgres
def test_an_answer_that_comes_in_time_is_had(impatient):
    prompt = another_connection()
    with prompt.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(0.05), repeat('x', 3000000)")
        assert len(cursor.fetchone()[1]) == 3_000_000
    prompt.close()
