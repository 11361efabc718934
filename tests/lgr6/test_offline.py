"""What a browser keeps of the portal itself. Pages without a connection: tests/browser/test_offline.py."""

import json
import re
from base64 import b64decode

import pytest
from django.contrib.staticfiles import finders

from lgr6.views.offline import FILES
from tests.factories import a_cohort, a_membership, a_participant, a_user

pytestmark = pytest.mark.django_db


def test_the_page_without_a_connection_is_nobodys(client):
    stranger = client.get("/offline/").content
    client.force_login(a_user("Una Mistakable"))
    assert client.get("/offline/").content == stranger


def test_the_worker_keeps_files_that_there_are_and_no_page_but_that_one(client):
    answer = client.get("/service-worker.js")
    assert answer["Content-Type"] == "text/javascript; charset=utf-8"
    kept = json.loads(re.search(r"const SHELL = (.*);", answer.content.decode())[1])
    assert [address for address in kept if not address.startswith("/static/")] == ["/offline/"]
    assert [name for name in FILES if not finders.find(name)] == []


def test_the_worker_keeps_all_that_an_editor_asks_for(client):
    cohort = a_cohort()
    client.force_login(a_participant(a_membership(cohort)))
    page = client.get(f"/cohorts/{cohort.slug}/notes/new/", follow=True).content.decode()
    asked = re.findall(r'(?:src|href)="/static/((?:css|js|vendor)/[^"]+)"', page)
    assert "js/note-editor.js" in asked
    assert set(asked) - set(FILES) == set()


def test_the_key_of_a_device_is_the_persons_own_and_stays_the_same(client):
    keys = set()
    for person in (a_user(), a_user()):
        client.force_login(person)
        said = [client.get("/my/device-key/").json() for _ in range(2)]
        assert said[0] == said[1]
        assert said[0]["person"] == str(person.pk)
        keys.add(b64decode(said[0]["key"]))
    assert [len(key) for key in keys] == [32, 32]


def test_a_stranger_is_given_no_key(client):
    answer = client.get("/my/device-key/")
    assert (answer.status_code, answer.json()) == (401, {"error": "Nobody is signed in."})
    assert "no-store" in answer["Cache-Control"]
