"""Ways around the staff desk: its addresses, what a form posts, what a page says."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse

from participants.models import User
from tests.factories import staff


def at_the_desk(user: User | None = None) -> Client:
    client = Client()
    client.force_login(user or staff())
    return client


def page_of(model: type[models.Model], page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def text_of(response: HttpResponse) -> str:
    """What the page says, without tags, in single spaces."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def request_of(user: User) -> Any:
    request = RequestFactory().get("/")
    request.user = user
    return request


def registered() -> list[type[models.Model]]:
    return sorted(admin.site._registry, key=lambda model: model._meta.label)


def no_rows(*prefixes: str) -> dict[str, str]:
    """What inlines without rows post."""
    return {
        f"{prefix}-{name}": value
        for prefix in prefixes
        for name, value in {"TOTAL_FORMS": "0", "INITIAL_FORMS": "0"}.items()
    }


def rows(prefix: str, *values: dict[str, Any], initial: int = 0) -> dict[str, Any]:
    """What an inline posts: the rows given, the first `initial` of them saved before."""
    posted: dict[str, Any] = {f"{prefix}-TOTAL_FORMS": str(len(values)), f"{prefix}-INITIAL_FORMS": str(initial)}
    for number, row in enumerate(values):
        posted |= {f"{prefix}-{number}-{name}": value for name, value in row.items()}
    return posted


def chosen(action: str, *things: models.Model, **more: Any) -> dict[str, Any]:
    """What a list posts when an action is chosen; with confirmed="yes" what the page of consequences posts."""
    return {"action": action, "_selected_action": [str(thing.pk) for thing in things], **more}
