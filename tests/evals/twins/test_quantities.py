"""Numbers in a text: what is understood, what is not, how another one is written."""

from __future__ import annotations

from fractions import Fraction

from audit.evals.twins.quantities import by_value, quantities, replaced, written

UNDERSTOOD = [
    ("Ann has 3 figs and twelve nuts.", [3, 12]),
    ("$1,250 for 2.50 litres", [1250, Fraction("2.5")]),
    ("25% of the 80", [25, 80]),
    ("A 5-year-old ate Seven", [5, 7]),
    ("one of them has no number", []),
    ("He paid $4.", [4]),
]
NOT_UNDERSTOOD = [
    "at 3:30 in the afternoon",
    "3/4 of a cake",
    "the 2nd row",
    "twenty-five people",
    "two hundred cars",
    "three thirds of it",
    "2 thousand",
    "two-thirds of it",
    "24x36 frames",
    "on 1-2 days",
    "room A4",
    "version 1.2.3",
]


def test_numbers_are_found_with_their_values() -> None:
    for text, values in UNDERSTOOD:
        found = quantities(text)
        assert found is not None, text
        assert [one.value for one in found] == values, text
    for text in NOT_UNDERSTOOD:
        assert quantities(text) is None, text
    percent, plain = quantities("25% of 80") or []
    assert (percent.is_percent, plain.is_percent) == (True, False)


def test_another_value_keeps_the_style() -> None:
    cases = [
        ("Two figs", 7, "Seven"),
        ("two figs", 40, "forty"),
        ("two figs", 41, None),
        ("$1,250", 2500, "2,500"),
        ("12500 m", 13500, "13500"),
        ("1.50", Fraction("12.25"), "12.25"),
        ("800 m", 12000, "12,000"),
        ("3 m", 8, "8"),
    ]
    for text, value, expected in cases:
        (one,) = quantities(text) or []
        assert written(one, Fraction(value), text) == expected, text


def test_numbers_are_replaced_where_they_stand() -> None:
    text = "3 of 3, then three"
    found = quantities(text) or []
    assert replaced(text, list(zip(found, ["10", "20", "thirty"], strict=True))) == "10 of 20, then thirty"
    assert [len(some) for some in by_value(found).values()] == [3]
