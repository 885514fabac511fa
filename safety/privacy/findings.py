"""A piece of personal data in a text, where values end, and searching long texts piece by piece."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_UNSPACED = r"\u0e00-\u0eff\u1100-\u11ff\u2e80-\ua4cf\uac00-\ud7ff\uf900-\ufaff\uff66-\uffdc"
LETTER = rf"[^\W{_UNSPACED}]"
"""A letter, digit or underscore of a script that puts spaces between words.

Chinese, Japanese, Korean and Thai do not: there a value may touch the words around it.
"""
UNSPACED = rf"(?=\w)[{_UNSPACED}]"
"""A letter of those scripts."""
SEPARATOR = r" {1,2}|[-.]"
"""What is between the groups of a number that has check digits."""
BEFORE = re.compile(rf"(?:{LETTER}|[+/#-]|\d[.,]|\+\d{{1,4}} )\Z")
AFTER = re.compile(rf"{LETTER}|-{LETTER}|[./,:]\d")
BEFORE_CHECKED = re.compile(rf"(?:{LETTER}|[+/#-]|\d\.|\+\d{{1,4}} )\Z")
AFTER_CHECKED = re.compile(rf"{LETTER}|-{LETTER}|[./]\d")
GROUP_BEFORE = re.compile(r"\d {1,2}\Z")
GROUP_AFTER = re.compile(r" {1,2}\d")
LOOSE = re.compile(r"[ \u2013-\u2015]")
"""What may be between numbers in a row and between pages; no-break spaces and hyphens hold a number together."""
NUMBERED_THING = re.compile(
    r"(?<!to )(?<![^\W_])(?:order|invoice|ticket|tracking|serial|ref|booking|parcel|sku|part|item|model|lot|batch|id"
    r"|uid|pid|index|issue|bug|pages?|pp|bestellung|rechnung|auftrag|seiten?|commande|facture|pedido|factura|ordine|fattura"
    r"|zamówienie|заказ)[ #:=№.\"']{0,3}\Z",
    re.IGNORECASE,
)
"""What says just before a number what it counts: "call about order 415-555-2671"."""
PIECE = 4096
"""Characters of a long text that are searched at a time.

Some patterns of the libraries take time that grows with the square of the text, and libphonenumber's matcher gives
up after 65,535 numbers that are none. Model text is untrusted: in pieces neither matters.
"""
REACH = 256
"""Characters on either side of a piece that a detector sees as well: longer than any value, private keys excepted."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One piece of personal data, by place; the value itself is not kept."""

    kind: str
    """Name of the detector, e.g. ``email``."""
    start: int
    """Offset of its first character."""
    end: int
    """Offset behind its last character."""
    reserved: bool
    """Whether it belongs to nobody: set aside for documentation, tests or private networks, a public service, a
    placeholder."""
    loose: bool = False
    """Whether neither check digits nor a word say what it is: it does not count when its groups are parted as
    any numbers are (``LOOSE``)."""


def stands_alone(text: str, start: int, end: int, *, checked: bool = True) -> bool:
    """Whether ``text[start:end]`` is no part of a word, a longer number, a decimal, an order number or a path.

    Args:
        text: The text.
        start: Offset of the value's first character.
        end: Offset behind its last one.
        checked: Whether check digits or its form distinguish the value from any number: then a comma or a colon before
            further digits ends it, as in a table's row.
    """
    before, after = (BEFORE_CHECKED, AFTER_CHECKED) if checked else (BEFORE, AFTER)
    return not (before.search(text[max(0, start - 6) : start]) or after.match(text[end : end + 2]))


def is_whole(text: str, start: int, end: int) -> bool:
    """Whether it stands alone and, when it consists of groups of digits, no further group is next to it."""
    if any(separator in text[start:end] for separator in " -") and (
        GROUP_BEFORE.search(text[max(0, start - 3) : start]) or GROUP_AFTER.match(text[end : end + 3])
    ):
        return False
    return stands_alone(text, start, end)


def in_pieces(detect: Callable[[str], Iterable[Finding]], text: str) -> Iterator[Finding]:
    """What ``detect`` finds in ``text``, of which it sees at most ``PIECE + 2 * REACH`` characters at a time.

    A finding belongs to the piece that it begins in, so that none is lost or found twice.
    """
    if len(text) <= PIECE:
        yield from detect(text)
        return
    for begin in range(0, len(text), PIECE):
        first = max(0, begin - REACH)
        for finding in detect(text[first : begin + PIECE + REACH]):
            start = finding.start + first
            if begin <= start < begin + PIECE:
                yield replace(finding, start=start, end=finding.end + first)
