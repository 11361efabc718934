import errno
import hashlib
import json
import os
import resource
import subprocess
import threading
import time
import tracemalloc
import uuid
from datetime import date, timedelta
from io import BytesIO

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from PIL import Image, ImageCms

from research import filing
from research.attaching import (
    FILE_LIMIT,
    FILES_A_NOTE,
    UPLOADS_A_MINUTE,
    Upload,
    attach,
    count_upload,
    forget_removed,
    halves,
)
from research.documents import MOST_PARTS
from research.models import Attachment, ResearchNote
from research.pictures import LONG_SIDE, redraw
from research.saving import Refused
from tests.factories import (
    NOW,
    a_cohort,
    a_membership,
    a_mentor,
    a_note,
    a_participant,
    a_phase,
    a_seat,
    an_attachment,
    staff,
)
from tests.research import samples

pytestmark = pytest.mark.django_db
Audience = ResearchNote.Audience


@pytest.fixture
def cohort():
    return a_cohort()


@pytest.fixture
def membership(cohort):
    return a_membership(cohort)


@pytest.fixture
def author(membership):
    return a_participant(membership)


@pytest.fixture
def note(membership, author):
    return a_note(membership, author, audience=Audience.ORGANISATION)


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.FILES_DIR = tmp_path / "files"


def kept_files() -> list[str]:
    return sorted(path.name for path in filing.folder().iterdir())


@pytest.fixture
def send(client, cohort, author, note):
    """Sends a file as the note page's script does."""

    def send(content=b"Two sentences.", name="notes.txt", *, by=author, to=None, **parts):
        if by:
            client.force_login(by)
        address = reverse("research:attachment_save", args=[cohort.slug, to or note.pk])
        file = SimpleUploadedFile("placeholder", content)
        file._name = name
        data = {"upload_id": str(uuid.uuid4()), "file": file, **parts}
        return client.post(address, {key: value for key, value in data.items() if value is not None})

    return send


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def fetch(attachment, user, **headers):
    return signed_in(user).get(attachment.get_absolute_url(), headers=headers)


# What is taken


def test_a_photo_is_kept_small_upright_and_without_its_place(send, author):
    before = samples.a_photo_with_its_place(turned=True)
    assert b"CANARYCAMERA" in before
    assert Image.open(BytesIO(before)).getexif().get_ifd(0x8825)

    answer = send(before, "Foyer.JPG", alt="The foyer on a Sunday")

    attachment = Attachment.objects.get()
    assert answer.json() == {
        "id": str(attachment.pk),
        "name": "Foyer.webp",
        "url": attachment.get_absolute_url(),
        "content_type": "image/webp",
        "size": attachment.size,
        "width": 40,
        "height": 60,
        "alt": "The foyer on a Sunday",
    }
    after = fetch(attachment, author).content
    picture = Image.open(BytesIO(after))
    assert (picture.format, picture.size, dict(picture.getexif()), b"CANARY" in after) == ("WEBP", (40, 60), {}, False)
    assert set(picture.info) & {"exif", "xmp", "icc_profile", "comment"} == set()
    assert (attachment.sha256, attachment.size) == (hashlib.sha256(after).hexdigest(), len(after))


def test_a_large_photo_is_made_smaller(send):
    send(samples.a_picture(size=(5000, 2500)), "wide.jpg")

    attachment = Attachment.objects.get()
    assert (attachment.width, attachment.height) == (LONG_SIDE, LONG_SIDE // 2)


@pytest.mark.parametrize(
    ("content", "mode"),
    [
        (samples.a_picture("PNG", mode="RGBA"), "RGBA"),
        (samples.a_picture("PNG"), "RGB"),
        (samples.a_picture("PNG", mode="L"), "RGB"),
        (samples.a_picture("PNG", mode="I;16"), "RGB"),
        (samples.a_picture("WEBP"), "RGB"),
        (samples.a_picture("GIF"), "RGB"),
        (samples.a_picture("JPEG", mode="CMYK"), "RGB"),
    ],
    ids=["png with transparency", "png", "grey png", "png of 16 bits", "webp", "gif", "jpeg for print"],
)
def test_every_kind_of_picture_becomes_one_kind(content, mode):
    kept, width, height = redraw(content)

    picture = Image.open(BytesIO(kept))
    assert (picture.format, picture.mode, picture.size) == ("WEBP", mode, (width, height))


@pytest.mark.parametrize("profile", [ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(), b"junk"])
def test_a_picture_with_a_colour_profile_keeps_its_colours_and_loses_the_profile(profile):
    kept, _, _ = redraw(samples.a_picture(icc_profile=profile))

    picture = Image.open(BytesIO(kept))
    red, green, blue = picture.getpixel((5, 5))
    assert "icc_profile" not in picture.info
    assert (abs(red - 200) < 8, abs(green - 50) < 8, abs(blue - 29) < 8) == (True, True, True)


def test_a_picture_with_a_palette_keeps_its_transparency():
    picture = Image.new("RGBA", (20, 20), (0, 0, 0, 0)).convert("P")
    content = BytesIO()
    picture.save(content, "GIF", transparency=0)

    kept, _, _ = redraw(content.getvalue())

    assert Image.open(BytesIO(kept)).getpixel((5, 5))[3] == 0


def test_sixteen_bits_of_grey_do_not_turn_white():
    kept, _, _ = redraw(samples.a_picture("PNG", mode="I;16"))

    assert abs(Image.open(BytesIO(kept)).getpixel((5, 5))[0] - 40_000 // 256) < 4


def test_of_a_moving_picture_the_first_frame_is_kept():
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    moving = BytesIO()
    frames[0].save(moving, "GIF", save_all=True, append_images=frames[1:])

    kept, _, _ = redraw(moving.getvalue())

    picture = Image.open(BytesIO(kept))
    red, _, blue = picture.convert("RGB").getpixel((10, 10))
    assert (getattr(picture, "n_frames", 1), red > 200, blue < 60) == (1, True, True)


@pytest.mark.parametrize(
    ("name", "content", "kept_as", "content_type"),
    [
        ("Plan.pdf", samples.PDF, "Plan.pdf", "application/pdf"),
        ("Plan.docx", samples.a_document(), "Plan.docx", "…wordprocessingml.document"),
        (
            "Counts.xlsx",
            samples.a_zip({"[Content_Types].xml": b"<T/>", "xl/workbook.xml": b"<w/>"}),
            "Counts.xlsx",
            "…spreadsheetml.sheet",
        ),
        (
            "Talk with a chart.pptx",
            samples.a_zip(
                {
                    "[Content_Types].xml": b"<T/>",
                    "ppt/presentation.xml": b"<p/>",
                    "ppt/embeddings/Sheet1.xlsx": samples.a_document(),
                }
            ),
            "Talk with a chart.pptx",
            "…presentationml.presentation",
        ),
        ("Plan.odt", samples.an_open_document(), "Plan.odt", "application/vnd.oasis.opendocument.text"),
        (
            "Counts.ods",
            samples.an_open_document("spreadsheet"),
            "Counts.ods",
            "application/vnd.oasis.opendocument.spreadsheet",
        ),
        ("notes", "Ŵyl y Tŷ".encode(), "notes.txt", "text/plain"),
        ("BMX.md", b"BMX riders came.", "BMX.txt", "text/plain"),
        ("old.csv", b"name;caf\xe9", "old.csv", "text/csv"),
        ("excel.txt", "name\tcount".encode("utf-16"), "excel.txt", "text/plain"),
        ("voice.wav", samples.WAV, "voice.wav", "audio/wav"),
        ("voice.mp3", samples.MP3, "voice.mp3", "audio/mpeg"),
        ("voice.m4a", samples.M4A, "voice.m4a", "audio/mp4"),
    ],
)
def test_a_document_of_the_list_is_kept_byte_for_byte(send, author, name, content, kept_as, content_type):
    answer = send(content, name)

    assert answer.status_code == 200, answer.json()
    attachment = Attachment.objects.get()
    assert (
        attachment.name,
        attachment.content_type.replace("application/vnd.openxmlformats-officedocument.", "…"),
    ) == (
        kept_as,
        content_type,
    )
    assert fetch(attachment, author).content == content


# What is not taken

HOSTILE = {
    "a drawing with a script": ("a.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'),
    "a drawing called a picture": ("a.png", b'<?xml version="1.0"?><svg onload="alert(1)"/>'),
    "a page": ("a.html", b"<!DOCTYPE html><script>alert(1)</script>"),
    "a page called text": ("a.txt", b"  \n<HTML><body onload=alert(1)>"),
    "a page behind a byte order mark": ("a.txt", "<script>alert(1)</script>".encode("utf-16")),
    "a program": ("a.exe", b"MZ\x90\x00\x03\x00\x00\x00PE\x00\x00"),
    "a program called a picture": ("a.jpg", b"MZ\x90\x00\x03\x00\x00\x00PE\x00\x00"),
    "a Linux program": ("a", b"\x7fELF\x02\x01\x01\x00" + bytes(20)),
    "a script": ("a.txt", b"#!/bin/sh\nrm -r /"),
    "a script by its name": ("a.py", b"import os"),
    "a PDF that is a page": ("a.pdf", b"%PDF-1.7\n<script>alert(1)</script>\n%%EOF"),
    "a PDF that is an archive": ("a.pdf", samples.PDF + samples.a_document() + b"%%EOF"),
    "half a PDF": ("a.pdf", samples.PDF[:40]),
    "a PDF under a wrong name": ("a.docx", samples.PDF),
    "a document under a wrong name": ("a.pdf", samples.a_document()),
    "a document called a picture": ("a.png", samples.a_document()),
    "a picture called a program": ("photo.jpg.exe", samples.a_picture()),
    "a picture called a document": ("photo.pdf", samples.a_picture()),
    "an old Word file": ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500)),
    "an archive": ("a.zip", samples.a_zip({"readme.txt": b"Hello"})),
    "an archive in a document": (
        "a.docx",
        samples.a_document(**{"word/embeddings/inner.zip": samples.a_zip({"a": b"b"})}),
    ),
    "an archive in disguise": ("a.docx", samples.a_document(**{"word/media/image1.png": samples.a_zip({"a": b"b"})})),
    "macros": ("a.docx", samples.a_document(**{"word/vbaProject.bin": b"\xd0\xcf"})),
    "macros with another name": ("a.docx", samples.a_document(**{"WORD/VBAPROJECT.BIN": b"\xd0\xcf"})),
    "a bomb": ("a.docx", samples.a_bomb()),
    "a bomb that lies": ("a.docx", samples.a_lying_bomb()),
    "too many parts": ("a.docx", samples.a_document(**{f"word/{number}.xml": b"" for number in range(MOST_PARTS)})),
    "half a document": ("a.docx", samples.a_document()[:200]),
    "a picture of 2500 million pixels": ("a.png", samples.a_png_header(50_000, 50_000)),
    "a picture of 100 million pixels": ("a.png", samples.a_png_header(10_000, 10_000)),
    "a webp of 268 million pixels": ("a.webp", samples.a_webp_header(16_384, 16_384)),
    "half a picture": ("a.jpg", samples.a_picture(size=(400, 400))[:400]),
    "a picture from an iPhone's own format": ("a.heic", samples.HEIC),
    "noise": ("a.txt", bytes(range(256)) * 20),
    "NUL": ("a.txt", b"text\x00text"),
    "nothing": ("a.txt", b""),
    "the sample of virus scanners": ("a.txt", samples.EICAR),
}


@pytest.mark.parametrize(("name", "content"), HOSTILE.values(), ids=HOSTILE.keys())
def test_what_is_not_on_the_list_is_refused_in_words_and_leaves_nothing(send, name, content):
    began = time.process_time()

    answer = send(content, name)

    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json()["error"].endswith(".")
    assert len(answer.json()["error"]) > 15
    assert (Attachment.objects.count(), kept_files()) == (0, [])
    assert time.process_time() - began < 1


@pytest.mark.parametrize("name", ["a bomb", "a bomb that lies", "too many parts", "a picture of 2500 million pixels"])
def test_a_bomb_is_seen_through_without_being_unpacked(author, cohort, note, name):
    file_name, content = HOSTILE[name]
    upload = Upload(uuid.uuid4(), SimpleUploadedFile(file_name, content))
    tracemalloc.start()

    with pytest.raises(Refused):
        attach(note.pk, cohort, upload, author, NOW)

    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 20_000_000


@pytest.mark.parametrize(
    ("sent", "kept_as"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("..\\..\\windows\\system.txt", "system.txt"),
        ("invoice\u202efdp.txt", "invoicefdp.txt"),
        ("report.pdf.txt", "report-pdf.txt"),
        ("a" * 300 + ".txt", "a" * 100 + ".txt"),
        ("line\r\nSet-Cookie: a=b.txt", "line Set-Cookie- a=b.txt"),
        ('"><img src=x>.txt', "img src=x.txt"),
        ("Ŵyl 🎭.txt", "Ŵyl 🎭.txt"),
        (".txt", "file.txt"),
        ("...txt", "file.txt"),
        ("\u200b\u200f.txt", "file.txt"),
        ("Version 2.0 of our plan", "Version 2-0 of our plan.txt"),
        ("%2e%2e%2fpasswd.txt", "2e-2e-2fpasswd.txt"),
    ],
)
def test_a_name_is_rebuilt(sent, kept_as):
    stem, ending = halves(sent)

    assert f"{stem or 'file'}.{ending or 'txt'}" == kept_as


def test_a_dangerous_name_comes_out_of_the_endpoint_harmless_and_the_disk_has_another(send, author):
    send(name="..\u202e/../x\u202etxt.exe.txt")

    attachment = Attachment.objects.get()
    assert attachment.name == "xtxt-exe.txt"
    assert kept_files() == [attachment.stored_as]
    assert uuid.UUID(attachment.stored_as)
    assert fetch(attachment, author)["Content-Disposition"] == 'attachment; filename="xtxt-exe.txt"'


def test_too_large_a_file_is_413_and_the_largest_is_taken(send):
    assert send(b"x" * (FILE_LIMIT + 1)).status_code == 413
    assert kept_files() == []
    assert send(b"x" * FILE_LIMIT).status_code == 200


def test_a_request_beyond_all_limits_is_413_before_it_is_read(client, settings, note, author, cohort):
    client.force_login(author)
    length = str(settings.REQUEST_LIMIT + 1)
    address = reverse("research:attachment_save", args=[cohort.slug, note.pk])

    answers = [
        client.post(
            address, b"", content_type="multipart/form-data; boundary=x", CONTENT_LENGTH=length, headers=headers
        )
        for headers in ({"accept": "application/json"}, {})
    ]

    assert [answer.status_code for answer in answers] == [413, 413]
    assert answers[0].json() == {"error": "This is more than 32 MB, the most at once."}
    assert b"too much at once" in answers[1].content


# The protocol of an upload


def test_the_same_upload_twice_is_one_file(send):
    name = str(uuid.uuid4())

    first, again = send(upload_id=name), send(upload_id=name)

    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()
    assert (Attachment.objects.count(), len(kept_files())) == (1, 1)


def test_a_file_begins_a_note_that_is_saved_afterwards(send, client, cohort, author):
    pk = uuid.uuid4()

    assert send(to=pk).status_code == 200
    note = ResearchNote.objects.get(pk=pk)
    assert (note.version, note.audience, note.author) == (0, Audience.ME, author)
    assert client.get(note.get_absolute_url()).status_code == 200
    assert client.get(note.get_absolute_url() + "edit/").status_code == 200

    save = {"save_id": str(uuid.uuid4()), "base_version": 0, "title": "Begun", "body": "By a picture."}
    saved = client.post(
        reverse("research:note_save", args=[cohort.slug, pk]), json.dumps(save), content_type="application/json"
    )
    assert saved.json() == {"version": 1}


def test_who_sits_in_two_organisations_says_for_which_the_note_is(send, cohort, author):
    second = a_membership(cohort)
    a_seat(second, author)
    pk = uuid.uuid4()

    answer = send(to=pk)
    assert (answer.status_code, answer.json()["error"]) == (422, "Choose the organisation you write for.")
    assert send(to=pk, organisation=second.organisation.slug).status_code == 200
    assert ResearchNote.objects.get(pk=pk).membership == second


def test_a_note_has_so_many_files_and_no_more(send, note):
    for _ in range(FILES_A_NOTE):
        an_attachment(note)

    answer = send()

    assert answer.status_code == 422
    assert answer.json()["error"] == "A note can have 20 files. Take one off, or begin a second note."
    note.attachments.first().take_off(note.author, NOW)
    assert send().status_code == 200


def test_more_uploads_in_a_minute_than_a_person_makes_are_429(send, author):
    now = timezone.now()
    for minute in (now, now + timedelta(minutes=1)):
        for _ in range(UPLOADS_A_MINUTE):
            count_upload(author, minute)

    answer = send()

    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60")
    cache.clear()
    assert send().status_code == 200


@pytest.mark.parametrize("parts", [{"upload_id": "no uuid"}, {"upload_id": None}, {"file": None}, {"alt": "\x00"}])
def test_a_request_that_makes_no_sense_is_422(send, parts):
    assert send(**parts).status_code == 422
    assert kept_files() == []


def test_only_post_adds_and_only_who_is_signed_in(client, cohort, note, author, send):
    address = reverse("research:attachment_save", args=[cohort.slug, note.pk])

    assert send(by=None).status_code == 401
    client.force_login(author)
    answer = client.get(address)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


def test_a_form_without_its_key_is_answered_in_json(note, cohort, author):
    client = Client(enforce_csrf_checks=True)
    client.force_login(author)

    answer = client.post(
        reverse("research:attachment_save", args=[cohort.slug, note.pk]), {}, headers={"accept": "application/json"}
    )

    assert (answer.status_code, answer.headers["Content-Type"]) == (403, "application/json")


def test_who_may_add_a_file_and_who_not(send, cohort, membership, author, note):
    draft = a_note(membership, author, audience=Audience.ME)
    colleague, neighbour = a_participant(membership), a_participant(a_membership(cohort))
    mentor, shared = a_mentor(membership).user, a_note(membership, author)

    assert send(by=colleague).status_code == 200
    assert send(by=mentor).status_code == 403
    assert send(by=staff()).status_code == 403
    assert send(by=a_participant()).status_code == 404
    missing = send(by=neighbour, to=draft.pk)
    assert [
        send(by=by, to=to.pk).content for by, to in [(neighbour, note), (neighbour, shared), (colleague, draft)]
    ] == [missing.content] * 3
    assert missing.status_code == 404
    note.delete_softly(NOW, note.author)
    assert send().status_code == 404


# Reading a file


def test_a_file_is_handed_out_so_that_no_browser_runs_it(note, author):
    document = an_attachment(note)
    picture = an_attachment(
        note, "Foyer.webp", samples.a_picture("WEBP"), content_type="image/webp", width=60, height=40
    )

    for attachment, disposition in [(document, "attachment"), (picture, "inline")]:
        response = fetch(attachment, author)

        assert response.headers["Content-Disposition"].split(";")[0] == disposition
        assert response.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Cache-Control"] == "private, no-store"
        assert response.headers["Content-Type"] == attachment.content_type
        assert response.headers["Content-Length"] == str(attachment.size)


def test_head_and_range_give_no_more_than_get(note, author):
    attachment = an_attachment(note)

    head = signed_in(author).head(attachment.get_absolute_url())
    ranged = fetch(attachment, author, range="bytes=0-3")

    assert (head.status_code, head.headers["Content-Length"], head.content) == (200, "17", b"")
    assert (ranged.status_code, ranged.headers["Accept-Ranges"], ranged.content) == (200, "none", b"Please sign here.")


def test_a_file_is_read_by_whoever_reads_its_note_until_they_may_no_longer(note, membership, cohort, author):
    attachment = an_attachment(note)
    colleague, neighbour = a_participant(membership), a_participant(a_membership(cohort))
    mentor = a_mentor(membership).user
    assert [fetch(attachment, user).status_code for user in (author, colleague, mentor, staff())] == [200] * 4

    for headers in ({}, {"range": "bytes=0-3"}):
        assert fetch(attachment, neighbour, **headers).status_code == 404
    colleague.seats.get().end(timezone.now())
    assert fetch(attachment, colleague).status_code == 404
    ResearchNote.objects.filter(pk=note.pk).update(audience=Audience.ME)
    assert [fetch(attachment, user).status_code for user in (author, mentor, staff())] == [200, 404, 404]
    assert Client().get(attachment.get_absolute_url()).status_code == 302


def test_a_file_is_found_under_its_own_note_alone(note, membership, author):
    attachment = an_attachment(note)
    other = a_note(membership, author)
    client = signed_in(author)

    def at(cohort_slug, pk, file_pk):
        return client.get(reverse("research:attachment_detail", args=[cohort_slug, pk, file_pk])).status_code

    slug = membership.cohort.slug
    assert (at(slug, note.pk, attachment.pk), at(slug, other.pk, attachment.pk)) == (200, 404)
    assert at(a_membership().cohort.slug, note.pk, attachment.pk) == 404


def test_a_file_that_is_gone_from_the_disk_is_said_to_be(note, author, caplog):
    attachment = an_attachment(note)
    filing.throw_away(attachment.stored_as)

    response = fetch(attachment, author)

    assert (response.status_code, response.content) == (503, b"This file cannot be read just now.")
    assert "cannot be read" in caplog.text


def test_no_page_and_no_address_shows_the_folder_of_files(client, note, author):
    attachment = an_attachment(note)
    client.force_login(author)

    for path in (
        f"/files/{attachment.stored_as}",
        f"/var/files/{attachment.stored_as}",
        f"/static/{attachment.stored_as}",
    ):
        assert client.get(path).status_code == 404


# Taking off and putting back


@pytest.fixture
def press(cohort, note):
    """Presses a button on a file as a form does, each time in a browser of its own."""

    def press(deed, attachment, user, data=None):
        address = reverse(f"research:attachment_{deed}", args=[cohort.slug, note.pk, attachment.pk])
        return signed_in(user).post(address, data or {})

    return press


def test_a_file_is_taken_off_and_put_back_by_those_who_may_change_the_note(press, note, membership, author):
    attachment, colleague = an_attachment(note), a_participant(membership)

    assert press("remove", attachment, colleague).status_code == 302
    assert fetch(attachment, author).status_code == 404
    assert kept_files() == [attachment.stored_as]
    assert press("remove", attachment, author).status_code == 404
    assert press("put_back", attachment, author).status_code == 302
    assert fetch(attachment, author).status_code == 200
    attachment.refresh_from_db()
    assert (attachment.removed_at, attachment.removed_by) == (None, None)


def test_who_may_only_read_the_note_changes_none_of_its_files(press, note, membership, author):
    attachment, mentor = an_attachment(note), a_mentor(membership).user

    for user in (mentor, staff()):
        assert press("remove", attachment, user).status_code == 403
        assert press("describe", attachment, user, {"alt": "x"}).status_code == 403
    attachment.take_off(author, timezone.now())
    assert press("put_back", attachment, mentor).status_code == 403


def test_what_was_taken_off_a_private_note_does_not_come_to_light_when_it_is_shared(press, note, membership, author):
    ResearchNote.objects.filter(pk=note.pk).update(audience=Audience.ME)
    note.refresh_from_db()
    attachment, colleague = an_attachment(note, "CANARY.txt"), a_participant(membership)
    press("remove", attachment, author)
    ResearchNote.objects.filter(pk=note.pk).update(audience=Audience.ORGANISATION)
    files = reverse("research:note_attachments", args=[note.membership.cohort.slug, note.pk])

    assert b"CANARY" not in signed_in(colleague).get(files).content
    assert press("put_back", attachment, colleague).status_code == 404
    assert b"CANARY" in signed_in(author).get(files).content
    assert press("put_back", attachment, author).status_code == 302


def test_after_thirty_days_what_was_taken_off_is_gone_and_nothing_else(press, note, author):
    now = timezone.now()
    old, new, present = an_attachment(note), an_attachment(note), an_attachment(note)
    old.take_off(author, now - timedelta(days=30))
    new.take_off(author, now - timedelta(days=29))
    assert press("put_back", old, author).status_code == 404

    assert (forget_removed(now), forget_removed(now)) == (1, 0)

    assert set(Attachment.objects.all()) == {new, present}
    assert kept_files() == sorted([new.stored_as, present.stored_as])


def test_a_description_can_be_given_later_and_taken_back(press, note, author):
    picture = an_attachment(note, "Foyer.webp", b"x", content_type="image/webp", width=6, height=4)

    for alt in ("The foyer, empty", ""):
        assert press("describe", picture, author, {"alt": alt}).status_code == 302
        picture.refresh_from_db()
        assert picture.alt == alt
    press("describe", picture, author, {"alt": "x" * 301})
    picture.refresh_from_db()
    assert picture.alt == ""


def test_a_script_is_told_in_json_what_a_form_is_told_on_a_page(client, cohort, note, author):
    picture = an_attachment(note, "Foyer.webp", b"x", content_type="image/webp", width=6, height=4)
    client.force_login(author)

    def tell(deed, **data):
        address = reverse(f"research:attachment_{deed}", args=[cohort.slug, note.pk, picture.pk])
        answer = client.post(address, data, headers={"accept": "application/json"})
        return answer.status_code, answer.json()

    assert tell("describe", alt="The foyer") == (200, {"said": "The description is saved."})
    assert tell("describe", alt="x" * 301) == (422, {"error": "A description can have 300 characters."})
    assert tell("remove") == (200, {"said": "Foyer.webp is off the note. It can be put back for 30 days."})
    assert tell("put_back") == (200, {"said": "Foyer.webp is on the note again."})


# Pages


def test_the_note_shows_its_pictures_with_their_words_and_its_documents(client, note, author):
    an_attachment(note, "Foyer.webp", b"x", content_type="image/webp", width=6, height=4, alt="The foyer <empty>")
    an_attachment(note, "Stairs.webp", b"x", content_type="image/webp", width=6, height=4)
    an_attachment(note, "Plan.pdf")
    client.force_login(author)

    page = client.get(note.get_absolute_url()).content.decode()

    assert 'alt="The foyer &lt;empty&gt;"' in page
    assert page.count("No description yet") == 1
    assert "Plan.pdf</a>" in page
    assert "Add photos or files" in page


def test_who_may_only_read_sees_files_and_no_form(client, note, membership):
    client.force_login(a_mentor(membership).user)
    assert "Photos and files" not in client.get(note.get_absolute_url()).content.decode()
    an_attachment(note, "Plan.pdf")

    page = client.get(note.get_absolute_url()).content.decode()

    assert "Plan.pdf</a>" in page
    assert "Add photos or files" not in page
    assert (
        client.get(reverse("research:note_attachments", args=[note.membership.cohort.slug, note.pk])).status_code == 403
    )


@pytest.mark.parametrize("name", ["note_detail", "note_edit", "note_attachments"])
def test_twenty_files_take_as_many_queries_as_two(client, note, author, name):
    client.force_login(author)
    address = reverse(f"research:{name}", args=[note.membership.cohort.slug, note.pk])

    def queries_with(number):
        for index in range(number):
            kind = "image/webp" if index % 2 else "text/plain"
            an_attachment(note, content_type=kind, width=1, height=1, added_by=a_participant())
        with CaptureQueriesContext(connection) as seen:
            assert client.get(address).status_code == 200
        return len(seen)

    assert queries_with(2) == queries_with(18)


def test_without_a_script_several_files_are_added_by_one_form_and_each_is_judged(client, cohort, note, author):
    client.force_login(author)
    address = reverse("research:note_attachments", args=[cohort.slug, note.pk])

    def post():
        files = [
            SimpleUploadedFile("Foyer.jpg", samples.a_picture()),
            SimpleUploadedFile("virus.html", b"<script>"),
            SimpleUploadedFile("Plan.pdf", samples.PDF),
        ]
        return client.post(address, {"upload_id": name, "file": files})

    name = str(uuid.uuid4())
    answer = post()

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "virus.html: This is a web page, a drawing or a script" in page
    assert "2 files are on the note now." in page
    assert set(note.attachments.values_list("name", flat=True)) == {"Foyer.webp", "Plan.pdf"}
    post()
    assert note.attachments.count() == 2


def test_a_form_without_a_file_says_what_to_do(client, cohort, note, author):
    client.force_login(author)

    answer = client.post(reverse("research:note_attachments", args=[cohort.slug, note.pk]), {"upload_id": uuid.uuid4()})

    assert answer.status_code == 422
    assert "Choose a picture or a document first." in answer.content.decode()


# A picture and one line


def quick(client, cohort, **parts):
    address = reverse("research:note_quick", args=[cohort.slug])
    data = {
        "note_id": str(uuid.uuid4()),
        "save_id": str(uuid.uuid4()),
        "line": "A queue at the lift",
        "file": SimpleUploadedFile("IMG_2018.jpg", samples.a_picture()),
        **parts,
    }
    return client.post(address, {key: value for key, value in data.items() if value is not None})


def test_a_picture_and_one_line_are_a_private_note_of_the_open_phase(client, cohort, membership, author):
    today = timezone.localdate()
    phase = a_phase(cohort, 2, opens_on=today, closes_on=today + timedelta(days=9))
    a_phase(cohort, 1, opens_on=today - timedelta(days=9), closes_on=today - timedelta(days=1))
    client.force_login(author)

    answer = quick(client, cohort)

    note = ResearchNote.objects.get()
    assert answer.url == note.get_absolute_url()
    assert (note.title, note.phase, note.audience, note.version, note.happened_on) == (
        "A queue at the lift",
        phase,
        Audience.ME,
        1,
        today,
    )
    assert note.attachments.get().is_picture


def test_the_button_pressed_twice_makes_one_note_with_one_picture(client, cohort, author):
    client.force_login(author)
    names = {"note_id": str(uuid.uuid4()), "save_id": str(uuid.uuid4())}

    answers = [quick(client, cohort, **names) for _ in range(2)]

    assert {answer.status_code for answer in answers} == {302}
    note = ResearchNote.objects.get()
    assert (note.version, note.versions.count(), note.attachments.count()) == (1, 1, 1)


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"file": None}, "Choose a picture, or take one."),
        ({"line": None}, "Write a few words: what do we see?"),
        ({"file": SimpleUploadedFile("a.jpg", b"MZ\x90\x00")}, "is not taken"),
        ({"file": SimpleUploadedFile("a.pdf", samples.PDF)}, "A picture is meant here"),
        ({"note_id": "no uuid"}, "This page was out of date."),
    ],
)
def test_a_quick_note_that_cannot_be_kept_says_why_and_keeps_the_line(client, cohort, author, parts, words):
    client.force_login(author)

    answer = quick(client, cohort, **parts)

    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    assert ("A queue at the lift" in page) == ("line" not in parts)
    assert not ResearchNote.objects.exists()


def test_a_note_of_a_title_and_a_picture_can_be_shared_and_one_of_a_title_alone_not(client, cohort, author):
    client.force_login(author)
    quick(client, cohort)
    note = ResearchNote.objects.get()

    def share(base_version):
        save = {
            "save_id": str(uuid.uuid4()),
            "base_version": base_version,
            "title": note.title,
            "body": "",
            "audience": "cohort",
        }
        address = reverse("research:note_save", args=[cohort.slug, note.pk])
        return client.post(address, json.dumps(save), content_type="application/json").status_code

    note.attachments.get().take_off(author, NOW)
    assert share(1) == 422
    note.attachments.get().put_back()
    assert share(1) == 200


# What the disk and the database do


def test_when_the_disk_is_full_nothing_is_kept_half(settings, tmp_path):
    settings.FILES_DIR = tmp_path / "tiny"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(filing.NoRoom) as caught:
            filing.keep(b"x" * 5000)
        small = filing.keep(b"x" * 500)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert caught.value.__cause__.errno == errno.EFBIG
    assert kept_files() == [small]


@pytest.fixture
def tiny_disk(settings, tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("A small disk cannot be mounted here (root may)")
    settings.FILES_DIR = folder
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_on_a_full_disk_the_answer_is_507_in_words_and_notes_are_still_saved(tiny_disk, send, client, cohort, note):
    answer = send(b"x" * 200_000)

    assert answer.status_code == 507
    assert answer.json()["error"].startswith("There is no room left for files just now")
    assert (Attachment.objects.count(), kept_files()) == (0, [])
    assert client.get("/readyz").json()["files"] == "nearly full"
    save = {"save_id": str(uuid.uuid4()), "base_version": 1, "title": "Still", "body": "Saved."}
    address = reverse("research:note_save", args=[cohort.slug, note.pk])
    assert client.post(address, json.dumps(save), content_type="application/json").json() == {"version": 2}


def test_where_files_cannot_be_kept_at_all_the_answer_is_503(settings, tmp_path, send, caplog):
    in_the_way = tmp_path / "in the way"
    in_the_way.write_text("not a folder")
    settings.FILES_DIR = in_the_way

    answer = send()

    assert answer.status_code == 503
    assert "FILES_DIR" in caplog.text
    assert not Attachment.objects.exists()


def test_a_row_that_cannot_be_written_takes_its_file_with_it(note, cohort, author):
    def refuse(execute, sql, params, many, context):
        if 'INSERT INTO "research_attachment"' in sql:
            raise IntegrityError("a fault")
        return execute(sql, params, many, context)

    upload = Upload(uuid.uuid4(), SimpleUploadedFile("a.txt", b"Text"))
    with connection.execute_wrapper(refuse), pytest.raises(IntegrityError), transaction.atomic():
        attach(note.pk, cohort, upload, author, NOW)

    assert kept_files() == []


def sample_scanner(content: bytes) -> str:
    if content == b"broken":
        raise ConnectionError("no scanner")
    return "a sample virus" if b"virus" in content else ""


def test_a_scanner_passes_files_stops_them_or_is_away(settings, send):
    assert send().status_code == 200
    assert Attachment.objects.get().scanned_at is None
    settings.FILE_SCANNER = f"{__name__}.sample_scanner"

    assert send(b"a virus").status_code == 422
    assert send(b"broken").status_code == 503
    assert send(b"harmless").status_code == 200
    assert Attachment.objects.exclude(scanned_at=None).count() == 1
    assert len(kept_files()) == 2


def test_a_removal_without_somebody_is_refused_by_the_database(note):
    attachment = an_attachment(note)

    with pytest.raises(IntegrityError), transaction.atomic():
        Attachment.objects.filter(pk=attachment.pk).update(removed_at=NOW)


@pytest.mark.django_db(transaction=True)
def test_a_double_click_makes_one_file(note, cohort, author):
    name, results = uuid.uuid4(), []

    def click():
        try:
            upload = Upload(name, SimpleUploadedFile("Foyer.jpg", samples.a_picture()))
            results.append(attach(note.pk, cohort, upload, author, NOW).pk)
        finally:
            connection.close()

    clicks = [threading.Thread(target=click) for _ in range(4)]
    for one in clicks:
        one.start()
    for one in clicks:
        one.join()

    assert (len(results), len(set(results)), len(kept_files())) == (4, 1, 1)


def test_files_are_for_the_portals_own_user_alone(settings, tmp_path):
    settings.FILES_DIR = tmp_path / "new"
    filing.keep(b"x")

    assert oct(os.stat(tmp_path / "new").st_mode)[-3:] == "700"


def test_a_locked_note_takes_no_file_and_keeps_those_it_has(client, cohort, membership, author):
    phase = a_phase(cohort, 1, opens_on=date(2018, 1, 1), closes_on=date(2018, 2, 1))
    note = a_note(membership, author, phase=phase)
    file = an_attachment(note)
    client.force_login(author)
    upload = {"upload_id": str(uuid.uuid4()), "file": SimpleUploadedFile("a.txt", b"Late words.")}

    answer = client.post(reverse("research:attachment_save", args=[cohort.slug, note.pk]), upload)
    taken_off = client.post(reverse("research:attachment_remove", args=[cohort.slug, note.pk, file.pk]))

    assert (answer.status_code, taken_off.status_code) == (403, 403)
    assert "it is locked" in answer.json()["error"]
    assert list(note.attachments.present()) == [file]
