"""Who rates: when two spellings of a name mean one person."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


JOINERS = "\u200c\u200d"
"""Zero-width non-joiner and joiner: they decide how neighbouring letters are written, not which name it is."""


def cleaned(name: str) -> str:
    """A name as it is stored: composed characters (NFC), single spaces, none at the ends, no control characters.

    The joiners of Persian and Indian scripts stay inside a name; at its ends they are dropped.
    """
    kept = "".join(_kept(character) for character in unicodedata.normalize("NFC", name))
    return " ".join(word.strip(JOINERS) for word in kept.split() if word.strip(JOINERS))


def _kept(character: str) -> str:
    """A character of a name: a space for line breaks and tabs, nothing for other invisible characters."""
    if character in JOINERS or unicodedata.category(character)[0] != "C":
        return character
    return " " if character.isspace() else ""


def person(name: str) -> str:
    """The common form of all spellings of one person: case, spaces and compatibility forms do not count."""
    folded = unicodedata.normalize("NFKC", cleaned(name)).casefold()
    return " ".join(folded.translate(dict.fromkeys(map(ord, JOINERS))).split())


def spelling(name: str, known: Iterable[str]) -> str:
    """The spelling under which a person is stored: the first known one, else the name as given."""
    wanted = person(name)
    return next((other for other in known if person(other) == wanted), cleaned(name))
