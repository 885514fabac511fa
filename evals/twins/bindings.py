"""Which number of a formula is which number of the text: known for certain, or the problem gets no twin."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from audit.evals.twins.formula import evaluate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from fractions import Fraction

    from audit.evals.twins.formula import Calculation
    from audit.evals.twins.quantities import TextNumber

CONSTANTS: Mapping[int, str] = {
    2: r"half|halves|twice|doubled?|doubles|pairs?|couples?",
    3: r"thirds?|tripled?|triples|thrice|yards?",
    4: r"quarters?|fourths?",
    7: r"weeks?|weekly|daily",
    12: r"dozens?|years?|months?|yearly|annual(?:ly)?|foot|feet|inch(?:es)?",
    24: r"days?|hours?|daily",
    60: r"hours?|minutes?|seconds?|hourly",
    100: r"percent|percentage|cents?|meters?|dollars?",
}
"""Numbers that a formula may have without the text, and the words that bring them in."""
_CONSTANTS = {number: re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for number, words in CONSTANTS.items()}
PERCENT = 100


class NoTwin(ValueError):  # noqa: N818 - a property of a problem, not a malfunction
    """Why a problem gets no twin; the message is a phrase that reasons are counted by."""


@dataclass(frozen=True, slots=True)
class FormulaNumber:
    """What a number in a formula is."""

    quantity: int | None = None
    """The number of the text with this position."""
    step: int | None = None
    """The result of the step with this position."""
    constant: Fraction | None = None
    """A number that does not change."""


@dataclass(frozen=True, slots=True)
class Chain:
    """A formula that can be made again with other numbers."""

    steps: tuple[Calculation, ...]
    """Its calculations; the last one gives the answer."""
    places: tuple[tuple[FormulaNumber, ...], ...]
    """What each number of each step is."""

    def results(self, values: Sequence[Fraction]) -> list[Fraction]:
        """The result of each step with other numbers in the text.

        Args:
            values: Of each quantity of the text.

        Raises:
            ZeroDivisionError: A step divides by 0.
        """
        found: list[Fraction] = []
        for step, places in zip(self.steps, self.places, strict=True):
            numbers = {at: _value(place, values, found) for at, place in enumerate(places)}
            found.append(evaluate(step.expression, numbers))
        return found


def _value(place: FormulaNumber, values: Sequence[Fraction], results: Sequence[Fraction]) -> Fraction:
    if place.quantity is not None:
        return values[place.quantity]
    if place.step is not None:
        return results[place.step]
    if place.constant is None:
        msg = "a place is a quantity, a step or a constant"
        raise ValueError(msg)
    return place.constant


def bind(text: str, quantities: Sequence[TextNumber], steps: Sequence[Calculation]) -> Chain:
    """The formula on the numbers of a text.

    Every number of the formula must be one number of the text, or one earlier result, by its value; or a constant that
    a word of the text brings in (``week``: 7) and that no calculation on two known numbers gives. Every number of the
    text must be in the formula, and every result but the last in a later step: otherwise part of the solution is not
    written down, and would not change with the numbers.

    Raises:
        NoTwin: Something is ambiguous or missing.
    """
    licensed = set(_licensed(text, quantities))
    places: list[tuple[FormulaNumber, ...]] = []
    for position, step in enumerate(steps):
        known = [*((one.value, FormulaNumber(quantity=at)) for at, one in enumerate(quantities))]
        known += [(one.value, FormulaNumber(step=at)) for at, one in enumerate(steps[:position])]
        places.append(tuple(_place(number, known, licensed) for number in step.numbers))
    used = {place for of_step in places for place in of_step}
    if any(FormulaNumber(quantity=at) not in used for at in range(len(quantities))):
        msg = "a number of the text is not in the formula"
        raise NoTwin(msg)
    if any(FormulaNumber(step=at) not in used for at in range(len(steps) - 1)):
        msg = "a result is not used again in the formula"
        raise NoTwin(msg)
    return Chain(tuple(steps), tuple(places))


def _licensed(text: str, quantities: Sequence[TextNumber]) -> Iterator[int]:
    """The constants that words of a text bring in."""
    yield from (number for number, words in _CONSTANTS.items() if words.search(text))
    if any(one.is_percent for one in quantities):
        yield PERCENT


def _place(number: Fraction, known: Sequence[tuple[Fraction, FormulaNumber]], licensed: set[int]) -> FormulaNumber:
    """What a number of a formula is.

    Raises:
        NoTwin: It could be two things, or nothing that is known.
    """
    fitting = [place for value, place in known if value == number]
    is_constant = number in licensed
    if len(fitting) + is_constant > 1:
        msg = "a number of the formula could be two numbers of the text"
        raise NoTwin(msg)
    if fitting:
        return fitting[0]
    if not is_constant or number in _reachable([value for value, _ in known]):
        msg = "a number of the formula is not in the text"
        raise NoTwin(msg)
    return FormulaNumber(constant=number)


def _reachable(values: Sequence[Fraction]) -> set[Fraction]:
    """What one calculation on two of the values gives: a step that may have been made without being written down."""
    found: set[Fraction] = set()
    for one, other in combinations(values, 2):
        found |= {one + other, one - other, other - one, one * other}
        found |= {one / other} if other else set()
        found |= {other / one} if one else set()
    return found
