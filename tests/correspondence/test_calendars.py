from datetime import UTC, datetime, timedelta

from icalendar import Calendar

from correspondence.calendars import Entry, calendar_file
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
