"""Chinese numerals as digits, against what a reader of Chinese reads."""

from __future__ import annotations

import pytest

from audit.evals.numbers.chinese_numerals import with_digits
from audit.evals.numbers.plain_text import UNREADABLE


@pytest.mark.parametrize(
    ("written", "digits"),
    [
        ("一百二十", "120"),
        ("一百零五", "105"),
        ("一百五", "150"),
        ("两千五", "2500"),
        ("三万五", "35000"),
        ("十二", "12"),
        ("二十", "20"),
        ("二零二四", "2024"),
        ("三点五", "3.5"),
        ("一亿二千万", "120000000"),
        ("3万", "30000"),
        ("貳佰", "200"),
        ("十二点五", "12.5"),
    ],
)
def test_a_numeral_counts(written: str, digits: str) -> None:
    assert with_digits(f"答案是{written}。") == f"答案是{digits}。"


@pytest.mark.parametrize(
    ("written", "digits"),
    [
        ("百分之五十", "50%"),
        ("百分之百", "100%"),
        ("千分之三", "3‰"),
        ("百分之负五", "-5%"),
        ("三分之一", "1/3"),
        ("二又三分之一", "2 1/3"),
        ("5个半", "5.5"),
        ("负十二", "-12"),
        ("零下5", "-5"),
    ],
)
def test_shares_fractions_halves_and_signs(written: str, digits: str) -> None:
    assert with_digits(written) == digits


@pytest.mark.parametrize("estimate", ["十几", "三四个", "七八十个", "三成", "二十多", "十点"])
def test_estimates_are_not_read(estimate: str) -> None:
    assert UNREADABLE in with_digits(estimate)


@pytest.mark.parametrize("text", ["三角形", "第三天", "星期五", "一个苹果", "十分", "他们一起走"])
def test_what_counts_nothing_stays(text: str) -> None:
    assert with_digits(text) == text


def test_a_single_numeral_counts_before_a_measure_word_only_without_digits() -> None:
    assert with_digits("还剩三个") == "还剩3个"
    assert with_digits("三个苹果") == "3个苹果"
    assert with_digits("三个苹果, 5元") == "三个苹果, 5元"
