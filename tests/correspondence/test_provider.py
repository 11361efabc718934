"""What a provider says of letters it took: believed with its password only, and once however often it is said."""

import base64
import json
from datetime import timedelta

import pytest

from correspondence.models import Letter, Subscriber, Suppression
from tests.factories import NOW

from .test_issues import a_reader

pytestmark = pytest.mark.django_db

SECRET = "postmark:a-password-of-some-length"
BOUNCE = {
    "RecordType": "Bounce",
    "Type": "HardBounce",
    "Email": "Ann@sample.example",
    "Details": "smtp;550 5.1.1 no such user",
    "Description": "The server was unable to deliver your message.",
    "BouncedAt": "2018-05-15T09:00:00Z",
}
COMPLAINT = BOUNCE | {"RecordType": "SpamComplaint", "Type": "SpamComplaint"}
LEFT = {
    "RecordType": "SubscriptionChange",
    "Recipient": "ann@sample.example",
    "SuppressSending": True,
    "SuppressionReason": "ManualSuppression",
    "ChangedAt": "2018-05-15T09:00:00Z",
}


@pytest.fixture(autouse=True)
def _provider(settings):
    settings.MAIL_PROVIDER, settings.ANYMAIL_WEBHOOK_SECRET = "postmark", SECRET


def say(client, what, secret: str = SECRET):
    body = what if isinstance(what, str) else json.dumps(what)
    password = base64.b64encode(secret.encode()).decode()
    headers = {"authorization": f"Basic {password}"}
    return client.post("/letters/provider/", body, content_type="application/json", headers=headers)


def reasons() -> list[str]:
    return sorted(Suppression.objects.values_list("why", flat=True))


def test_a_mailbox_that_does_not_exist_is_written_to_no_more_and_shows_at_its_letter(client):
    for days in (2, 1):
        Letter.objects.create(
            key=f"{days}",
            kind="phase_opens",
            address="ann@sample.example",
            subject="Opens",
            body="x",
            due_at=NOW,
            state=Letter.State.SENT,
            sent_at=NOW - timedelta(days=days),
        )

    answers = [say(client, BOUNCE).status_code for _ in range(3)]

    assert answers == [200] * 3
    assert reasons() == ["bounced"]
    assert [letter.answer for letter in Letter.objects.order_by("sent_at")] == [
        "",
        "Came back after it was taken: smtp;550 5.1.1 no such user",
    ]


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (COMPLAINT, ["complained"]),
        (BOUNCE | {"Type": "BadEmailAddress"}, ["bounced"]),
        (BOUNCE | {"Type": "Transient"}, []),
        (BOUNCE | {"Type": "VirusNotification"}, []),
        (BOUNCE | {"Type": "AutoResponder"}, []),
        ({"RecordType": "Delivery", "Recipient": "ann@sample.example", "DeliveredAt": "2018-05-15T09:00:00Z"}, []),
        ({"RecordType": "Open", "Recipient": "ann@sample.example", "ReceivedAt": "2018-05-15T09:00:00Z"}, []),
        (BOUNCE | {"Email": ""}, []),
    ],
)
def test_what_follows_from_each_event(client, event, why):
    assert say(client, event).status_code == 200
    assert reasons() == why


def test_who_leaves_at_the_provider_has_left_here(client):
    reader = a_reader("ann")

    assert say(client, LEFT).status_code == 200

    assert Subscriber.objects.get(pk=reader.pk).state == "left"
    assert reasons() == []


@pytest.mark.parametrize("secret", ["postmark:another-password-it-is", "", ":", "x" * 10_000])
def test_without_the_password_nothing_is_believed(client, secret):
    assert say(client, BOUNCE, secret).status_code == 400
    assert client.post("/letters/provider/", BOUNCE, content_type="application/json").status_code == 400
    assert reasons() == []


@pytest.mark.parametrize(
    "body", ["", "{", "[]", "null", '"x"', '{"FromFull": {}}', "\ud800".encode("utf-8", "replace").decode()]
)
def test_nonsense_is_refused_in_words_and_changes_nothing(client, body):
    answer = say(client, body)

    assert (answer.status_code, answer.content) == (400, b"This could not be read.\n")
    assert reasons() == []


def test_where_no_provider_is_set_there_is_no_such_page(client, settings):
    settings.MAIL_PROVIDER = ""
    assert say(client, BOUNCE).status_code == 404
    settings.MAIL_PROVIDER, settings.ANYMAIL_WEBHOOK_SECRET = "postmark", ""
    assert say(client, BOUNCE).status_code == 404
    assert client.get("/letters/provider/").status_code == 404
