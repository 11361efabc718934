"""The settings of a rehearsal, whatever .env says: pytest-django reads settings before any conftest runs."""

import os

os.environ["REHEARSAL"] = "true"
os.environ["DEBUG"] = "false"
os.environ["SECRET_KEY"] = "only-for-the-test-suite-0123456789-abcdefghijklmnopqrstuvwxyz"
os.environ["SHOP_WINDOW_SECONDS"] = "0"
os.environ["PORTAL_URL"] = "http://localhost:8000"
os.environ["ALLOWED_HOSTS"] = "localhost,127.0.0.1,[::1]"
os.environ.setdefault("EMAIL_URL", "mailroom:")

# Each worker of xdist empties its own Redis database, so that no test meets the rate limits of another. The workers
# inherit what the first process has set: they count from the address it was given.
worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
if os.environ.get("REDIS_URL"):
    base, _, number = os.environ.setdefault("PYTEST_REDIS_URL", os.environ["REDIS_URL"]).rpartition("/")
    os.environ["REDIS_URL"] = f"{base}/{int(number) + int(worker)}"

from lgr6.settings import *  # noqa: E402,F403

# Hashing slowly is right for people and a waste for samples.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# Thousands of refused requests are what the access matrix is made of: a line for each would drown the rest.
LOGGING["loggers"]["django.request"] = {"level": "ERROR"}  # noqa: F405

# No worker runs beside the suite: jobs are done at once, with Redis as without.
CELERY_TASK_ALWAYS_EAGER = True
