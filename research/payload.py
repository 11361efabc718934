"""Reading what a client sends to the save endpoint: every value checked at the edge, the same for both databases."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import date
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, UnreadablePostError
from django.utils.dateparse import parse_date

from participants.models import Cohort, Membership

from .models import Experiment, Kind, ResearchNote, ResearchPhase
from .saving import BODY_LIMIT, TITLE_LIMIT, VERSION_LIMIT, Change, Refused

REQUEST_LIMIT = 2_400_000  # bytes; below DATA_UPLOAD_MAX_MEMORY_SIZE, which would answer in HTML


def read_change(request: HttpRequest, cohort: Cohort) -> Change:
    """The save that the request asks for. Raises Refused: 413 for too much, 422 naming the field for the rest."""
    payload = read_json(request)
    fields: dict[str, Any] = {}
    readers: dict[str, Callable[[Any], Any]] = {
        "kind": lambda value: read_choice("kind", value, Kind.values),
        "phase": lambda value: read_phase(value, cohort),
        "experiment": lambda value: read_experiment(value, cohort),
        "happened_on": read_day,
        "audience": lambda value: read_choice("audience", value, ResearchNote.Audience.values),
        "may_be_quoted": lambda value: read_yes_or_no("may_be_quoted", value),
    }
    for name, read in readers.items():
        if name in payload:
            fields[name] = read(payload[name])
    return Change(
        save_id=read_save_id(payload.get("save_id")),
        base_version=read_number("base_version", payload.get("base_version"), VERSION_LIMIT),
        title=read_title(payload.get("title")),
        body=read_body(payload.get("body")),
        fields=fields,
        organisation=read_text("organisation", payload.get("organisation", "")),
        is_autosave=read_yes_or_no("autosave", payload.get("autosave", False)),
    )


def read_json(request: HttpRequest) -> dict[str, Any]:
    too_much = Refused("body", too_long(), 413)
    length = str(request.META.get("CONTENT_LENGTH") or "")
    if length.isdecimal() and int(length) > REQUEST_LIMIT:
        raise too_much
    if request.content_type != "application/json":
        raise Refused("body", "Send the note as JSON.")
    try:
        payload = json.loads(request.body)
    except RequestDataTooBig as error:
        raise too_much from error
    except (ValueError, RecursionError, UnreadablePostError) as error:
        raise Refused("body", "This is not JSON.") from error
    if not isinstance(payload, dict):
        raise Refused("body", "Send a JSON object.")
    return payload


def too_long() -> str:
    return f"A note can have {BODY_LIMIT:,} characters. Please divide it in two."


def read_text(name: str, value: Any) -> str:
    """Text that both databases store and give back as it was: no NUL, no half of a surrogate pair."""
    if not isinstance(value, str):
        raise Refused(name, "This must be text.")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise Refused(name, "A character in this text cannot be stored.") from error
    if "\x00" in value:
        raise Refused(name, "A character in this text cannot be stored.")
    return value


def read_title(value: Any) -> str:
    title = read_text("title", value)
    if len(title) > TITLE_LIMIT:
        raise Refused("title", f"A title can have {TITLE_LIMIT} characters.")
    if "\n" in title or "\r" in title:
        raise Refused("title", "A title is one line.")
    return title


def read_body(value: Any) -> str:
    body = read_text("body", value)
    if len(body) > BODY_LIMIT:
        raise Refused("body", too_long(), 413)
    return body


def read_save_id(value: Any) -> uuid.UUID:
    try:
        return uuid.UUID(read_text("save_id", value))
    except ValueError as error:
        raise Refused("save_id", "This must be a UUID.") from error


def read_number(name: str, value: Any, largest: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= largest:
        raise Refused(name, "This must be a whole number.")
    return value


def read_choice(name: str, value: Any, choices: list[str]) -> str:
    if not isinstance(value, str) or value not in choices:
        raise Refused(name, f"Choose one of: {', '.join(choices)}.")
    return value


def read_phase(value: Any, cohort: Cohort) -> ResearchPhase | None:
    if value is None or value == "":
        return None
    phase = cohort.phases.filter(number=read_number("phase", value, VERSION_LIMIT)).first()
    if phase is None:
        raise Refused("phase", "This cohort has no phase with this number.")
    return phase


def read_experiment(value: Any, cohort: Cohort) -> Experiment | None:
    if value is None or value == "":
        return None
    number = read_number("experiment", value, VERSION_LIMIT)
    memberships = Membership.objects.filter(cohort=cohort)
    experiment = Experiment.objects.filter(pk=number, membership__in=memberships).first()
    if experiment is None:
        raise Refused("experiment", "There is no such experiment.")
    return experiment


def read_day(value: Any) -> date | None:
    if value is None or value == "":
        return None
    try:
        day = parse_date(value) if isinstance(value, str) else None
    except ValueError:
        day = None
    if day is None:
        raise Refused("happened_on", "Write the date as 2018-05-14.")
    return day


def read_yes_or_no(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise Refused(name, "This must be true or false.")
    return value
