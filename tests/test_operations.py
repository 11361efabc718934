"""The way in: run.py says in plain words what is missing, and the files around it agree with the settings."""

import ast
import itertools
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import timezone

import run
from correspondence.holding import let_go
from correspondence.models import Heartbeat, Letter
from lgr6 import server
from lgr6.celery import app

HOME = Path(settings.BASE_DIR)


def refusal(check, *arguments, **named) -> str:
    with pytest.raises(run.CannotStart) as caught:
        check(*arguments, **named)
    return str(caught.value)


def test_run_can_be_read_by_an_old_python():
    ast.parse((HOME / "run.py").read_text(encoding="utf-8"), feature_version=(3, 6))


@pytest.mark.parametrize("version", [(3, 6), (3, 10)])
def test_an_old_python_is_named_with_what_is_needed(version):
    words = refusal(run.check_python, version)

    assert words.startswith(f"This is Python 3.{version[1]}; the portal needs Python 3.11 or later.")


@pytest.mark.parametrize("version", [(3, 11), (3, 13), (4, 0)])
def test_a_python_of_3_11_or_later_will_do(version):
    run.check_python(version)


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_a_missing_venv_module_names_the_package_to_install(module):
    words = refusal(run.check_venv_module, lambda name: None if name == module else object())

    assert f"module {module} is missing" in words
    assert words.endswith("apt install python3-venv")


def test_a_python_with_its_venv_module_will_do():
    run.check_venv_module(lambda name: object())


def test_a_taken_port_is_named_with_a_way_out():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        words = refusal(run.check_port, port)

    assert words.startswith(f"Port {port} is taken")
    assert words.endswith(f"PORT={port + 1} make run")


def test_a_port_that_somebody_left_is_free():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

    run.check_port(port)


@pytest.mark.parametrize("text", ["eight", "-1", "0", "65536", "8000.5", "80 00", "８０００"])
def test_a_port_that_is_none_is_refused_in_words(text):
    assert refusal(run.chosen_port, text).startswith(f"PORT={text} is not a port")


def test_a_port_is_read_as_a_number():
    assert run.chosen_port("8001") == 8001


def test_a_refusal_ends_run_with_a_sentence_and_no_traceback():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])

        answer = subprocess.run(
            [sys.executable, "run.py"], cwd=HOME, env={"PORT": port}, capture_output=True, text=True, check=False
        )

    assert answer.returncode == 1
    assert answer.stderr.startswith(f"Port {port} is taken")
    assert "Traceback" not in answer.stderr


def test_an_unknown_command_is_answered_with_those_there_are():
    answer = subprocess.run([sys.executable, "run.py", "rum"], cwd=HOME, capture_output=True, text=True, check=False)

    assert answer.returncode == 2
    assert "run, install, test, check" in answer.stdout


def test_make_lists_every_target_with_a_line():
    makefile = (HOME / "Makefile").read_text(encoding="utf-8")
    targets = set(re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1].split())

    listed = set(re.findall(r"^([a-z]+):.*## ", makefile, re.MULTILINE))

    assert listed == targets - {"help"}
    assert listed <= set(run.COMMANDS)


def test_requirements_name_no_host():
    assert run.addresses_in_requirements() == []


def test_a_host_in_requirements_would_be_found(tmp_path, monkeypatch):
    (tmp_path / "requirements.txt").write_text("--extra-index https://mirror.example/simple\ndjango==5.2\n")
    monkeypatch.setattr(run, "HOME", tmp_path)

    assert run.addresses_in_requirements() == [
        "requirements.txt:1: --extra-index https://mirror.example/simple",
    ]


def test_every_pinned_package_has_a_hash():
    for lock in (run.RUNTIME, run.DEVELOPMENT):
        for entry in re.split(r"\n(?=\S)", (HOME / lock).read_text(encoding="utf-8").strip()):
            assert "==" in entry, entry
            assert "--hash=sha256:" in entry, entry


def test_what_is_developed_with_is_what_runs():
    def pins(lock):
        return set(re.findall(r"^([a-z0-9-]+==[^ ;\n]+)", (HOME / lock).read_text(encoding="utf-8"), re.MULTILINE))

    assert pins(run.RUNTIME) <= pins(run.DEVELOPMENT)


def settings_read() -> set[str]:
    """Names that settings.py reads from the environment, less those of the test suite."""
    text = (HOME / "lgr6" / "settings.py").read_text(encoding="utf-8")
    return set(re.findall(r'env\.\w+\("([A-Z_]+)"', text)) - {"TEST_DB_SUFFIX"}


def test_the_example_shows_every_setting_with_a_comment():
    lines = (HOME / ".env.example").read_text(encoding="utf-8").splitlines()
    pairs = itertools.pairwise(lines)
    shown = {line.lstrip("# ").split("=")[0]: above for above, line in pairs if re.match(r"[A-Z_]+=", line)}

    assert settings_read() <= set(shown)
    assert [name for name, above in shown.items() if not above.startswith("# ")] == []


def test_the_example_left_as_it_is_has_a_key_that_is_refused():
    lines = (HOME / ".env.example").read_text(encoding="utf-8").splitlines()

    assert [line for line in lines if line.startswith("SECRET_KEY=change-me")] != []


def test_one_process_keeps_the_clock_and_the_next_takes_over(tmp_path):
    first = server.hold(tmp_path / "clock.lock")

    assert first is not None
    assert server.hold(tmp_path / "clock.lock") is None
    first.close()
    second = server.hold(tmp_path / "clock.lock")
    assert second is not None
    second.close()


def a_letter(name: str, state: str, due_in: timedelta) -> Letter:
    return Letter.objects.create(
        key=name,
        kind="sample",
        address=f"{name}@sample.example",
        subject=name,
        state=state,
        due_at=timezone.now() + due_in,
    )


def test_after_a_restore_letters_due_by_now_wait_for_a_person(db, mailoutbox):
    due = [a_letter(state, state, -timedelta(hours=1)) for state in Letter.UNFINISHED]

    call_command("hold_due_letters", stdout=StringIO())
    call_command("send_due_letters", stdout=StringIO())

    assert {Letter.objects.get(pk=letter.pk).state for letter in due} == {Letter.State.IN_DOUBT}
    assert mailoutbox == []


def test_after_a_restore_letters_of_the_future_go_when_staff_release_mail(db, mailoutbox):
    coming = a_letter("coming", Letter.State.PLANNED, timedelta(seconds=1))
    later = timezone.now() + timedelta(minutes=1)

    call_command("hold_due_letters", stdout=StringIO())
    call_command("send_due_letters", at=later.isoformat(), stdout=StringIO())
    assert mailoutbox == []
    let_go(later)
    call_command("send_due_letters", at=later.isoformat(), stdout=StringIO())

    assert Letter.objects.get(pk=coming.pk).state == Letter.State.SENT
    assert [mail.subject for mail in mailoutbox] == ["coming"]


def test_the_rehearsal_is_not_started_on_a_public_portals_settings(settings):
    settings.REHEARSAL = False

    with pytest.raises(CommandError, match="public portal's configuration"):
        call_command("rehearse")


def until(holds, seconds: float) -> bool:
    """Whether it came true within the time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.05)
    return False


def test_the_clock_ticks_inside_the_server_and_stops_with_it(transactional_db, tmp_path, settings, monkeypatch):
    settings.VAR_DIR = tmp_path
    settings.CELERY_TASK_ALWAYS_EAGER = True
    monkeypatch.setitem(app.conf, "task_always_eager", True)
    monkeypatch.setitem(app.conf.beat_schedule["clock"], "schedule", 0.1)

    clock = server.start_clock()
    ticked = until(Heartbeat.objects.filter(name="clock").exists, 10)
    second = server.start_clock()
    server.stop_clock(clock)
    clock.lock.close()

    assert ticked
    assert second is None
    assert not clock.is_alive()


def test_beside_redis_the_server_leaves_the_clock_to_celery(settings):
    settings.CELERY_TASK_ALWAYS_EAGER = False

    assert server.start_clock() is None


def answer_of(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status
    except OSError:
        return 0


@pytest.mark.sqlite
@pytest.mark.skipif(os.name != "posix", reason="signals to a group of processes are POSIX's")
def test_the_rehearsal_serves_until_a_signal_and_leaves_nobody_behind(tmp_path):
    """On SQLite alone: it is what a rehearsal runs on, and the database here is the test's own file.

    Ctrl-C, an end from outside and a closed terminal, one after the other: from the second on, all is there already.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "DATABASE_URL": f"sqlite:///{tmp_path / 'rehearsal.sqlite3'}",
        "DJANGO_SETTINGS_MODULE": "lgr6.settings",
        "PORT": str(port),
        "PORTAL_URL": f"http://localhost:{port}",
        "REDIS_URL": "",
    }
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        with subprocess.Popen(
            [sys.executable, "manage.py", "rehearse"],
            cwd=HOME,
            env=environment,
            start_new_session=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as portal:
            try:
                printed = list(itertools.takewhile(lambda line: "Ctrl-C" not in line, portal.stdout))
                home, well = answer_of(f"http://127.0.0.1:{port}/"), answer_of(f"http://127.0.0.1:{port}/readyz")
                os.killpg(portal.pid, sign)
                portal.wait(timeout=30)
                ended = until(lambda group=portal.pid: not group_lives(group), 10)
            finally:
                if group_lives(portal.pid):
                    os.killpg(portal.pid, signal.SIGKILL)

        assert f"The portal is at http://localhost:{port}\n" in printed
        assert (home, well) == (200, 200)
        assert ended, sign


def group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
