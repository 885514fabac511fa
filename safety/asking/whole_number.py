r"""The whole number that a written answer gives, to a question whose answer is one.

In this order: what is boxed; what is announced last in words (``the answer is 42``, ``#### 42``); what the last
equation comes to (``= 42``); the one number of the text, or of its first line. A number that an operation follows
(``= 6 × 7``) is not announced. Several numbers, none of which is announced, are no answer. Commas and thin spaces
between groups of three digits belong to a number; ``42.0`` is 42, and ``42.5`` is no whole number.
"""

from __future__ import annotations

import re
import unicodedata

_LONGEST = 2000
"""Characters that are read, from the end."""
_THIN = re.compile(r"(?<=\d)[\u202f\u00a0](?=\d{3}(?!\d))")
_NUMBER = r"[-−–]?\d{1,3}(?:[,']\d{3})+(?!\d)(?:\.0+(?!\d))?|[-−–]?\d{1,18}(?:\.0+(?!\d))?(?![.,]?\d)"
_NUMBERS = re.compile(rf"(?<![\w.,])(?:{_NUMBER})(?!\w)")
_BOXED = re.compile(rf"\\boxed\{{\s*\$?\s*({_NUMBER})\s*\}}")
_NO_OPERAND = r"(?!\w)(?![^\S\n]*[-+*/×÷·^−–]\s*\d)"
_ANNOUNCED = re.compile(
    rf"(?:\banswer\b(?:\s+is)?|\bresult\b(?:\s+is)?|####|答案(?:是|为|：)?)\s*[:：]?\s*[*_`$(]*({_NUMBER}){_NO_OPERAND}",
    re.IGNORECASE,
)
_EQUAL = re.compile(rf"=\s*[:：]?\s*[*_`$(]*({_NUMBER}){_NO_OPERAND}")


def read_whole_number(text: str) -> int | None:
    """The number of an answer; None where it gives none.

    Args:
        text: The answer.
    """
    plain = unicodedata.normalize("NFKC", _THIN.sub("", text[-_LONGEST:]))
    for announced in (_BOXED, _ANNOUNCED, _EQUAL):
        found = announced.findall(plain)
        if found:
            return _value(found[-1])
    for part in (plain, plain.strip().partition("\n")[0]):
        values = {_value(one) for one in _NUMBERS.findall(part)}
        if len(values) == 1:
            return values.pop()
    return None


def _value(number: str) -> int:
    """A number as it is written, as a number."""
    sign = -1 if number[0] in "-−–" else 1
    digits = re.sub(r"\D", "", number.lstrip("-−–").partition(".")[0])
    return sign * int(digits)
