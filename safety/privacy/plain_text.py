"""Text as detectors read it: Unicode's spaces, dashes, digits and full-width forms as ASCII.

Language models write U+00A0, U+202F and U+2011 inside numbers; Chinese and Japanese texts have full-width forms.
Characters are mapped one for one, so that offsets stay. Characters without width (zero-width spaces, soft hyphens,
marks of direction) between ASCII characters are left out; :class:`Reading` remembers where the others stood.
"""

from __future__ import annotations

import functools
import re
import string
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

DASHES = "\u2010\u2011\u2012\u2212\ufe58\ufe63\uff0d"
"""Hyphens, the figure dash and the minus sign. Longer dashes part clauses as well."""
LONG_DASH = re.compile(r"(?<=[0-9])[\u2013-\u2015](?=[0-9]|[A-Z](?![0-9A-Za-z]))")
"""Between digits, and before a check letter, it stands for a hyphen."""
FULL_WIDTH = "@.-_+%()"
"""Full-width punctuation that is mapped, as letters and digits are; other punctuation belongs to the sentence."""
UNSEEN = r"[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]+"
HIDDEN = re.compile(rf"(?<=[ -~]){UNSEEN}(?=[ -~])")
"""Only between ASCII: Persian, Indian scripts and emoji need joiners."""
LAST_DIGIT = 0x1FBFA
"""Code point behind Unicode's last decimal digit."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A text as it is searched."""

    text: str
    """In ASCII where it can be."""
    places: Sequence[int]
    """Offset of each of its characters in the original text."""

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Offsets in the original text of ``text[start:end]``."""
        return self.places[start], self.places[end - 1] + 1


def readings(text: str) -> Iterator[Reading]:
    """The text without characters that cannot be seen, and, where it has any, the text with them.

    Both are needed: a zero-width space hides inside a number, and it parts a number from the word before it.
    """
    plain = _plain(text)
    hidden = [match.span() for match in HIDDEN.finditer(plain)] if not plain.isascii() else []
    if hidden:
        bounds = [0, *(place for span in hidden for place in span), len(plain)]
        kept = list(zip(bounds[::2], bounds[1::2], strict=True))
        yield Reading(
            "".join(plain[start:end] for start, end in kept),
            [place for start, end in kept for place in range(start, end)],
        )
    yield Reading(plain, range(len(plain)))


def _plain(text: str) -> str:
    """The text with its spaces, dashes, digits and full-width forms as ASCII, of the same length."""
    return text if text.isascii() else LONG_DASH.sub("-", text.translate(_table()))


@functools.cache
def _table() -> dict[int, str]:
    """Code point to ASCII character."""
    table = {ord(dash): "-" for dash in DASHES}
    for code in range(0x80, LAST_DIGIT):
        category = unicodedata.category(chr(code))
        if category == "Zs":
            table[code] = " "
        elif category == "Nd":
            table[code] = str(unicodedata.decimal(chr(code)))
    for character in string.ascii_letters + string.digits + FULL_WIDTH:
        table[ord(character) + 0xFEE0] = character
    return table
