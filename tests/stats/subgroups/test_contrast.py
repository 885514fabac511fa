"""A subset against the rest: a published interval, and statsmodels with clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import stats

from audit.stats.intervals import Interval, mean_interval
from audit.stats.subgroups.contrast import contrast
from tests.stats.subgroups.regression import on_membership

if TYPE_CHECKING:
    from collections.abc import Sequence


def ends(values: Sequence[float], clusters: Sequence[str | None], confidence: float) -> Interval | None:
    return mean_interval(values, clusters=clusters, seed=1, confidence=confidence)


def test_shares_get_newcombe_s_interval() -> None:
    """Newcombe 1998, table II, example (a), method 10: 56 / 70 and 48 / 80."""
    values = np.repeat([1.0, 0.0, 1.0, 0.0], [56, 14, 48, 32])
    found = contrast(values, [None] * 150, np.arange(150) < 70, confidence=0.95, mean_interval=ends)
    assert (found.n, found.value, found.rest) == (70, pytest.approx(0.8), pytest.approx(0.6))
    assert found.difference is not None
    assert (found.difference.low, found.difference.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_clusters_get_a_robust_standard_error() -> None:
    generator = np.random.default_rng(4)
    codes = generator.integers(8, size=60)
    inside = generator.random(60) < 0.4
    values = generator.standard_normal(60) + inside
    found = contrast(values, [str(code) for code in codes], inside, confidence=0.9, mean_interval=ends)
    error, freedom = on_membership(values, codes, inside)
    reach, slope = stats.t.ppf(0.95, freedom) * error, values[inside].mean() - values[~inside].mean()
    assert found.difference is not None
    assert (found.difference.low, found.difference.high) == pytest.approx((slope - reach, slope + reach))


def test_a_subset_in_one_cluster_has_no_interval_of_its_difference() -> None:
    found = contrast([1.0, 3.0, 2.0, 2.5], ["a", "a", "b", "c"], np.arange(4) < 2, confidence=0.9, mean_interval=ends)
    assert found.difference is None


def test_a_side_without_an_interval_gives_none() -> None:
    found = contrast(
        [4.0, 2.0, 3.0], [None] * 3, np.array([1, 0, 0], dtype=np.bool_), confidence=0.95, mean_interval=ends
    )
    assert (found.interval, found.difference) == (None, None)
    equal = contrast([1.0] * 4, ["a", "a", "b", "b"], np.arange(4) < 2, confidence=0.95, mean_interval=ends)
    assert equal.difference is None
