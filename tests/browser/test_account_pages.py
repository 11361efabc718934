"""Every page of signing in and of one's own account: one heading, valid HTML, nothing for axe, light and dark."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import html5lib
import pytest
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser

from participants import invitations
from tests.factories import (
    PASSWORD,
    a_cohort,
    a_comment,
    a_membership,
    a_mentor,
    a_participant,
    a_seat,
    a_topic,
    a_user,
    staff,
)

pytestmark = pytest.mark.django_db(transaction=True)

Visit = tuple[str, Client, str]


def post(url: str, data: dict[str, str]) -> Client:
    """A visitor who has just sent a form."""
    client = Client()
    client.post(url, data)
    return client


def signed_in(user) -> Client:
    """Somebody who has just proved to be who they are: pages that ask again open."""
    client = Client()
    client.force_login(user)
    session = client.session
    record_authentication(SimpleNamespace(session=session), user, "password", reauthenticated=True)
    session.save()
    return client


def before_signing_in() -> list[Visit]:
    pat = a_participant(email="pat@sample.example")
    pat.set_password(PASSWORD)
    pat.save()
    guarded = a_participant(email="guarded@sample.example")
    guarded.set_password(PASSWORD)
    guarded.save()
    Authenticator.objects.create(user=guarded, type=Authenticator.Type.TOTP, data={"secret": "x"})
    membership = a_membership(name="Sample Library")
    now = timezone.now()
    offer, _ = invitations.invite("new@sample.example", "", membership.cohort, membership, "", staff(), now)
    old, _ = invitations.invite(
        "old@sample.example", "", membership.cohort, None, "", staff(), now - timedelta(days=20)
    )
    login, code, reset = (reverse(f"account_{name}") for name in ("login", "request_login_code", "reset_password"))
    asked = post(code, {"email": "pat@sample.example"})
    wrong = {"login": "pat@sample.example", "password": "wrong"}
    return [
        ("sign in", Client(), login),
        ("code", Client(), code),
        ("enter the code", asked, reverse("account_confirm_login_code")),
        ("sign-up closed", Client(), reverse("account_signup")),
        ("new password", Client(), reset),
        ("code for a new password", post(reset, {"email": pat.email}), reverse("account_confirm_password_reset_code")),
        (
            "second factor",
            post(login, {**wrong, "login": guarded.email, "password": PASSWORD}),
            reverse("mfa_authenticate"),
        ),
        ("invitation", Client(), offer.get_absolute_url()),
        ("invitation for somebody else", signed_in(pat), offer.get_absolute_url()),
        ("expired invitation", Client(), old.get_absolute_url()),
    ]


def inside() -> list[Visit]:
    membership = a_membership(a_cohort(), "Sample Museum")
    pat, plain = a_participant(membership), a_user()
    pat.set_password(PASSWORD)
    pat.save()
    a_seat(user=pat).end(timezone.now())
    key = Authenticator.objects.create(
        user=pat, type=Authenticator.Type.WEBAUTHN, data={"name": "My phone", "passwordless": True, "credential": {}}
    )
    Authenticator.objects.create(user=pat, type=Authenticator.Type.TOTP, data={"secret": "x"})
    client = signed_in(pat)
    client.post(reverse("mfa_generate_recovery_codes"))
    changing = signed_in(a_mentor(cohort=membership.cohort).user)
    changing.post(reverse("account_email"), {"email": "next@sample.example", "action_add": ""})
    topic = a_topic(membership.cohort, pat)
    a_comment(topic.discussion, pat).withdraw(pat, timezone.now())
    a_comment(topic.discussion, pat)
    cohort = membership.cohort.slug
    names = [
        "participants:profile",
        "account_email",
        "account_change_password",
        "account_logout",
        "mfa_index",
        "mfa_deactivate_totp",
        "mfa_list_webauthn",
        "mfa_view_recovery_codes",
        "mfa_generate_recovery_codes",
        "usersessions_list",
        "account_reauthenticate",
        "mfa_reauthenticate",
    ]
    return [
        *((name, client, reverse(name)) for name in names),
        ("passkey: rename", client, reverse("mfa_edit_webauthn", args=[key.pk])),
        ("passkey: remove", client, reverse("mfa_remove_webauthn", args=[key.pk])),
        ("address to be changed", changing, reverse("account_email")),
        ("address: code", changing, reverse("account_email_verification_sent")),
        ("profile without a seat", signed_in(plain), reverse("participants:profile")),
        ("set a password", signed_in(plain), reverse("account_set_password")),
        ("no second factor yet", signed_in(plain), reverse("mfa_index")),
        ("authenticator app", signed_in(plain), reverse("mfa_activate_totp")),
        ("passkey: add", signed_in(plain), reverse("mfa_add_webauthn")),
        ("exchange", client, reverse("discussions:topic_list", args=[cohort])),
        ("topic", client, topic.get_absolute_url()),
        ("new topic", client, reverse("discussions:topic_new", args=[cohort])),
    ]


def faults_of(page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {node['html'][:160]}" for rule in found for node in rule["nodes"]]


def faults_in_html(html: str) -> list[str]:
    parser = html5lib.HTMLParser()
    parser.parse(html)
    headings = html.count("<h1")
    return [f"html: {code} at {place}" for place, code, _ in parser.errors] + (
        [] if headings == 1 else [f"{headings} first headings"]
    )


def look_at(browser: Browser, server: str, client: Client, path: str) -> list[str]:
    """What is wrong with one page, as its visitor sees it."""
    context = browser.new_context(base_url=server)
    if "sessionid" in client.cookies:
        context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": server}])
    page = context.new_page()
    console: list[str] = []
    page.on("console", lambda message: console.append(message.text))
    answer = page.goto(path)
    assert answer
    faults = faults_in_html(answer.text())
    if answer.status not in (200, 409, 410):
        faults.append(f"answered {answer.status}")
    if page.url.removeprefix(server).partition("?")[0] != path:
        faults.append(f"landed on {page.url}")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        faults += [f"{scheme}: {fault}" for fault in faults_of(page)]
    faults += [text for text in console if "Security Policy" in text]
    context.close()
    return faults


@pytest.mark.parametrize("visits", [before_signing_in, inside], ids=lambda visits: visits.__name__)
def test_every_page_is_valid_and_usable_in_light_and_dark(visits, live_server, browser):
    planned = visits()
    found = {name: look_at(browser, live_server.url, client, path) for name, client, path in planned}
    assert "\n".join(f"{name}: {fault}" for name, faults in found.items() for fault in faults) == ""


@pytest.mark.parametrize(
    ("earlier", "times", "words"),
    [
        ({"login": "pat@sample.example", "password": "wrong"}, 5, "Too many tries."),
        ({}, 30, "Please wait a moment"),
    ],
    ids=["wrong passwords", "requests"],
)
def test_too_many_wrong_passwords_or_requests_are_told_in_a_page_of_our_own(
    live_server, browser, earlier, times, words
):
    a_participant(email="pat@sample.example")
    # Wrong passwords are counted for each host that the portal answers to.
    client = Client(headers={"host": live_server.url.removeprefix("http://")})
    for _ in range(times):
        client.post(reverse("account_login"), earlier)
    page = browser.new_page(base_url=live_server.url)
    page.goto(reverse("account_login"))
    page.get_by_label("Email").first.fill("pat@sample.example")
    page.get_by_label("Password").fill("wrong")
    with page.expect_navigation():
        page.get_by_role("button", name="Sign in", exact=True).click()
    told = page.get_by_role("main").inner_text()
    faults = faults_in_html(page.content()) + faults_of(page)
    page.context.close()
    assert words in told
    assert faults == []


def test_a_passkey_is_added_asked_for_again_and_signs_in(live_server, browser):
    client = signed_in(a_user("Paz Passkey"))
    context = browser.new_context(base_url=live_server.url)
    page = context.new_page()
    device = context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    device.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
    page.goto(reverse("mfa_add_webauthn"))
    page.get_by_label("Passwordless").check()
    page.get_by_role("button", name="Add").click()
    page.wait_for_url(f"**{reverse('mfa_view_recovery_codes')}")
    page.goto(reverse("mfa_reauthenticate_webauthn"))
    faults = faults_in_html(page.content()) + faults_of(page)
    context.clear_cookies()
    page.goto(reverse("account_login"))
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(f"**{reverse('my_programme')}")
    shown = page.inner_text("body")
    context.close()
    assert "You are signed in, Paz Passkey." in shown
    assert faults == []
