"""n-grams of texts in a corpus, against brute force."""

from __future__ import annotations

import random

import numpy as np

from audit.evals.contamination.ngrams import NgramIndex, WordDigests, look_through, ngrams, words_of


def test_words_are_compared_without_case_and_punctuation() -> None:
    assert words_of("It's 3.5 km, he SAID—“yes”!") == ["it", "s", "3", "5", "km", "he", "said", "yes"]
    assert words_of("A cat: (B) a dog, C. plan b; vitamin K") == ["cat", "dog", "plan", "vitamin", "k"]


def brute(texts: list[str], documents: list[str], n: int) -> list[float | None]:
    """The same by sets of tuples."""

    def grams(text: str) -> list[tuple[str, ...]]:
        words = words_of(text)
        return [tuple(words[at : at + n]) for at in range(len(words) - n + 1)]

    there = {gram for document in documents for gram in grams(document)}
    return [sum(gram in there for gram in grams(text)) / len(grams(text)) if grams(text) else None for text in texts]


def test_shares_are_those_of_brute_force() -> None:
    """Small vocabulary, so that n-grams meet; documents in chunks, so that n-grams span them."""
    generator = random.Random(1)  # noqa: S311 - a draw, not a secret

    def some(count: int) -> list[str]:
        return [generator.choice("xyz") for _ in range(count)]

    texts = [" ".join(some(length)) for length in (3, 4, 9, 40)]
    documents = [some(30) for _ in range(4)]
    chunks: list[str | None] = []
    for document in documents:
        chunks += [*(" ".join(part) for part in np.array_split(document, 7)), None]
    digests = WordDigests()
    indexes = [NgramIndex(texts, n, digests) for n in (4, 6)]
    assert look_through(indexes, digests, chunks) == 120
    for index in indexes:
        assert index.shares() == brute(texts, [" ".join(document) for document in documents], index.n)
    assert 0 < float(indexes[0].shares()[3] or 0) < 1


def test_order_matters_and_documents_end() -> None:
    digests = WordDigests()
    index = NgramIndex(["one two three"], 3, digests)
    look_through([index], digests, ["three two one", None, "one two", None, "three", None])
    assert index.shares() == [0.0]
    look_through([index], digests, ["zero one", "", "two", "three"])
    assert index.shares() == [1.0]
    assert NgramIndex([], 3, digests).shares() == []
    assert len(ngrams(digests.of(["a"]), 2)) == 0


def test_few_words_are_kept() -> None:
    digests = WordDigests()
    digests.MOST = 10
    first = digests.of([f"w{place}" for place in range(50)])
    assert digests.of(["w3"])[0] == first[3]
    assert len(digests._known) == 1
