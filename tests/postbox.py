"""A mail server that the tests can read, and that can be told to refuse."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.message import EmailMessage


class Postbox(BaseEmailBackend):
    """Keeps what arrives; raises what `refusals` holds for an address. Empty it with `Postbox.clear()`."""

    arrived: list[EmailMessage] = []
    refusals: dict[str, Exception] = {}
    is_open: bool = True
    opened: int = 0

    def open(self) -> bool:
        Postbox.opened += 1
        if not type(self).is_open:
            raise ConnectionRefusedError("nobody listens")
        return True

    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        for message in messages:
            message.message()
            if error := type(self).refusals.get(message.to[0]):
                raise error
            type(self).arrived.append(message)
        return len(messages)

    @classmethod
    def clear(cls) -> None:
        cls.arrived, cls.refusals, cls.is_open, cls.opened = [], {}, True, 0
