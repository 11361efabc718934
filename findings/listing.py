"""The list of all that is published, as most who open it see it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import TextField
from django.db.models.functions import Cast
from django.urls import reverse

from participants.asking import counted_often

from .counting import Counts
from .models import Finding

FINDINGS_A_PAGE = 12


@dataclass(frozen=True)
class Listed:
    """A finding in the list: its address, and what its latest release says, as JSON that is read where it is shown."""

    slug: str
    content: str

    @cached_property
    def shown(self) -> dict[str, Any]:
        return json.loads(self.content)

    def get_absolute_url(self) -> str:
        return reverse("findings:finding_detail", args=[self.slug])


class FirstPage:
    """The newest of all published findings: a list for a Paginator of which nothing but the first page is shown."""

    def __init__(self, counts: Counts) -> None:
        self.counts = counts
        self.first = [Listed(**row) for row in first_page()]

    def count(self) -> int:
        """They are counted only where there are more than the first page shows."""
        return len(self.first) if len(self.first) < FINDINGS_A_PAGE else self.counts.findings({})

    def __getitem__(self, part: slice) -> list[Listed]:
        return self.first[part]


@counted_often
def first_page() -> Any:
    content: Any = Cast("current__content", TextField())
    return Finding.objects.published().values("slug", content=content)[:FINDINGS_A_PAGE]
