"""Proof that a letter arrived, or did not, from outside the ledger: MAIL_EVIDENCE names who is asked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path

from django.conf import settings
from django.utils import timezone
from django.utils.module_loading import import_string


class Evidence(Enum):
    ARRIVED = "arrived"
    NOT = "not"
    UNKNOWN = "unknown"


def evidence(message_id: str, since: datetime) -> Evidence:
    """What is known of the letter with this Message-ID, which was on its way at `since`. UNKNOWN without MAIL_EVIDENCE.

    NOT sends it again: whoever answers it must be sure.
    """
    if not settings.MAIL_EVIDENCE:
        return Evidence.UNKNOWN
    return import_string(settings.MAIL_EVIDENCE)(message_id, since)


# How much later than the letter the log must go on: by then the server has written what it has to say.
AFTERWARDS = timedelta(seconds=60)
# Two spellings of time at the beginning of a line: of today's rsyslog and journald, and the old one of syslog.
ISO = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)) ")
OLD = re.compile(r"([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) ")
ENTRY = re.compile(r" postfix[\w/-]*/(\w+)\[\d+\]: ([0-9A-Za-z]+): (.*)")


def postfix_log(message_id: str, since: datetime) -> Evidence:
    """Asks the log of a Postfix on this machine: the file MAIL_LOG, and the one before it, `<file>.1`.

    It arrived when the message under this id was queued. It did not when the log begins before the letter was on its
    way, goes on after it, and has no such id. Anything between is not known: Postfix notes the id as soon as it reads
    the headers, and drops a message whose text does not come to its end.
    """
    first = last = None
    named: set[str] = set()
    queued: set[str] = set()
    for moment, line in lines(Path(settings.MAIL_LOG), since):
        first, last = first or moment, moment
        entry = ENTRY.search(line)
        if entry and entry[1] == "cleanup" and entry[3].strip() == f"message-id={message_id}":
            named.add(entry[2])
        elif entry and entry[1] == "qmgr" and "queue active" in entry[3]:
            queued.add(entry[2])
    if named & queued:
        return Evidence.ARRIVED
    if named or first is None or last is None:
        return Evidence.UNKNOWN
    return Evidence.NOT if first <= since and last >= since + AFTERWARDS else Evidence.UNKNOWN


def lines(path: Path, near: datetime) -> Iterator[tuple[datetime, str]]:
    """Lines of the log with their moment, oldest first; those without one are left out."""
    for part in (path.with_name(path.name + ".1"), path):
        if not part.is_file():
            continue
        with part.open(encoding="utf-8", errors="replace") as file:
            for line in file:
                moment = moment_of(line, near)
                if moment is not None:
                    yield moment, line


def moment_of(line: str, near: datetime) -> datetime | None:
    """When the line was written. The old spelling has no year and no zone: the year nearest to `near`, and ours."""
    try:
        if found := ISO.match(line):
            return datetime.fromisoformat(found[1])
        if not (found := OLD.match(line)):
            return None
        # Of a leap year, so that 29 February can be read at all.
        bare = datetime.strptime(f"2000 {found[1]}", "%Y %b %d %H:%M:%S")
        local = near.astimezone(timezone.get_default_timezone())
        years = [local.year - 1, local.year, local.year + 1]
        moments = [timezone.make_aware(bare.replace(year=year)) for year in years]
        return min(moments, key=lambda moment: abs(moment - near)).astimezone(UTC)
    except ValueError:
        return None
