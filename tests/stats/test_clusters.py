"""Few clusters: Student's t with G - 1 degrees of freedom, against statsmodels; nothing is narrower than it may be."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.api import OLS
from statsmodels.stats.proportion import proportion_confint

from audit.stats.intervals import clustered_interval, clustered_standard_error, mean_interval, why_none


@pytest.mark.parametrize("groups", [2, 3, 4])
def test_few_clusters_get_statsmodels_cluster_robust_interval(groups: int) -> None:
    generator = np.random.default_rng(groups)
    codes = np.repeat(np.arange(groups), generator.integers(1, 6, size=groups))
    values = generator.normal(size=groups)[codes] + generator.normal(size=len(codes))
    fitted = OLS(values, np.ones(len(values))).fit(cov_type="cluster", cov_kwds={"groups": codes}, use_t=True)
    expected = fitted.conf_int()[0]
    found = clustered_interval(values, codes.tolist(), share=False)
    assert found is not None
    assert found.method == "clustered_t"
    assert (found.low, found.high) == (pytest.approx(expected[0]), pytest.approx(expected[1]))


def test_one_cluster_and_one_item_have_no_interval_and_say_why() -> None:
    assert mean_interval([0.1, 0.4, 0.2], clusters=["a"] * 3, seed=1, share=False) is None
    assert why_none([0.1, 0.4, 0.2], ["a"] * 3) == "all 3 items are in one cluster"
    assert why_none([0.1], [None]) == "one item has no spread to estimate"
    assert why_none([0.1] * 4, [None] * 4) == "all 4 items have the same value"
    alike = [0.0, 1.0, 0.0, 1.0]
    assert mean_interval(alike, clusters=["a", "a", "b", "b"], seed=1, share=False) is None
    assert why_none(alike, ["a", "a", "b", "b"]) == (
        "nearly all items have the same value, or all clusters the same mean"
    )


def test_clusters_that_balance_each_other_make_no_more_items_than_there_are() -> None:
    """Ten pairs of one right and one wrong answer, and two that are alike: the clustered error is far too small."""
    values, clusters = [1.0, 0.0] * 10 + [1.0, 1.0, 0.0, 0.0], np.repeat(np.arange(12), 2).tolist()
    error = clustered_standard_error(values, clusters)
    assert 0.25 / error**2 > 2 * len(values)
    found = clustered_interval(values, clusters)
    independent = len(values) * (stats.norm.ppf(0.975) / stats.t.ppf(0.975, 11)) ** 2
    low, high = proportion_confint(independent / 2, independent, method="wilson")
    assert found is not None
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))


@pytest.mark.slow
@pytest.mark.parametrize(("groups", "least", "most"), [(2, 0.93, 0.97), (3, 0.93, 0.98), (5, 0.92, 0.97)])
def test_coverage_with_few_clusters(groups: int, least: float, most: float) -> None:
    """Normal clusters of four: 95 % of 2,000 intervals, whose share has a standard error of 0.5 points."""
    generator, codes = np.random.default_rng(groups), np.repeat(np.arange(groups), 4)
    hits = []
    for seed in range(2000):
        values = generator.normal(size=groups)[codes] + generator.normal(size=len(codes))
        found = clustered_interval(values, codes.tolist(), seed=seed, resamples=500, share=False)
        hits.append(found is not None and found.low <= 0 <= found.high)
    assert least <= float(np.mean(hits)) <= most
