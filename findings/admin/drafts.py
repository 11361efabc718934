"""What is typed into a finding's form stays on the device (static/js/finding-draft.js) until a save has gone in."""

from __future__ import annotations

import re

from django.http import HttpRequest, HttpResponse

DRAFT = re.compile(r"[0-9a-f-]{36}")


def name_saved(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Names the draft that went in to the page shown next. Where the save is undone, so is this answer."""
    draft = request.POST.get("draft", "")
    if response.status_code == 302 and DRAFT.fullmatch(draft):
        response["Location"] += f"#saved-{draft}"
    return response
