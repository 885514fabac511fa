"""Where a text can be cut: into words, clauses or sentences, in any script.

A cut is the offset of the first character of a segment. Segments tile the text: each reaches to the next
cut. Words follow white space and punctuation. Chinese, Japanese and Thai, which write none between words, are
cut by BudouX's models (https://github.com/google/budoux); Lao, Khmer and Burmese, for which it has none,
character by character. Combining marks stay with their character.
"""

from __future__ import annotations

import json
import re
import unicodedata
from enum import Enum
from functools import lru_cache
from importlib import resources
from itertools import accumulate
from typing import TYPE_CHECKING

import budoux

from audit.core.reasoning.sentences import sentence_ends

if TYPE_CHECKING:
    from collections.abc import Iterator

LEVELS = ("words", "clauses", "sentences")
"""Of unit ``auto``, from fine to coarse."""

UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao; Burmese; Khmer
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"  # iteration marks, Hiragana, Katakana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f"  # Han, half-width Katakana
    "\U00020000-\U0003ffff]"  # Han extensions
)
KANA = re.compile("[\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f]")
HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
THAI = re.compile("[\u0e01-\u0e4e]")
JOINERS = frozenset("'’-._@,:/")
"""Punctuation that does not end a word when a word character follows: don't, 3.14, name@host, 10:30."""
PROLONGING = frozenset("ーｰ々ゝゞヽヾ")
"""Letters of Japanese that repeat or lengthen the one before."""

CLAUSES = re.compile(
    "[,;:،؛፣፤፥፦՝᠂᠈]\\s+|[，；：、､၊།༎]+[」』”’）》〉】]*\\s*|\\s[–—]\\s+"
    "|(?<=[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff])[^\\S\n]+(?=[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff])"
)
"""Ends of clauses that end no sentence. Thai, Lao, Burmese and Khmer put a space between phrases alone."""
LINES = re.compile(r"\n\s*")


class Kind(Enum):
    """What a character does to a word."""

    SPACE = "space"
    LETTER = "letter"
    UNSPACED = "unspaced"
    SYMBOL = "symbol"
    MARK = "mark"
    OPENING = "opening"
    PUNCTUATION = "punctuation"


CATEGORIES = {"So": Kind.SYMBOL, "Ps": Kind.OPENING, "Pi": Kind.OPENING}


def cuts(text: str, level: str) -> list[int]:
    """Offsets at which segments of ``level`` begin, ascending; the first one begins at 0.

    Args:
        text: Any text.
        level: One of ``LEVELS``, or ``lines``.
    """
    if level == "words":
        return _word_cuts(text)
    ends = {match.end() for match in LINES.finditer(text)} if level == "lines" else set(sentence_ends(text))
    if level == "clauses":
        ends |= {match.end() for match in CLAUSES.finditer(text)}
    return [0, *sorted(end for end in ends if 0 < end < len(text))]


@lru_cache(maxsize=4096)
def kind(character: str) -> Kind:
    """The class of a character."""
    if character.isspace():
        return Kind.SPACE
    category = unicodedata.category(character)
    if category[0] == "M" or category in {"Cf", "Sk"} or character in PROLONGING:
        return Kind.MARK
    if UNSPACED.match(character) and character.isalnum():
        return Kind.UNSPACED
    if character.isalnum() or character == "_":
        return Kind.LETTER
    return CATEGORIES.get(category, Kind.PUNCTUATION)


def _word_cuts(text: str) -> list[int]:
    """A word begins after white space, at a bracket, a symbol or an unspaced word, and after punctuation."""
    found = [0]
    inside = _inside_words(text)
    holds_word = False
    before = Kind.SPACE
    for position, character in enumerate(text):
        now = kind(character)
        if now is Kind.MARK and before is not Kind.SPACE:
            continue  # marks, joiners and modifiers stay with what they modify
        if position in inside:
            before = now
            continue
        joined = position > 0 and text[position - 1] in JOINERS
        if position and _begins(before, now, joined=joined, holds_word=holds_word):
            found.append(position)
            holds_word = False
        holds_word = holds_word or now in (Kind.LETTER, Kind.UNSPACED, Kind.SYMBOL)
        before = now
    return found


def _begins(before: Kind, now: Kind, *, joined: bool, holds_word: bool) -> bool:
    """Whether a word begins at a character of kind ``now`` that follows one of kind ``before``."""
    if now is Kind.SPACE:
        return False
    if before is Kind.SPACE:
        return True
    if not holds_word or now is Kind.PUNCTUATION:
        return False
    if now is Kind.SYMBOL:
        return before is not Kind.SYMBOL
    if now in (Kind.UNSPACED, Kind.OPENING) or before in (Kind.UNSPACED, Kind.SYMBOL):
        return True
    return before is Kind.PUNCTUATION and not joined


def _inside_words(text: str) -> set[int]:
    """Offsets of unspaced characters that continue the word of the unspaced character before them."""
    found: set[int] = set()
    start = 0
    for line in text.splitlines(keepends=True):
        for script, model in _models(line).items():
            ends = set(accumulate(map(len, _parser(model).parse(line))))
            found |= {start + p for p in _inner(line, script) if p not in ends}
        start += len(line)
    return found


def _inner(line: str, script: re.Pattern[str]) -> Iterator[int]:
    """Offsets of the characters of a script that follow another one of it, marks between them left out."""
    before = bool(line) and bool(script.match(line[0]))
    for position, character in enumerate(line[1:], start=1):
        now = bool(script.match(character))
        if now and before:
            yield position
        if kind(character) is not Kind.MARK:
            before = now


EAST_ASIAN = re.compile(f"{KANA.pattern}|{HAN.pattern}|[\u3005-\u3007]")


def _models(line: str) -> dict[re.Pattern[str], str]:
    """BudouX's model for each unspaced script of a line: kana make it Japanese.

    Chinese is taken for simplified where GB 2312 can write it, for traditional where Big5 alone can.
    """
    found = {}
    if KANA.search(line):
        found[EAST_ASIAN] = "ja_word"
    elif HAN.search(line):
        characters = "".join(HAN.findall(line))
        traditional = not _can_write("gb2312", characters) and _can_write("big5", characters)
        found[EAST_ASIAN] = "zh-hant" if traditional else "zh-hans"
    if THAI.search(line):
        found[THAI] = "th"
    return found


def _can_write(encoding: str, characters: str) -> bool:
    """Whether a character set holds all of these."""
    try:
        characters.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


@lru_cache(maxsize=4)
def _parser(model: str) -> budoux.Parser:
    """A segmenter with one of BudouX's models."""
    return budoux.Parser(json.loads(resources.files("budoux").joinpath("models", f"{model}.json").read_text("utf-8")))
