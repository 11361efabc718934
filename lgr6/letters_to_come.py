"""The desk's page of letters to come: a cohort's, until its end, by day or by person.

The ledger knows addresses; who they are, and where they belong, is gathered here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils import timezone

from correspondence.models import Letter
from correspondence.to_come import Coming, Outlook, outlook, page_of_event
from correspondence.wallclock import local_day
from participants.models import Cohort, Mentor, Seat

# Days, or people, on one page.
GROUPS = 30


@dataclass(frozen=True)
class Line:
    """One letter to come, with who its reader is and where they belong."""

    item: Coming
    name: str
    places: frozenset[str]

    @property
    def place(self) -> str:
        return ", ".join(sorted(self.places))


@dataclass
class Batch:
    """Letters of one kind about one thing that go at the same moment."""

    due_at: datetime
    label: str
    about: str
    lines: list[Line] = field(default_factory=list)


@dataclass
class Day:
    day: date
    batches: list[Batch] = field(default_factory=list)

    @property
    def number(self) -> int:
        return sum(len(batch.lines) for batch in self.batches)


@dataclass
class Person:
    name: str
    address: str
    place: str
    lines: list[Line] = field(default_factory=list)


@dataclass(frozen=True)
class Wanted:
    """What the page is narrowed to."""

    kind: str = ""
    place: str = ""
    words: str = ""

    def takes(self, line: Line) -> bool:
        known = f"{line.name} {line.item.address}".casefold()
        return (
            self.kind in ("", line.item.kind)
            and (not self.place or self.place in line.places)
            and self.words.casefold().strip() in known
        )


def letters_to_come(request: HttpRequest, slug: str) -> HttpResponse:
    if not request.user.has_perm("correspondence.view_letter"):  # type: ignore[union-attr]  # both kinds have it
        raise PermissionDenied
    cohort, now = get_object_or_404(Cohort, slug=slug), timezone.now()
    found = outlook(cohort.slug, now)
    lines = lines_of(found.letters, people_of(cohort))
    wanted = Wanted(*(request.GET.get(name, "")[:200] for name in ("kind", "place", "words")))
    shown = [line for line in lines if wanted.takes(line)]
    by = "person" if request.GET.get("by") == "person" else "day"
    groups: list[Any] = by_person(shown) if by == "person" else by_day(shown)
    context = {
        **admin.site.each_context(request),
        "title": f"Letters to come: {cohort}",
        "cohort": cohort,
        "now": now,
        "by": by,
        "wanted": wanted,
        "page": Paginator(groups, GROUPS).get_page(request.GET.get("page")),
        "number": len(shown),
        "total": len(lines),
        "readers": len({line.item.address.lower() for line in shown}),
        "kinds": sorted({(line.item.label, line.item.kind) for line in lines}),
        "places": sorted({place for line in lines for place in line.places}),
        "troubles": troubles_of(found),
        "went": Letter.objects.filter(about=cohort.slug, state=Letter.State.SENT).count(),
    }
    return TemplateResponse(request, "admin/letters_to_come.html", context)


def people_of(cohort: Cohort) -> dict[str, tuple[str, set[str]]]:
    """Name and organisations of each address, in small letters, with a place in the cohort. Two queries."""
    seats = (
        Seat.objects.live()
        .filter(membership__cohort=cohort)
        .values_list("user__email", "user__name", "membership__name")
    )
    mentors = Mentor.objects.filter(Q(cohort=cohort)).values_list("user__email", "user__name")
    people: dict[str, tuple[str, set[str]]] = {}
    for address, name, place in [*seats, *((address, name, "Mentors") for address, name in mentors)]:
        people.setdefault(address.lower(), (name, set()))[1].add(place)
    return people


def lines_of(letters: Iterable[Coming], people: dict[str, tuple[str, set[str]]]) -> list[Line]:
    lines = []
    for item in letters:
        name, places = people.get(item.address.lower(), ("", set()))
        lines.append(Line(item, name or getattr(item.person, "name", "") or item.address, frozenset(places)))
    return lines


def by_day(lines: list[Line]) -> list[Day]:
    """In order of time; within a day a batch for each moment, kind and thing."""
    days: dict[date, Day] = {}
    batches: dict[tuple[datetime, str, str], Batch] = {}
    for line in lines:
        item = line.item
        day = days.setdefault(local_day(item.due_at), Day(local_day(item.due_at)))
        key = (item.due_at, item.label, item.about)
        if key not in batches:
            batches[key] = Batch(*key)
            day.batches.append(batches[key])
        batches[key].lines.append(line)
    for batch in batches.values():
        batch.lines.sort(key=lambda line: (line.name.casefold(), line.item.address))
    return list(days.values())


def by_person(lines: list[Line]) -> list[Person]:
    """In order of names, each with their letters in order of time."""
    people: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        people[line.item.address.lower()].append(line)
    found = [Person(own[0].name, own[0].item.address, own[0].place, own) for own in people.values()]
    return sorted(found, key=lambda person: (person.name.casefold(), person.address))


@dataclass(frozen=True)
class Trouble:
    """What planning could not work out or write: what, why, and the page where it is put right."""

    what: str
    why: str
    page: str
    number: int = 1


def troubles_of(found: Outlook) -> list[Trouble]:
    troubles = [
        Trouble(
            f"{fault.reminder.label}: {fault.event}" if fault.event is not None else fault.reminder.label,
            fault.why,
            page_of_event(fault.event),
        )
        for fault in found.faults
    ]
    groups: dict[tuple[str, str], list[Letter]] = defaultdict(list)
    for letter in found.unwritten:
        groups[f"{letter.subject}, {letter.occurrence}", letter.answer].append(letter)
    return troubles + [Trouble(what, why, "", len(letters)) for (what, why), letters in groups.items()]
