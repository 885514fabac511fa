"""The words of a question that may be changed: no numbers, no names of options, no markup."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PROTECTED = re.compile(r"`[^`]*`|\$[^$\n]+\$|\{[^{}]*\}|<[^<>\n]*>|\[[^\[\]\n]*\]")
"""Code, formulas and placeholders: nothing in them is changed."""
AROUND = ".,;:!?\"'()“”‘’„‚«»‹›…¿¡—–-"
"""Punctuation around a word."""
WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
ENGLISH = """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred hundreds thousand thousands million
    millions billion billions trillion dozen dozens half halves third thirds quarter quarters fourth fifth fifths sixth
    seventh eighth ninth tenth tenths first second once twice thrice double doubled triple tripled quadruple couple
    pair pairs single both none
"""
FRENCH = """
    zéro un une deux trois quatre cinq sept huit neuf dix onze douze treize quatorze quinze seize vingt trente quarante
    cinquante soixante cent cents mille milliard milliards douzaine demi demie moitié tiers quart premier première fois
"""
SPANISH = """
    cero uno una dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce veinte treinta cuarenta
    cincuenta sesenta setenta ochenta noventa cien ciento mil millón millones docena mitad tercio cuarto primero
"""
NUMBERS = frozenset(f"{ENGLISH} {FRENCH} {SPANISH}".split())
"""Words that are numbers or change them."""
GERMAN = re.compile(
    r"(?:null|eins?|eine[mnrs]?|zwei|drei|vier|fünf|sechs?|sieben|sieb|acht|neun|zehn|elf|zwölf|zig|zwanzig|dreißig|ßig"
    r"|hundert|tausend|million(?:en)?|milliarden?|dutzend|halb[emnrs]*|hälfte|drittel|viertel|fünftel|mal|fach|doppelt"
    r"|erst|te|und)+"
)
"""German number words, which are written in one: ``einundzwanzig``."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word in a text."""

    start: int
    """Offset of its first character."""
    text: str
    """The word, without punctuation around it."""
    alone: tuple[bool, bool]
    """Whether white space, or an end of the text, directly precedes and follows it."""

    @property
    def end(self) -> int:
        """Offset after its last character."""
        return self.start + len(self.text)


def words(text: str) -> list[Word]:
    """The words that may be changed, in order.

    Left out: whatever holds a digit, a sign or markup (``B12``, ``$5``, ``{name}``, an address), number words, single
    letters, which may name an option, and words of capitals, which are names.
    """
    free = (word for word in _words(text) if not is_protected(text, word.start, word.end))
    return [word for word in free if not _is_fixed(word.text)]


def is_protected(text: str, start: int, end: int) -> bool:
    """Whether a part of a text overlaps code, a formula or a placeholder."""
    return any(found.start() < end and start < found.end() for found in PROTECTED.finditer(text))


def cased_words(text: str) -> list[Word]:
    """Those of :func:`words` whose letters all have capitals: of an alphabet in which words are spelt by letters."""
    return [word for word in words(text) if all(c.lower() != c.upper() for c in word.text if c.isalpha())]


def _words(text: str) -> Iterator[Word]:
    """Everything between white space that is one word with punctuation around it."""
    for token in re.finditer(r"\S+", text):
        core = token[0].strip(AROUND)
        if WORD.fullmatch(core):
            start = token.start() + token[0].index(core)
            yield Word(start, core, (start == token.start(), start + len(core) == token.end()))


def _is_fixed(word: str) -> bool:
    """Whether a word stays as it is."""
    if len(word) == 1 or word.isupper():
        return True
    parts = re.split(r"['’-]", word.lower())
    return any(part in NUMBERS or GERMAN.fullmatch(part) for part in parts)
