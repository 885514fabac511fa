"""Whether a text is English: what a classifier that was fitted to English answers may judge."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

import yaml

SHORT = 8
"""Words that may hold no frequent word of English and be English all the same (a name, a number with its unit)."""
LEAST_LATIN = 0.7
"""Share of the letters that are ASCII."""
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?")


@cache
def _frequent() -> tuple[frozenset[str], frozenset[str]]:
    """Frequent words of English, and those of other languages."""
    file = resources.files("audit.safety").joinpath("data", "frequent_words.yaml")
    words: dict[str, str] = yaml.safe_load(file.read_text("utf-8"))
    english = frozenset(words.pop("english").split())
    return english, frozenset(word for language in words.values() for word in language.split())


def is_english(text: str) -> bool:
    """Whether a text is English, by its frequent words.

    A text without letters is not: nothing in it can be judged. Code is, whatever it is about.
    """
    letters = [character for character in text if character.isalpha()]
    if not letters or sum(character.isascii() for character in letters) < LEAST_LATIN * len(letters):
        return False
    if "```" in text:
        return True
    words = [word.replace("\u2019", "'") for word in _WORD.findall(text.lower())]
    english, other = (sum(word in known for word in words) for known in _frequent())
    return english >= other and (english > 0 or len(words) < SHORT)
