"""The picture beside a shared address: drawn from the release, whatever its words are."""

from io import BytesIO

import pytest
from PIL import Image

from findings.models import Finding
from findings.picture import draw, drawable, picture_of, words_of
from tests.factories import a_cohort, a_membership, a_published_finding

SHOWN = {
    "title": "People film what they feel is theirs, and come back",
    "highlight": "is theirs",
    "cohort": "Let’s Get Real 6",
    "phase": "Phase 3: Try it",
    "phase_colour": 3,
    "organisation": "Royal Pavilion & Museums, Brighton",
    "is_sample": False,
}


def opened(png):
    image = Image.open(BytesIO(png))
    image.load()
    return image


def test_it_is_a_png_of_the_size_that_networks_ask_for():
    image = opened(picture_of(SHOWN))
    assert (image.format, image.size, image.mode) == ("PNG", (1200, 630), "RGB")
    assert not image.text
    assert not image.getexif()


def test_the_same_words_are_the_same_bytes_and_others_are_not():
    before = picture_of(SHOWN)
    draw.cache_clear()
    assert picture_of(SHOWN) == before
    for key, value in [("title", "Other"), ("organisation", "Other"), ("phase_colour", 2), ("is_sample", True)]:
        assert picture_of({**SHOWN, key: value}) != before, key


def test_the_phase_gives_its_colour_and_the_pen_goes_over_the_highlight():
    image = opened(picture_of(SHOWN))
    assert image.getpixel((5, 300)) == (0x8A, 0x3D, 0x8F)
    pen = (0xFF, 0xDF, 0x5D)
    marked = [y for y in range(160, 480) if pen in {image.getpixel((x, y)) for x in range(88, 1112, 4)}]
    assert marked
    plain = opened(picture_of({**SHOWN, "highlight": ""}))
    assert not any(plain.getpixel((x, y)) == pen for y in marked for x in range(88, 1112, 4))


def test_a_comma_stays_with_the_marked_words():
    words = words_of("It is theirs, now", "is theirs")
    assert [(word.text, word.is_marked, word.gap) for word in words] == [
        ("It", False, " "),
        ("is", True, " "),
        ("theirs", True, " "),
        (",", False, ""),
        ("now", False, " "),
    ]


@pytest.mark.parametrize(
    "title",
    [
        "",
        "x" * 200,
        "word " * 40,
        "W" * 9 + " " + "i" * 190,
        "مرحبا بالعالم",
        "שלום \u202e\u2066 mixed",
        "😀👩‍👩‍👧 family",
        "a\x00b\x01c\x1b[31m\u2028d\ufffe",
        "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘!" * 3,
        "Łódź, Ŷnys Môn, Škofja Loka",
        "\ud800",
        "a" * 100_000,
    ],
)
def test_hostile_titles_are_drawn(title):
    for key in ("title", "highlight", "organisation", "phase"):
        assert opened(picture_of({**SHOWN, key: title})).size == (1200, 630)


def test_what_the_fonts_have_no_shape_for_is_left_out_and_accents_stay():
    assert drawable("Łódź 😀 Mo\u0302n שלום\x07!", "bricolage-grotesque") == "Łódź Môn !"


@pytest.mark.django_db
def test_the_picture_is_of_the_release_and_named_on_the_page(client):
    cohort = a_cohort()
    finding = a_published_finding(
        cohort, a_membership(cohort, "Sample House"), slug="lanterns", title="Lanterns “glow”"
    )
    response = client.get("/findings/lanterns.png")
    assert response["Content-Type"] == "image/png"
    assert opened(response.content).size == (1200, 630)
    Finding.objects.filter(pk=finding.pk).update(title="Working copy")
    assert client.get("/findings/lanterns.png").content == response.content
    html = client.get("/findings/lanterns/").content.decode()
    assert '<meta property="og:image" content="http://localhost:8000/findings/lanterns.png">' in html
    assert '<meta property="og:image:alt" content="Lanterns “glow”, Sample House">' in html
    assert '<meta name="twitter:card" content="summary_large_image">' in html


@pytest.mark.django_db
def test_no_picture_of_a_draft_or_of_what_is_withdrawn(client):
    finding = a_published_finding(a_cohort(), slug="lanterns")
    assert client.get("/findings/lanterns.png").status_code == 200
    finding.withdraw(finding.published_at, "A reason.")
    assert client.get("/findings/lanterns.png").status_code == 410
    assert client.get("/findings/draft.png").status_code == 404
