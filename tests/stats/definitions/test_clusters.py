"""Statistics whose rows are clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from audit.stats.definitions import (
    BbqBias,
    Correlation,
    StereoSet,
)
from audit.stats.intervals import bca_bootstrap
from tests.stats.conftest import ends
from tests.stats.definitions.conftest import a_sample

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.core.records import Sample
    from audit.stats.definitions import Definition


def some(count: int) -> list[Sample]:
    return [
        a_sample(f"{i}-{j}", cluster=f"t{i:02}", score=float(i % 3 > 0), scores={"biased": float((i + j) % 4 > 0)})
        for i in range(count)
        for j in range(2)
    ]


@pytest.mark.parametrize("resamples", [60, 300])
def test_the_interval_is_bca_over_clusters(resamples: int) -> None:
    """Of 60 resamples the ends are others than of the default number."""
    found = BbqBias(seed=5, resamples=resamples).estimate(some(12), unit="bbq_bias", confidence=0.9)
    rows = np.array([[2, sum((i + j) % 4 > 0 for j in range(2))] for i in range(12)], dtype=np.float64)

    def bias(drawn: NDArray[np.float64]) -> float:
        return float(100 * (2 * drawn[:, 1].sum() / drawn[:, 0].sum() - 1))

    expected, default = (
        ends(bca_bootstrap(rows, bias, seed=5, resamples=count, confidence=0.9)) for count in (resamples, 10_000)
    )
    assert ends(found.interval) == pytest.approx(expected)
    assert found.no_interval is None
    assert resamples == 300 or expected != default


@pytest.mark.parametrize(
    ("definition", "least"), [(BbqBias(resamples=100), 10), (StereoSet(part="ss", resamples=50), 5)]
)
def test_few_clusters_have_a_value_and_no_interval(definition: Definition, least: int) -> None:
    given = [one.model_copy(update={"scores": {**one.scores, "related": 1.0}}) for one in some(least)]
    assert definition.estimate(given, unit="percent").interval is not None
    few = definition.estimate(given[:-2], unit="percent")
    assert few.value is not None
    assert (few.interval, few.no_interval) == (None, f"only {least - 1} clusters; an interval needs at least {least}")
    bare = definition.estimate(given, unit="percent", interval=False)
    assert (bare.interval, bare.no_interval) == (None, None)


def test_nothing_that_was_scored_is_missing() -> None:
    """``n`` counts clusters here: items that are no cluster with both sides are not missing."""
    given = [a_sample(str(i), score=1.0, cluster=str(i)) for i in range(4)]
    found = Correlation(of="score", by="sex", first="f", second="m", statistic_of="scores.share").estimate(
        given, unit="correlation"
    )
    assert (found.value, found.missing) == (None, 0)
    assert found.error == "too few clusters have answers on both sides"


def test_rows_are_drawn_as_whole_clusters() -> None:
    """Templates 1 and 3, the latter twice; 2 is drawn not at all."""
    given = some(3)
    drawn = BbqBias().resample(given)
    assert drawn.units == ("cluster t00", "cluster t01", "cluster t02")
    biased = [
        sum(one.scores["biased"] or 0 for one in given if f"cluster {one.cluster}" == name) for name in drawn.units
    ]
    assert drawn.value(np.array([1.0, 0.0, 2.0])) == 100 * (2 * (biased[0] + 2 * biased[2]) / 6 - 1)
