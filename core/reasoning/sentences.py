"""Where sentences end, in any script and without knowing the language.

What ends a sentence, and what may follow before the next one begins, are Unicode's properties (Unicode Standard
Annex 29, section 5.1). Its rules cut at "Dr. Smith": full stops of Latin, Greek and Cyrillic text are therefore
judged by the words around them, after the Pragmatic Segmenter (https://github.com/diasks2/pragmatic_segmenter).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

NEAR = 24
"""Characters looked at on either side of a full stop; abbreviations are shorter."""
LINES = regex.compile(r"[^\n]*(?:\n\s*|\Z)")
# A run of marks is tried once, from its beginning and without going back: a prompt may hold thousands.
# The Burmese little section is a comma. Of these marks ASCII's and the ellipsis alone need a space behind them.
ENDING = r"[[\p{SB=STerm}\p{SB=ATerm}…]--[၊]]"
MARKS = regex.compile(f"(?V1){ENDING}++")
SPACED = frozenset(".!?…")
CLOSING = regex.compile(r"""(?:[\u00a0\u202f ]?»|[\p{Pe}\p{Pf}\p{Pi}"'])*+""")
CLOSING_UNSPACED = regex.compile(rf"""(?V1){ENDING}|[\p{{Pe}}\p{{Pf}}"']""")
SPACE = regex.compile(r"\s*+")
BEFORE = regex.compile(r"[\p{L}\p{M}\p{N}.°º]*\Z")
AFTER = regex.compile(r"""[\p{Ps}\p{Pi}\p{Pf}"'¿¡*_]*+(?P<word>[\p{L}\p{M}]++|\p{N}|[.…])?""")
LABEL = regex.compile(r"\p{N}{1,3}|\p{L}|[ivxIVX]{1,4}")
INITIALS = regex.compile(r"(?:\p{L}{1,2}\.)+\p{L}{1,2}|[\p{L}]|Ph\.D")


def words(text: str) -> frozenset[str]:
    """The words of a list."""
    return frozenset(text.split())


ABBREVIATIONS = words(
    "dr drs mr mrs ms messrs prof st mt ft gen col lt sgt capt cmdr maj rev fr hon gov sen rep pres supt insp jr sr esq"
    " inc ltd co corp bros llc plc dept univ assn ave blvd rd etc al eds tel ext dist"
    " mme mlle mgr sra srta dra lic dña ud uds núm sig sigg dott avv geom gent"
    " hr frl dipl ing med jur rer geb gest str usw evtl ggf inkl vgl sog"
    " проф ул акад тов пгт руб млн млрд тыс долл гг стр см кв"
    " tue tues thu thurs fri"
)
"""Before a word with a capital they seldom end a sentence; they do before one of ``STARTERS``. Words that are no
abbreviations as well ("sun", "max") were left out."""
NEVER = words("e.g i.e cf vs viz approx ca z.b d.h bzw bspw p.ej")
"""These never do."""
BEFORE_NUMBERS = words(
    "no nos nr n° nº fig figs eq eqs vol vols pp pg ch chap sec art par abb tab nº núm р"
    " jan feb mar apr jun jul aug sep sept oct nov dec"
)
"""These do not before a number."""
STARTERS = words(
    "A An And Are At But Being Did Do Does For He Her His How However I If In Is It Its More My No Now Our She So That"
    " The Their Then There These They This Those Was We Were What When Where Which Who Why Yes You"
)
"""Words that begin an English sentence much more often than a name; mostly the Pragmatic Segmenter's."""
MONTHS = words("Januar Februar März April Mai Juni Juli August September Oktober November Dezember")
"""German writes "3. Januar"."""


def sentence_ends(text: str) -> Iterator[int]:
    """Offsets behind each sentence and the white space that follows it, ascending.

    A line break ends a sentence. Closing quotes and brackets belong to what they close.

    Args:
        text: Any text.
    """
    capitals = any(character.isupper() for character in text)
    for line in LINES.finditer(text):
        for end in _ends_in(line.group(), capitals=capitals):
            yield line.start() + end
        if line.end() > line.start():
            yield line.end()


def _ends_in(line: str, *, capitals: bool) -> Iterator[int]:
    """Offsets behind the sentences that end inside a line."""
    start = end = 0
    quotes = Quotes(line)
    for found in MARKS.finditer(line):
        if found.start() < end:
            continue
        mark = found.group()
        spaced = SPACED.issuperset(mark)
        end = CLOSING.match(line, found.end()).end() if spaced else quotes.closed(found.end())
        behind = SPACE.match(line, end).end()
        if behind == len(line) or (spaced and behind == end):
            continue
        following = AFTER.match(line[behind : behind + NEAR])["word"] or ""
        if spaced:
            before = BEFORE.search(line[max(start, found.start() - NEAR) : found.start()]).group()
            first = not line[start : found.start() - len(before)][:NEAR].strip(" \t([\"'*•-")
            goes_on = _goes_on(mark, before, following, quoted=end > found.end(), first=first, capitals=capitals)
        else:
            goes_on = quotes.in_title(end) or (mark == "．" and following.isnumeric())
        if not goes_on:
            yield behind
            start = behind


class Quotes:
    """Which straight quotes and title brackets of a line are open, read from left to right.

    Behind a mark that no space needs to follow, a straight quote may open the next sentence or close this one.
    """

    def __init__(self, line: str) -> None:
        self._line = line
        self._read = 0
        self._met = dict.fromkeys("\"'《》", 0)

    def closed(self, end: int) -> int:
        """Offset behind the closing marks, and further marks, from ``end`` on."""
        while True:
            self._read_to(end)
            character = self._line[end : end + 1]
            if not CLOSING_UNSPACED.match(character) or (character in {'"', "'"} and self._met[character] % 2 == 0):
                return end
            end += 1

    def in_title(self, end: int) -> bool:
        """Whether a title is open at ``end``."""
        self._read_to(end)
        return self._met["《"] > self._met["》"]

    def _read_to(self, end: int) -> None:
        for character in self._met:
            self._met[character] += self._line.count(character, self._read, end)
        self._read = max(self._read, end)


def _goes_on(mark: str, before: str, following: str, *, quoted: bool, first: bool, capitals: bool) -> bool:  # noqa: PLR0911 - one rule a line
    """Whether the sentence goes on behind ``.``, ``!``, ``?`` or an ellipsis.

    Args:
        mark: The run of marks.
        before: Letters, digits and full stops before it.
        following: Next word, digit or mark; empty where something else follows.
        quoted: Whether closing quotes or brackets follow the mark.
        first: Whether ``before`` begins the sentence, as the number of a list does.
        capitals: Whether the text has capital letters at all.
    """
    if following in {".", "…"}:
        return True
    if following[:1].islower() and capitals and (quoted or mark[-1] in ".…"):
        return True
    if mark != "." or not before:
        return False
    if first and LABEL.fullmatch(before):
        return True
    word = before.lower()
    if word in NEVER or (before.isdecimal() and following in MONTHS):
        return True
    if word in BEFORE_NUMBERS:
        return following.isnumeric()
    return (word in ABBREVIATIONS or INITIALS.fullmatch(before) is not None) and following not in STARTERS
