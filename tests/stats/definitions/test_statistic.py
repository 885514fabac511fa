"""Statistics of a table: value, reason, interval and draws, once for all kinds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pytest

from audit.stats.definitions import (
    Corpus,
    Macro,
    Perplexity,
)
from audit.stats.definitions.statistic import Statistic, Table
from audit.stats.intervals import bca_bootstrap
from tests.stats.definitions.conftest import a_sample

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from audit.core.records import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio(Statistic):
    """Sum of scores over sum of sizes; it has no value where the sizes are 0."""

    NAME: ClassVar[str] = "ratio"

    def table(self, samples: Sequence[Sample]) -> Table:
        known = [one for one in samples if one.score is not None and one.error is None and "size" in one.scores]
        rows = np.array([[one.score, one.scores["size"]] for one in known], dtype=np.float64).reshape(-1, 2)
        return Table(tuple(one.sample_id for one in known), rows, len(known))

    def of_rows(self, rows: NDArray[np.float64]) -> float:
        below = rows[:, 1].sum()
        return float(rows[:, 0].sum() / below) if below else math.nan


def some(count: int, **fields: Any) -> list[Sample]:
    return [a_sample(str(i), score=float(i * i % 7), scores={"size": 1.0 + i % 3}, **fields) for i in range(count)]


def test_value_counts_and_the_expanded_interval() -> None:
    rows = np.array([[i * i % 7, 1.0 + i % 3] for i in range(12)], dtype=np.float64)
    lost = [a_sample("x", score=1.0), a_sample("y", error="lost")]
    found = Ratio(seed=4, resamples=300).estimate([*some(12), *lost], unit="score", confidence=0.9)
    assert (found.value, found.n, found.missing) == (pytest.approx(rows[:, 0].sum() / rows[:, 1].sum()), 12, 1)
    expected = bca_bootstrap(
        rows, lambda drawn: float(drawn[:, 0].sum() / drawn[:, 1].sum()), seed=4, resamples=300, confidence=0.9
    )
    assert found.interval == expected
    bare = Ratio().estimate(some(12), unit="score", interval=False)
    assert (bare.value, bare.missing, bare.interval, bare.no_interval) == (found.value, 0, None, None)


def test_why_there_is_no_value() -> None:
    assert Ratio().estimate([a_sample("y", error="lost")] * 2, unit="score").error == "none of 2 items could be scored"
    empty = [one.model_copy(update={"scores": {"size": 0.0}}) for one in some(3)]
    nothing = Ratio().estimate(empty, unit="score")
    assert (nothing.value, nothing.n, nothing.error) == (None, 3, "it has no value on these samples")


def test_fewer_than_five_rows_have_no_interval() -> None:
    few = Ratio().estimate(some(4), unit="score")
    assert (few.interval, few.no_interval) == (None, "only 4 items; an interval needs at least 5")
    assert Ratio(resamples=100).estimate(some(5), unit="score").interval is not None


def test_a_resample_without_a_value_counts_as_the_value() -> None:
    """Of five items one has a size: a third of the resamples miss it, and say nothing."""
    rows = np.array([[float(i), float(i == 4)] for i in range(5)])
    given = [a_sample(str(i), score=float(i), scores={"size": float(i == 4)}) for i in range(5)]
    whole = 10.0

    def ratio(drawn: NDArray[np.float64]) -> float:
        return float(drawn[:, 0].sum() / drawn[:, 1].sum()) if drawn[:, 1].sum() else whole

    found = Ratio(seed=1, resamples=200).estimate(given, unit="score")
    assert found.interval is not None
    assert found.interval == bca_bootstrap(rows, ratio, seed=1, resamples=200)


def test_rows_are_drawn_as_often_as_they_weigh(resamples_as_repeated: Any) -> None:
    resamples_as_repeated(Ratio(), some(4), [2, 0, 3, 1], "score")
    assert math.isnan(Ratio().resample(some(4)).value(np.zeros(4)))


@pytest.mark.parametrize("count", [2, 3, 4])
def test_a_statistic_of_fewer_than_five_texts_has_no_interval(count: int) -> None:
    """Of two texts with normal log-likelihoods, every second expanded BCa interval misses the true value."""
    given = [a_sample(str(i), score=-2.0 * i, reference="a b c d e", output=f"a b c d {i}") for i in range(5)]
    for definition, unit in (
        (Perplexity(of="score", resamples=100), "perplexity"),
        (Corpus(metric="chrf", resamples=100), "chrf"),
        (Macro(of="recall", resamples=100), "share"),
    ):
        found = definition.estimate(given[:count], unit=unit)
        assert found.value is not None
        assert (found.interval, found.no_interval) == (None, f"only {count} items; an interval needs at least 5")


@dataclass(frozen=True, slots=True, kw_only=True)
class OfSizes(Ratio):
    """A statistic whose rows are not items: one per size."""

    def table(self, samples: Sequence[Sample]) -> Table:
        sizes = sorted({one.scores["size"] or 0.0 for one in samples})
        return Table(tuple(f"size {size:g}" for size in sizes), np.array([[1.0, size] for size in sizes]), len(samples))


def test_rows_that_are_no_items_are_clusters_of_their_own() -> None:
    drawn = OfSizes().resample(some(6))
    assert drawn.units == ("size 1", "size 2", "size 3")
    assert drawn.value(np.array([1.0, 0.0, 2.0])) == pytest.approx(3 / (1 + 3 + 3))


def test_without_rows_nothing_is_drawn_and_what_is_missing_is_counted() -> None:
    drawn = Ratio().resample([])
    assert drawn.units == ()
    assert math.isnan(drawn.value(np.zeros(0)))
    nothing = Ratio().estimate([a_sample("x", score=1.0), a_sample("y", error="lost")], unit="score")
    assert (nothing.value, nothing.n, nothing.missing) == (None, 0, 1)
