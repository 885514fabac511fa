"""The number that a text answers with."""

from __future__ import annotations

import math
import re

_DIGITS = r"(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)(?:\.[0-9]+)?|\.[0-9]+"
_NUMBER = re.compile(
    # A sign counts only where it cannot be a subtraction or a hyphen: "5-3" and "word-3" hold no -3.
    rf"(?P<sign>(?<![\w.)])[-−]|(?:\b(?:minus|negative)\s+))?[$€£¥]?(?P<inner>(?<=[$€£¥])[-−])?(?P<digits>{_DIGITS})"
    rf"(?:\s?/\s?(?P<divisor>[0-9]+)(?![0-9,.]*[0-9]))?",
    re.IGNORECASE,
)
_STATED = re.compile(r"the answer is:?\s*(?P<answer>[^\n]*)", re.IGNORECASE)


def last_number(text: str) -> float | None:
    """The last number in a text, where worked answers end.

    Understands thousands separators (``1,234.5``), currency signs (``$18``), signs and their words
    (``-3``, ``minus 3``), and fractions (``3/4``). Numbers in words are not understood.

    Returns:
        The number, or None when there is none.
    """
    found = list(_NUMBER.finditer(text))
    return _value(found[-1]) if found else None


def stated_number(text: str) -> float | None:
    """The first number behind ``The answer is``, the form that the examples of chain-of-thought prompts set.

    Returns:
        The number, or None when the form was not kept.
    """
    stated = _STATED.search(text)
    number = _NUMBER.search(stated["answer"]) if stated else None
    return _value(number) if number else None


def same_number(answer: float | None, reference: float) -> bool:
    """Whether two numbers are equal but for rounding in the last digits of a double."""
    return answer is not None and math.isclose(answer, reference, rel_tol=1e-6, abs_tol=1e-9)


def _value(match: re.Match[str]) -> float | None:
    """The number of a match; None for division by zero and what no double holds."""
    number = float(match["digits"].replace(",", ""))
    if match["divisor"]:
        divisor = float(match["divisor"])
        if divisor == 0:
            return None
        number /= divisor
    if not math.isfinite(number):
        return None
    return -number if match["sign"] or match["inner"] else number
