"""Which words of a question may be changed."""

from __future__ import annotations

import pytest

from audit.evals.robustness.changeable import cased_words, is_protected, words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Where is the cat?", ["Where", "is", "the", "cat"]),
        ("“Don't” (says Jean-Luc), now!", ["Don't", "says", "Jean-Luc", "now"]),
        ("A car costs $5000, 3rd gear, B12 or x_1", ["car", "costs", "gear", "or"]),  # digits and signs
        ("Ann has twenty-one pears, half of Bo's twelve", ["Ann", "has", "pears", "of", "Bo's"]),
        ("Sie hat einundzwanzig Birnen und Äpfel", ["Sie", "hat", "Birnen", "Äpfel"]),
        ("Is option A or B from NATO?", ["Is", "option", "or", "from"]),  # names of options, and names
        ("Fill {blank here} in <b> or [MASK now] with `the code` and $a + b$", ["Fill", "in", "or", "with", "and"]),
        ("see http://a.org or e.g. mail bo@a.org", ["see", "or", "mail"]),
        ("猫 在 哪里", ["在", "哪里"][1:]),
        ("", []),
    ],
)
def test_numbers_names_of_options_and_markup_are_left_out(text: str, found: list[str]) -> None:
    assert [word.text for word in words(text)] == found
    assert all(text[word.start : word.end] == word.text for word in words(text))


def test_a_word_knows_what_is_next_to_it() -> None:
    assert [word.alone for word in words("so, (that) is it")] == [
        (True, False),
        (False, False),
        (True, True),
        (True, True),
    ]


def test_words_of_letters_have_capitals() -> None:
    assert [word.text for word in cased_words("Γάτα кошка chat 哪里 कहाँ")] == ["Γάτα", "кошка", "chat"]


@pytest.mark.parametrize(("start", "end", "inside"), [(0, 2, False), (2, 4, True), (1, 3, True), (4, 6, False)])
def test_protected_parts(start: int, end: int, inside: bool) -> None:
    assert is_protected("ab{}cd", start, end) is inside
