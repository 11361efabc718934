"""Production refuses to start half configured, and says which setting is at fault."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

KEY = "0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ"
GOOD = {
    "DEBUG": "false",
    "REHEARSAL": "false",
    "SECRET_KEY": KEY,
    "ALLOWED_HOSTS": "portal.example",
    "PORTAL_URL": "https://portal.example",
    "EMAIL_URL": "smtp+tls://portal:secret@mail.example:587",
    "DATABASE_URL": "sqlite://:memory:",
    "REDIS_URL": "",
}
REHEARSAL = {**GOOD, "REHEARSAL": "true", "ALLOWED_HOSTS": "localhost", "EMAIL_URL": "mailroom:"}


def start(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Reads the settings in a process of its own; every variable is set, so that no .env has a say."""
    system = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "LANG") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-c", "import lgr6.settings"],
        cwd=settings.BASE_DIR,
        env={**system, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("environment", [GOOD, REHEARSAL], ids=["production", "rehearsal"])
def test_a_whole_configuration_starts(environment):
    answer = start(environment)

    assert (answer.returncode, answer.stderr) == (0, "")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY is missing"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY is missing, short"),
        ({"SECRET_KEY": "a" * 60}, "SECRET_KEY is missing, short"),
        ({"SECRET_KEY": "change-me-" + KEY}, "or the example's"),
        ({"DEBUG": "true"}, "DEBUG is on outside a rehearsal"),
        ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS must name"),
        ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS must name"),
        ({"PORTAL_URL": "http://portal.example"}, "PORTAL_URL must be the portal's https:// address"),
        ({"PORTAL_URL": ""}, "PORTAL_URL must be"),
        ({"EMAIL_URL": ""}, "EMAIL_URL sends mail to nowhere"),
        ({"EMAIL_URL": "mailroom:"}, "EMAIL_URL sends mail to nowhere"),
        ({"EMAIL_URL": "consolemail:"}, "EMAIL_URL sends mail to nowhere"),
        ({"EMAIL_URL": "dummymail:"}, "EMAIL_URL sends mail to nowhere"),
        ({"EMAIL_URL": "smtp://"}, "EMAIL_URL sends mail to nowhere"),
        (
            {"MAIL_PROVIDER": "pigeon", "MAIL_WEBHOOK_SECRET": f"portal:{KEY}"},
            "MAIL_PROVIDER is none of brevo, mailjet",
        ),
        ({"MAIL_PROVIDER": "brevo"}, "MAIL_WEBHOOK_SECRET must be user:password"),
    ],
)
def test_production_refuses_to_start_and_names_the_setting(wrong, words):
    answer = start({**GOOD, **wrong})

    assert answer.returncode == 1
    assert words in answer.stderr


def test_a_refusal_names_every_setting_at_fault_at_once():
    answer = start({**GOOD, "SECRET_KEY": "", "PORTAL_URL": "", "EMAIL_URL": ""})

    refused = [line.split()[1] for line in answer.stderr.splitlines() if line.startswith("- ")]
    assert refused == ["SECRET_KEY", "PORTAL_URL", "EMAIL_URL"]


@pytest.mark.parametrize("mode", ["REHEARSAL", "DEBUG"])
@pytest.mark.parametrize("hosts", ["portal.example", "localhost,portal.example", "*"])
def test_a_rehearsal_with_its_printed_password_refuses_a_public_host(mode, hosts):
    answer = start({**REHEARSAL, mode: "true", "ALLOWED_HOSTS": hosts})

    assert answer.returncode == 1
    assert f"{mode} is on while ALLOWED_HOSTS names {hosts.removeprefix('localhost,')}" in answer.stderr


def test_a_refusal_shows_no_secret():
    answer = start({**GOOD, "PORTAL_URL": "", "EMAIL_URL": "file://portal:very-secret@mail.example"})

    assert answer.returncode == 1
    assert KEY not in answer.stderr
    assert "very-secret" not in answer.stderr
