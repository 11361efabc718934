"""Pictures in findings: what is kept of a file, what is said of it, and who may see it when."""

from io import BytesIO

import pypdf
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from findings import picturing
from findings.models import FindingPicture
from findings.publishing import publish_due
from research import filing
from tests.admin.desk import text_of
from tests.factories import (
    NOW,
    a_cohort,
    a_finding,
    a_membership,
    a_participant,
    a_picture,
    a_published_report,
    a_review_key,
    agreed,
    staff,
)
from tests.research.samples import a_photo_with_its_place
from tests.research.samples import a_picture as bytes_of_a_picture

pytestmark = pytest.mark.django_db


@pytest.fixture
def museum():
    return a_membership(a_cohort(), "Sample Museum")


@pytest.fixture
def finding(museum):
    return a_finding(museum.cohort, museum, slug="drawn", thought="A thought.")


@pytest.fixture
def desk(client):
    client.force_login(staff())
    return client


def page(finding, rest=""):
    return f"/admin/findings/finding/{finding.pk}/pictures/{rest}"


def a_file(content=None, name="photo.jpg"):
    return SimpleUploadedFile(name, content or bytes_of_a_picture())


def typed(**extra):
    return {"alt": "A red square.", "caption": "", "credit": "Sample Museum", "after": "", "position": 0} | extra


def published(finding, now=NOW):
    agreed(finding)
    return finding.publish(now, None)


def test_a_photo_is_kept_without_where_it_was_taken_and_never_wider_than_a_fine_screen_needs(desk, finding):
    sent = typed(confirmed="yes", file=a_file(a_photo_with_its_place()), after="thought")
    assert desk.post(page(finding), sent).status_code == 302
    wide = typed(confirmed="yes", file=a_file(bytes_of_a_picture(size=(3000, 1000))))
    assert desk.post(page(finding), wide).status_code == 302

    small, large = finding.pictures.order_by("pk")
    content = filing.read(small.stored_as)
    assert (Image.open(BytesIO(content)).format, small.after) == ("WEBP", "thought")
    assert b"CANARY" not in content
    assert max(large.width, large.height) == picturing.LONG_SIDE


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "drawing.svg"),
        (b"%PDF-1.7", "a.pdf"),
        (b"no", "x.png"),
    ],
)
def test_what_is_no_picture_is_refused_in_words_and_nothing_is_kept(desk, finding, content, name):
    answer = desk.post(page(finding), typed(confirmed="yes", file=a_file(content, name)))

    assert answer.status_code == 422
    assert not finding.pictures.exists()


def test_a_picture_without_a_description_keeps_the_finding_from_the_public(desk, finding):
    a_picture(finding, alt="", caption="The square")
    agreed(finding)

    assert "The picture “The square” has no description: say in words what it shows." in finding.hindrances()
    assert "has no description" in text_of(desk.get(f"/admin/findings/finding/{finding.pk}/publish/"))


def test_so_does_one_whose_file_is_missing_and_the_clock_looks_again(finding):
    picture = a_picture(finding)
    agreed(finding)
    finding.schedule(NOW.replace(hour=23), staff(), "", NOW)
    filing.throw_away(picture.stored_as)

    assert publish_due(NOW.replace(hour=23)) == 0
    finding.refresh_from_db()
    assert "is missing" in finding.publish_trouble


def test_a_yes_is_to_the_pictures_too(finding):
    agreed(finding)
    before = finding.digest()
    picture = a_picture(finding)
    with_it = finding.digest()
    FindingPicture.objects.filter(pk=picture.pk).update(caption="Another caption")

    assert len({before, with_it, finding.digest()}) == 3
    assert finding.missing_agreements()


def test_page_feeds_json_and_pdf_show_it_where_it_belongs(client, finding):
    pytest.importorskip("weasyprint", reason="the PDF libraries are not on this machine", exc_type=OSError)
    picture = a_picture(finding, caption="Seen at dusk", after="thought")
    published(finding)

    html = client.get("/findings/drawn/").content.decode()
    at = f"/findings/drawn/pictures/{picture.pk}.webp"
    assert f'<img src="{at}" alt="A red square." width="60" height="40" loading="lazy">' in html
    assert html.index("A thought.") < html.index(at) < html.index("What we learned")
    assert f"http://localhost:8000{at}" in client.get("/findings/feed.atom").content.decode()
    assert client.get("/findings/drawn.json").json()["pictures"] == [
        {
            "url": f"http://localhost:8000{at}",
            "description": "A red square.",
            "caption": "Seen at dusk",
            "credit": "Sample Museum",
            "width": 60,
            "height": 40,
        }
    ]
    pdf = pypdf.PdfReader(BytesIO(client.get("/findings/drawn.pdf").content))
    figures = [found for found in objects_of(pdf) if found.get("/S") == "/Figure"]
    assert "A red square." in [figure.get("/Alt") for figure in figures]
    assert "Seen at dusk" in "".join(part.extract_text() for part in pdf.pages)
    assert [image for part in pdf.pages for image in part.images]


def objects_of(pdf):
    found = (pdf.get_object(number) for number in range(1, len(pdf.xref_objStm) + len(pdf.xref[0])))
    return [thing for thing in found if isinstance(thing, dict)]


def test_a_report_shows_it_from_the_findings_own_address(client, finding):
    picture = a_picture(finding)
    published(finding)
    report = a_published_report(finding.cohort, finding)

    assert f"/findings/drawn/pictures/{picture.pk}.webp" in client.get(report.get_absolute_url()).content.decode()


def test_one_that_belongs_to_a_part_that_is_not_written_stands_before_the_text(client, finding):
    picture = a_picture(finding, after="explore")
    published(finding)

    html = client.get("/findings/drawn/").content.decode()

    assert html.index(f"pictures/{picture.pk}.webp") < html.index("A thought.")


def test_its_file_is_everybodys_from_the_moment_of_publication_until_withdrawal(client, finding):
    picture = a_picture(finding)
    at = f"/findings/drawn/pictures/{picture.pk}.webp"
    before = client.get(at)
    published(finding)
    out = client.get(at)
    finding.withdraw(NOW, "A sample reason.")

    assert (before.status_code, out.status_code, client.get(at).status_code) == (404, 200, 410)
    assert (out["Content-Type"], out["Content-Security-Policy"]) == ("image/webp", "sandbox; default-src 'none'")
    assert out.content == filing.read(picture.stored_as)


def test_a_picture_of_the_working_copy_alone_or_of_another_finding_is_nobodys(client, finding):
    published(finding)
    later, other = a_picture(finding), a_picture(a_finding(finding.cohort))

    for picture in (later, other):
        assert client.get(f"/findings/drawn/pictures/{picture.pk}.webp").status_code == 404


def test_those_who_are_asked_see_it_and_their_peers_do_not(client, finding, museum):
    picture = a_picture(finding)
    finding.ask(NOW)
    at = f"{finding.agreement_path()}pictures/{picture.pk}.webp"
    answers = {}
    for name, membership in [("asked", museum), ("peer", a_membership(museum.cohort, "Sample Gallery"))]:
        client.force_login(a_participant(membership))
        answers[name] = client.get(at).status_code

    assert answers == {"asked": 200, "peer": 404}


def test_so_does_the_holder_of_a_link_as_long_as_it_opens(client, finding, museum):
    picture = a_picture(finding)
    finding.ask(NOW)
    key = a_review_key(finding, museum, timezone.now())
    open_one = client.get(f"/review/{key}/pictures/{picture.pk}.webp")
    finding.review_links.get().revoke(timezone.now())
    closed = client.get(f"/review/{key}/pictures/{picture.pk}.webp")

    assert f"/review/{key}/pictures/" not in client.get("/findings/").content.decode()
    assert (open_one.status_code, closed.status_code) == (200, 404)


def test_what_is_said_goes_in_only_on_top_of_what_was_seen(desk, finding):
    picture = a_picture(finding)
    seen = picture.mark
    first = desk.post(page(finding, f"{picture.pk}/"), typed(confirmed="yes", base=seen, alt="Swift words."))
    late = desk.post(page(finding, f"{picture.pk}/"), typed(confirmed="yes", base=seen, alt="Slow words."))
    picture.refresh_from_db()

    assert (first.status_code, late.status_code, picture.alt) == (302, 422, "Swift words.")
    assert "Swift words." in late.content.decode()
    assert "Slow words." in late.content.decode()
    again = desk.post(page(finding, f"{picture.pk}/"), typed(confirmed="yes", base=picture.mark, alt="Slow words."))
    assert again.status_code == 302
    history = desk.get(f"/admin/findings/finding/{finding.pk}/history/").content.decode()
    assert "alt was “Swift words.”" in history


def test_taken_off_it_leaves_the_working_copy_and_stays_in_what_is_published(desk, finding):
    picture = a_picture(finding)
    published(finding)

    desk.post(page(finding, f"{picture.pk}/take-off/"), {"confirmed": "yes"})

    assert finding.content()["pictures"] == []
    assert desk.get(f"/findings/drawn/pictures/{picture.pk}.webp").status_code == 200


def test_taken_out_of_everything_it_is_in_no_release_and_off_the_disk(
    desk, finding, django_capture_on_commit_callbacks
):
    picture = a_picture(finding)
    published(finding)

    with django_capture_on_commit_callbacks(execute=True):
        answer = desk.post(page(finding, f"{picture.pk}/take-off/"), {"confirmed": "yes", "everywhere": "on"})

    finding.refresh_from_db()
    assert answer.status_code == 302
    assert [release.content["pictures"] for release in finding.releases.all()] == [[], []]
    assert finding.release.what_changed == "A picture was withdrawn."
    assert not filing.is_there(picture.stored_as)
    assert desk.get(f"/findings/drawn/pictures/{picture.pk}.webp").status_code == 404
    assert "A quotation or a picture was withdrawn" in text_of(desk.get("/findings/drawn/"))


def test_while_it_is_scheduled_no_picture_comes_goes_or_says_something_else(desk, finding):
    picture = a_picture(finding)
    agreed(finding)
    finding.schedule(NOW.replace(year=2999), staff(), "", NOW)
    sent = typed(confirmed="yes", base=picture.mark, alt="Other words.")

    added = desk.post(page(finding), typed(confirmed="yes", file=a_file()))
    said = desk.post(page(finding, f"{picture.pk}/"), sent)
    off = desk.post(page(finding, f"{picture.pk}/take-off/"), {"confirmed": "yes"})

    assert (added.status_code, said.status_code, off.status_code) == (409, 422, 409)
    assert [(row.pk, row.alt) for row in finding.pictures.present()] == [(picture.pk, "A red square.")]
