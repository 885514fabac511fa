"""Which n-grams of some texts occur in a corpus of any size."""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

WORD = re.compile(r"(?![a-j]\b)\w+")
"""A word, but no single letter that may be the name of an option."""


def words_of(text: str) -> list[str]:
    """Words in lower case, without punctuation and white space (Brown et al. 2020, appendix C), and letters a to j.

    The same question is published with plain options and found with ``A. …``, ``(B) …``: names of options between its
    words would hide it. The letters are left out on both sides, the article "a" with them.
    """
    return WORD.findall(text.lower())


class WordDigests:
    """64-bit digests of words; those of the last million different words are kept.

    >>> WordDigests().of(["the", "the"]).dtype
    dtype('uint64')
    """

    MOST = 1_000_000

    def __init__(self) -> None:
        self._known: dict[str, int] = {}

    def of(self, words: Sequence[str]) -> NDArray[np.uint64]:
        """One digest per word (BLAKE2b)."""
        if len(self._known) > self.MOST:
            self._known.clear()
        return np.array([self._one(word) for word in words], dtype=np.uint64)

    def _one(self, word: str) -> int:
        found = self._known.get(word)
        if found is None:
            found = int.from_bytes(blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
            self._known[word] = found
        return found


class NgramIndex:
    """The n-grams of some texts, and which of them were found in a corpus.

    Only the texts' own n-grams are kept, as 64-bit digests, so that memory does not depend on the corpus. The expected
    number of wrong matches is the product of both numbers of n-grams over 2^64: 0.0005 for a million n-grams and ten
    billion words.

    Args:
        texts: What is looked for.
        n: Words of an n-gram.
        digests: Of words.
    """

    def __init__(self, texts: Sequence[str], n: int, digests: WordDigests) -> None:
        self.n = n
        self._of_text = [ngrams(digests.of(words_of(text)), n) for text in texts]
        self._known = np.unique(np.concatenate([*self._of_text, np.zeros(0, np.uint64)]))
        self._found = np.zeros(len(self._known), dtype=bool)

    def look(self, words: NDArray[np.uint64]) -> None:
        """Note which n-grams occur in some words of the corpus, given by their digests."""
        if not len(self._known):
            return
        there = ngrams(words, self.n)
        places = np.minimum(np.searchsorted(self._known, there), len(self._known) - 1)
        self._found[places[self._known[places] == there]] = True

    def shares(self) -> list[float | None]:
        """Of each text, the share of its n-grams that were found, each place counted; None for a shorter text."""
        return [
            float(np.mean(self._found[np.searchsorted(self._known, mine)])) if len(mine) else None
            for mine in self._of_text
        ]


BASE = np.uint64(0x9E3779B97F4A7C15)
"""Of the polynomial; it is odd, so that no bits of early words are lost."""


def ngrams(words: NDArray[np.uint64], n: int) -> NDArray[np.uint64]:
    """A digest of each n-gram, in order: a polynomial of its words' digests modulo 2^64; none of fewer words."""
    count = max(0, len(words) - n + 1)
    found = np.zeros(count, dtype=np.uint64)
    for place in range(n):
        found = found * BASE + words[place : place + count]
    return found


def look_through(indexes: Sequence[NgramIndex], digests: WordDigests, chunks: Iterable[str | None]) -> int:
    """Note the n-grams that occur in the documents of a corpus; returns its number of words.

    Args:
        indexes: What is looked for.
        digests: Of words, the same as the indexes have.
        chunks: Documents in chunks that follow each other, None after each document.
    """
    longest, count = max(index.n for index in indexes), 0
    kept = digests.of([])
    for chunk in chunks:
        new = digests.of(words_of(chunk or ""))
        count += len(new)
        words = np.concatenate([kept, new])
        for index in indexes:
            index.look(words)
        kept = digests.of([]) if chunk is None else words[-(longest - 1) :]
    return count
