"""Words as search knows them."""

import pytest

from discussions.words import MOST_WANTED, MOST_WORDS, passages, stems, wanted


@pytest.mark.parametrize(
    ("asked", "written"),
    [
        ("runs", "Running"),
        ("cafe", "CAFÉ"),
        ("café", "cafe"),
        ("organising", "organise"),
        ("organization", "organisations"),
        ("organized", "organising"),
        ("museum", "the museum’s"),
        ("museum's", "museums"),
        ("ty wyl", "Tŷ ŵyl"),
        ("strasse", "Straße"),
        ("oeuvre", "Œuvre"),
        ("studies", "study"),
        ("cafe\u0301", "Café"),
        ("ＦＩＬＭ", "film"),
        ("phase 2", "Phase_2"),
        ("музей", "Музей"),
    ],
)
def test_accents_capitals_and_endings_do_not_matter(asked, written):
    assert set(wanted(asked)) <= set(stems(written))
    assert wanted(asked)


@pytest.mark.parametrize(("asked", "written"), [("film", "firm"), ("cafe", "caff"), ("2", "20"), ("a", "b")])
def test_another_word_is_another_word(asked, written):
    assert not set(wanted(asked)) & set(stems(written))


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("", []),
        ("  …!?*\"'() -- %_^:&|<>\\ ", []),
        ("\x00\x00", []),
        ('"film" AND (NOT stor*', ["film", "stor"]),
        ("the film of the stores", ["film", "store"]),
        ("who are we", ["who", "are", "we"]),
        ("film films Filming", ["film"]),
        ("'; DROP TABLE notes; --", ["drop", "tabl", "note"]),
        ("🙂 film 🙂", ["film"]),
    ],
)
def test_a_question_is_read_for_its_words_whatever_stands_between(question, words):
    assert wanted(question) == words


def test_a_long_question_is_cut_to_its_first_words():
    question = " ".join(f"word{number}" for number in range(5_000))

    assert wanted(question) == [f"word{number}" for number in range(MOST_WANTED)]


def test_a_text_gives_each_word_once_and_no_more_than_a_save_can_wait_for():
    assert stems("Film, films; filming") == ["film"]
    assert len(stems(" ".join(f"word{number}" for number in range(2 * MOST_WORDS)))) == MOST_WORDS
    assert len(stems("x" * 1_000_000)[0]) == 40


def test_passages_stand_where_the_words_stand():
    text = "Cafés: we film in cafes, or a filmography."

    assert [text[start:end] for start, end in passages(text, ["cafe"])] == ["Cafés", "cafes"]
    assert [text[start:end] for start, end in passages(text, ["film*"])] == ["film", "filmography"]
    assert list(passages(text, [])) == []
