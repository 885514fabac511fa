"""Separators between digits: what groups and what is the decimal point, by language."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.evals.numbers.grouped_digits import plain_digits

if TYPE_CHECKING:
    from audit.evals.numbers.grouped_digits import Language

READ: list[tuple[Language, str, str | None]] = [
    ("en", "1234", "1234"),
    ("en", "1,234", "1234"),
    ("de", "1,234", "1.234"),
    ("fr", "1,234", "1.234"),
    ("en", "1.234", "1.234"),
    ("de", "1.234", "1234"),
    ("fr", "1.234", None),
    ("zh", "1,234", "1234"),
    ("en", "1,234.5", "1234.5"),
    ("de", "1,234.5", "1234.5"),
    ("en", "1.234,5", "1234.5"),
    ("en", "1,23.5", None),
    ("en", "1,234,567", "1234567"),
    ("de", "1.234.567", "1234567"),
    ("en", "1,2,3", "3"),
    ("de", "1,2,3", None),
    ("en", "0,5", "0.5"),
    ("en", "12,5", None),
    ("en", "12,05", "12.05"),
    ("de", "12,5", "12.5"),
    ("en", "1 234", None),
    ("fr", "1 234", "1234"),
    ("en", "5 000", "5000"),
    ("en", "1\u2009234,5", "1234.5"),
    ("en", "1'234.5", "1234.5"),
    ("en", ".5", "0.5"),
]


@pytest.mark.parametrize(("language", "written", "digits"), READ)
def test_separators_are_read_by_language(language: Language, written: str, digits: str | None) -> None:
    assert plain_digits(written, language) == digits


def test_two_decimals_of_money_are_no_list() -> None:
    assert plain_digits("12,50", "en") is None
    assert plain_digits("12,50", "en", money=True) == "12.50"


def test_a_full_width_comma_parts_numbers() -> None:
    assert plain_digits("12，5", "zh") == "5"
    assert plain_digits("12，500", "zh") is None


@given(st.integers(0, 10**12), st.sampled_from(["en", "zh"]))
def test_python_s_own_grouping_is_english(number: int, language: Language) -> None:
    assert plain_digits(f"{number:,}", language) == str(number)
