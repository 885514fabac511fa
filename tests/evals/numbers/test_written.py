"""One number as people write it: fractions, powers, scale words, and what they come to."""

from __future__ import annotations

from decimal import Decimal, DivisionByZero
from typing import TYPE_CHECKING

import pytest

from audit.evals.numbers.plain_text import UNREADABLE
from audit.evals.numbers.written import NUMBER, magnitude

if TYPE_CHECKING:
    from audit.evals.numbers.grouped_digits import Language


def value(text: str, language: Language = "en", *, money: bool = False) -> Decimal | None:
    match = NUMBER.match(text)
    assert match is not None, text
    return magnitude(match, language, money=money)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("18", "18"),
        (".5", "0.5"),
        ("1,234.5", "1234.5"),
        ("3/4", "0.75"),
        ("2 1/2", "2.5"),
        ("6/$3", "2"),
        ("2^10", "1024"),
        ("2**3", "8"),
        ("2^-1", "0.5"),
        ("1.5e3", "1500"),
        ("1e-2", "0.01"),
        ("3×10^4", "30000"),
        ("3 x 10^(4)", "30000"),
        ("5 million", "5000000"),
        ("5 hundred thousand", "500000"),
        ("2 billion", "2000000000"),
        ("7 m", "7"),
    ],
)
def test_english(text: str, number: str) -> None:
    assert value(text) == Decimal(number)


def test_a_billion_is_a_million_millions_in_german_and_french() -> None:
    assert value("2 Billionen", "de") == value("2 billions", "fr") == Decimal("2e12")
    assert value("3 Mrd.", "de") == value("3 milliards", "fr") == Decimal("3e9")


def test_a_letter_is_a_scale_of_money_and_may_be_a_unit_of_anything_else() -> None:
    assert value("5k", money=True) == 5000
    assert value("5m", money=True) == 5_000_000
    assert value("5k") is None


@pytest.mark.parametrize("text", [UNREADABLE, "2 7/2", "1,23"])
def test_what_has_no_single_value_has_none(text: str) -> None:
    assert value(text) is None


def test_division_by_zero_is_an_arithmetic_error() -> None:
    with pytest.raises(DivisionByZero):
        value("1/0")
