"""Digits with separators: which ones group, and which one is the decimal point."""

from __future__ import annotations

import re
from typing import Literal

from audit.evals.numbers.plain_text import THIN

Language = Literal["en", "de", "fr", "zh"]
"""Language whose conventions decide what ``1.234`` and ``1,234`` mean; Chinese groups as English does."""

_SPACES = f"['_ {THIN}]"
_SPACED = re.compile(rf"(?P<whole>[1-9][0-9]{{0,2}}(?:{_SPACES}[0-9]{{3}})+)(?:[.,](?P<decimals>[0-9]+))?")
_THREES = {mark: re.compile(rf"[1-9][0-9]{{0,2}}(?:\{mark}[0-9]{{3}})+") for mark in ".,"}


def plain_digits(written: str, language: Language, *, money: bool = False) -> str | None:
    """Digits with separators as digits with at most one decimal point.

    Args:
        written: Digits that ``.``, ``,``, ``'``, ``_`` or spaces part.
        language: Decides where ``.`` or ``,`` could group or be the decimal point.
        money: Whether a currency is next to it: ``12,50`` is then no list.

    Returns:
        The digits, or None where the separators fit no number or more than one.
    """
    if "，" in written:
        parts = written.split("，")
        return None if any(len(part) == 3 for part in parts[1:]) else plain_digits(parts[-1], language, money=money)
    if re.search(_SPACES, written):
        return _spaces(written, language)
    marks = [mark for mark in written if mark in ".,"]
    if len(set(marks)) == 2:
        return _both_marks(written, marks)
    if len(marks) == 1:
        return _one_mark(written, marks[0], language, money=money)
    return _several_marks(written, marks[0], language) if marks else written


def _spaces(written: str, language: Language) -> str | None:
    """``1 234,5``: a mark after grouping spaces is the decimal point.

    In English and Chinese a common space may part two numbers, but none begins with 0: ``5 000`` is one.
    """
    match = _SPACED.fullmatch(written)
    if not match:
        return None
    if " " in written and language in ("en", "zh") and not re.search(" 0", written):
        return None
    return re.sub(_SPACES, "", match["whole"]) + (f".{match['decimals']}" if match["decimals"] else "")


def _both_marks(written: str, marks: list[str]) -> str | None:
    """``1,234.5`` and ``1.234,5``: the last mark is the decimal point, whatever the language."""
    grouping, point = marks[0], marks[-1]
    whole, _, decimals = written.rpartition(point)
    if point in whole or not _THREES[grouping].fullmatch(whole):
        return None
    return f"{whole.replace(grouping, '')}.{decimals}"


def _several_marks(written: str, mark: str, language: Language) -> str | None:
    """``1,234,567`` in any language; ``1,2,3`` is a list if commas are not decimal points: its last entry counts."""
    if _THREES[mark].fullmatch(written):
        return written.replace(mark, "")
    parts = written.split(mark)
    is_list = mark == "," and language in ("en", "zh") and all(len(part) < 3 for part in parts)
    return parts[-1] if is_list else None


def _one_mark(written: str, mark: str, language: Language, *, money: bool) -> str | None:
    """``1.5``, ``1,5``, ``1.234``, ``1,234``: here the language decides."""
    whole, _, decimals = written.partition(mark)
    could_group = _THREES[mark].fullmatch(written) is not None
    decimal = f"{whole or '0'}.{decimals}"
    if mark == "." and could_group and language in ("de", "fr"):
        return whole + decimals if language == "de" else None  # French groups with spaces: the dot may be either
    if mark == "." or language in ("de", "fr"):
        return decimal
    if could_group:
        return whole + decimals
    # A comma that does not group in English: the decimal point of another language, or a list such as "3,4".
    surely_decimal = whole == "0" or decimals.startswith("0") or (money and len(decimals) == 2)
    return decimal if surely_decimal else None
