"""How many findings there are, and how many each filter would show, counted once for each state of what is out."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any

from django.conf import settings
from django.db.models import Count, Subquery

from participants.asking import counted_often

from .models import Facet, Finding, Release
from .models.finding import FindingQuerySet
from .models.search import sought

# How many counts a process keeps.
MOST = 256
# The newest release there is, and how many findings are withdrawn: every publication and withdrawal changes one of the
# two, and more findings do not make them slower to find out.
Stamp = tuple[int, int | None]
_kept: OrderedDict[Any, tuple[Stamp | None, float, Any]] = OrderedDict()
_lock = Lock()


def forget() -> None:
    """Nothing is known any more: between two databases, as tests have them."""
    with _lock:
        _kept.clear()


def stamp() -> Stamp | None:
    withdrawn = Finding.objects.filter(state=Finding.State.WITHDRAWN).order_by().values("state")
    count = Subquery(withdrawn.annotate(n=Count("pk")).values("n"))
    return Release.objects.order_by("-pk").values_list("pk", count).first()


class Counts:
    """Counts as they are at one moment. They may be as old as a public page, where a cohort becomes a draft again, or
    two findings are published in the same instant; any other publication or withdrawal is seen at once."""

    def __init__(self) -> None:
        self.stamp = stamp() if settings.SHOP_WINDOW_SECONDS else None

    def kept(self, key: Any, count: Callable[[], Any]) -> Any:
        if not settings.SHOP_WINDOW_SECONDS:
            return count()
        with _lock:
            known = _kept.get(key)
        if known and known[0] == self.stamp and known[1] > time.monotonic():
            return known[2]
        counted = count()
        with _lock:
            _kept[key] = (self.stamp, time.monotonic() + settings.SHOP_WINDOW_SECONDS, counted)
            _kept.move_to_end(key)
            while len(_kept) > MOST:
                _kept.popitem(last=False)
        return counted

    def findings(self, wanted: dict[str, str]) -> int:
        key = ("findings", *sorted(wanted.items()))
        return int(self.kept(key, Finding.objects.published().found_by(wanted).count if wanted else count_all))

    def facets(self, wanted: dict[str, str], words: list[str]) -> list[dict[str, Any]]:
        """Kind, value, label and n, a row for each value that findings with all this have."""
        key = ("facets", *words, *sorted(wanted.items()))
        if not wanted and not words:
            return list(self.kept(key, facets_of_all))
        return list(self.kept(key, lambda: list(facets_of(found_by(wanted, words)))))


def found_by(wanted: dict[str, str], words: list[str]) -> FindingQuerySet:
    out = Finding.objects.published().order_by()
    return out.filter(search_words__words__has=sought(words, wanted)) if words else out.found_by(wanted)


def count_all() -> int:
    return sum(row["n"] for row in published_by_state())


@counted_often
def published_by_state() -> Any:
    return Finding.objects.published().order_by().values("state").annotate(n=Count("pk"))


@counted_often
def facets_of_all() -> Any:
    return facets_of(found_by({}, []))


def facets_of(findings: FindingQuerySet) -> Any:
    return Facet.objects.filter(release__in=findings.values("current")).counted()
