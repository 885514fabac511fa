"""Whether two names are of two people, as far as names can show."""

from __future__ import annotations

import re
import unicodedata

ALPHABETS = {"LATIN", "CYRILLIC", "GREEK", "ARMENIAN"}
"""Scripts with letters that look like those of another one of them."""
_ADDRESS = re.compile(r"[^\s<>(),;:@]+@[^\s<>(),;:@]+")


def same_person(one: str, other: str) -> bool:
    """Whether two names may be of one person: they differ in case, blanks, signs or forms of letters alone.

    Letters are compared in their compatible form (NFKC, Unicode Standard Annex 15): a full-width letter is the plain
    one. Two names with an address in common are of one person, whatever else they say.

    >>> same_person("Ada Lovelace", "ada.lovelace")
    True
    >>> same_person("Ada <ada@example.org>", "ADA@example.org")
    True
    """
    return _plain(one) == _plain(other) or not _addresses(one).isdisjoint(_addresses(other))


def mixes_alphabets(name: str) -> bool:
    """Whether a word of a name has letters of several alphabets that look alike: one may pass for another."""
    return any(len(_alphabets(word)) > 1 for word in re.split(r"[\W_]+", _compatible(name)))


def _plain(name: str) -> str:
    """Letters and digits alone, in their compatible form."""
    return "".join(character for character in _compatible(name) if character.isalnum())


def _compatible(name: str) -> str:
    """Compatible and without case; folding case can undo the compatible form, so that it is made twice."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def _addresses(name: str) -> set[str]:
    return {_plain(address) for address in _ADDRESS.findall(_compatible(name))}


def _alphabets(word: str) -> set[str]:
    """Alphabets among :data:`ALPHABETS` that the letters of a word are of."""
    names = (unicodedata.name(letter, "").partition(" ")[0] for letter in word if letter.isalpha())
    return ALPHABETS.intersection(names)
