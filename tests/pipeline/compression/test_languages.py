"""Bits per byte and perplexity of texts by hand; tokens that are not the same have no perplexity."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from audit.engine.requests import Score, ScoreRequest
from audit.pipeline.compression import languages as module
from audit.pipeline.compression.languages import LanguageTexts, language_fits, scored_texts, texts_at_hand

if TYPE_CHECKING:
    from collections.abc import Sequence

TEXTS = [LanguageTexts("de", "made_up", tuple("a" * length for length in range(1, 9)))]


class StubEngine:
    """Every token of a text, one per character or two, has the same log-probability."""

    def __init__(self, log_p: float, split: int = 1, failed: int | None = None) -> None:
        self.log_p, self.split, self.failed = log_p, split, failed

    def encode_pair(self, _context: str, text: str) -> ScoreRequest:
        return ScoreRequest((1,), (2,) * math.ceil(len(text) / self.split))

    def score(self, requests: Sequence[ScoreRequest]) -> list[Score]:
        return [
            Score((), (), error="too long")
            if len(one.target_ids) == self.failed
            else Score((self.log_p,) * len(one.target_ids), (True,) * len(one.target_ids), truncated=0)
            for one in requests
        ]


def fits(one: Any, other: Any, reason: str | None = None) -> Any:
    sides = [scored_texts(engine, TEXTS) for engine in (one, other)]
    return language_fits(TEXTS, *sides, no_perplexity=reason, confidence=0.95)


def test_bits_per_byte_and_perplexity_by_hand() -> None:
    """Each of the tokens takes ln 2 and ln 4 nats: 1 and 2 bits per byte, perplexities 2 and 4."""
    (found,) = fits(StubEngine(-math.log(2)), StubEngine(-math.log(4), failed=8))
    assert (found.language, found.source, found.texts, found.left_out) == ("de", "made_up", 7, 1)
    bits, tokens = found.bits_per_byte, found.perplexity
    assert [bits.original, bits.compressed, bits.difference] == pytest.approx([1, 2, 1])
    assert [tokens.original, tokens.compressed, tokens.difference] == pytest.approx([2, 4, 2])


def test_other_tokens_have_bits_per_byte_alone() -> None:
    for other, reason in ((StubEngine(-1.0, split=2), None), (StubEngine(-1.0), "other vocabularies")):
        (found,) = fits(StubEngine(-1.0), other, reason)
        assert found.perplexity is None
        assert found.no_perplexity == (reason or "the tokenizers split the texts differently")
        assert found.bits_per_byte.original == pytest.approx(1 / math.log(2))
    assert fits(StubEngine(math.nan), StubEngine(-1.0)) == []


def test_texts_are_of_the_first_data_set_at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"source": f"one {place}", "target": f"eins {place}"} for place in (1, 2, 2, 3)]
    there = {"gettext_de", "gettext_es"}
    monkeypatch.setattr(module.assets, "at_hand", lambda name: name if name in there else None)
    monkeypatch.setattr(module.assets, "dataset", lambda _: SimpleNamespace(rows=rows))
    found = texts_at_hand(2)
    assert [(one.language, one.source, len(one.texts)) for one in found] == [
        ("en", "gettext_de", 2), ("de", "gettext_de", 2), ("es", "gettext_es", 2),
    ]  # fmt: skip
    assert sorted(texts_at_hand(9)[1].texts) == ["eins 1", "eins 2", "eins 3"]
    assert texts_at_hand(0) == []
    there.clear()
    assert texts_at_hand() == []
