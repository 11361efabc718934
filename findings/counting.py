"""How many findings there are, and how many each filter would show, counted once for each state of what is out."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any

from django.conf import settings
from django.db.models import Count, Max, Subquery

from .models import Facet, Finding, Release
from .models.finding import FindingQuerySet

# How many counts a process keeps.
MOST = 256
# The newest release there is, and how many findings are out: every publication and withdrawal changes one of them.
Stamp = tuple[int | None, int]
_kept: OrderedDict[Any, tuple[Stamp, float, Any]] = OrderedDict()
_lock = Lock()


def stamp() -> Stamp:
    out = Finding.objects.filter(state=Finding.State.PUBLISHED).order_by()
    newest = Subquery(Release.objects.order_by("-pk").values("pk")[:1])
    row = out.aggregate(newest=Max(newest), count=Count("pk"))
    return row["newest"], row["count"]


class Counts:
    """Counts as they are at one moment. They may be as old as a public page, where a cohort becomes a draft again;
    a publication or withdrawal is seen at once."""

    def __init__(self) -> None:
        self.stamp = stamp() if settings.SHOP_WINDOW_SECONDS else (None, 0)

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
        return int(self.kept(key, Finding.objects.published().found_by(wanted).count))

    def facets(self, wanted: dict[str, str], words: list[str]) -> list[dict[str, Any]]:
        """Kind, value, label and n, a row for each value that findings with all this have."""
        key = ("facets", *words, *sorted(wanted.items()))
        return list(self.kept(key, lambda: list(facets_of(found_by(wanted, words)))))


def found_by(wanted: dict[str, str], words: list[str]) -> FindingQuerySet:
    found = Finding.objects.published().found_by(wanted).order_by()
    return found.filter(search_words__words__has=" ".join(words)) if words else found


def facets_of(findings: FindingQuerySet) -> Any:
    return Facet.objects.filter(release__in=findings.values("current")).counted()
