#!/usr/bin/env python3
"""One door to the portal for people: `python3 run.py` is `make run`, `python3 run.py test` is `make test`, and so on.

Standard library only, and readable by any Python 3.6: an old Python must get as far as saying that it is too old.
"""

import hashlib
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

HOME = Path(__file__).resolve().parent
VENV = HOME / ".venv"
OLDEST = (3, 11)
RUNTIME, DEVELOPMENT = "requirements.txt", "requirements-dev.txt"

# Settings a public portal could start with: `check --deploy` reads them and opens no connection.
SAMPLE_PRODUCTION = {
    "DEBUG": "false",
    "REHEARSAL": "false",
    "SECRET_KEY": "sample-for-the-deployment-check-0123456789-abcdefghijklmnopqrstuvwxyz",
    "ALLOWED_HOSTS": "portal.example",
    "PORTAL_URL": "https://portal.example",
    "EMAIL_URL": "smtp+tls://portal:sample@mail.example:587",
    "TRUSTED_PROXIES": "1",
    "DATABASE_URL": "sqlite://:memory:",
    "REDIS_URL": "",
}


class CannotStart(Exception):
    """Something is missing on this machine; the message says what, and what to do."""


def check_python(version: tuple = tuple(sys.version_info[:2])) -> None:
    """Raises CannotStart below Python 3.11, naming a newer one where this machine has it."""
    if tuple(version[:2]) >= OLDEST:
        return
    newer = [name for name in ("python3.14", "python3.13", "python3.12", "python3.11") if shutil.which(name)]
    way_out = (
        "Use the one that is here: make run PYTHON={}".format(newer[0]) if newer else "Please install a newer one."
    )
    raise CannotStart(
        "This is Python {}.{}; the portal needs Python 3.11 or later. {}".format(version[0], version[1], way_out)
    )


def check_venv_module(find=find_spec) -> None:
    """Raises CannotStart where Python cannot make virtual environments, as on a bare Debian."""
    missing = [name for name in ("venv", "ensurepip") if find(name) is None]
    if missing:
        raise CannotStart(
            "Python's module {} is missing, which makes the portal's own folder of packages. "
            "On Debian and Ubuntu: apt install python3-venv".format(" and ".join(missing))
        )


def chosen_port(text: str) -> int:
    """The port number in PORT; raises CannotStart on anything else."""
    if not re.match(r"[0-9]{1,5}$", text) or not 1 <= int(text) <= 65535:
        raise CannotStart(
            "PORT={} is not a port: choose a number from 1 to 65535, as in: PORT=8001 make run".format(text)
        )
    return int(text)


def check_port(port: int) -> None:
    """Raises CannotStart when something answers on the port already, or it may not be opened."""
    other = port + 1 if port < 65535 else 8001
    try:
        socket.create_connection(("localhost", port), timeout=1).close()
    except OSError:
        pass
    else:
        raise CannotStart(
            "Port {} is taken: perhaps the portal runs already at http://localhost:{}. "
            "Stop what is there, or choose another port: PORT={} make run".format(port, port, other)
        )
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as door:
        if os.name == "posix":
            # As the server does: a port left a moment ago may be taken again at once.
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind(("127.0.0.1", port))
        except OSError as error:
            raise CannotStart(
                "Port {} cannot be opened ({}). Choose another: PORT=8001 make run".format(port, error.strerror)
            ) from error


def python() -> str:
    """Path of the virtual environment's Python, there or not yet."""
    return str(VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))


def version_of(executable: str) -> str:
    """Its version as “3.11”; empty when it does not start: an environment dies with the Python it was made from."""
    try:
        asked = [executable, "-c", "import sys; print('{}.{}'.format(*sys.version_info))"]
        return subprocess.check_output(asked, stderr=subprocess.DEVNULL).decode().strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def stamp(lock: str, version: str) -> Path:
    """The file that says this very lock file is installed for this version of Python."""
    state = (HOME / lock).read_bytes() + version.encode()
    return VENV / (".ok-" + hashlib.sha256(state).hexdigest()[:16])


def install(lock: str) -> None:
    """Brings .venv to what the lock file says; does nothing when it is there already."""
    version = version_of(python())
    if version and stamp(lock, version).exists():
        return
    if not version:
        check_venv_module()
        say("Making a folder for the portal's packages, .venv …")
        call([sys.executable, "-m", "venv", "--clear", str(VENV)])
        version = version_of(python())
    for old in VENV.glob(".ok-*"):
        old.unlink()
    count = len(re.findall(r"^[a-z0-9].*==", (HOME / lock).read_text(encoding="utf-8"), re.MULTILINE))
    say("Installing {} pinned packages; this happens once and takes about a minute …".format(count))
    pip = [python(), "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-input"]
    call([*pip, "--require-hashes", "-r", lock])
    # The development lock contains the runtime one.
    for done in {lock, RUNTIME}:
        stamp(done, version).touch()


def write_env() -> None:
    """Writes .env for a rehearsal where there is none; one that is there is never touched."""
    path = HOME / ".env"
    if path.exists():
        return
    say("Writing .env with a secret key of this machine's own …")
    with os.fdopen(os.open(str(path), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write("REHEARSAL=true\nSECRET_KEY={}\n".format(secrets.token_urlsafe(60)))


def say(text: str) -> None:
    print(text, flush=True)


def call(command: list, **environment: str) -> None:
    """Runs it in the project's folder; raises CalledProcessError when it fails."""
    subprocess.run(command, cwd=str(HOME), env={**os.environ, **environment}, check=True)


def manage(*arguments: str) -> list:
    return [python(), "manage.py", *arguments]


def run(arguments: list) -> None:
    """Starts the rehearsal on http://localhost:$PORT until Ctrl-C."""
    port = chosen_port(os.environ.get("PORT") or "8000")
    check_port(port)
    install(RUNTIME)
    write_env()
    if os.environ.get("REDIS_URL"):
        say("REDIS_URL is left aside: `make run` does its tasks itself.")
    environment = {
        "PORTAL_URL": "http://localhost:{}".format(port),
        **os.environ,
        "PORT": str(port),
        "REDIS_URL": "",
    }
    command = manage("rehearse", *arguments)
    if os.name == "posix":
        # The server takes this process's place, so that a signal to it reaches the server and nobody is left behind.
        os.chdir(str(HOME))
        os.execve(command[0], command, environment)
    call(command, **environment)


def test(arguments: list) -> None:
    """Runs the tests on the database of DATABASE_URL, or SQLite, and names what could not be run here."""
    install(DEVELOPMENT)
    call([python(), "-m", "pytest", "-n", "2", "-p", "tests.surroundings", *arguments])


def check(arguments: list) -> None:
    """Runs all that reads the code without running it, to the end, and then names what failed."""
    install(DEVELOPMENT)
    rehearsal = {
        "REHEARSAL": "true",
        "SECRET_KEY": SAMPLE_PRODUCTION["SECRET_KEY"],
        "DATABASE_URL": "sqlite://:memory:",
    }
    module = [python(), "-m"]
    steps = {
        "ruff check": ([*module, "ruff", "check", "."], {}),
        "ruff format": ([*module, "ruff", "format", "--check", "."], {}),
        "mypy": ([*module, "mypy", "."], rehearsal),
        "djlint": ([*module, "djlint", "--quiet", "--lint", "templates"], {}),
        "makemigrations --check": (manage("makemigrations", "--check", "--dry-run"), rehearsal),
        "check --deploy": (manage("check", "--deploy", "--fail-level", "WARNING"), SAMPLE_PRODUCTION),
    }
    failed = []
    for name, (command, environment) in steps.items():
        say("== " + name)
        try:
            call(command, **environment)
        except subprocess.CalledProcessError:
            failed.append(name)
    say("== requirements name no host")
    named = addresses_in_requirements()
    if named:
        say("\n".join(named))
        failed.append("requirements name no host")
    if failed:
        raise CannotStart("Not in order: {}.".format(", ".join(failed)))
    say("All in order.")


def addresses_in_requirements() -> list:
    """Lines of requirements*.in and .txt that say where packages come from: that is each machine's own affair."""
    return [
        "{}:{}: {}".format(path.name, number, line)
        for path in sorted(HOME.glob("requirements*.*"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if "://" in line or re.match(r"\s*(-i|-f|--(?!hash))", line)
    ]


def fmt(arguments: list) -> None:
    """Puts the Python code into the house's format."""
    install(DEVELOPMENT)
    call([python(), "-m", "ruff", "check", "--fix", "--quiet", "."])
    call([python(), "-m", "ruff", "format", "."])


def lock(arguments: list) -> None:
    """Writes requirements*.txt anew from requirements*.in: for every platform, with hashes, without hosts."""
    install(DEVELOPMENT)
    compile_ = [python(), "-m", "uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"]
    compile_ += ["--generate-hashes", "--no-header", "--no-annotate", *arguments]
    call([*compile_, "requirements.in", "-o", RUNTIME])
    call([*compile_, "-c", RUNTIME, "requirements-dev.in", "-o", DEVELOPMENT])


def bench(arguments: list) -> None:
    """Measures the portal on this machine (bench/README.md)."""
    install(DEVELOPMENT)
    call([python(), "-m", "bench", *arguments])


def soak(arguments: list) -> None:
    """Proves at length that no text is lost, and writes docs/proof.md (soak/README.md)."""
    install(DEVELOPMENT)
    call([python(), "-m", "soak", *arguments])


def screenshots(arguments: list) -> None:
    """Takes the pictures of the pages in docs/ anew; needs Chromium."""
    install(DEVELOPMENT)
    call([python(), "docs/screenshots.py", *arguments])


COMMANDS = {
    "run": run,
    "install": lambda arguments: install(DEVELOPMENT if "--dev" in arguments else RUNTIME),
    "test": test,
    "check": check,
    "bench": bench,
    "soak": soak,
    "fmt": fmt,
    "lock": lock,
    "screenshots": screenshots,
}


def main(arguments: list) -> int:
    name, rest = (arguments[0], arguments[1:]) if arguments else ("run", [])
    if name not in COMMANDS:
        say("There is no “{}”. There are: {}.".format(name, ", ".join(COMMANDS)))
        return 2
    try:
        check_python()
        COMMANDS[name](rest)
    except CannotStart as reason:
        print(reason, file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        return error.returncode if error.returncode > 0 else 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
