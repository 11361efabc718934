import io
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.tz import tzical
from icalendar import Calendar

from correspondence.calendars import Entry, calendar_file, message, method_of
from tests.factories import NOW


def an_entry(**extra):
    return Entry(
        **{
            "uid": "workshop-1@lets-get-real",
            "sequence": 0,
            "starts_at": NOW,
            "ends_at": NOW + timedelta(hours=6),
            "title": "Let's Get Real 6, Workshop 1",
            **extra,
        }
    )


def events(data):
    return Calendar.from_ical(data).walk("VEVENT")


def test_an_entry_says_when_where_and_under_which_name():
    entry = an_entry(sequence=3, place="Battersea Arts Centre; London", url="https://portal.example/w/1/")

    (event,) = events(calendar_file([entry], NOW))

    assert (event["UID"], event["SEQUENCE"], event["STATUS"]) == (entry.uid, 3, "CONFIRMED")
    assert (event["SUMMARY"], event["LOCATION"]) == (entry.title, entry.place)
    assert event["DTSTAMP"].dt == NOW.astimezone(UTC)


def test_times_are_londons_in_summer_and_winter():
    summer = an_entry(
        uid="s", starts_at=datetime(2018, 7, 1, 9, tzinfo=UTC), ends_at=datetime(2018, 7, 1, 10, tzinfo=UTC)
    )
    winter = an_entry(
        uid="w", starts_at=datetime(2018, 12, 1, 9, tzinfo=UTC), ends_at=datetime(2018, 12, 1, 10, tzinfo=UTC)
    )

    data = calendar_file([winter, summer], NOW)

    assert b"DTSTART;TZID=Europe/London:20180701T100000" in data
    assert b"DTSTART;TZID=Europe/London:20181201T090000" in data
    assert [event.start.astimezone(UTC).hour for event in events(data)] == [9, 9]


def test_the_file_carries_the_rules_of_londons_clocks_and_stays_short():
    data = calendar_file([an_entry()], NOW)

    assert b"BEGIN:VTIMEZONE\r\nTZID:Europe/London" in data
    assert data.count(b"\r\n") < 60


def test_what_is_cancelled_says_so_under_the_same_name():
    (event,) = events(calendar_file([an_entry(sequence=1, is_cancelled=True)], NOW))

    assert (event["UID"], event["SEQUENCE"], event["STATUS"]) == ("workshop-1@lets-get-real", 1, "CANCELLED")
    assert event["SUMMARY"].startswith("Cancelled: ")


def test_words_cannot_break_out_of_their_line():
    (event,) = events(calendar_file([an_entry(title="One\r\nSTATUS:CANCELLED\r\nBEGIN:VALARM")], NOW))

    assert event["STATUS"] == "CONFIRMED"
    assert not event.subcomponents


def test_long_lines_are_folded_for_names_in_any_alphabet():
    data = calendar_file([an_entry(title="Amgueddfa Cymru – ŵ" * 20)], NOW)

    assert max(len(line) for line in data.split(b"\r\n")) <= 75
    assert events(data)[0]["SUMMARY"] == "Amgueddfa Cymru – ŵ" * 20


def test_the_hour_that_comes_twice_keeps_its_moment_both_times():
    first = datetime(2018, 10, 28, 0, 30, tzinfo=UTC)
    second = first + timedelta(hours=1)

    data = calendar_file([an_entry(starts_at=first, ends_at=second)], NOW)

    assert b"DTSTART;TZID=Europe/London:20181028T013000" in data
    assert b"DTEND:20181028T013000Z" in data


def test_an_empty_calendar_is_still_a_calendar():
    assert calendar_file([], NOW).startswith(b"BEGIN:VCALENDAR")


def test_a_whole_day_is_a_day_and_keeps_nobody_busy():
    due = an_entry(starts_at=date(2018, 3, 25), ends_at=date(2018, 3, 26))

    data = calendar_file([an_entry(uid="w"), due], NOW)

    assert b"DTSTART;VALUE=DATE:20180325\r\nDTEND;VALUE=DATE:20180326" in data
    assert [event.get("TRANSP") for event in events(data)] == ["TRANSPARENT", None]


def test_an_invitation_is_for_its_reader_alone_from_the_address_that_writes(settings):
    settings.DEFAULT_FROM_EMAIL = "Let's Get Real <letters@portal.example>"
    text = message(an_entry(sequence=2, changed_at=NOW), "pat@sample.example", NOW, "ACCEPTED")

    calendar = Calendar.from_ical(text)
    (event,) = calendar.walk("VEVENT")

    assert (calendar["METHOD"], method_of(text), event["STATUS"]) == ("REQUEST", "REQUEST", "CONFIRMED")
    assert (event["ORGANIZER"], event["ORGANIZER"].params["CN"]) == ("mailto:letters@portal.example", "Let's Get Real")
    assert event["ATTENDEE"] == "mailto:pat@sample.example"
    assert (event["ATTENDEE"].params["PARTSTAT"], event["ATTENDEE"].params["RSVP"]) == ("ACCEPTED", "FALSE")
    assert (event["SEQUENCE"], event["LAST-MODIFIED"].dt) == (2, NOW.astimezone(UTC))
    assert [zone["TZID"] for zone in calendar.walk("VTIMEZONE")] == ["Europe/London"]


def test_a_cancellation_says_so_in_its_method_and_in_its_state_under_the_same_name():
    text = message(an_entry(sequence=3, is_cancelled=True), "pat@sample.example", NOW)

    calendar = Calendar.from_ical(text)
    (event,) = calendar.walk("VEVENT")

    assert (calendar["METHOD"], method_of(text), event["STATUS"]) == ("CANCEL", "CANCEL", "CANCELLED")
    assert (event["UID"], event["SEQUENCE"]) == ("workshop-1@lets-get-real", 3)
    assert event["ORGANIZER"].startswith("mailto:")


def test_a_title_cannot_change_the_method():
    text = message(an_entry(title="One\r\nMETHOD:CANCEL\r\n"), "pat@sample.example", NOW)

    assert (method_of(text), Calendar.from_ical(text)["METHOD"]) == ("REQUEST", "REQUEST")


@pytest.mark.parametrize("sunday", [date(2018, 3, 25), date(2018, 10, 28)])
def test_in_the_week_the_clocks_change_ten_oclock_stays_ten_oclock_by_the_rules_in_the_file(sunday):
    """Read by the VTIMEZONE that comes along, as a program without a table of zones would."""
    for offset in (-1, 0, 1):
        ten = datetime(sunday.year, sunday.month, sunday.day, 10, tzinfo=ZoneInfo("Europe/London"))
        ten += timedelta(days=offset)
        text = message(an_entry(starts_at=ten, ends_at=ten + timedelta(hours=6)), "pat@sample.example", NOW)

        zone = text[text.index("BEGIN:VTIMEZONE") : text.index("END:VTIMEZONE") + len("END:VTIMEZONE")]
        london = tzical(io.StringIO(zone)).get("Europe/London")

        assert f"DTSTART;TZID=Europe/London:{ten:%Y%m%d}T100000\r\n" in text
        assert ten.replace(tzinfo=london).astimezone(UTC) == ten.astimezone(UTC)
