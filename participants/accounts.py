"""How allauth behaves here: people come in by invitation, and every letter goes through the ledger."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any, ClassVar

from allauth.account import app_settings
from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest
from django.utils import timezone

from correspondence.ledger import compose, write_letter

# Letters that carry a code: the kind each goes under, and how long its code lasts in seconds.
CODES = {
    "login_code": ("sign_in_code", "LOGIN_BY_CODE_TIMEOUT"),
    "password_reset_code": ("password_reset_code", "PASSWORD_RESET_BY_CODE_TIMEOUT"),
    "email_confirmation": ("email_code", "EMAIL_VERIFICATION_BY_CODE_TIMEOUT"),
    "email_confirmation_signup": ("email_code", "EMAIL_VERIFICATION_BY_CODE_TIMEOUT"),
}


class AccountAdapter(DefaultAccountAdapter):
    """No open sign-up, letters as rows of the ledger, messages in the portal's words."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": "The address and the password do not belong together.",
        "incorrect_code": "This code is not right. Please compare it with the letter.",
        "incorrect_password": "This password is not right.",
        # Said after wrong passwords, after wrong codes and after too many requests for a code.
        "too_many_login_attempts": (
            "Too many tries. Passwords for this address rest for five minutes; "
            "“Send me a code by e-mail” works again within a minute."
        ),
        "rate_limited": "That was a little too often. Please wait a minute, then try again.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Writes the letter to the ledger. Two requests for a code are two letters: each has a version of its own."""
        now = timezone.now()
        letter = template_prefix.rpartition("/")[2]
        kind, lasts = CODES.get(letter, ("account_notice", ""))
        not_after = lifetime_end(now, lasts)
        subject, body = compose(template_prefix, {**context, "email": email, "now": now, "not_after": not_after})
        write_letter(
            kind=kind,
            occurrence=letter.replace("_", " "),
            version=uuid.uuid4().hex,
            address=email,
            subject=subject,
            body=body,
            now=now,
            not_after=not_after,
            is_secret=bool(lasts),
        )


def lifetime_end(now: datetime, setting: str) -> datetime | None:
    """When the code of a letter stops working; None for a letter without one."""
    return now + timedelta(seconds=getattr(app_settings, setting)) if setting else None
