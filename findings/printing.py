"""Printing reports: asked for when what an edition shows is new or has changed, made by a worker, kept by content.

A worker takes a printing in hand for `LEASE` and says again and again that it is at it; one that died is found out by
the lease, and another begins anew. Only a PDF of exactly what is shown at the moment is ever handed out.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.db.models import F, Q, QuerySet
from django.template.loader import render_to_string

from research import filing

from .citation import LICENCE, LICENCE_URL
from .models import Chapter, Printing, Report, ReportEdition
from .pdf import PdfUnavailable, print_out

logger = logging.getLogger(__name__)

FOLDER = "reports"  # in FILES_DIR
LEASE = timedelta(seconds=120)
SAY_AGAIN = 5.0  # seconds after which a worker renews its lease, between two pages
TRIES = 3
STYLE = settings.STATIC_URL + "css/report_pdf.css"
# What a report looks like on paper: when one of these changes, every report is printed anew.
LOOK = [
    "report_pdf.html",
    "report_cover.html",
    "report_credits.html",
    "finding_text.html",
    "finding_figures.html",
    "finding_quotes.html",
    "struck.html",
    "how_we_know.html",
]
SHEETS = ["css/report_pdf.css", "css/finding_pdf.css"]
State, Trouble = Printing.State, Printing.Trouble


class Lost(Exception):
    """The printing is in another worker's hand now: what was made is of no use."""


def html_of(edition: ReportEdition, chapters: list[Chapter]) -> str:
    """The report as one page for the press, from the same words as the web edition."""
    context = {
        "style": STYLE,
        "edition": edition,
        "shown": edition.content,
        "chapters": chapters,
        "licence": LICENCE,
        "licence_url": LICENCE_URL,
    }
    return render_to_string("findings/report_pdf.html", context)


def digest_now(edition: ReportEdition, chapters: list[Chapter]) -> str:
    return hashlib.sha256((edition.digest(chapters) + look()).encode()).hexdigest()


@lru_cache(maxsize=1)
def look() -> str:
    """A SHA-256 of the templates and style sheets a report is printed with."""
    paths = [settings.BASE_DIR / "templates" / "findings" / name for name in LOOK]
    paths += [Path(str(finders.find(name))) for name in SHEETS]
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()


def printing_of(edition: ReportEdition, chapters: list[Chapter]) -> Printing | None:
    """The printing of exactly what the edition shows now, whatever its state."""
    return Printing.objects.filter(edition=edition, digest=digest_now(edition, chapters)).first()


def is_ready(printing: Printing | None) -> bool:
    return printing is not None and printing.state == State.READY and filing.is_there(printing.stored_as)


def ask(edition: ReportEdition, now: datetime) -> Printing:
    """The printing of what the edition shows now; one that failed, or whose file is gone, waits once more."""
    digest = digest_now(edition, edition.in_order())
    printing, is_new = Printing.objects.get_or_create(edition=edition, digest=digest, defaults={"asked_at": now})
    is_lost = printing.state == State.READY and not filing.is_there(printing.stored_as)
    if not is_new and (printing.state == State.FAILED or is_lost):
        printing.state, printing.trouble, printing.attempts, printing.asked_at = State.WAITING, "", 0, now
        printing.save(update_fields=["state", "trouble", "attempts", "asked_at"])
    return printing


def ask_for_missing(now: datetime) -> None:
    """Sees to it that what every report shows now is printed or waits for it; what failed stays as it is."""
    for report in Report.objects.public():
        edition = report.edition
        printing = printing_of(edition, edition.in_order())
        if printing is None or (printing.state == State.READY and not filing.is_there(printing.stored_as)):
            ask(edition, now)


def print_waiting(now: datetime) -> int:
    """Prints what waits, one after the other; how many came to an end. Any number of workers may do so at once."""
    started, printed = time.monotonic(), 0

    def moment() -> datetime:
        return now + timedelta(seconds=time.monotonic() - started)

    while printing := claim(moment()):
        make(printing, moment)
        printed += 1
    return printed


def claim(now: datetime) -> Printing | None:
    """Takes the next printing in hand: one whose worker died, else the oldest. None while another is being made."""
    printing = Printing.objects.filter(state=State.PRINTING)
    printing.filter(held_until__lte=now, attempts__gte=TRIES).update(
        state=State.FAILED, trouble=Trouble.STOPPED, held_until=None
    )
    if printing.filter(held_until__gt=now).exists():
        return None
    due = Printing.objects.filter(Q(state=State.WAITING) | Q(state=State.PRINTING, held_until__lte=now))
    found = due.order_by("state", "asked_at").first()
    if found is None:
        return None
    try:
        with transaction.atomic():
            taken = due.filter(pk=found.pk, attempts=found.attempts).update(
                state=State.PRINTING, held_until=now + LEASE, attempts=F("attempts") + 1, pages=0, trouble=""
            )
    except IntegrityError:
        return None
    return Printing.objects.select_related("edition__report").get(pk=found.pk) if taken else None


def make(printing: Printing, moment: Callable[[], datetime]) -> None:
    """Prints what is in hand. It ends ready, or failed with a reason.

    Raises OperationalError or InterfaceError where the database is away: the lease then brings it to another worker.
    """
    edition = printing.edition
    chapters = edition.in_order()
    if digest_now(edition, chapters) != printing.digest:
        # Something was withdrawn since it was asked for: those words are never printed, and what is left waits.
        in_hand(printing).delete()
        ask(edition, moment())
        return
    hold = Hold(printing, moment)
    try:
        pdf = print_out(html_of(edition, chapters), on_page=hold.say)
        name = f"{FOLDER}/{hashlib.sha256(pdf).hexdigest()}"
        keep(name, pdf)
        done = {"state": State.READY, "stored_as": name, "size": len(pdf), "made_at": moment(), "held_until": None}
        in_hand(printing).update(pages=hold.pages, **done)
    except Lost:
        logger.info("printing %s was taken over while it was made", printing.pk)
    except PdfUnavailable:
        fail(printing, Trouble.NO_LIBRARIES)
    except filing.NoRoom:
        logger.warning("printing %s: no room in FILES_DIR", printing.pk)
        fail(printing, Trouble.NO_ROOM)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("printing %s could not be made", printing.pk)
        fail(printing, Trouble.BROKEN)


def keep(name: str, pdf: bytes) -> None:
    """Writes the file under the name of its content, where it is not there already. Raises filing.NoRoom, OSError."""
    if filing.is_there(name):
        return
    if not filing.has_room(len(pdf)):
        raise filing.NoRoom
    filing.throw_away(name)  # what a worker that died may have left of it
    with filing.whole(name) as file:
        file.write(pdf)


class Hold:
    """A worker's hold on a printing: what it says while it lays out pages. Raises Lost."""

    def __init__(self, printing: Printing, moment: Callable[[], datetime]) -> None:
        self.printing, self.moment = printing, moment
        self.pages, self.said = 0, time.monotonic()

    def say(self, page: int) -> None:
        self.pages = page
        if time.monotonic() - self.said < SAY_AGAIN:
            return
        self.said = time.monotonic()
        if not in_hand(self.printing).update(pages=page, held_until=self.moment() + LEASE):
            raise Lost


def in_hand(printing: Printing) -> QuerySet[Printing]:
    """The row, while it is still ours: another worker counts another attempt."""
    return Printing.objects.filter(pk=printing.pk, state=State.PRINTING, attempts=printing.attempts)


def fail(printing: Printing, trouble: str) -> None:
    in_hand(printing).update(state=State.FAILED, trouble=trouble, held_until=None)


def forget_outdated() -> int:
    """Throws away PDFs of what is no longer shown: withdrawn words leave the disk too. How many."""
    kept = {
        printing.pk
        for report in Report.objects.public()
        if (printing := printing_of(report.edition, report.edition.in_order()))
    }
    outdated = list(Printing.objects.filter(state__in=[State.READY, State.FAILED]).exclude(pk__in=kept))
    for printing in outdated:
        printing.delete()
        if printing.stored_as and not Printing.objects.filter(stored_as=printing.stored_as).exists():
            filing.throw_away(printing.stored_as)
    return len(outdated)
