"""The number that a text answers with, against what a person reads there."""

from __future__ import annotations

import pytest

from audit.evals.numbers import last_number, same_number, stated_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,234.5", 1234.5),
        ("$18", 18),
        ("-$5", -5),
        ("$-5", -5),
        ("minus 3", -3),
        ("Negative 4 degrees", -4),
        ("−7", -7),  # the typographic minus
        ("18.00", 18),
        ("The answer is 42.", 42),
        (".5", 0.5),
        ("9 apples", 9),
        ("7 + 2 = 9", 9),
        ("16 - 3 = 13", 13),
        ("5-3", 3),
        ("It costs 1,000,000 dollars", 1_000_000),
        ("1,23", 23),  # not a thousands separator: a list
        ("3/4 of the cake", 0.75),
        ("48/2 = 24 clips", 24),
        ("50%", 50),
        ("**12**", 12),
        ("\\boxed{7}", 7),
        ("covid-19", 19),
        ("nine", None),
        ("", None),
        ("no digits at all, minus", None),
        ("1/0", None),
        ("9" * 400, None),
    ],
)
def test_last_number(text: str, number: float | None) -> None:
    assert last_number(text) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("48/2 = 24. The answer is 72.", 72),
        ("The answer is: $1,080. Then 5 more.", 1080),
        ("the answer is -3", -3),
        ("72", None),
        ("The answer is unknown.\n5", None),
    ],
)
def test_stated_number(text: str, number: float | None) -> None:
    assert stated_number(text) == number


def test_same_number_forgives_only_the_last_digits_of_a_double() -> None:
    assert same_number(0.1 + 0.2, 0.3)
    assert not same_number(3.33, 10 / 3)
    assert not same_number(None, 0.0)
