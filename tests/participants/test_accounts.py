"""Signing in, as it is set up in participants/accounts.py."""

import re
from pathlib import Path

import allauth
import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from correspondence.models import Letter
from tests.factories import PASSWORD, a_participant, a_user, staff

pytestmark = pytest.mark.django_db

CODE = re.compile(r"^    (\S+)$", re.MULTILINE)


@pytest.fixture
def pat():
    return a_participant(email="pat@sample.example")


def ask_for_code(client, email):
    return client.post(reverse("account_request_login_code"), {"email": email})


def code_for(email):
    return CODE.search(Letter.objects.filter(address=email).latest("pk").body).group(1)


def headers_of(response):
    """Without those that tell the second and the length of the page: the address stands in it."""
    return {name: value for name, value in response.headers.items() if name not in ("Content-Length", "Expires")}


def without_tokens(response):
    return re.sub(rb'name="csrfmiddlewaretoken" value="\w+"', b"", response.content)


def test_a_person_signs_in_with_the_code_from_the_letter(client, pat):
    answer = ask_for_code(client, "Pat@Sample.Example")
    assert answer.url == reverse("account_confirm_login_code")
    letter = Letter.objects.get()
    assert (letter.kind, letter.address, letter.is_secret) == ("sign_in_code", "pat@sample.example", True)
    code = code_for("pat@sample.example")
    assert code not in letter.subject
    assert code not in letter.key
    answer = client.post(answer.url, {"code": code.lower()})
    assert answer.url == reverse("my_programme")
    assert client.get(reverse("participants:profile")).context["user"] == pat


def test_a_code_is_of_no_use_after_ten_minutes_and_its_letter_says_so(client, pat):
    ask_for_code(client, "pat@sample.example")
    letter = Letter.objects.get()
    assert (letter.not_after - letter.due_at).total_seconds() == 600
    assert f"by {timezone.localtime(letter.not_after):%H:%M} (London time)" in letter.body


def test_each_request_is_a_letter_of_its_own_and_only_the_newest_code_works(client, pat):
    ask_for_code(client, "pat@sample.example")
    first = code_for("pat@sample.example")
    client.post(reverse("account_confirm_login_code"), {"action": "resend"})
    assert Letter.objects.filter(kind="sign_in_code").count() == 2
    client.post(reverse("account_confirm_login_code"), {"code": first})
    assert client.get(reverse("participants:profile")).status_code == 302
    client.post(reverse("account_confirm_login_code"), {"code": code_for("pat@sample.example")})
    assert client.get(reverse("participants:profile")).status_code == 200


def test_an_unknown_address_gets_the_answer_a_known_one_gets_and_no_letter(pat):
    asked = {}
    for email in ("pat@sample.example", "who@sample.example"):
        browser = Client()
        first = ask_for_code(browser, email)
        second = browser.get(first.url)
        asked[email] = (
            first.status_code,
            headers_of(first),
            sorted(first.cookies),
            second.status_code,
            headers_of(second),
            without_tokens(second).replace(email.encode(), b"ADDRESS"),
        )
    assert asked["pat@sample.example"] == asked["who@sample.example"]
    assert list(Letter.objects.values_list("address", flat=True)) == ["pat@sample.example"]


def test_a_new_password_for_an_unknown_address_gets_the_same_answer_and_no_letter(pat):
    answers = set()
    for email in ("pat@sample.example", "who@sample.example"):
        browser = Client()
        first = browser.post(reverse("account_reset_password"), {"email": email})
        page = browser.get(first.url)
        answers.add((first.status_code, first.url, page.status_code, without_tokens(page).replace(email.encode(), b"")))
    assert len(answers) == 1
    assert list(Letter.objects.values_list("kind", "address")) == [("password_reset_code", "pat@sample.example")]


def test_a_wrong_password_and_an_unknown_address_read_the_same(client, pat):
    pat.set_password(PASSWORD)
    pat.save()
    pages = [
        client.post(reverse("account_login"), {"login": email, "password": "not the password"})
        for email in ("pat@sample.example", "who@sample.example")
    ]
    assert [list(page.context["form"].non_field_errors()) for page in pages] == [
        ["The address and the password do not belong together."]
    ] * 2


def test_after_five_wrong_passwords_the_page_offers_a_code_and_the_code_works(client, pat):
    for _ in range(5):
        client.post(reverse("account_login"), {"login": "pat@sample.example", "password": "not the password"})
    page = client.post(reverse("account_login"), {"login": "pat@sample.example", "password": "not the password"})
    (error,) = page.context["form"].non_field_errors()
    assert error.startswith("Too many tries.")
    assert "“Send me a code by e-mail” works again within a minute" in error
    assert reverse("account_request_login_code") in page.content.decode()
    ask_for_code(client, "pat@sample.example")
    answer = client.post(reverse("account_confirm_login_code"), {"code": code_for("pat@sample.example")})
    assert answer.url == reverse("my_programme")


def test_nobody_signs_up_by_themselves(client):
    page = client.get(reverse("account_signup"))
    assert "People come in <mark>by invitation</mark>" in page.content.decode()
    data = {"email": "me@sample.example", "password1": PASSWORD, "password2": PASSWORD}
    client.post(reverse("account_signup"), data)
    assert not type(a_user()).objects.filter(email="me@sample.example").exists()


def test_a_changed_password_is_told_by_letter_with_links_to_the_portal(client, pat):
    client.force_login(pat)
    client.post(reverse("account_set_password"), {"password1": PASSWORD, "password2": PASSWORD})
    letter = Letter.objects.get()
    assert (letter.kind, letter.subject) == ("account_notice", "You now have a password")
    assert "http://localhost:8000/accounts/password/change/" in letter.body
    assert not letter.is_secret


def test_a_new_address_counts_once_its_code_is_entered(client, pat):
    client.force_login(pat)
    answer = client.post(reverse("account_email"), {"email": "new@sample.example", "action_add": ""})
    pat.refresh_from_db()
    assert pat.email == "pat@sample.example"
    client.post(answer.url, {"code": code_for("new@sample.example")})
    pat.refresh_from_db()
    assert pat.email == "new@sample.example"
    assert Letter.objects.get(address="pat@sample.example").subject == "Your e-mail address was changed"
    ask_for_code(client, "pat@sample.example")
    assert not Letter.objects.filter(kind="sign_in_code").exists()


def test_every_letter_allauth_can_write_has_words_of_our_own():
    """The plain-text engine knows our folder only: a letter without a template there would be a 500."""
    stock = Path(allauth.__file__).parent / "templates"
    names = {
        path.relative_to(stock).as_posix()
        for app in ("account", "mfa")
        for path in (stock / app / "email").glob("*_message.txt")
    }
    # Not written here: links instead of codes, sign-up, and letters to strangers are all switched off.
    never = {f"account/email/{name}_message.txt" for name in NEVER_WRITTEN}
    assert sorted(name for name in names - never if not (settings.BASE_DIR / "templates" / name).exists()) == []


NEVER_WRITTEN = ["account_already_exists", "base", "password_reset_key", "unknown_account"]


def test_staff_without_a_second_factor_are_sent_to_set_one_up(client, settings):
    settings.REQUIRE_STAFF_MFA = True
    person = staff()
    client.force_login(person)
    assert client.get(reverse("my_programme")).url == reverse("mfa_index")
    assert client.get(reverse("admin:index")).url == reverse("mfa_index")
    assert client.get(reverse("mfa_index")).status_code == 200
    Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={"secret": "x"})
    assert client.get(reverse("participants:profile")).status_code == 200


def test_a_second_factor_is_asked_of_staff_only_and_only_where_it_is_required(client, settings, pat):
    settings.REQUIRE_STAFF_MFA = True
    client.force_login(pat)
    assert client.get(reverse("participants:profile")).status_code == 200
    settings.REQUIRE_STAFF_MFA = False
    client.force_login(staff())
    assert client.get(reverse("participants:profile")).status_code == 200
