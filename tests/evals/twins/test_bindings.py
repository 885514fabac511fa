"""Which number of a formula is which number of the text: certain, or refused."""

from __future__ import annotations

from fractions import Fraction

import pytest

from audit.evals.twins.bindings import FormulaNumber, NoTwin, bind
from audit.evals.twins.formula import Calculation, calculation
from audit.evals.twins.quantities import quantities


def steps(*written: str) -> list[Calculation]:
    made = []
    for one in written:
        left, _, right = one.partition("=")
        made.append(calculation(left, Fraction(right)))
    return made


def bound(text: str, *written: str) -> list[Fraction]:
    """Results with every number of the text larger by one."""
    found = quantities(text) or []
    return bind(text, found, steps(*written)).results([one.value + 1 for one in found])


def test_results_follow_the_numbers_of_the_text() -> None:
    text = "She has 16 eggs, eats 3 and sells the rest for $2 each."
    assert bound(text, "16-3=13", "13*2=26") == [13, 39]  # 17 − 4, times 3
    chain = bind(text, quantities(text) or [], steps("16-3=13", "13*2=26"))
    assert chain.places == (
        (FormulaNumber(quantity=0), FormulaNumber(quantity=1)),
        (FormulaNumber(step=0), FormulaNumber(quantity=2)),
    )
    assert bound("5 pens a day, twice as many nibs, for 4 days", "5*2=10", "5+10=15", "15*4=60") == [12, 18, 90]
    assert bound("30% of 80", "30/100=.3", "80*.3=24") == [Fraction("0.31"), Fraction("25.11")]


def test_what_is_not_certain_is_refused() -> None:
    cases = [
        ("3 figs and 3 nuts", ["3+3=6"], "could be two numbers"),
        ("6 figs, 2 each of 3", ["2*3=6", "6+6=12"], "could be two numbers"),
        ("12 months of 5 each", ["5*12=60"], "could be two numbers"),
        ("5 weeks, 7 days", ["5*7=35"], "could be two numbers"),
        ("5 figs, 4 nuts", ["5+4=9", "9*3=27"], "not in the text"),
        ("5 figs, 3 nuts, half of them", ["5+3=8", "8/2=4"], "not in the text"),  # 2 is also 5 − 3
        ("5 figs, 4 nuts, 20% off", ["5*4=20"], "not in the formula"),
        ("5 figs, 4 nuts", ["5+4=9", "5*4=20"], "not used again"),
        ("5 figs on 9 days, 25% off", ["5*9=45", "45*.75=33.75"], "not in the text"),
    ]
    for text, written, words in cases:
        with pytest.raises(NoTwin, match=words):
            bound(text, *written)
