"""Taking notes away: what lies in the ZIP, who gets it, and what becomes of it when things go wrong."""

from __future__ import annotations

import json
import re
import resource
import threading
import tracemalloc
import uuid
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import unquote
from zipfile import ZipFile

import html5lib
import pytest
import yaml
from django.conf import settings as portal_settings
from django.core.cache import cache
from django.db import IntegrityError, OperationalError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from research import filing, packing, tasks
from research.locking import add_addendum
from research.models import Archive, NoteVersion, ResearchNote
from research.packing import (
    ASKED_AN_HOUR,
    BATCH,
    KEPT_A_PERSON,
    LEASE,
    TRIES,
    ask,
    claim,
    forget_lapsed,
    pack,
    pack_waiting,
    throw_away,
)
from research.parcel import DEVICES, quoted, safe_name
from research.saving import Change, Refused, save_note
from tests.factories import (
    NOW,
    a_cohort,
    a_kept_copy,
    a_membership,
    a_mentor,
    a_note,
    a_participant,
    a_phase,
    an_archive,
    an_attachment,
    staff,
)
from tests.research.test_races import at_once

pytestmark = pytest.mark.django_db
Audience = ResearchNote.Audience

HOSTILE = [
    'Evil: "quoted"\n---\nowner: me',
    "--- \n...",
    "- [x] #not a comment: {a: b} & *c !!python/object",
    "yes",
    "null",
    "12e3",
    "2018-05-01",
    "C:\\temp\\new\tname",
    "bell \x07 delete \x7f next line \x85 separator \u2028 paragraph \u2029 mark \ufeff",
    "not characters \ufffe \uffff",
    "Llanfair’s caffè: 中文, عربى, 🎬🏛",
    "'single' and \"double\" and `ticks`",
    "</title><script>alert(1)</script>",
]


@pytest.fixture(autouse=True)
def files_dir(settings, tmp_path):
    settings.FILES_DIR = tmp_path / "files"
    return settings.FILES_DIR


@pytest.fixture
def museum():
    return a_membership(a_cohort(), name="Sample Museum")


@pytest.fixture
def pat(museum):
    return a_participant(museum, "Pat Participant")


def opened(archive: Archive) -> ZipFile:
    assert archive.state == "ready"
    return ZipFile(Path(portal_settings.FILES_DIR) / archive.stored_as)


def texts(archive: Archive, folder: str = "notes/") -> dict[str, str]:
    with opened(archive) as parcel:
        return {name: parcel.read(name).decode() for name in parcel.namelist() if name.startswith(folder)}


def the_text(archive: Archive, folder: str = "notes/") -> str:
    (text,) = texts(archive, folder).values()
    return text


def front(text: str) -> dict[str, object]:
    """What an independent reader of YAML makes of the first lines."""
    return yaml.safe_load(text.split("\n---\n", 1)[0].removeprefix("---\n"))


def left_on_disk() -> list[str]:
    folder = Path(portal_settings.FILES_DIR) / "archives"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def state_of(archive: Archive) -> tuple[str, str]:
    archive.refresh_from_db()
    return archive.state, archive.trouble


# What lies in it


def test_ones_own_archive_holds_all_one_wrote_with_private_drafts_and_nothing_by_others(museum, pat):
    a_note(museum, pat, title="Shared")
    a_note(museum, pat, title="Draft", audience=Audience.ME)
    a_note(museum, pat, title="Deleted", deleted_at=NOW)
    a_note(museum, title="By a colleague")

    found = texts(an_archive(pat))

    assert sorted(found) == ["notes/2018-05-12-draft.md", "notes/2018-05-12-shared.md"]


@pytest.mark.parametrize("who", ["a colleague", "the writer", "the mentor", "staff"])
def test_an_organisations_archive_holds_what_it_shared_and_no_private_draft(museum, pat, who):
    a_note(museum, pat, title="For the cohort")
    a_note(museum, pat, title="Inner", audience=Audience.ORGANISATION)
    a_note(museum, pat, title="Draft", audience=Audience.ME)
    a_note(a_membership(museum.cohort), title="Of another organisation")
    asker = {
        "a colleague": lambda: a_participant(museum),
        "the writer": lambda: pat,
        "the mentor": lambda: a_mentor(museum).user,
        "staff": staff,
    }[who]()

    found = texts(an_archive(asker, museum))

    assert sorted(found) == ["notes/2018-05-12-for-the-cohort.md", "notes/2018-05-12-inner.md"]


def test_a_note_is_its_text_as_typed_under_what_is_known_of_it(museum, pat):
    body = "# Mine\r\n\r\n---\ntitle: not this one\n---\n\tIndented, é.\n"
    phase = a_phase(museum.cohort, 2, name="Trying")
    note = a_note(
        museum, pat, title="Filming", body=body, phase=phase, happened_on=date(2018, 4, 30), may_be_quoted=True
    )

    text = the_text(an_archive(pat))

    assert front(text) == {
        "uuid": str(note.pk),
        "title": "Filming",
        "author": "Pat Participant",
        "organisation": "Sample Museum",
        "cohort": str(museum.cohort),
        "phase": "Phase 2: Trying",
        "experiment": None,
        "kind": "Action",
        "happened_on": "2018-04-30",
        "audience": "cohort",
        "who_may_read_it": "Everyone in the cohort can read it",
        "may_be_quoted": True,
        "version": 1,
        "begun_at": "2018-05-12T12:00:00+01:00",
        "saved_at": "2018-05-12T12:00:00+01:00",
        "files": [],
    }
    assert text.split("\n# Filming\n\n", 1)[1] == f"{body}\n\n"


def test_in_winter_times_have_the_offset_of_winter(museum, pat):
    a_note(museum, pat, updated_at=NOW.replace(month=1, day=15))

    assert front(the_text(an_archive(pat)))["saved_at"] == "2018-01-15T12:00:00+00:00"


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_come_back_from_the_front_matter_as_they_were(museum, pat, words):
    museum.name = pat.name = words
    note = a_note(museum, pat, title=words)
    an_attachment(note, "a.webp", alt=words, content_type="image/webp")
    museum.save()
    pat.save()

    known = front(the_text(an_archive(pat)))

    assert (known["title"], known["author"], known["organisation"]) == (words, words, words)
    assert known["files"][0]["description"] == words
    assert known["version"] == 1


def test_front_matter_written_without_care_would_be_noticed():
    """The negative control: plain JSON is not YAML."""
    awkward = "a\x7fb\u2028c"

    assert yaml.safe_load(f"title: {quoted(awkward)}") == {"title": awkward}
    with pytest.raises(yaml.YAMLError):
        yaml.safe_load(f"title: {json.dumps(awkward, ensure_ascii=False)}")


def test_addenda_and_comments_come_with_it_but_not_what_was_taken_back(museum, pat):
    note = a_note(museum, pat)
    add_addendum(note, pat, "Added in June.", uuid.uuid4(), NOW)
    note.discussion.add(a_participant(museum, "Col *Colleague*"), "Well seen.", NOW)
    note.discussion.add(pat, "A slip of the tongue.", NOW).withdraw(pat, NOW)

    text = the_text(an_archive(pat))

    assert "## Added later\n\n### Pat Participant, 14 May 2018, 12:00\n\nAdded in June." in text
    assert "## Comments\n\n### Col \\*Colleague\\*, 14 May 2018, 12:00\n\nWell seen." in text
    assert "slip of the tongue" not in text


def test_photos_and_files_lie_in_a_folder_of_their_note_byte_for_byte(museum, pat):
    note = a_note(museum, pat, title="Filming")
    an_attachment(note, "Foyer.webp", b"\x00picture\xff", alt="The [foyer]", content_type="image/webp")
    an_attachment(note, "Consent form.txt", b"Please sign here.", added_at=NOW)
    an_attachment(note, "Taken off.txt").take_off(pat, NOW)

    archive = an_archive(pat)

    with opened(archive) as parcel:
        contents = {name: parcel.read(name) for name in parcel.namelist() if name.startswith("files/")}
    assert contents == {
        "files/2018-05-12-filming/Foyer.webp": b"\x00picture\xff",
        "files/2018-05-12-filming/Consent form.txt": b"Please sign here.",
    }
    text = the_text(archive)
    assert "![The \\[foyer\\]](../files/2018-05-12-filming/Foyer.webp)" in text
    assert "- [Consent form.txt](../files/2018-05-12-filming/Consent%20form.txt)" in text
    assert archive.file_count == 2


NAMES = [
    "../../../etc/passwd",
    "..\\..\\windows\\win.ini",
    "/etc/cron.d/job",
    "C:\\autoexec.bat",
    "..",
    ".hidden",
    "nul.txt",
    "COM¹.pdf",
    'a:b*c?d|e<f>g"h.txt',
    "trailing. . .txt",
    "line\nbreak\x01.txt",
    "turned\u202egpj.txt",
    "a.txt",
    "A.TXT",
    "a-2.txt",
    "x" * 110 + ".webp",
    "🎬" * 100 + ".webp",
    "",
]


def test_no_name_leaves_the_folder_it_is_unpacked_in_and_any_machine_can_open_it(museum, pat, tmp_path):
    for number, title in enumerate(["../..", "NUL", "con", "a/b\\c", "Café", "CAFÉ", "", "🎬" * 90, "x" * 200]):
        note = a_note(museum, pat, title=title, created_at=NOW + timedelta(seconds=number))
        for name in NAMES:
            an_attachment(note, name)

    archive = an_archive(pat)

    with opened(archive) as parcel:
        names = parcel.namelist()
        parcel.extractall(tmp_path / "unpacked")
    unpacked = [path for path in (tmp_path / "unpacked").rglob("*") if path.is_file()]
    assert len(names) == len(unpacked) == 9 * (1 + len(NAMES)) + 1
    assert len({name.casefold() for name in names}) == len(names)
    for part in {part for name in names for part in name.split("/")}:
        assert part.strip(" .") == part
        assert not re.search(r'[\x00-\x1f\x7f<>:"\\|?*\u202e]', part)
        assert part.split(".")[0].casefold() not in DEVICES
        assert len(part.encode()) <= 255
    assert all(info.flag_bits & 0x800 for info in ZipFile(unzipped(archive)).infolist() if not info.filename.isascii())


def unzipped(archive: Archive) -> Path:
    return Path(portal_settings.FILES_DIR) / archive.stored_as


def test_a_device_of_windows_is_no_file_name():
    assert [safe_name(name) for name in ("nul.txt", "Con.pdf", "lpt1", "console.txt")] == [
        "nul-file.txt",
        "Con-file.pdf",
        "lpt1-file",
        "console.txt",
    ]


def test_two_notes_of_one_day_and_title_are_two_files_and_packed_again_they_keep_their_names(museum, pat):
    for number in range(3):
        a_note(museum, pat, title="Filming", body=f"Text {number}", created_at=NOW + timedelta(minutes=number))

    first, again = texts(an_archive(pat)), texts(an_archive(pat))

    assert list(first) == [f"notes/2018-05-14-filming{end}.md" for end in ("", "-2", "-3")]
    assert first == again


def test_the_index_leads_to_everything_and_runs_nothing(museum, pat):
    for number, words in enumerate(HOSTILE):
        note = a_note(museum, pat, title=words, created_at=NOW + timedelta(minutes=number))
        an_attachment(note, "Ça va?.webp", alt=words, content_type="image/webp")
    pat.name = HOSTILE[-1]
    pat.save()

    archive = an_archive(pat)

    with opened(archive) as parcel:
        html, names = parcel.read("index.html").decode(), set(parcel.namelist())
    page = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(html)
    links = [link.get("href") for link in page.iter("a")]
    assert {unquote(link) for link in links} == names - {"index.html"}
    assert [link for link in links if ":" in link or link.startswith("/")] == []
    assert {element.tag for element in page.iter() if isinstance(element.tag, str)} & {
        "script",
        "img",
    } == set()
    assert "Llanfair’s caffè: 中文, عربى, 🎬🏛" in html


def test_the_index_says_what_it_is_of_when_it_was_made_and_for_whom(museum, pat):
    a_note(museum, pat)
    with opened(an_archive(pat)) as own, opened(an_archive(a_mentor(museum).user, museum)) as shared:
        mine, theirs = own.read("index.html").decode(), shared.read("index.html").decode()

    assert "Notes of Pat Participant" in mine
    assert "private drafts included" in mine
    assert "14 May 2018 at 12:00" in mine
    assert "The notes that Sample Museum has shared, as Mo Mentor could read them" in theirs
    assert "This copy is for Mo Mentor." in theirs


def test_what_ones_own_note_said_before_comes_with_it_as_its_history_shows_it(museum, pat):
    note = a_note(museum, pat, title="Filming", audience=Audience.ORGANISATION)
    for number in range(2, 6):
        change = Change(uuid.uuid4(), number - 1, "Filming", f"Typed {number}", is_autosave=True)
        save_note(note.pk, museum.cohort, change, pat, NOW + timedelta(minutes=number))
    a_kept_copy(note, "Came too late.", created_at=NOW + timedelta(minutes=6))

    archive = an_archive(pat)

    told = the_text(archive, "history/")
    assert re.findall(r"^## (.*):", told, re.M) == [
        "Kept beside the history: Pat Participant, 14 May 2018, 12:06",
        "Version 5: Pat Participant, 14 May 2018, 12:05",
        "Version 1: Pat Participant, 12 May 2018, 12:00",
    ]
    assert "Came too late." in told
    assert "Typed 5" in the_text(archive)


def test_an_organisations_archive_tells_no_history(museum, pat):
    note = a_note(museum, pat)
    a_kept_copy(note)

    assert texts(an_archive(a_participant(museum), museum), "history/") == {}


def test_a_file_that_the_disk_does_not_give_is_named_and_the_rest_goes(museum, pat, caplog):
    note = a_note(museum, pat)
    filing.throw_away(an_attachment(note, "Lost.txt").stored_as)
    an_attachment(note, "There.txt")

    archive = an_archive(pat)

    assert "- Lost.txt: this file could not be read when the notes were packed" in the_text(archive)
    assert archive.file_count == 1
    assert "cannot be read from FILES_DIR" in caplog.text


def test_title_text_and_version_are_of_one_save_though_it_is_written_to_meanwhile(museum, pat, monkeypatch):
    note = a_note(museum, pat, title="Title 1", body="Text 1")

    def save_between(self, done):
        number = ResearchNote.objects.get(pk=note.pk).version
        change = Change(uuid.uuid4(), number, f"Title {number + 1}", f"Text {number + 1}")
        save_note(note.pk, museum.cohort, change, pat, NOW)

    monkeypatch.setattr(packing.Hold, "say", save_between)
    text = the_text(an_archive(pat))

    known = front(text)
    assert known["title"] == f"Title {known['version']}"
    assert f"\n\nText {known['version']}\n" in text


# Who gets it, and until when


def make_private(note, pat):
    ResearchNote.objects.filter(pk=note.pk).update(audience=Audience.ME)


def delete(note, pat):
    note.delete_softly(NOW, pat)


def take_file_off(note, pat):
    note.attachments.get().take_off(pat, NOW)


def take_comment_back(note, pat):
    note.discussion.comments.get().withdraw(pat, NOW + timedelta(minutes=1))


def end_seat(note, pat):
    note.membership.seats.exclude(user=pat).get().end(NOW)


def leave_cohort(note, pat):
    note.membership.status = "withdrawn"
    note.membership.save()


@pytest.mark.parametrize("close", [make_private, delete, take_file_off, take_comment_back, end_seat, leave_cohort])
def test_what_was_closed_since_it_was_packed_is_not_handed_out(client, museum, pat, close):
    note = a_note(museum, pat)
    a_note(museum, pat, title="Stays as it is")
    an_attachment(note)
    note.discussion.add(pat, "Hm.", NOW)
    colleague = a_participant(museum)
    archive = an_archive(colleague, museum, now=timezone.now())
    client.force_login(colleague)
    address = reverse("research:archive_file", args=[archive.pk])
    before = client.get(address)
    assert (before.status_code, b"".join(before.streaming_content)[:2]) == (200, b"PK")
    Archive.objects.update(begun_at=NOW)

    close(note, pat)
    answer, page = client.get(address), client.get(archive.get_absolute_url())

    assert answer.status_code == 403
    for shown in (answer.content.decode(), page.content.decode()):
        assert "So it is not handed out." in shown
        assert "/file/" not in shown
        assert ("Pack anew" in shown) == (close not in (end_seat, leave_cohort))


def test_the_check_at_the_door_is_what_keeps_it_back(client, museum, pat, monkeypatch):
    """The negative control."""
    note = a_note(museum, pat)
    colleague = a_participant(museum)
    archive = an_archive(colleague, museum, now=timezone.now())
    client.force_login(colleague)
    make_private(note, pat)
    monkeypatch.setattr(Archive, "holds_what_is_closed", lambda self: False)

    answer = client.get(reverse("research:archive_file", args=[archive.pk]))

    assert answer.status_code == 200
    answer.close()


def test_words_written_since_do_not_close_it(client, museum, pat):
    note = a_note(museum, pat)
    note.discussion.add(pat, "Taken back long ago.", NOW).withdraw(pat, NOW)
    archive = an_archive(pat, now=timezone.now())

    save_note(note.pk, museum.cohort, Change(uuid.uuid4(), 1, "Newer", "Newer"), pat, timezone.now())
    note.discussion.add(pat, "Newer.", timezone.now())

    assert archive.standing == "ready"


def test_nobody_sees_the_archive_of_another_not_even_staff(client, museum, pat):
    a_note(museum, pat)
    archive = an_archive(pat, now=timezone.now())
    paths = [reverse(f"research:archive_{page}", args=[archive.pk]) for page in ("detail", "progress", "file")]
    for user in (staff(), a_participant(museum)):
        client.force_login(user)
        assert [client.get(path).status_code for path in paths] == [404, 404, 404]
        assert client.post(reverse("research:archive_delete", args=[archive.pk])).status_code == 404
        assert str(archive.pk) not in client.get(reverse("research:archive_list")).content.decode()
    client.force_login(pat)
    assert client.get(paths[0]).status_code == 200


def test_the_file_comes_with_a_plain_name_and_is_never_a_page(client, museum, pat):
    a_note(museum, pat)
    colleague = a_participant(museum, "Col")
    archive = an_archive(colleague, museum, now=timezone.now())
    client.force_login(colleague)

    answer = client.get(reverse("research:archive_file", args=[archive.pk]))

    today = timezone.localdate().isoformat()
    name = f"notes-{museum.cohort.slug}-sample-museum-{today}.zip"
    assert answer["Content-Disposition"] == f'attachment; filename="{name}"'
    assert answer["Content-Type"] == "application/zip"
    assert answer["Cache-Control"] == "private, no-store"
    assert len(b"".join(answer.streaming_content)) == archive.size


def test_after_seven_days_it_is_gone_from_every_page_and_then_from_the_disk(client, museum, pat):
    a_note(museum, pat)
    archive = an_archive(pat, now=timezone.now() - timedelta(days=7, minutes=1))
    kept = an_archive(pat, now=timezone.now())
    client.force_login(pat)

    assert client.get(archive.get_absolute_url()).status_code == 404
    assert client.get(reverse("research:archive_file", args=[archive.pk])).status_code == 404
    assert forget_lapsed(timezone.now()) == 1
    assert Archive.objects.get() == kept
    assert left_on_disk() == [Path(kept.stored_as).name]
    assert (ResearchNote.objects.count(), NoteVersion.objects.count()) == (1, 1)


def test_a_stump_that_no_row_tells_of_is_swept_after_its_week_and_files_of_notes_never(museum, pat):
    a_note(museum, pat)
    kept = an_attachment(a_note(museum, pat))
    folder = filing.folder("archives")
    (folder / "stump.part").write_bytes(b"half")

    forget_lapsed(timezone.now())
    assert left_on_disk() == ["stump.part"]
    forget_lapsed(timezone.now() + timedelta(days=8))

    assert left_on_disk() == []
    assert filing.read(kept.stored_as) == b"Please sign here."


def test_deleted_at_once_nothing_is_left_and_the_notes_are_untouched(client, museum, pat):
    a_note(museum, pat)
    archive = an_archive(pat, now=timezone.now())
    client.force_login(pat)

    answer = client.post(reverse("research:archive_delete", args=[archive.pk]), follow=True)

    assert "The archive is deleted." in answer.content.decode()
    assert (Archive.objects.count(), left_on_disk(), ResearchNote.objects.count()) == (0, [], 1)


def test_an_archive_whose_file_a_restore_left_behind_says_so(client, museum, pat, caplog):
    a_note(museum, pat)
    archive = an_archive(pat, now=timezone.now())
    filing.throw_away(archive.stored_as)
    client.force_login(pat)

    assert "The file is <mark>no longer there</mark>" in client.get(archive.get_absolute_url()).content.decode()
    assert client.get(reverse("research:archive_file", args=[archive.pk])).status_code == 503
    assert "cannot be read from FILES_DIR" in caplog.text


# Asking for it


def test_the_page_says_what_will_be_in_it_and_pressed_twice_it_is_asked_for_once(client, museum, pat):
    an_attachment(a_note(museum, pat, body="x" * 2000), content=b"y" * 3000)
    client.force_login(pat)
    page = client.get(reverse("research:archive_list")).content.decode()
    assert "<dt>Notes</dt><dd>1</dd><dt>Photos and files</dt><dd>1</dd><dt>Size</dt><dd>about 4.9\xa0KB" in page

    first, second = (client.post(reverse("research:archive_list")) for _ in range(2))

    archive = Archive.objects.get()
    assert first["Location"] == second["Location"] == archive.get_absolute_url()
    waiting = client.get(archive.get_absolute_url()).content.decode()
    assert "The notes are <mark>being packed</mark>" in waiting
    pack_waiting(timezone.now())
    assert "<mark>Ready</mark> to take away" in client.get(archive.get_absolute_url()).content.decode()


def test_while_one_is_packed_another_has_to_wait_and_the_page_says_so(client, museum, pat):
    a_note(museum, pat)
    client.force_login(pat)
    client.post(reverse("research:archive_list"))

    answer = client.post(reverse("research:membership_archive", args=[museum.cohort.slug, museum.organisation.slug]))

    assert answer["Location"] == Archive.objects.get().get_absolute_url()
    assert "One archive is packed at a time." in client.get(answer["Location"]).content.decode()


def test_the_database_refuses_a_second_one_under_way_for_a_person_and_a_second_one_in_hand(museum, pat):
    a_note(museum, pat)
    ask(pat, None, NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        Archive.objects.create(asked_by=pat, asked_at=NOW)
    claim(NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        Archive.objects.create(asked_by=a_participant(museum), asked_at=NOW, state="packing")


def test_nobody_asks_for_more_in_an_hour_than_they_need_and_the_next_hour_is_free(museum, pat):
    a_note(museum, pat)
    for _ in range(ASKED_AN_HOUR):
        throw_away(an_archive(pat))

    with pytest.raises(Refused) as caught:
        ask(pat, None, NOW)
    assert caught.value.status == 429
    assert ask(pat, None, NOW + timedelta(hours=1)).state == "waiting"
    cache.clear()


def test_five_can_be_kept_and_the_page_says_what_to_do(client, museum, pat):
    a_note(museum, pat)
    for _ in range(KEPT_A_PERSON):
        archive = an_archive(pat, now=timezone.now())
    client.force_login(pat)

    answer = client.post(reverse("research:archive_list"))
    assert answer.status_code == 409
    assert "Delete one first." in answer.content.decode()
    throw_away(archive)
    assert client.post(reverse("research:archive_list")).status_code == 302


def test_where_there_is_no_note_there_is_nothing_to_ask_for(client, museum, pat):
    client.force_login(pat)
    organisation = reverse("research:membership_archive", args=[museum.cohort.slug, museum.organisation.slug])

    own, shared = client.get(reverse("research:archive_list")), client.get(organisation)

    assert "You have written no note yet." in own.content.decode()
    assert "This organisation has shared no note yet." in shared.content.decode()
    assert [client.post(path).status_code for path in (reverse("research:archive_list"), organisation)] == [422, 422]


def test_who_lost_every_seat_still_takes_the_private_drafts_away(client, museum, pat):
    a_note(museum, pat, title="Shared")
    a_note(museum, pat, title="Draft", audience=Audience.ME)
    museum.seats.get(user=pat).end(NOW)
    client.force_login(pat)
    assert reverse("research:archive_list") in client.get(reverse("my_programme")).content.decode()

    assert list(texts(an_archive(pat))) == ["notes/2018-05-12-draft.md"]


def test_the_way_to_it_is_on_the_pages_of_notes(client, museum, pat):
    a_note(museum, pat)
    client.force_login(pat)
    own = reverse("research:archive_list")
    shared = reverse("research:membership_archive", args=[museum.cohort.slug, museum.organisation.slug])

    assert own in client.get(reverse("my_programme")).content.decode()
    assert own in client.get(reverse("research:note_list", args=[museum.cohort.slug])).content.decode()
    assert shared in client.get(museum.get_absolute_url()).content.decode()
    assert shared in client.get(own).content.decode()


def test_asked_for_on_a_page_it_is_packed_as_soon_as_that_is_committed(museum, pat, django_capture_on_commit_callbacks):
    a_note(museum, pat)
    called = []
    original, tasks.messenger.call = tasks.messenger.call, lambda: called.append(Archive.objects.count())
    client = Client()
    client.force_login(pat)
    try:
        with django_capture_on_commit_callbacks(execute=False) as waiting:
            client.post(reverse("research:archive_list"))
        assert called == []
        with django_capture_on_commit_callbacks(execute=True):
            tasks.pack_soon()
    finally:
        del tasks.messenger.call
    assert len(waiting) == 1
    assert called == [1]
    assert tasks.messenger.call == original


def test_the_clock_packs_what_the_queue_forgot_and_sweeps(museum, pat):
    a_note(museum, pat)
    archive = ask(pat, None, timezone.now())
    jobs = {entry["task"] for entry in portal_settings.CELERY_BEAT_SCHEDULE.values()}

    assert {tasks.pack_archives.name, tasks.forget_archives.name} <= jobs
    assert tasks.pack_archives.delay().get() == 1
    assert state_of(archive) == ("ready", "")
    assert tasks.forget_archives.delay().get() == 0


# How far it is


def test_progress_goes_from_nothing_to_all_and_never_back(client, museum, pat, monkeypatch):
    for _ in range(BATCH * 2 + 1):
        a_note(museum, pat)
    archive = ask(pat, None, timezone.now())
    client.force_login(pat)
    address, seen = reverse("research:archive_progress", args=[archive.pk]), []
    say = packing.Hold.say
    seen.append(client.get(address).json())

    def say_and_look(self, done):
        say(self, done)
        seen.append(client.get(address).json())

    monkeypatch.setattr(packing.Hold, "say", say_and_look)
    pack_waiting(timezone.now())
    seen.append(client.get(address).json())

    assert [(one["state"], one["done"], one["total"]) for one in seen] == [
        ("waiting", 0, 0),
        ("packing", 0, 41),
        ("packing", 20, 41),
        ("packing", 40, 41),
        ("packing", 41, 41),
        ("ready", 41, 41),
    ]


# When things go wrong


def test_a_worker_that_died_is_found_out_by_its_lease_and_the_next_begins_anew(museum, pat):
    a_note(museum, pat)
    ask(pat, None, NOW)
    dead = claim(NOW)
    with filing.whole(dead.stored_as) as file:
        file.write(b"half")
        half = filing.partial_path(dead.stored_as)
        half.rename(half.with_suffix(".saved"))
        half.write_bytes(b"half")
    half.write_bytes(b"half of it, as a kill leaves it")

    assert claim(NOW + LEASE - timedelta(seconds=1)) is None
    assert pack_waiting(NOW + LEASE) == 1

    archive = Archive.objects.get()
    assert (archive.state, archive.attempts) == ("ready", 2)
    assert archive.stored_as != dead.stored_as
    assert not half.exists()
    assert len(texts(archive)) == 1


def test_a_worker_that_only_slept_hands_nothing_over_and_leaves_nothing_behind(museum, pat):
    a_note(museum, pat)
    ask(pat, None, NOW)
    asleep = claim(NOW)
    pack_waiting(NOW + LEASE)
    ready = Archive.objects.get()

    pack(asleep, lambda: NOW + LEASE)

    again = Archive.objects.get()
    assert (again.state, again.stored_as, again.made_at) == ("ready", ready.stored_as, ready.made_at)
    assert left_on_disk() == [Path(ready.stored_as).name]


def test_without_a_name_of_its_own_at_each_try_the_sleeper_would_have_its_way(museum, pat, monkeypatch):
    """The negative control."""
    a_note(museum, pat)
    ask(pat, None, NOW)
    asleep = claim(NOW)
    pack_waiting(NOW + LEASE)
    monkeypatch.setattr(packing, "in_hand", lambda archive: Archive.objects.filter(pk=archive.pk))

    pack(asleep, lambda: NOW + LEASE)

    assert Archive.objects.get().made_at == NOW + LEASE
    assert len(left_on_disk()) == 2


def test_after_three_that_died_it_is_given_up_in_words_and_others_go_on(client, museum, pat):
    a_note(museum, pat)
    start = timezone.now()
    archive = ask(pat, None, start)
    for number in range(TRIES):
        assert claim(start + number * LEASE).attempts == number + 1
    other = a_participant(museum)
    ask(other, museum, start)

    assert pack_waiting(start + TRIES * LEASE) == 1
    assert state_of(archive) == ("failed", "stopped")
    client.force_login(pat)
    page = client.get(archive.get_absolute_url()).content.decode()
    assert "The portal was stopped in the middle of packing, more than once." in page
    assert "Pack anew" in page


def test_one_that_is_thrown_away_while_it_is_packed_leaves_nothing(museum, pat, monkeypatch):
    for _ in range(BATCH + 1):
        a_note(museum, pat)
    archive = ask(pat, None, NOW)
    put = packing.Parcel.put
    monkeypatch.setattr(
        packing.Parcel, "put", lambda self, note: (Archive.objects.exists() and throw_away(archive), put(self, note))[1]
    )

    pack_waiting(NOW)

    assert (Archive.objects.count(), left_on_disk()) == (0, [])


def test_when_the_last_note_is_closed_before_its_turn_it_says_so(museum, pat):
    note = a_note(museum, pat)
    archive = ask(a_participant(museum), museum, NOW)
    make_private(note, pat)

    pack_waiting(NOW)

    assert state_of(archive) == ("failed", "nothing")
    assert left_on_disk() == []


def test_on_a_disk_that_is_full_half_way_it_fails_in_words_and_leaves_nothing(client, museum, pat, caplog):
    note = a_note(museum, pat)
    an_attachment(note, "Big.mp3", b"x" * 300_000, content_type="audio/mpeg")
    archive = ask(pat, None, timezone.now())
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = {path.name for path in filing.folder().iterdir()}
    claimed = claim(timezone.now())
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.MonkeyPatch.context() as patch:
            # SQLite's own file is larger than this disk: what it is told waits until there is room.
            patch.setattr(packing, "fail", lambda *told: later.append(told))
            patch.setattr(packing.Hold, "say", lambda self, done: None)
            later: list[tuple] = []
            pack(claimed, timezone.now)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    packing.fail(*later[0])

    assert state_of(archive) == ("failed", "room")
    assert left_on_disk() == []
    assert {path.name for path in filing.folder().iterdir()} == before | {"archives"}
    client.force_login(pat)
    assert "There is no room left for archives just now." in client.get(archive.get_absolute_url()).content.decode()


def test_an_archive_never_takes_the_room_that_files_of_notes_need(museum, pat, monkeypatch):
    an_attachment(a_note(museum, pat), content=b"x" * 5000)
    archive = ask(pat, None, NOW)
    free = type("Usage", (), {"free": filing.SPARE + 5000})
    monkeypatch.setattr(filing.shutil, "disk_usage", lambda path: free)

    pack_waiting(NOW)

    assert state_of(archive) == ("failed", "room")
    free.free += 5000
    assert state_of(an_archive(pat)) == ("ready", "")


def test_a_fault_is_told_in_words_and_in_the_log(museum, pat, monkeypatch, caplog):
    a_note(museum, pat)
    archive = ask(pat, None, NOW)
    monkeypatch.setattr(packing.Parcel, "put", lambda self, note: 1 / 0)

    pack_waiting(NOW)

    assert state_of(archive) == ("failed", "broken")
    assert "ZeroDivisionError" in caplog.text
    assert left_on_disk() == []


def test_when_the_database_goes_away_the_next_worker_takes_it_up(museum, pat, monkeypatch):
    a_note(museum, pat)
    archive = ask(pat, None, NOW)

    def away(self, note):
        raise OperationalError("away")

    with monkeypatch.context() as patch:
        patch.setattr(packing.Parcel, "put", away)
        with pytest.raises(OperationalError):
            pack_waiting(NOW)
    assert state_of(archive) == ("packing", "")
    assert left_on_disk() == []

    pack_waiting(NOW + 2 * LEASE)

    assert state_of(archive) == ("ready", "")


# Many at once, and much


@pytest.mark.django_db(transaction=True)
def test_of_six_workers_at_one_moment_one_packs_and_the_file_is_whole(museum, pat):
    for _ in range(5):
        a_note(museum, pat)
    archive = ask(pat, None, NOW)

    outcomes = at_once([lambda: pack_waiting(NOW)] * 6)

    assert sorted(outcomes) == [0, 0, 0, 0, 0, 1]
    assert (state_of(archive), archive.attempts) == (("ready", ""), 1)
    assert len(texts(archive)) == 5
    assert len(left_on_disk()) == 1


@pytest.mark.django_db(transaction=True)
def test_workers_at_one_moment_with_several_archives_pack_each_once(museum, pat):
    people = [pat, *(a_participant(museum) for _ in range(3))]
    a_note(museum, pat)
    for user in people:
        ask(user, museum, NOW)

    outcomes = at_once([lambda: pack_waiting(NOW)] * 4)
    pack_waiting(NOW)

    assert [outcome for outcome in outcomes if not isinstance(outcome, int)] == []
    assert list(Archive.objects.values_list("state", "attempts")) == [("ready", 1)] * 4
    assert len(left_on_disk()) == 4


@pytest.mark.django_db(transaction=True)
def test_six_presses_at_one_moment_ask_for_one(museum, pat):
    a_note(museum, pat)

    outcomes = at_once([lambda: ask(pat, None, NOW)] * 6)

    assert {outcome.pk for outcome in outcomes} == {Archive.objects.get().pk}


@pytest.mark.django_db(transaction=True)
def test_where_nothing_carries_jobs_a_thread_packs_and_no_request_waits_for_it(museum, pat, monkeypatch):
    a_note(museum, pat)
    client, packed = Client(), threading.Event()
    client.force_login(pat)
    release, put = threading.Event(), packing.Parcel.put_index

    def wait_then_put(self, *args):
        assert release.wait(10)
        put(self, *args)
        packed.set()

    monkeypatch.setattr(packing.Parcel, "put_index", wait_then_put)

    answer = client.post(reverse("research:archive_list"))

    assert answer.status_code == 302
    assert not packed.is_set()
    release.set()
    assert packed.wait(10)
    for thread in threading.enumerate():
        if thread.name == "messenger":
            thread.join(10)
    assert state_of(Archive.objects.get()) == ("ready", "")


def test_packing_takes_as_many_queries_a_batch_for_300_notes_as_for_20(museum, pat):
    def packed(number: int) -> int:
        for _ in range(number):
            note = a_note(museum, pat)
            an_attachment(note)
            note.discussion.add(pat, "Hm.", NOW)
        ask(pat, None, NOW)
        with CaptureQueriesContext(connection) as seen:
            pack_waiting(NOW)
        return len(seen)

    first, second, third = packed(BATCH), packed(BATCH), packed(300 - 2 * BATCH)

    a_batch = second - first
    assert a_batch <= 8
    assert third - second <= a_batch * (300 // BATCH - 2)


def test_the_pages_take_as_many_queries_for_30_as_for_3(client, museum, pat):
    client.force_login(pat)
    organisation = reverse("research:membership_archive", args=[museum.cohort.slug, museum.organisation.slug])

    def counts(number: int) -> list[int]:
        for i in range(number):
            an_attachment(a_note(museum, pat))
            Archive.objects.create(
                asked_by=pat, membership=museum if i % 2 else None, asked_at=timezone.now(), state="failed"
            )
            a_participant(a_membership(museum.cohort))
        archive = an_archive(pat, now=timezone.now())
        found = []
        for path in (reverse("research:archive_list"), organisation, archive.get_absolute_url()):
            with CaptureQueriesContext(connection) as seen:
                assert client.get(path).status_code == 200
            found.append(len(seen))
        return found

    assert counts(3) == counts(27)


def test_memory_does_not_grow_with_what_is_packed(museum, pat):
    def peak(number: int) -> int:
        for _ in range(number):
            note = a_note(museum, pat, body="x" * 100_000)
            an_attachment(note, content=b"y" * 2_000_000)
        ask(pat, None, NOW)
        tracemalloc.start()
        pack_waiting(NOW)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    few, many = peak(20), peak(60)

    assert many < few * 1.25
