"""A subset against the rest: a published interval, and statsmodels with clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import stats
from statsmodels.regression.linear_model import OLS
from statsmodels.tools import add_constant

from audit.stats.intervals import Interval, mean_interval
from audit.stats.subgroups.contrast import contrast

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
    names = [str(name) for name in generator.integers(8, size=60)]
    inside = generator.random(60) < 0.4
    values = generator.standard_normal(60) + inside
    found = contrast(values, names, inside, confidence=0.9, mean_interval=ends)
    groups = np.unique(names, return_inverse=True)[1]
    fit = OLS(values, add_constant(inside.astype(float))).fit(cov_type="cluster", cov_kwds={"groups": groups})
    reach = stats.t.ppf(0.95, 7) * fit.bse[1] / np.sqrt(59 / 58)  # statsmodels multiplies by (n - 1) / (n - k), too
    assert found.difference is not None
    assert (found.difference.low, found.difference.high) == pytest.approx(
        (fit.params[1] - reach, fit.params[1] + reach)
    )


def test_a_side_without_an_interval_gives_none() -> None:
    found = contrast(
        [4.0, 2.0, 3.0], [None] * 3, np.array([1, 0, 0], dtype=np.bool_), confidence=0.95, mean_interval=ends
    )
    assert (found.interval, found.difference) == (None, None)
    equal = contrast([1.0] * 4, ["a", "a", "b", "b"], np.arange(4) < 2, confidence=0.95, mean_interval=ends)
    assert equal.difference is None
