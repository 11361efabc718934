"""A list of addresses that staff have: each is asked whether it wants the newsletter, none is signed up.

A list with a fault is refused whole, line by line, so that nobody wonders which of it went.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from .models import Subscriber
from .newsletter import subscribe
from .suppression import suppressed

PAGE = "a list of staff"
HEADINGS = {"email", "e-mail", "mail", "address", "e-mail address", "email address"}
MOST = 2000


@dataclass
class Reading:
    """What a list says: addresses to ask, in small letters; faults, each with its line; who is left out, and why."""

    asked: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def read(text: str) -> Reading:
    """One address in a line, or a CSV with the address in one of its columns. Two queries, and one for every 500."""
    found = Reading()
    lines: dict[str, int] = {}
    for number, cells in enumerate(rows_of(text), start=1):
        is_heading = number == 1 and any(cell.lower() in HEADINGS for cell in cells)
        if not cells or is_heading:
            continue
        address = next((cell for cell in cells if "@" in cell), cells[0]).lower()
        if not is_address(address):
            found.faults.append(f"Line {number}: “{address[:80]}” is not an e-mail address.")
        elif address in lines:
            found.faults.append(f"Line {number}: {address} stands in line {lines[address]} already.")
        else:
            lines[address] = number
    if len(lines) > MOST:
        found.faults.append(f"{len(lines)} addresses: at most {MOST} can be asked at a time.")
    if not found.faults:
        sort_out(found, list(lines))
    return found


def sort_out(found: Reading, addresses: list[str]) -> None:
    barred = suppressed(addresses)
    known: dict[str, Subscriber] = {}
    for start in range(0, len(addresses), 500):
        some = Subscriber.objects.filter(address__in=addresses[start : start + 500])
        known |= {subscriber.address: subscriber for subscriber in some}
    for address in addresses:
        subscriber = known.get(address)
        if address in barred:
            found.left_out.append(f"{address}: not written to any more. Only its owner can change that.")
        elif subscriber is None:
            found.asked.append(address)
        elif subscriber.left_at:
            found.left_out.append(f"{address}: has left. Only its owner can subscribe again.")
        else:
            found.left_out.append(f"{address}: {'subscribes' if subscriber.is_active else 'was asked'} already.")


def rows_of(text: str) -> Iterable[list[str]]:
    lines = text.replace("\x00", "").lstrip("\ufeff").splitlines()
    separator = ";" if sum(line.count(";") for line in lines) > sum(line.count(",") for line in lines) else ","
    for line in lines:
        cells = next(csv.reader([line], delimiter=separator), [])
        yield [cell.strip() for cell in cells if cell.strip()]


def is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return len(text) <= 254


@transaction.atomic
def ask(addresses: Iterable[str], words: str, now: datetime) -> int:
    """Writes to each and asks; how many. Nobody gets the newsletter who does not confirm."""
    return sum(subscribe(address, PAGE, now, words, letter="newsletter_invited") for address in addresses)
