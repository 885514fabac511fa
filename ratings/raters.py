"""Who rates: when two spellings of a name are one person."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def cleaned(name: str) -> str:
    """A name as it is stored: composed characters (NFC), single spaces, none at the ends, nothing invisible."""
    visible = "".join(
        character if unicodedata.category(character)[0] != "C" else " "
        for character in unicodedata.normalize("NFC", name)
    )
    return " ".join(visible.split())


def person(name: str) -> str:
    """What all spellings of one person have in common: case, spaces and compatibility forms do not count."""
    return " ".join(unicodedata.normalize("NFKC", cleaned(name)).casefold().split())


def spelling(name: str, known: Iterable[str]) -> str:
    """The spelling under which a person is stored: the first of the known ones, else the name as given."""
    wanted = person(name)
    return next((other for other in known if person(other) == wanted), cleaned(name))
