"""Calculations: plain arithmetic that gives its published result, made again with other numbers."""

from __future__ import annotations

from fractions import Fraction

import pytest

from audit.evals.twins.formula import FormulaFault, calculation, evaluate


def test_it_is_computed_exactly_and_again_with_other_numbers() -> None:
    step = calculation("(16-3-4)*2.5", Fraction("22.5"))
    assert step.numbers == (16, 3, 4, Fraction("2.5"))
    assert evaluate(step.expression, {0: Fraction(10), 1: Fraction(1), 2: Fraction(2), 3: Fraction(3)}) == 21
    assert calculation("0.1+0.2", Fraction("0.3")).value == Fraction(3, 10)
    assert calculation("1,000/$8", Fraction(125)).numbers == (1000, 8)
    with pytest.raises(ZeroDivisionError):
        evaluate(calculation("1/2", Fraction(1, 2)).expression, {0: Fraction(1), 1: Fraction(0)})


def test_anything_else_is_refused() -> None:
    for text in ("10/3", "2**3", "x+1", "abs(3)", "", "-5", "1/0", "exit()", "1 if 1 else 2", "5 5", "1+" * 500):
        with pytest.raises(FormulaFault):
            calculation(text, Fraction(8))
