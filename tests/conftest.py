"""What every test stands on. The environment is set before Django reads its settings."""

import os

os.environ["REHEARSAL"] = "true"
os.environ["DEBUG"] = "false"
os.environ["SECRET_KEY"] = "only-for-the-test-suite-0123456789-abcdefghijklmnopqrstuvwxyz"
os.environ["SHOP_WINDOW_SECONDS"] = "0"
os.environ.setdefault("EMAIL_URL", "mailroom:")
os.environ["PORTAL_URL"] = "http://localhost:8000"

import pytest  # noqa: E402  (settings read the environment above)
from django.core.cache import cache  # noqa: E402


@pytest.fixture(autouse=True)
def _fresh_cache(request):
    """Rate limits of one test must not stop the next."""
    yield
    if "db" in request.fixturenames or "transactional_db" in request.fixturenames:
        cache.clear()
