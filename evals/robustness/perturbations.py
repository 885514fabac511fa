"""Perturbations of a question: pure, seeded functions of its text.

Each says what it changes and what it leaves alone. None changes a number, a name of an option or markup
(:mod:`audit.evals.robustness.changeable`). The four edits of letters are those of Pruthi, Dhingra and Lipton 2019,
"Combating Adversarial Misspellings with Robust Word Recognition" (ACL, arXiv:1905.11268): words of at least four
letters, whose first and last letters stay.
"""

from __future__ import annotations

import math
import random
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

from audit.evals.robustness.changeable import Word, cased_words, is_protected, words
from audit.evals.robustness.edits import Edit, effective

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")
VERSION = 1
"""Raised when the same seed and text would give another perturbed text."""
ONE_IN = 5
"""One word, or gap, in so many is changed, at least one."""
ONE_PAIR_IN = 10
"""One pair of neighbours is swapped in so many words, at least one."""
LEAST_LETTERS = 4
"""Words with fewer letters are not misspelt."""
NEIGHBOURS = {
    letter: "".join(
        row[at]
        for row, at in ((same, i - 1), (same, i + 1), (above, i), (above, i + 1), (below, i - 1), (below, i))
        if 0 <= at < len(row)
    )
    for above, same, below in (
        ("", "qwertyuiop", "asdfghjkl"),
        ("qwertyuiop", "asdfghjkl", "zxcvbnm"),
        ("asdfghjkl", "zxcvbnm", ""),
    )
    for i, letter in enumerate(same)
}
"""Letters next to each letter on a QWERTY keyboard."""


@dataclass(frozen=True, slots=True)
class TextPerturbation:
    """A way to change a text."""

    name: str
    """As it is asked for, and in the slice ``perturbation``."""
    changes: str
    """What it changes."""
    leaves: str
    """What it leaves alone, in addition to numbers, names of options and markup."""
    edits: Callable[[str, random.Random], list[Edit]]
    """The edits of a text; none where it cannot apply."""
    lacks: str
    """Why it cannot apply to a text for which it gives no edit."""

    def of(self, text: str, seed: int) -> list[Edit]:
        """The edits of a text, in order; the same for the same text and seed, whatever else is asked.

        Args:
            text: The question.
            seed: The run's seed.
        """
        draws = random.Random(f"{seed}/{self.name}/{text}")  # noqa: S311 - a draw, not a secret
        return effective(text, self.edits(text, draws))


def _drawn(found: Sequence[T], one_in: int, draws: random.Random) -> list[T]:
    """One in so many, at least one, drawn without replacement; in order."""
    count = math.ceil(len(found) / one_in)
    order = sorted(range(len(found)), key=lambda _: draws.random())
    return [found[place] for place in sorted(order[:count])]


def _one(found: Sequence[T], draws: random.Random) -> T:
    """One of them."""
    return found[int(draws.random() * len(found))]


def _inner(word: Word, fits: Callable[[str, int], bool]) -> list[int]:
    """Places of letters of a word, other than the first and the last, that an edit fits."""
    letters = sum(c.isalpha() for c in word.text)
    inner = range(1, len(word.text) - 1) if letters >= LEAST_LETTERS else range(0)
    return [i for i in inner if word.text[i].isalpha() and fits(word.text, i)]


def _misspelt(
    text: str,
    draws: random.Random,
    fits: Callable[[str, int], bool],
    written: Callable[[str, int, random.Random], tuple[int, str]],
) -> list[Edit]:
    """One edit in each of some words.

    Args:
        text: The text.
        draws: Draws words and letters.
        fits: Whether a letter of a word can be edited.
        written: How many letters of a word are replaced from a place on, and by what.
    """
    candidates = [(word, places) for word in cased_words(text) if (places := _inner(word, fits))]
    found = []
    for word, places in _drawn(candidates, ONE_IN, draws):
        place = _one(places, draws)
        length, new = written(word.text, place, draws)
        found.append(Edit(word.start + place, word.start + place + length, new))
    return found


def _like(letter: str, new: str) -> str:
    """A letter in the case of another."""
    return new.upper() if letter.isupper() else new


def _typos(text: str, draws: random.Random) -> list[Edit]:
    def neighbour(word: str, place: int, draws: random.Random) -> tuple[int, str]:
        return 1, _like(word[place], _one(NEIGHBOURS[word[place].lower()], draws))

    return _misspelt(text, draws, lambda word, i: word[i].lower() in NEIGHBOURS, neighbour)


def _insertion(text: str, draws: random.Random) -> list[Edit]:
    def added(word: str, place: int, draws: random.Random) -> tuple[int, str]:
        return 0, _like(word[place], _one([c for c in word.lower() if c.isalpha()], draws))

    return _misspelt(text, draws, lambda _word, _i: True, added)


def _deletion(text: str, draws: random.Random) -> list[Edit]:
    return _misspelt(text, draws, lambda _word, _i: True, lambda _word, _place, _draws: (1, ""))


def _swap(text: str, draws: random.Random) -> list[Edit]:
    def differs(word: str, i: int) -> bool:
        return i + 2 < len(word) and word[i + 1].isalpha() and word[i].lower() != word[i + 1].lower()

    return _misspelt(text, draws, differs, lambda word, i, _draws: (2, word[i + 1] + word[i]))


def _case(text: str, draws: random.Random) -> list[Edit]:
    del draws
    found = words(text)
    lower = [Edit(word.start, word.end, word.text.lower()) for word in found]
    return effective(text, lower) or [Edit(word.start, word.end, word.text.upper()) for word in found]


def _whitespace(text: str, draws: random.Random) -> list[Edit]:
    gaps = [m.end() for m in re.finditer(r"(?<=\S) +(?=\S)", text) if not is_protected(text, m.start(), m.end())]
    return [Edit(end, end, " " * (1 + int(draws.random() * 2))) for end in _drawn(gaps, ONE_IN, draws)]


def _word_order(text: str, draws: random.Random) -> list[Edit]:
    found = words(text)
    near = [
        (one, other)
        for one, other in pairwise(found)
        if one.alone[1] and other.alone[0] and text[one.end : other.start] == " " and one.text != other.text
    ]
    order = sorted(range(len(near)), key=lambda _: draws.random())
    taken: list[int] = []
    for place in order:
        if len(taken) < math.ceil(len(found) / ONE_PAIR_IN) and not {place - 1, place + 1} & {*taken}:
            taken.append(place)
    pairs = (near[place] for place in sorted(taken))
    return [Edit(one.start, other.end, f"{other.text} {one.text}") for one, other in pairs]


MISSPELT = "the first and last letters of words, and words of fewer than four letters"
NO_WORDS = "the question has no word of at least four letters of an alphabet with capitals"
TEXT = (
    TextPerturbation(
        "typos",
        "one inner letter of one word in five becomes its neighbour on a QWERTY keyboard",
        MISSPELT,
        _typos,
        "the question has no word of at least four letters with an inner letter from a to z",
    ),
    TextPerturbation(
        "insertion", "a letter of the word is added inside one word in five", MISSPELT, _insertion, NO_WORDS
    ),
    TextPerturbation("deletion", "an inner letter of one word in five is missing", MISSPELT, _deletion, NO_WORDS),
    TextPerturbation(
        "swap",
        "two inner letters of one word in five change places",
        MISSPELT,
        _swap,
        "the question has no word with two different inner letters next to each other",
    ),
    TextPerturbation(
        "case",
        "all words are in lower case; a question in lower case is in upper case",
        "words in capitals, which are names, and single letters",
        _case,
        "the language of the question has no capitals",
    ),
    TextPerturbation(
        "whitespace",
        "one gap in five between words is one or two spaces wider",
        "every character other than spaces",
        _whitespace,
        "the question has no spaces",
    ),
    TextPerturbation(
        "word_order",
        "two words next to each other change places, one pair in ten words",
        "punctuation, which stays where it is",
        _word_order,
        "the question has no two words next to each other that may change places",
    ),
)
"""Those that need the text alone."""
