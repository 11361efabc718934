"""What this machine has for the tests, and the closing words that name what it has not.

A pytest plugin: a test marked for Chromium, PostgreSQL, SQLite or Redis is left out where that is not there, and
the summary says how many were, and why.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter

import pytest

# Without them Chromium calls home, and does not start as root.
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

BROWSERS = ("/usr/bin/chromium", "chromium", "chromium-browser", "google-chrome", "chrome")


def chromium() -> str | None:
    """Path of the browser that the browser tests drive; CHROMIUM names another."""
    named = os.environ.get("CHROMIUM")
    return next((found for name in ([named] if named else BROWSERS) if (found := shutil.which(name))), None)


def missing(item: pytest.Item) -> str:
    """What the test needs and this run has not, in words; empty when it can run."""
    from django.conf import settings
    from django.db import connection

    if item.get_closest_marker("browser") and not chromium():
        return "Chromium was not found (apt install chromium)"
    if item.get_closest_marker("postgres") and connection.vendor != "postgresql":
        return "PostgreSQL is not in use (DATABASE_URL=postgres://user@host/name)"
    if item.get_closest_marker("sqlite") and connection.vendor != "sqlite":
        return "SQLite is not in use (no DATABASE_URL)"
    if item.get_closest_marker("redis") and not settings.REDIS_URL:
        return "Redis is not in use (REDIS_URL=redis://host:6379/1)"
    return ""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if reason := missing(item):
            item.add_marker(pytest.mark.skip(reason=reason))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line on where the tests ran, and one for each reason why some did not."""
    from django.conf import settings
    from django.db import connection

    place = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}.get(connection.vendor, connection.vendor)
    terminalreporter.write_line("")
    terminalreporter.write_line(
        f"Ran on {place}, {'with' if settings.REDIS_URL else 'without'} Redis, "
        f"{'with' if chromium() else 'without'} Chromium."
    )
    reasons = Counter(str(report.longrepr[2]).removeprefix("Skipped: ") for report in skipped(terminalreporter))
    for reason, count in sorted(reasons.items()):
        terminalreporter.write_line(f"Not run: {count} {'test' if count == 1 else 'tests'}: {reason}")


def skipped(reporter: pytest.TerminalReporter) -> list[pytest.TestReport]:
    return [report for report in reporter.stats.get("skipped", []) if isinstance(report.longrepr, tuple)]
