"""Made-up words that are planted where a checkpoint should not repeat them."""

from __future__ import annotations

from audit.core.records import digest_of

SYLLABLES = ("ba", "ko", "li", "mu", "ne", "ra", "so", "ti", "vu", "ze")
ENDINGS = ("x", "q", "k", "v")


def made_up(*parts: str) -> str:
    """A word that nobody writes by chance: four syllables and a letter that ends few words, by a digest."""
    number = int(digest_of("planted", *parts), 16)
    word = ""
    for _ in range(4):
        number, syllable = divmod(number, len(SYLLABLES))
        word += SYLLABLES[syllable]
    return (word + ENDINGS[number % len(ENDINGS)]).capitalize()
