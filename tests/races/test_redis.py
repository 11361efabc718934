"""Redis stops, hangs, forgets or dies: no request waits for it, and no letter is lost."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys

import pytest
from django.db import connections

from correspondence.models import Letter
from participants.models import User
from tests.races.broker import Redis
from tests.races.test_clock import HOME, database_url

pytestmark = [pytest.mark.redis, pytest.mark.skipif(not shutil.which("redis-server"), reason="no redis-server here")]

VISITS = 5

# Asks for a code to sign in, which writes a letter, asks the rate limits and nudges the queue; prints the seconds.
VISITOR = """
import json, sys, time
import django
django.setup()
from django.test import Client
print("ready", flush=True)
for line in sys.stdin:
    number = line.strip()
    client = Client(REMOTE_ADDR="10.0.0." + number)
    started = time.monotonic()
    answer = client.post("/accounts/login/code/", {"email": f"pat{number}@sample.example"})
    print(json.dumps([answer.status_code, round(time.monotonic() - started, 2)]), flush=True)
"""


@pytest.fixture
def redis(tmp_path):
    redis = Redis(str(tmp_path))
    yield redis
    redis.end()


@pytest.fixture
def visitor(redis, transactional_db):
    for number in range(VISITS):
        User.objects.create_user(email=f"pat{number}@sample.example", name="Pat", password="a-sample-password-0")
    connections.close_all()
    env = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "lgr6.settings",
        "REHEARSAL": "true",
        "ALLOWED_HOSTS": "testserver,localhost",
        "SECRET_KEY": "only-for-the-test-suite-0123456789-abcdefghijklmnopqrstuvwxyz",
        "DATABASE_URL": database_url(),
        "REDIS_URL": f"redis://127.0.0.1:{redis.port}/0",
        "EMAIL_URL": "smtp://127.0.0.1:9",
    }
    with subprocess.Popen(
        [sys.executable, "-c", VISITOR], cwd=HOME, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "ready\n"
        yield lambda number: ask(process, number)
        process.stdin.close()
        process.wait(timeout=30)


def ask(process: subprocess.Popen, number: int) -> tuple[int, float]:
    process.stdin.write(f"{number}\n")
    process.stdin.flush()
    return tuple(json.loads(process.stdout.readline()))


@pytest.mark.parametrize("fault", ["hangs", "is killed", "forgets"])
def test_no_request_waits_for_redis_and_no_letter_is_lost(redis, visitor, fault):
    visits = [visitor(0)]
    {"hangs": lambda: redis.send(signal.SIGSTOP), "is killed": redis.end, "forgets": redis.flush}[fault]()

    visits += [visitor(number) for number in range(1, VISITS)]
    if fault == "hangs":
        redis.send(signal.SIGCONT)

    assert [status for status, _ in visits] == [302] * VISITS
    assert max(seconds for _, seconds in visits) < 3
    assert Letter.objects.filter(kind="sign_in_code").count() == VISITS
