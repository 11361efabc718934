"""Private by default: the list of pages that open without an account, each with its reason."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

PUBLIC = {
    "home": "the shop window",
    "accessibility": "the statement has to be readable by all",
    "privacy": "read before one signs in",
    "participants:organisation_list": "the shop window",
    "participants:invitation_accept": "the key in the address is the permission; nobody has an account yet",
    "findings:finding_list": "what the programme is for",
    "findings:finding_detail": "what the programme is for",
    "findings:finding_json": "the same, for machines",
    "findings:finding_bib": "the same, to cite",
    "findings:finding_ris": "the same, to cite",
    "findings:finding_csl": "the same, to cite",
    "findings:finding_png": "the same, as a picture beside a shared address",
    "findings:finding_picture": "the same, its pictures",
    "findings:finding_release": "the same, as it was published before",
    "findings:finding_pdf": "the same, to print",
    "findings:feed_atom": "the same, to follow",
    "findings:feed_json": "the same, to follow",
    "findings:theme_atom": "the same, to follow",
    "findings:theme_json": "the same, to follow",
    "findings:report_detail": "what the programme is for, bound together",
    "findings:report_edition": "the same, as it was cited",
    "findings:report_pdf": "the same, to print",
    "findings:resource_list": "the shop window",
    "correspondence:newsletter": "readers have no account",
    "correspondence:newsletter_confirm": "the key in the address is the permission",
    "correspondence:newsletter_leave": "leaving must need no account",
    "findings:finding_welsh": "the same, in Welsh",
    "findings:finding_follow": "readers of a finding need no account to be told of corrections",
    "findings:follow_confirm": "the key in the address is the permission",
    "findings:follow_leave": "the same",
    "findings:finding_review": "who is asked may have no account: the key in the address is the permission",
    "findings:review_picture": "the same, a picture in it",
    "correspondence:letters_leave": "leaving must need no account: the key in the address is the permission",
    "correspondence:provider_says": "the mail provider calls it, and shows a password",
    "correspondence:mailroom": "sign-in codes are read here, in a rehearsal only: 404 in production",
    "correspondence:mailroom_letter": "the same",
    "correspondence:mailroom_html": "the same",
    "sitemap": "for search engines",
    "robots": "for search engines",
    "security_txt": "whoever found a hole has no account",
    "change_password": "a well-known address that leads to the account pages",
    "service_worker": "browsers ask for it without a sign-in; the same for everybody",
    "offline": "shown where there is no connection: nothing in it is anybody's",
    "participants:device_key": "answers 401 as JSON itself: a script asks, which has no use for the sign-in page",
    "favicon": "browsers ask for it everywhere",
    "healthz": "monitors have no account; it tells nothing of people",
    "readyz": "monitors have no account; it tells nothing of people",
    "calendar_feed": "calendar programs cannot sign in: the key in the address is the permission",
    "research:attachment_save": "answers 401 as JSON itself, as note_save does",
    "research:note_save": "answers 401 as JSON itself: a save must never be redirected to a page",
    # allauth marks these itself: they are how one gets in.
    "account_login": "the way in",
    "account_signup": "says that it is closed",
    "account_inactive": "says why one cannot get in",
    "account_email_verification_sent": "part of the way in",
    "account_confirm_login_code": "part of the way in",
    "account_request_login_code": "the way in",
    "account_reset_password": "the way back in",
    "account_confirm_password_reset_code": "the way back in",
    "account_complete_password_reset": "the way back in",
    "account_password_reset_completed": "the way back in",
    "account_logout": "answers everybody: it asks, or leads home",
    "mfa_authenticate": "the second step of the way in",
    "mfa_login_webauthn": "the way in by passkey",
    "admin:login": "leads to the way in",
}


def patterns(resolver: URLResolver | None = None, namespace: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every URL pattern there is, with its full name."""
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            yield from patterns(entry, f"{namespace}{entry.namespace}:" if entry.namespace else namespace)
        else:
            yield f"{namespace}{entry.name}", entry


def is_public(pattern: URLPattern) -> bool:
    return not getattr(pattern.callback, "login_required", True)


def test_every_page_without_a_reason_on_the_list_asks_for_an_account():
    unlisted = {name for name, pattern in patterns() if is_public(pattern)} - set(PUBLIC)

    assert unlisted == set()


def test_every_page_on_the_list_exists_and_opens():
    known = dict(patterns())

    assert {name for name in PUBLIC if name not in known or not is_public(known[name])} == set()


def test_no_name_stands_for_two_pages_of_ours():
    names = [name for name, _ in patterns() if not name.startswith(("admin:", "account_", "mfa_"))]

    assert sorted(names) == sorted(set(names))


@pytest.mark.django_db
def test_a_page_without_mark_leads_to_the_sign_in(client):
    response = client.get("/my/")

    assert response.status_code == 302
    assert response["Location"] == "/accounts/login/?next=/my/"
