"""One number as people write it: digits with a fraction, a power, a scale word, and their value."""

from __future__ import annotations

import re
from decimal import Decimal

from audit.evals.numbers.grouped_digits import Language, plain_digits
from audit.evals.numbers.plain_text import THIN, UNREADABLE

GAP = f"[ {THIN}]"
"""A space within a line."""
MONEY = r"(?:[A-Za-z]{0,3}[$€£¥₹₩₽฿₫₪₺₴]|\b(?:CHF|EUR|USD|GBP|JPY|CNY|RMB|INR|Rs\.?|Fr\.?|kr\.?))"
"""A currency's sign or code."""

_WRITTEN = rf"(?:[0-9]+(?:[.,，'_{THIN}][0-9]+)*|(?<![\w.])\.[0-9]+)"
_SPACED = r"[1-9][0-9]{0,2}(?: [0-9]{3})+(?![0-9])(?:[.,][0-9]+)?"
_POWER = rf"{GAP}?(?:\^|\*\*){GAP}?\(?(?P<%s>[-−+]?[0-9]{{1,4}})\)?(?![0-9.,]*[0-9])"
_SCALES = {
    "hundred": 2, "hundert": 2, "thousand": 3, "tausend": 3, "tsd": 3, "mille": 3, "million": 6, "mio": 6, "mn": 6,
    "billion": 9, "bn": 9, "milliard": 9, "mrd": 9, "mds": 9, "trillion": 12, "k": 3, "m": 6, "b": 9,
}  # fmt: skip
_LONG_SCALE = {"billion": 12, "trillion": 18}
"""Powers of ten in German and French, where a billion is a million millions."""
_SCALE = (
    rf"[{THIN} -]?(?:(?:hundred|hundert|thousand|tausend|mille)|(?:million|milliard|billion|trillion)(?:en|e|s)?"
    r"|(?:tsd|mio|mrd|mds|mn|bn)\.?)(?![A-Za-zÀ-ÿ0-9])"
)
NUMBER = re.compile(
    rf"(?P<unreadable>{UNREADABLE})"
    rf"|(?P<whole>[0-9]+){GAP}{{1,2}}(?P<above>[0-9]+)/(?P<below>[0-9]+)(?![0-9]|[.,/][0-9])"
    rf"|(?P<written>{_SPACED}|{_WRITTEN})"
    rf"(?:[eE](?P<e>[-−+]?[0-9]{{1,3}})(?![0-9A-Za-z])"
    rf"|{GAP}?[×x*]{GAP}?10{_POWER % 'ten'}"
    rf"|{_POWER % 'power'}"
    rf"|{GAP}?/{GAP}?{MONEY}?(?P<divisor>{_WRITTEN})"
    rf"|(?P<scale>(?:{_SCALE}){{1,2}})"
    rf"|(?P<letter>{GAP}?[kmb])(?={GAP}?{MONEY}|[^A-Za-zÀ-ÿ0-9^]|\Z)"
    rf")?",
    re.IGNORECASE,
)
"""A number without its sign, in the spelling of :func:`~audit.evals.numbers.plain_text.plain_text`."""


def magnitude(match: re.Match[str], language: Language, *, money: bool) -> Decimal | None:
    """The value of a match of :data:`NUMBER`.

    Args:
        match: The match.
        language: Decides what separators and scale words mean.
        money: Whether a currency is next to it: ``5m`` is then five millions.

    Returns:
        The value; None where the number is ambiguous.

    Raises:
        ArithmeticError: It is divided by zero or too large.
    """
    if match["unreadable"]:
        return None
    if match["whole"]:
        share = Decimal(match["above"]) / Decimal(match["below"])
        return Decimal(match["whole"]) + share if share < 1 else None
    number = _decimal(match["written"], language, money=money)
    if number is None:
        return None
    if match["divisor"]:
        divisor = _decimal(match["divisor"], language, money=money)
        return None if divisor is None else number / divisor
    if match["power"]:
        return number ** int(match["power"].replace("−", "-"))
    power = _power_of_ten(match, language, money=money)
    return None if power is None else number.scaleb(power)


def _decimal(written: str, language: Language, *, money: bool) -> Decimal | None:
    """Digits with separators as a number."""
    digits = plain_digits(written, language, money=money)
    return None if digits is None else Decimal(digits)


def _power_of_ten(match: re.Match[str], language: Language, *, money: bool) -> int | None:
    """The power of ten that multiplies a number; None if a letter could be thousands or a unit."""
    written = match["e"] or match["ten"]
    if written:
        return int(written.replace("−", "-"))
    if match["scale"]:
        scales = _SCALES | _LONG_SCALE if language in ("de", "fr") else _SCALES
        return sum(scales[word] for word in re.findall("|".join(_SCALES), match["scale"].lower()))
    letter = match["letter"]
    if letter is None:
        return 0
    if money:
        return _SCALES[letter.strip(f" {THIN}").lower()]
    return None if letter in ("k", "K", "M", "B") else 0  # "5 m" and "5 K" are units
