"""The number that a text answers with."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.evals.numbers.chinese_numerals import with_digits
from audit.evals.numbers.plain_text import UNREADABLE, boxed, plain_text
from audit.evals.numbers.written import GAP, MONEY, NUMBER, magnitude

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audit.evals.numbers.grouped_digits import Language

_LATIN = "A-Za-zÀ-ɏ"
_MONEY_BEFORE = re.compile(rf"{MONEY}{GAP}?[-−+]?{GAP}?\Z")
_MONEY_AFTER = re.compile(rf"{GAP}?[kmb]?{GAP}?(?:{MONEY}|(?:euro|dollar|franc|franken)s?\b)", re.IGNORECASE)
_SIGN = re.compile(rf"(?P<sign>[-−+])(?P<space>{GAP}*)(?:{MONEY}{GAP}?)?[(]?\Z")
_SIGN_WORD = re.compile(rf"\b(?:minus|negative?|moins|négati(?:f|ve)){GAP}*(?:{MONEY}{GAP}?)?\Z", re.IGNORECASE)
_NO_SIGN_AFTER = re.compile(rf"[{_LATIN}0-9_).\]%°-]\Z")
_OPERAND_AFTER = re.compile(rf"[=≈<>≤≥(:\[×÷/]{GAP}*\Z")
_OPERATORS = "plus|minus|times|divided by|over|mal|geteilt durch|moins|fois|divisé par|or|oder|ou|to|bis|à"
_JOINED = re.compile(
    rf"[)\]%°]*(?:{GAP}*[-−+*×x÷/~±]{GAP}*|:(?!{GAP})|['\"h]|\.\(|{GAP}+(?:{_OPERATORS}){GAP}+"
    rf"|{GAP}*(?:[€$£]|euros?|dollars?){GAP}*(?=[0-9]{{2}}\Z)|{GAP}*(?:[加减乘除到至或点年月]|[乘除]以){GAP}*|(?<![)\]]){GAP}+)"
    rf"{GAP}*[-−+]?{GAP}*(?:{MONEY}{GAP}?)?[(\[]*[-−+]?",
    re.IGNORECASE,
)
_OPERATED = re.compile(rf"[\w)%°](?:{GAP}+\+{GAP}+|\+{GAP}*|{GAP}*[×÷]{GAP}*|(?<=[A-Za-z)])/)(?:{MONEY}{GAP}?)?[(]*\Z")
_COMPOUND = re.compile(
    rf"{GAP}*(?:hours?|hrs?|h|minutes?|min|years?|weeks?|days?|feet|foot|ft|pounds?|lbs?|dollars?|euros?|francs?"
    rf"|Stunden?|Std\.?|Minuten?|Jahre?|Wochen?|Tage?|Franken|heures?|ans?|semaines?|jours?|小时|分钟?|元|块|角|米|天|周|年)"
    rf"{GAP}*(?:,|and|und|et)?{GAP}*[0-9.,]+{GAP}*(?:minutes?|min|seconds?|sec|months?|weeks?|days?|hours?|inch(?:es)?|ounces?"
    rf"|oz|cents?|pence|Minuten?|Sekunden?|Monate?|Wochen?|Tage?|Stunden?|Rappen|mois|semaines?|jours?|heures?|secondes?"
    rf"|centimes?|小时|分钟?|秒|角|厘米|天|个?月)(?![{_LATIN}])",
    re.IGNORECASE,
)
_ATTACHED = re.compile(r"(?:[A-Za-z^_](?<![0-9]h))\Z")
_CURRENCY_CODE = re.compile(r"(?<![A-Za-z])(?:CHF|EUR|USD|GBP|JPY|CNY|RMB|INR|Rs|Fr|kr)\Z")
_ORDINAL = re.compile(r"(?:st|nd|rd|th)(?!\w)")
_ORDINAL_FR = re.compile(r"(?:er|re|ère|e|ème|nde?)(?!\w)")
_NO_PLAIN_NUMBER = re.compile(rf"{GAP}?[×*]?{GAP}?[π√∛^{UNREADABLE}]|[xyzXYZ](?![A-Za-z])")
_OF_NO_PLAIN_NUMBER = re.compile(rf"(?:[π{UNREADABLE}]{GAP}*[/÷×*]?{GAP}*|±)\Z")
_PARTS = {
    "a half": "1/2", "one half": "1/2", "a third": "1/3", "a quarter": "1/4", "three quarters": "3/4",
    "ein halb": "1/2", "einhalb": "1/2", "eine halbe": "1/2", "ein halbes": "1/2", "ein viertel": "1/4",
    "demi": "1/2", "demie": "1/2", "un quart": "1/4",
}  # fmt: skip
_AND_PART = re.compile(
    rf"(?<=[0-9])(?:(?:{GAP}[{_LATIN}]+)?{GAP}(?:and|und|et){GAP}(?P<part>{'|'.join(_PARTS)})\b"
    rf"|{GAP}(?:and|und|et){GAP}(?=[0-9]+/[0-9])|(?P<attached>einhalb)\b)",
    re.IGNORECASE,
)
_LONE_DASH = re.compile(rf"\s*-{GAP}+[0-9.,]+\s*\Z")
_STATED = re.compile(r"the answer is:?\s*(?P<answer>[^\n]*)", re.IGNORECASE)


@dataclass(frozen=True)
class _Found:
    """A number in a text."""

    value: float | None
    """None if it cannot be read."""
    joined: bool
    """Whether it and what is before it are an expression, a range, a date or one quantity in two units."""
    ordinal: bool = False
    """Whether it only orders (``3rd``)."""


def last_number(text: str, language: Language = "en") -> float | None:
    r"""The last number in a text, where worked answers end; in the last ``\boxed{…}`` if there is one.

    Reads digits of any script with thousands separators, signs, currencies, fractions, mixed numbers, powers of
    ten and scale words, in LaTeX, Unicode and Markdown; in Chinese texts numerals as well. Units and percent signs
    are ignored. ``docs/reference/numbers.md`` lists what is read and what is not.

    Args:
        text: The answer.
        language: Decides what ``1.234``, ``1,234`` and ``billion`` are.

    Returns:
        The number; None when there is none, or when the last one is ambiguous or cannot be read: an
        expression that was left standing, a range, a root, ``1,23`` in English.
    """
    box = boxed(text)
    found = _numbers(text if box is None else box, language)
    if not found or found[-1].joined:
        return None
    return found[-1].value


def stated_number(text: str, language: Language = "en") -> float | None:
    """The first number after ``The answer is``, the form set by the examples of chain-of-thought prompts.

    Returns:
        The number, or None when the form was not kept or the number cannot be read.
    """
    stated = _STATED.search(text)
    if not stated:
        return None
    box = boxed(stated["answer"])
    found = _numbers(stated["answer"] if box is None else box, language)
    if not found or any(number.joined for number in found[:2]):
        return None
    return found[0].value


def same_number(answer: float | None, reference: float) -> bool:
    """Whether two numbers are equal up to rounding in the last digits of a double."""
    return answer is not None and math.isclose(answer, reference, rel_tol=1e-6, abs_tol=1e-9)


def _numbers(text: str, language: Language) -> list[_Found]:
    """Every number of a text in order; no digits within words (``H2O``), ordinals only if there is no other number."""
    text = _AND_PART.sub(_part, plain_text(text))
    if language == "zh":
        text = with_digits(text)
    if _LONE_DASH.fullmatch(text):
        return [_Found(None, joined=False)]
    found = list(_found(text, language))
    return [number for number in found if not number.ordinal] or found


def _part(match: re.Match[str]) -> str:
    """``and a half`` as the fraction of a mixed number."""
    return " " + _PARTS.get((match["part"] or match["attached"] or "").lower(), "")


def _found(text: str, language: Language) -> Iterator[_Found]:
    """The numbers of a plain text."""
    end = None
    for match in NUMBER.finditer(text):
        before, after = text[max(0, match.start() - 60) : match.start()], text[match.end() : match.end() + 60]
        if _ATTACHED.search(before) and not _CURRENCY_CODE.search(before):
            end = None
            continue
        joined = _OPERATED.search(before) is not None
        if end is not None:
            joined = joined or bool(_JOINED.fullmatch(text, end, match.start()) or _COMPOUND.match(text, end))
        end = match.end()
        ordinal = match["written"] == match[0] and _is_ordinal(before, after, language)
        yield _Found(_value(match, before, after, language), joined, ordinal)


def _is_ordinal(before: str, after: str, language: Language) -> bool:
    """Whether digits order (``the 3rd day``, 第3天) and are no result (``7 - 1 = 6th``)."""
    ending = _ORDINAL.match(after) or (language == "fr" and _ORDINAL_FR.match(after))
    return before.endswith("第") or (bool(ending) and not before.rstrip().endswith("="))


def _value(match: re.Match[str], before: str, after: str, language: Language) -> float | None:
    """The signed value of a match; None if it cannot be read or no double can hold it."""
    if _NO_PLAIN_NUMBER.match(after) or _OF_NO_PLAIN_NUMBER.search(before):
        return None
    money = bool(_MONEY_BEFORE.search(before) or _MONEY_AFTER.match(after))
    try:
        number = magnitude(match, language, money=money)
    except ArithmeticError:
        return None
    if number is None or not math.isfinite(float(number)):
        return None
    return -float(number) if _is_negative(before) else float(number)


def _is_negative(before: str) -> bool:
    """Whether a minus sign precedes a number; a hyphen, a bullet or a subtraction is not one."""
    if _SIGN_WORD.search(before):
        return True
    sign = _SIGN.search(before)
    if not sign or sign["sign"] == "+":
        return False
    lead = before[: sign.start()]
    if sign["space"]:
        return bool(_OPERAND_AFTER.search(lead)) or (sign["sign"] == "−" and not lead.strip())
    return not _NO_SIGN_AFTER.search(lead)
