import time

from research.comparing import Stretch, compare


def told(before, after):
    return [(stretch.sort, stretch.text) for stretch in compare(before, after)]


def test_words_that_differ_stand_between_those_that_do_not():
    assert told("We filmed the store.", "We filmed the café, twice.") == [
        ("same", "We filmed the "),
        ("gone", "store"),
        ("new", "café, twice"),
        ("same", "."),
    ]


def test_equal_texts_are_one_stretch_and_empty_ones_none():
    assert told("The same.", "The same.") == [("same", "The same.")]
    assert told("", "") == []
    assert told("", "All new.") == [("new", "All new.")]


def test_both_texts_can_be_read_back_from_the_row():
    before, after = "one two\nthree four\n", "one\ntwo three five four"
    row = compare(before, after)
    assert "".join(stretch.text for stretch in row if stretch.sort != "new") == before
    assert "".join(stretch.text for stretch in row if stretch.sort != "gone") == after


def test_a_word_changed_in_a_long_text_is_found():
    before = "word " * 100_000
    after = "word " * 50_000 + "other " + "word " * 50_000
    assert [stretch for stretch in compare(before, after) if stretch.sort != "same"] == [Stretch("new", "other ")]


def test_texts_that_share_nothing_are_not_compared_for_ever():
    before = " ".join(f"a{number}" for number in range(100_000))
    after = " ".join(f"b{number}" for number in range(100_000, 0, -1))
    started = time.monotonic()
    assert [stretch.sort for stretch in compare(before, after)] == ["gone", "new"]
    assert time.monotonic() - started < 5
