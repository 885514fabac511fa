from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.explain.segments import LEVELS, cuts


def pieces(text: str, level: str) -> list[str]:
    starts = cuts(text, level)
    return [text[a:b] for a, b in zip(starts, [*starts[1:], len(text)], strict=True)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, world! don't", ["Hello, ", "world! ", "don't"]),
        ("well-being 3.14 a@b.org 10:30", ["well-being ", "3.14 ", "a@b.org ", "10:30"]),
        ('(x) "Quote" foo(bar)[1]', ["(x) ", '"Quote" ', "foo", "(bar)", "[1]"]),
        ("我喜欢猫。你呢？ABC猫x", ["我", "喜", "欢", "猫。", "你", "呢？", "ABC", "猫", "x"]),
        ("タワーです", ["タ", "ワー", "で", "す"]),
        ("हिन्दी में लिखो", ["हिन्दी ", "में ", "लिखो"]),
        ("วันดี", ["วั", "น", "ดี"]),
        ("great😀! 👩‍💻 👍🏻", ["great", "😀! ", "👩‍💻 ", "👍🏻"]),
        ("cafe\u0301 x", ["cafe\u0301 ", "x"]),
        ("a\n\nb\tc", ["a\n\n", "b\t", "c"]),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert pieces(text, "words") == expected


def test_sentences_end_at_full_stops_and_line_breaks_of_any_script() -> None:
    text = "One. Two?\nThree\n\n四。五！「六。」Seven 3.5 e.g. this"
    assert pieces(text, "sentences") == [
        "One. ",
        "Two?\n",
        "Three\n\n",
        "四。",
        "五！",
        "「六。」",
        "Seven 3.5 e.g. ",
        "this",
    ]


def test_clauses_also_end_at_commas() -> None:
    assert pieces("If so, then: 1,000; 甲，乙。", "clauses") == ["If so, ", "then: ", "1,000; ", "甲，", "乙。"]


@given(st.text(), st.sampled_from(LEVELS))
def test_pieces_tile_any_text(text: str, level: str) -> None:
    starts = cuts(text, level)
    assert starts[0] == 0
    assert starts == sorted(set(starts))
    assert "".join(pieces(text, level)) == text
    assert not any(text[start].isspace() for start in starts[1:])
