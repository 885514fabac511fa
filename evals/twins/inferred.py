"""The formula of a problem with two numbers where the data set holds none: the one operation that gives the answer."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from audit.evals.twins.bindings import NoTwin
from audit.evals.twins.formula import Calculation, calculation

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from audit.evals.twins.quantities import TextNumber

FACTORS = (2, 3, 4, 5, 6, 7, 8, 10, 12, 24, 52, 60, 100, 365, 1000)
"""Numbers that a problem may have without saying them: sides of a square, days of a week, …"""
_HIDDEN = re.compile(
    r"\b(?:half|halves|twice|doubled?|doubles|triple[ds]?|thrice|thirds?|quarters?|fourths?|dozens?|pairs?|couples?"
    r"|one|another|itself|percent|average|perimeter|area|volume|square|rectangle|triangle|remainder|remains? over"
    r"|least|most|maximum|minimum|round|nearest|about|estimate|order|pattern|next|both|once|first|second|last)\b|%",
    re.IGNORECASE,
)
"""Words that may bring in a number or an operation that is not plain arithmetic on the two numbers."""


def inferred(row: dict[str, Any], text: str, found: Sequence[TextNumber]) -> list[Calculation]:
    """ASDiv, whose copy in the wheel holds no formulas: a sum, difference, product or quotient of the two numbers.

    There is one only if exactly one of the six gives the published answer and nothing else that such a problem may mean
    does: one of the numbers alone or times a common factor, twice the sum, a rounded quotient, a remainder, a count
    that is one off.

    Raises:
        NoTwin: The problem has other than two numbers, or no formula is certain.
    """
    answer = row.get("number")
    if answer is None or len(found) != 2:
        msg = "not exactly two numbers and a number as the answer"
        raise NoTwin(msg)
    if _HIDDEN.search(text):
        msg = "a word may bring in a number that is not in the text"
        raise NoTwin(msg)
    wanted = Fraction(str(answer))
    one, other = (quantity.value for quantity in found)
    fitting = [written for written, value in _operations(one, other) if value == wanted]
    if len(fitting) != 1 or wanted in set(_others(one, other)):
        msg = "not exactly one operation on the two numbers gives the answer"
        raise NoTwin(msg)
    return [calculation(fitting[0], wanted)]


def _operations(one: Fraction, other: Fraction) -> Iterator[tuple[str, Fraction]]:
    """The operations on two numbers, as written and computed."""
    first, second = (f"{float(number):.10g}" for number in (one, other))
    yield f"{first}+{second}", one + other
    yield f"{first}*{second}", one * other
    if one != other:
        yield f"{first}-{second}", one - other
        yield f"{second}-{first}", other - one
    if other:
        yield f"{first}/{second}", one / other
    if one and one != other:
        yield f"{second}/{first}", other / one


def _others(one: Fraction, other: Fraction) -> Iterator[Fraction]:
    """What such a problem may mean, too."""
    for number in (one, other):
        yield number
        yield number * number
        for factor in FACTORS:
            yield number * factor
            yield number / factor
    for value in (one + other, one - other, other - one, one * other):
        yield from (value + 1, value - 1, 2 * value, value / 2)
    yield from (2 * one + other, one + 2 * other, 2 * one - other, 2 * other - one)
    yield from (one * other + one, one * other + other, one * other - one, one * other - other)
    for top, bottom in ((one, other), (other, one)):
        if bottom:
            quotient = top / bottom
            yield Fraction(top % bottom)
            yield from (quotient + 1, quotient - 1)
            if quotient.denominator != 1:
                yield from (Fraction(top // bottom), Fraction(-(-top // bottom)))
