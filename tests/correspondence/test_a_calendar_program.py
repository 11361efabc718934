"""Our entries in khal, a calendar program that knows nothing of us."""

from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from khal.cli import main_khal

from correspondence.calendars import LONDON, Entry, calendar_file, message

NOW = datetime(2018, 3, 1, 12, tzinfo=UTC)
SETTINGS = """
[calendars]
[[programme]]
path = {home}/calendar
[locale]
local_timezone = Europe/London
default_timezone = Europe/London
timeformat = %H:%M
dateformat = %d/%m/%Y
longdateformat = %d/%m/%Y
datetimeformat = %d/%m/%Y %H:%M
longdatetimeformat = %d/%m/%Y %H:%M
[sqlite]
path = {home}/khal.db
"""


@pytest.fixture
def khal(tmp_path):
    (tmp_path / "calendar").mkdir()
    (tmp_path / "settings").write_text(SETTINGS.format(home=tmp_path))

    def run(*arguments):
        done = CliRunner().invoke(main_khal, ["-c", str(tmp_path / "settings"), *arguments], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return [line for line in done.output.splitlines() if "|" in line]

    def after(data):
        """What stands in the calendar once the file was imported."""
        (tmp_path / "invite.ics").write_bytes(data.encode() if isinstance(data, str) else data)
        run("import", "--batch", "-a", "programme", str(tmp_path / "invite.ics"))
        return run("list", "01/01/2018", "365d", "--format", "{start-long}|{end-time}|{location}|{cancelled}")

    return after


def an_entry(sequence, day, **extra):
    starts_at = datetime(2018, *day, 10, tzinfo=LONDON)
    return Entry("workshop-1@lets-get-real", sequence, starts_at, starts_at + timedelta(hours=6), "Workshop 1", **extra)


def invited(entry):
    return message(entry, "pat@sample.example", NOW)


def test_an_entry_is_imported_twice_moved_over_both_clock_changes_and_cancelled_and_stays_one(khal):
    first = invited(an_entry(0, (3, 20), place="Battersea"))

    assert khal(first) == ["20/03/2018 10:00|16:00|Battersea|"]
    assert khal(first) == ["20/03/2018 10:00|16:00|Battersea|"]
    assert khal(invited(an_entry(1, (3, 26)))) == ["26/03/2018 10:00|16:00||"]
    assert khal(invited(an_entry(2, (10, 29)))) == ["29/10/2018 10:00|16:00||"]
    assert khal(invited(an_entry(3, (10, 29), is_cancelled=True))) == ["29/10/2018 10:00|16:00||CANCELLED "]


def test_an_entry_under_another_name_is_another_entry(khal):
    khal(invited(an_entry(0, (3, 20))))

    assert len(khal(invited(an_entry(1, (3, 26))).replace("UID:workshop-1@", "UID:workshop-2@"))) == 2


def test_the_feed_and_the_letter_are_the_same_entry(khal):
    khal(invited(an_entry(0, (3, 20))))

    assert khal(calendar_file([an_entry(1, (3, 26))], NOW)) == ["26/03/2018 10:00|16:00||"]
