"""What every test stands on. Settings: tests/settings.py; what is left out, and why: tests/surroundings.py."""

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection

pytest_plugins = ["tests.surroundings"]


@pytest.fixture(autouse=True)
def _fresh_cache(request, django_db_blocker):
    """Rate limits of one test must not stop the next. What is rolled back needs no clearing: Redis is not."""
    yield
    marker = request.node.get_closest_marker("django_db")
    commits = {"transactional_db", "live_server"} & set(request.fixturenames)
    if settings.REDIS_URL or commits or (marker and marker.kwargs.get("transaction")):
        with django_db_blocker.unblock():
            cache.clear()


@pytest.fixture(scope="session", autouse=True)
def _files_of_the_suite(tmp_path_factory):
    """Files of notes are kept where pytest tidies up, never beside those of a rehearsal."""
    settings.FILES_DIR = tmp_path_factory.mktemp("files")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """At the end PostgreSQL drops the test database only when nobody is in it any more.

    A thread of the live server answers a browser's last request a moment after the browser has gone.
    """
    yield
    if connection.vendor != "postgresql":
        return
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
