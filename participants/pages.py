"""Pages of which it is known what they say before they are made."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Any

from django.http import HttpRequest
from django.template.response import TemplateResponse


class KnownPage(TemplateResponse):
    """A public page, and `says`: all that goes into it beside the facts about the portal, as plain data.

    Where a process has made one that said the same, it need not be made again (lgr6/middleware.py: RememberPages).
    `context` is called when it must.
    """

    def __init__(self, request: HttpRequest, template: str, says: Any, context: Callable[[], dict[str, Any]]) -> None:
        super().__init__(request, template)
        self.says, self.context = says, context

    def resolve_context(self, context: Any) -> dict[str, Any]:
        return self.context()

    def digest(self, facts: Any) -> bytes:
        """Of everything that is shown: another word, another page."""
        return blake2b(repr((self.template_name, self.says, facts)).encode("utf-8", "surrogatepass")).digest()
