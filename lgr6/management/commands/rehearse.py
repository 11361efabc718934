"""What `make run` starts: everything ready for a rehearsal, then the server until Ctrl-C."""

import os
import sys
import time
from argparse import ArgumentParser
from io import StringIO
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

GREETING = """
The portal is at {url}

Sign in at {url}/accounts/login/ as one of these; the password of each is  rehearse-lgr6-only
  participant@rehearsal.example   keeps notes for an organisation
  colleague@rehearsal.example     sits in the same organisation
  neighbour@rehearsal.example     sits in another one
  mentor@rehearsal.example        mentors the first organisation only
  staff@rehearsal.example         runs the cohort, at {url}/admin/

Letters are not sent; read them at {url}/mailroom/
Ctrl-C ends everything.
"""


class Command(BaseCommand):
    help = "Prepares the database, loads LGR6 and its rehearsal, and serves the portal on PORT (default 8000)."
    # The database may not be there yet; `migrate` checks what matters.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--prepare-only", action="store_true", help="Stop before serving.")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.REHEARSAL:
            raise CommandError(
                "This is a public portal's configuration (REHEARSAL is off in .env or the environment), "
                "and `make run` fills a portal with sample people. How to serve it: docs/operations.md."
            )
        self.prepare()
        if not options["prepare_only"]:
            self.serve()

    def prepare(self) -> None:
        """Every step may be repeated and does nothing the second time."""
        settings.STATIC_ROOT.mkdir(exist_ok=True)
        steps = [
            ("Bringing the database up to date", "migrate", {"verbosity": 0}),
            ("Making room for rate limits", "createcachetable", {"verbosity": 0}),
            ("Loading Let's Get Real 6 from its facts", "load_lgr6", {}),
            ("Setting up the rehearsal: sample people, notes and sessions", "load_rehearsal", {}),
            ("Writing the letters that are due", "send_due_letters", {}),
        ]
        for words, command, options in steps:
            started = time.monotonic()
            self.stdout.write(f"{words} …", ending="")
            self.stdout.flush()
            call_command(command, stdout=StringIO(), **options)
            self.stdout.write(f" {time.monotonic() - started:.1f} s")

    def serve(self) -> None:
        """Gives this process to the server; on Windows, where gunicorn does not run, Django's own serves."""
        greeting = GREETING.format(url=settings.PORTAL_URL)
        if os.name == "posix":
            environment = {"SERVER_LOG_LEVEL": "warning", **os.environ, "PORTAL_GREETING": greeting}
            command = [sys.executable, "-m", "gunicorn", "-c", "python:lgr6.server", "lgr6.wsgi"]
            os.execve(sys.executable, command, environment)  # noqa: S606  (no shell is wanted)
        from lgr6.server import start_clock

        start_clock()
        self.stdout.write(greeting)
        call_command("runserver", f"127.0.0.1:{os.environ.get('PORT', '8000')}", use_reloader=False)
