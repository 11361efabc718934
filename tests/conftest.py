"""What every test stands on. Settings: tests/settings.py; what is left out, and why: tests/surroundings.py."""

import pytest
from django.conf import settings
from django.core.cache import cache

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
