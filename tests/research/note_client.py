"""A client of the save protocol, small and faithful: what the note editor in the browser does, without the browser.

It keeps on its device what is not known to be stored: the text, the version it started from, and the one save that is
on its way, under its name. That record survives a crash; the screen does not.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, replace

from django.test import Client
from django.urls import reverse

from participants.models import Cohort, User


@dataclass(frozen=True)
class Text:
    title: str
    body: str


@dataclass(frozen=True)
class Save:
    """One text under one name; sent again it is the same save, byte for byte."""

    save_id: str
    base_version: int
    text: Text
    audience: str | None


@dataclass(frozen=True)
class Draft:
    """What the device holds: the text as typed last, what it started from, and the save without an answer."""

    base_version: int
    text: Text
    on_its_way: Save | None = None


@dataclass(frozen=True)
class Answer:
    """What a client was told: `version` is the one made (200) or the one that stands (409, `conflict` is kept)."""

    client: NoteClient
    save: Save
    status: int
    version: int
    conflict: int | None


class NoteClient:
    """A person at one tab of one browser, with one note in the editor."""

    def __init__(self, person: User, cohort: Cohort, note: uuid.UUID) -> None:
        self.person, self.cohort, self.note = person, cohort, note
        self.http = Client()
        self.signs_in()
        self.device: Draft | None = None
        self.screen: Text | None = None
        self.version = 0

    def address(self, page: str) -> str:
        return reverse(f"research:{page}", args=[self.cohort.slug, self.note])

    @property
    def is_open(self) -> bool:
        return self.screen is not None

    def crash(self) -> None:
        """The screen is gone, and whatever answer was being waited for; the device keeps its record."""
        self.screen = None

    def open(self) -> None:
        """The editor as it comes up: with the draft of the device where there is one, else with the note's text."""
        page = self.http.get(self.address("note_edit"))
        if self.device:
            self.screen, self.version = self.device.text, self.device.base_version
        elif page.status_code == 200:
            note = page.context["note"]
            self.screen, self.version = Text(note.title, note.body), note.version

    def type(self, text: Text) -> None:
        self.screen = text
        on_its_way = self.device.on_its_way if self.device else None
        self.device = Draft(self.version, text, on_its_way)

    def next_save(self, audience: str | None = None) -> Save | None:
        """The save to send now: the one without an answer, else what was typed; none where all is stored."""
        if self.device is None and audience and self.screen is not None:
            self.device = Draft(self.version, self.screen)
        if self.device is None:
            return None
        if self.device.on_its_way is None:
            save = Save(str(uuid.uuid4()), self.device.base_version, self.device.text, audience)
            self.device = replace(self.device, on_its_way=save)
        return self.device.on_its_way

    def post(self, save: Save) -> tuple[int, dict]:
        """Sends the save to the portal, whoever will hear the answer."""
        payload = {"save_id": save.save_id, "base_version": save.base_version}
        payload |= {"title": save.text.title, "body": save.text.body}
        if save.audience:
            payload["audience"] = save.audience
        answer = self.http.post(self.address("note_save"), json.dumps(payload), content_type="application/json")
        return answer.status_code, answer.json()

    def hear(self, save: Save, status: int, said: dict, *, take_mine: bool) -> Answer | None:
        """Acts on an answer to its own save. After a conflict the person goes on with their text or with the other."""
        assert self.device is not None
        assert self.device.on_its_way == save
        typed_since = self.device.text != save.text
        if status == 200:
            self.version = said["version"]
            self.device = Draft(self.version, self.device.text) if typed_since else None
            return Answer(self, save, status, said["version"], None)
        if status == 409:
            self.version = said["version"]
            if typed_since or take_mine:
                self.device = Draft(self.version, self.device.text)
            else:
                self.device, self.screen = None, Text(said["title"], said["body"])
            return Answer(self, save, status, said["version"], said["conflict"])
        if status == 401:
            self.signs_in()
        elif status in (413, 422):
            # Refused, so not stored: the text stays, and its next save is another one.
            self.device = replace(self.device, on_its_way=None)
        else:
            assert status in (403, 404, 429, 503), (status, said)
        return None

    def signs_in(self) -> None:
        self.http.force_login(self.person)

    def is_signed_out(self) -> None:
        self.http.cookies.clear()

    def delete(self) -> None:
        self.http.post(self.address("note_delete"))

    def put_back(self) -> None:
        self.http.post(self.address("note_put_back"))
