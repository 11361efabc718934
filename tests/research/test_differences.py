import pytest

from research.differences import Piece, compare

# Pairs that keep a full comparison busy: nothing in common, one word over and over, a mirror of itself.
WORDS = [f"word{number % 97}" for number in range(120_000)]
HARD = {
    "mirrored": (" ".join(WORDS), " ".join(reversed(WORDS))),
    "mirrored lines": ("\n".join(WORDS), "\n".join(reversed(WORDS))),
    "one word without an end": ("a " * 400_000, "b " + "a " * 300_000 + "c"),
    "every second word": ("x y " * 200_000, "x z " * 200_000),
    "no space at all": ("x" * 1_000_000, "y" * 1_000_000),
}


def marked(before, after, **how):
    """The difference as one line: [-taken out-]{+put in+}."""
    forms = {"same": "{}", "removed": "[-{}-]", "added": "{{+{}+}}"}
    return "".join(forms[piece.how].format(piece.text) for piece in compare(before, after, **how).pieces)


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("", "", ""),
        ("The same.", "The same.", "The same."),
        ("", "New.", "{+New.+}"),
        ("Gone.", "", "[-Gone.-]"),
        ("We asked ten people.", "We asked twelve people.", "We asked [-ten-]{+twelve+} people."),
        ("One.\nTwo.\n", "One.\nAnd a half.\nTwo.\n", "One.\n{+And a half.\n+}Two.\n"),
        ("Ŵyn’s café", "Ŵyn’s cafés", "Ŵyn’s [-café-]{+cafés+}"),
        ("a  b", "a b", "a[-  -]{+ +}b"),
    ],
)
def test_what_differs_is_marked_word_by_word(before, after, shown):
    assert marked(before, after) == shown


@pytest.mark.parametrize("steps", [0, 1, 5, 20, 500_000])
def test_both_texts_can_be_read_back_however_few_steps_there_are(steps):
    before = "One two three.\n\nFour five.\nSix.\n"
    after = "One too three.\nFour five, six.\n\nSeven."

    pieces = compare(before, after, steps=steps).pieces

    assert "".join(piece.text for piece in pieces if piece.how != "added") == before
    assert "".join(piece.text for piece in pieces if piece.how != "removed") == after


@pytest.mark.parametrize("pair", HARD.values(), ids=HARD.keys())
def test_texts_of_a_megabyte_are_compared_in_few_steps_and_nothing_of_them_is_left_out(pair):
    """The steps are counted, so that no clock is needed here: half a million of them take half a second."""
    before, after = pair

    compared = compare(before, after)

    assert "".join(piece.text for piece in compared.pieces if piece.how != "added") == before
    assert "".join(piece.text for piece in compared.pieces if piece.how != "removed") == after


def test_a_comparison_that_was_cut_short_says_so():
    assert compare("one two " * 9, "three four " * 9, steps=10).is_coarse
    assert not compare("one two", "one three", steps=10_000).is_coarse


def test_a_small_change_in_a_long_text_is_found_word_by_word():
    before = " ".join(WORDS)
    after = before.replace(" word5 ", " WORD5 ", 3)

    compared = compare(before, after)

    assert not compared.is_coarse
    assert [piece.text for piece in compared.pieces if piece.how == "added"] == ["WORD5"] * 3


def test_a_long_stretch_of_the_same_shows_its_ends():
    piece = Piece("same", "a" * 300 + "b" * 5000 + "c" * 300)

    assert (piece.is_long, piece.head, piece.tail, piece.hidden) == (True, "a" * 300, "c" * 300, 5000)
    assert not Piece("same", "a" * 1200).is_long
