"""What a letter with a calendar entry is on the wire."""

from datetime import timedelta
from email import message_from_bytes
from email.policy import default

import pytest
from icalendar import Calendar

from correspondence.calendars import Entry, message
from correspondence.carriers import message_of
from correspondence.ledger import write_letter
from correspondence.models import Letter
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def written(calendar=""):
    write_letter(
        kind="sample",
        occurrence="workshop 1",
        version="1",
        address="pat@sample.example",
        subject="A sample",
        body="Hello Pat\n",
        now=NOW,
        calendar=calendar,
    )
    _, wire = message_of(Letter.objects.get())
    return message_from_bytes(wire.as_bytes(linesep="\r\n"), policy=default)


def entry_text(**extra):
    entry = Entry(
        uid="workshop-1@lets-get-real",
        sequence=1,
        starts_at=NOW,
        ends_at=NOW + timedelta(hours=6),
        title="Amgueddfa Cymru – ŵ",
        **extra,
    )
    return message(entry, "pat@sample.example", NOW)


@pytest.mark.parametrize(("is_cancelled", "method"), [(False, "REQUEST"), (True, "CANCEL")])
def test_the_entry_goes_as_a_part_that_names_its_method_and_as_a_file(is_cancelled, method):
    text = entry_text(is_cancelled=is_cancelled)

    letter = written(text)

    plain, html, part, attached = [part for part in letter.walk() if not part.is_multipart()]
    assert (plain.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert part.get_content_type() == "text/calendar"
    assert (part.get_param("method"), part.get_param("charset")) == (method, "utf-8")
    assert str(part["Content-Type"]).count("charset") == 1
    assert (attached.get_filename(), attached.get_content_type()) == ("invite.ics", "application/ics")
    assert attached.get_content() == text.encode()
    assert part.get_content().replace("\r\n", "\n") == text.replace("\r\n", "\n")
    assert Calendar.from_ical(part.get_payload(decode=True))["METHOD"] == method


def test_a_letter_without_an_entry_has_no_more_than_text_and_html():
    letter = written()

    assert letter.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in letter.iter_parts()] == ["text/plain", "text/html"]
