"""The control of N12 and N14: a portal that says "saved" and writes a moment later, as a write-behind cache does."""

import time
from concurrent.futures import ThreadPoolExecutor

from django.db import connection

from lgr6.wsgi import application
from research.models import ResearchNote
from research.saving import Outcome, save_note
from research.views import writing

DELAY = 0.5  # seconds

later = ThreadPoolExecutor(max_workers=1)


def save_soon(pk, cohort, change, author, now):
    later.submit(save_late, pk, cohort, change, author, now)
    return Outcome(ResearchNote(pk=pk), change.base_version + 1)


def save_late(*arguments):
    time.sleep(DELAY)
    save_note(*arguments)
    connection.close()


writing.save_note = save_soon

__all__ = ["application"]
