"""The newsletter: a double yes, kept with its words; one press to leave; the same answer to everybody."""

from datetime import timedelta

import html5lib
import pytest
from django.test import Client
from django.utils import timezone

from correspondence.models import Letter, Subscriber
from correspondence.newsletter import subscribe
from tests.factories import NOW

pytestmark = pytest.mark.django_db

ADDRESS = "reader@sample.example"


def a_subscriber(**extra):
    return Subscriber.objects.create(**{"address": ADDRESS, "asked_at": timezone.now(), **extra})


def letters():
    return Letter.objects.filter(kind="newsletter_confirm").order_by("pk")


def path(page, subscriber):
    key = subscriber.confirm_token if page == "confirm" else subscriber.token
    return f"/newsletter/{page}/{key}/"


def errors_in(response):
    parser = html5lib.HTMLParser(strict=False)
    parser.parse(response.content.decode())
    return parser.errors


def test_the_page_offers_a_form_and_sets_no_cookie(client):
    response = client.get("/newsletter/")
    html = response.content.decode()
    assert response.status_code == 200
    assert 'name="address"' in html
    assert "Nothing is agreed to until you answer the letter" in html
    assert f"(Wording of {Subscriber.WORDING}.)" in html
    assert "csrfmiddlewaretoken" not in html
    assert not response.cookies
    assert errors_in(response) == []


def test_asking_sends_a_letter_and_agrees_to_nothing_yet(client):
    response = client.post(
        "/newsletter/", {"address": "Reader@Sample.Example"}, headers={"referer": "http://x/findings/"}
    )
    assert response.status_code == 200
    assert "We have written to reader@sample.example" in response.content.decode()
    assert not response.cookies
    subscriber = Subscriber.objects.get()
    assert (subscriber.address, subscriber.state) == (ADDRESS, "not confirmed")
    assert (subscriber.wording, subscriber.page) == (Subscriber.WORDING, "/findings/")
    letter = letters().get()
    assert letter.address == ADDRESS
    assert letter.subject == "Do you want the Let's Get Real newsletter?"
    assert f"http://localhost:8000{path('confirm', subscriber)}" in letter.body
    assert letter.is_secret


def test_the_form_needs_no_token_so_that_no_page_needs_a_cookie():
    strict = Client(enforce_csrf_checks=True)
    assert strict.post("/newsletter/", {"address": ADDRESS}).status_code == 200
    subscriber = Subscriber.objects.get()
    assert strict.post(path("confirm", subscriber)).status_code == 302
    assert strict.post(path("leave", subscriber)).status_code == 302
    assert Subscriber.objects.get().state == "left"


def test_known_and_unknown_addresses_get_the_same_answer_and_each_a_letter(client):
    a_subscriber(confirmed_at=timezone.now())
    known = client.post("/newsletter/", {"address": ADDRESS})
    unknown = client.post("/newsletter/", {"address": "other1@sample.example"})
    assert known.status_code == unknown.status_code == 200
    assert known.content.replace(ADDRESS.encode(), b"") == unknown.content.replace(b"other1@sample.example", b"")
    assert letters().get(address=ADDRESS).subject == "You get the Let's Get Real newsletter already"
    assert letters().get(address="other1@sample.example").subject == "Do you want the Let's Get Real newsletter?"
    assert Subscriber.objects.get(address=ADDRESS).state == "subscribed"


def test_an_address_is_written_to_three_times_a_day_at_most():
    for minutes in range(5):
        subscribe(ADDRESS, "/", NOW + timedelta(minutes=minutes), "Words.")
    assert letters().count() == 3
    subscribe("other@sample.example", "/", NOW, "Words.")
    assert letters().filter(address="other@sample.example").count() == 1
    subscribe(ADDRESS, "/", NOW + timedelta(days=1), "Words.")
    assert letters().filter(address=ADDRESS).count() == 4


@pytest.mark.parametrize(
    "address",
    [
        "",
        "not an address",
        "reader@sample.example\r\nBcc: many@sample.example",
        "reader@sample.example\nSubject: other",
        "a@b.example, c@d.example",
        "reader\x00@sample.example",
        "x" * 300 + "@sample.example",
    ],
)
def test_what_is_no_address_is_refused_with_what_was_typed(client, address):
    response = client.post("/newsletter/", {"address": address})
    assert response.status_code == 422
    assert 'aria-invalid="true"' in response.content.decode()
    if address and "\x00" not in address and "\n" not in address:
        assert f'value="{address}"' in response.content.decode()
    assert not Subscriber.objects.exists()
    assert not letters().exists()
    assert not response.cookies


def test_opening_the_link_changes_nothing_and_the_button_confirms(client):
    subscriber = a_subscriber()
    page = client.get(path("confirm", subscriber))
    assert page.status_code == 200
    assert "Yes, write to me" in page.content.decode()
    assert errors_in(page) == []
    assert Subscriber.objects.get().state == "not confirmed"
    done = client.post(path("confirm", subscriber), follow=True)
    assert "You <mark>get the newsletter</mark>" in done.content.decode()
    assert Subscriber.objects.get().state == "subscribed"
    assert list(Subscriber.objects.active()) == [subscriber]


def test_a_link_works_for_seven_days_and_then_says_what_to_do(client):
    subscriber = a_subscriber(asked_at=timezone.now() - timedelta(days=7, minutes=1))
    for response in [client.get(path("confirm", subscriber)), client.post(path("confirm", subscriber))]:
        assert response.status_code == 410
        assert "Send a new link" in response.content.decode()
        assert errors_in(response) == []
    assert Subscriber.objects.get().state == "not confirmed"
    client.post("/newsletter/", {"address": ADDRESS})
    assert client.post(path("confirm", subscriber)).status_code == 302
    assert Subscriber.objects.get().state == "subscribed"


def test_leaving_takes_one_press_and_opening_the_link_none(client):
    subscriber = a_subscriber(confirmed_at=timezone.now())
    page = client.get(path("leave", subscriber))
    assert "Yes, stop writing" in page.content.decode()
    assert errors_in(page) == []
    assert Subscriber.objects.get().state == "subscribed"
    left = client.post(path("leave", subscriber), follow=True)
    assert "You have <mark>left</mark> the newsletter" in left.content.decode()
    assert errors_in(left) == []
    assert not Subscriber.objects.active().exists()


def test_a_mail_programme_leaves_by_itself_with_one_post(client):
    subscriber = a_subscriber(confirmed_at=timezone.now())
    response = client.post(path("leave", subscriber), {"List-Unsubscribe": "One-Click"})
    assert response.status_code == 200
    assert not response.cookies
    assert Subscriber.objects.get().state == "left"


def test_who_left_comes_back_only_by_a_new_yes(client):
    subscriber = a_subscriber(asked_at=NOW, confirmed_at=NOW, left_at=NOW)
    client.post("/newsletter/", {"address": ADDRESS})
    assert Subscriber.objects.get().state == "left"
    client.post(path("confirm", subscriber))
    assert Subscriber.objects.get().state == "subscribed"


@pytest.mark.parametrize("page", ["confirm", "leave"])
def test_a_wrong_token_leads_nowhere_and_the_right_one_somewhere(client, page):
    subscriber = a_subscriber(confirmed_at=timezone.now())
    for wrong in [subscriber.token[:-1], subscriber.confirm_token + "x", "x"]:
        assert client.get(f"/newsletter/{page}/{wrong}/").status_code == 404
        assert client.post(f"/newsletter/{page}/{wrong}/").status_code == 404
    assert client.get(path(page, subscriber)).status_code == 200
    assert Subscriber.objects.get().state == "subscribed"


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_other_methods_are_refused(client, method):
    subscriber = a_subscriber()
    for address in ["/newsletter/", path("confirm", subscriber), path("leave", subscriber)]:
        assert getattr(client, method)(address).status_code == 405


def test_the_key_to_leave_that_an_issue_carries_subscribes_nobody(client):
    subscriber = Subscriber.objects.create(address="pat@sample.example", asked_at=timezone.now())

    response = client.post(f"/newsletter/confirm/{subscriber.token}/")

    subscriber.refresh_from_db()
    assert (response.status_code, subscriber.is_active) == (404, False)
    assert client.post(f"/newsletter/confirm/{subscriber.confirm_token}/").status_code == 302


def test_each_yes_keeps_its_own_words_page_and_times(client):
    client.post("/newsletter/", {"address": ADDRESS}, headers={"referer": "http://testserver/findings/"})
    subscriber = Subscriber.objects.get()
    client.post(f"/newsletter/confirm/{subscriber.confirm_token}/")
    client.post(f"/newsletter/leave/{subscriber.token}/")
    client.post("/newsletter/", {"address": ADDRESS}, headers={"referer": "http://testserver/newsletter/"})

    first = subscriber.consents.get()
    assert (first.page, first.wording) == ("/findings/", Subscriber.WORDING)
    assert first.words.startswith("By sending this you ask")
    assert first.words in " ".join(client.get("/newsletter/").content.decode().split())
    assert first.asked_at <= first.confirmed_at <= first.left_at

    client.post(f"/newsletter/confirm/{subscriber.confirm_token}/")

    assert [(one.page, one.left_at is None) for one in subscriber.consents.all()] == [
        ("/newsletter/", True),
        ("/findings/", False),
    ]
