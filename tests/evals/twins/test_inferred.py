"""The one operation on two numbers that gives the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.evals.twins.bindings import NoTwin
from audit.evals.twins.inferred import inferred
from audit.evals.twins.quantities import quantities

if TYPE_CHECKING:
    from fractions import Fraction


def found(text: str, number: float | None) -> tuple[Fraction, ...]:
    row: dict[str, Any] = {"number": number}
    (step,) = inferred(row, text, quantities(text) or [])
    return (step.value, *step.numbers)


def test_the_operation_that_gives_the_answer() -> None:
    assert found("12 figs and 5 nuts", 17.0) == (17, 12, 5)
    assert found("5 given, 12 before", 7.0) == (7, 12, 5)
    assert found("9 bags of 13", 117.0) == (117, 9, 13)
    assert found("459 cm in 9 parts", 51.0) == (51, 459, 9)


def test_what_is_not_certain_is_refused() -> None:
    cases = [
        ("2 figs and 2 nuts", 4.0, "not exactly one operation"),  # sum and product
        ("4 m long, 6 m wide", 20.0, "not exactly one operation"),  # twice the sum
        ("8 figs and 5 nuts", 5.0, "not exactly one operation"),  # a number of the text
        ("17 figs in 5 bags", 2.0, "not exactly one operation"),  # a remainder
        ("12 figs and 8 nuts", 20.0, None),
        ("12 figs, half of 8", 20.0, "may bring in a number"),
        ("12 figs", 12.0, "two numbers"),
        ("12 figs and 5 nuts", None, "two numbers"),
        ("3 m by 6 m", 18.0, "not exactly one operation"),  # the area, and twice the sum
    ]
    for text, number, words in cases:
        if words is None:
            assert found(text, number)[0] == number
            continue
        with pytest.raises(NoTwin, match=words):
            found(text, number)
