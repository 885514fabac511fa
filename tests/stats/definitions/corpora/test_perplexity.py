"""Perplexity and bits per byte, by their formula."""

from __future__ import annotations

import math
from typing import Any

import pytest

from audit.stats.definitions import (
    Perplexity,
)
from tests.stats.definitions.conftest import a_sample


@pytest.mark.parametrize(("bits", "per"), [(False, "scores.bytes"), (True, "scores.bytes"), (False, None)])
def test_perplexity_by_its_formula(bits: bool, per: str | None) -> None:
    texts = [a_sample(str(i), score=-2.0 * i, scores={"bytes": 1.0 + i}) for i in range(5)]
    found = Perplexity(of="score", per=per, bits=bits, resamples=100).estimate(texts, unit="perplexity")
    nats = 20 / (15 if per else 5)
    assert found.value == pytest.approx(nats / math.log(2) if bits else math.exp(nats))
    assert found.interval is not None
    none = Perplexity(of="score", per="scores.words").estimate(texts, unit="perplexity")
    assert (none.value, none.missing, none.error) == (None, 5, "none of 5 items could be scored")
    empty = [text.model_copy(update={"scores": {"bytes": 0.0}}) for text in texts]
    assert Perplexity(of="score", per="scores.bytes").estimate(empty, unit="perplexity").error == (
        "it has no value on these samples"
    )


def test_items_with_an_error_or_without_a_length_are_left_out() -> None:
    some = [
        a_sample("0", score=-2.0, scores={"words": 4.0}),
        a_sample("1", score=-3.0, scores={"words": 6.0}),
        a_sample("2", score=-9.0, scores={"words": 1.0}, error="NaN"),
        a_sample("3", score=-9.0),
        a_sample("4", scores={"words": 2.0}),
    ]
    found = Perplexity(of="score", per="scores.words").estimate(some, unit="perplexity", interval=False)
    assert (found.value, found.n, found.missing) == (pytest.approx(math.exp(5 / 10)), 2, 1)


def test_texts_are_drawn_with_their_length(resamples_as_repeated: Any) -> None:
    some = [a_sample(str(i), score=-2.0 - i, scores={"bytes": 1.0 + i}) for i in range(4)]
    resamples_as_repeated(Perplexity(of="score", per="scores.bytes", bits=True), some, [2, 0, 3, 1], "bits")
