"""Numbers in the text of a word problem: where they stand, and how another one is written in their place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_UNITS = [
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
WORDS = {word: value for value, word in enumerate(_UNITS, start=2)} | {
    word: 10 * value for value, word in enumerate(_TENS, start=2)
}
"""Number words and their values; "one" is left alone: it is a pronoun more often than a number."""
_DIGITS = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_NUMBER = re.compile(
    rf"(?<![\w.,:/-])\$?(?P<digits>{_DIGITS})(?P<after>%)?(?![\w:/]|[.,]\d|-\d)|(?<![\w-])(?P<word>{'|'.join(WORDS)})\b(?!-)",
    re.IGNORECASE,
)
_OTHER = re.compile(
    rf"\d|(?<![a-z])(?:{'|'.join(WORDS)})[- ](?:one|two|three|four|five|six|seven|eight|nine|thirds?|fourths?|quarters?"
    r"|fifths?|sixths?|sevenths?|eighths?|ninths?|tenths?|halves|hundreds?|thousands?|millions?|dozens?|score)\b"
    r"|\b(?:hundreds?|thousands?|millions?|billions?|fifths?|sixths?|sevenths?|eighths?|ninths?|tenths?)\b",
    re.IGNORECASE,
)
"""Digits and number words that are not understood."""


@dataclass(frozen=True, slots=True)
class TextNumber:
    """A number in a text."""

    start: int
    """Offset of its first character."""
    end: int
    """Offset after its last character."""
    value: Fraction
    decimals: int = 0
    """Digits after the decimal point."""
    is_word: bool = False
    """Whether it is written as a word."""
    is_percent: bool = False
    """Whether a percent sign follows."""


def quantities(text: str) -> list[TextNumber] | None:
    """All numbers of a text in order; None if it holds one that is not understood: a time, a fraction, an ordinal."""
    found = []
    rest = list(text)
    for match in _NUMBER.finditer(text):
        word, digits = match["word"], match["digits"]
        start, end = match.span("word" if word else "digits")
        if word:
            made = TextNumber(start, end, Fraction(WORDS[word.lower()]), is_word=True)
        else:
            decimals = len(digits.partition(".")[2])
            made = TextNumber(start, end, Fraction(digits.replace(",", "")), decimals, is_percent=bool(match["after"]))
        if word and _OTHER.match(text, start):
            return None
        found.append(made)
        rest[start:end] = "_" * (end - start)
    return None if _OTHER.search("".join(rest)) else found


def written(quantity: TextNumber, value: Fraction, text: str) -> str | None:
    """Another value in the style of a quantity: a word, its decimals, its separators; None if it cannot be written so.

    Args:
        quantity: What it replaces.
        value: The new value.
        text: The text of the quantity.
    """
    before = text[quantity.start : quantity.end]
    if quantity.is_word:
        word = next((word for word, known in WORDS.items() if known == value), None)
        return word.capitalize() if word and before[0].isupper() else word
    grouped = "," in before or (value >= 10_000 and quantity.value < 1_000)
    return f"{float(value):{',' if grouped else ''}.{quantity.decimals}f}"


def replaced(text: str, changes: Sequence[tuple[TextNumber, str]]) -> str:
    """A text with other numbers.

    Args:
        text: The text.
        changes: Each quantity that changes, with what is written in its place.
    """
    for quantity, new in sorted(changes, key=lambda change: -change[0].start):
        text = text[: quantity.start] + new + text[quantity.end :]
    return text


def by_value(found: Sequence[TextNumber]) -> Mapping[Fraction, list[TextNumber]]:
    """Quantities by their value."""
    groups: dict[Fraction, list[TextNumber]] = {}
    for quantity in found:
        groups.setdefault(quantity.value, []).append(quantity)
    return groups
