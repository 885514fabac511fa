"""Standard errors of means whose items come in clusters, against statsmodels and the double sum of their paper."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.regression.linear_model import OLS

from audit.stats.clusters import (
    cluster_codes,
    cluster_freedom,
    clustered_difference,
    clustered_standard_error,
    freedom_of_sizes,
)
from audit.stats.intervals import clustered_interval, mean_interval
from tests.stats.conftest import ends
from tests.stats.subgroups.regression import bias_reduced, on_membership


def clustered_data(groups: int, size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    codes = generator.integers(groups, size=size)
    return generator.normal(size=groups)[codes] + generator.normal(size=size), codes


def freedom_of_the_regression(codes: np.ndarray) -> float:
    return bias_reduced(np.zeros(len(codes)), np.ones((len(codes), 1)), codes)[1]


@pytest.mark.parametrize(("groups", "size"), [(2, 9), (4, 60), (60, 60), (200, 500)])
def test_clustered_error_and_interval_of_few_clusters_equal_statsmodels(groups: int, size: int) -> None:
    values, codes = clustered_data(groups, size, seed=groups)
    fit = OLS(values, np.ones_like(values)).fit(cov_type="cluster", cov_kwds={"groups": codes}, use_t=True)
    names = [f"passage {code}" for code in codes]
    assert clustered_standard_error(values, names) == pytest.approx(fit.bse[0], rel=1e-10)
    if groups < 5:
        interval = clustered_interval(values, names, confidence=0.9)
        assert interval is not None
        assert interval.method == "clustered_t"
        reach = stats.t.ppf(0.95, freedom_of_the_regression(codes)) * fit.bse[0]
        assert ends(interval) == pytest.approx((values.mean() - reach, values.mean() + reach), rel=1e-9)


def test_freedom_is_that_of_bell_and_mccaffrey() -> None:
    for sizes in ([1, 2], [3, 1, 1], [30, 1, 1, 2, 9], [20, 20, 1, 1, 1, 1, 1], [2, 3, 4] * 4):
        codes = np.repeat(np.arange(len(sizes)), sizes)
        assert cluster_freedom(codes) == pytest.approx(freedom_of_the_regression(codes), rel=1e-9)
    assert cluster_freedom(np.array([0, 1, 1, 1])) == pytest.approx(1.0, rel=1e-12)  # two clusters of any size
    assert cluster_freedom(np.arange(7).repeat(3)) == 6  # one size: one less than clusters
    sizes = [9, 4, 1]
    for copies in (1, 2, 5):
        codes = np.repeat(np.arange(3 * copies), sizes * copies)
        assert freedom_of_sizes(sizes, copies) == pytest.approx(freedom_of_the_regression(codes), rel=1e-9)
    assert freedom_of_sizes(sizes, 0.3) == freedom_of_sizes(sizes)
    assert freedom_of_sizes([4, 4, 4], 2.5) == 6.5


def test_clustered_error_equals_the_double_sum_of_miller() -> None:
    values, codes = clustered_data(6, 25, seed=8)
    residuals, n = values - values.mean(), len(values)
    double_sum = sum(
        residuals[i] * residuals[j] for i in range(n) for j in range(n) if codes[i] == codes[j]
    )  # i = j gives his first term, the rest his second
    groups = len(set(codes))
    expected = math.sqrt(double_sum / n**2 * groups / (groups - 1))
    assert clustered_standard_error(values, list(codes)) == pytest.approx(expected, rel=1e-12)


def test_clustered_error_of_single_items_is_the_ordinary_one() -> None:
    values = np.random.default_rng(1).normal(size=30)
    assert clustered_standard_error(values, range(30)) == pytest.approx(stats.sem(values), rel=1e-12)


def test_one_cluster_has_no_error_and_no_interval() -> None:
    assert math.isnan(clustered_standard_error([1, 2, 3], "aaa"))
    assert clustered_interval([1, 2, 3], "aaa") is None
    assert mean_interval([0, 1, 1], clusters=["a", "a", "a"], seed=1) is None


def test_clusters_must_be_parallel_to_values() -> None:
    with pytest.raises(ValueError, match="3 values but 2 clusters"):
        clustered_interval([1, 2, 3], "ab")


def test_clusters_are_numbered_as_they_appear() -> None:
    assert cluster_codes(np.zeros(5), ["b", "a", "b", None, "a"]).tolist() == [0, 1, 0, 2, 1]
    assert math.isnan(clustered_standard_error([], []))


def test_a_subset_against_the_rest_has_the_error_and_freedom_of_the_regression() -> None:
    generator = np.random.default_rng(7)
    for groups, size in ((4, 20), (8, 60), (25, 60)):
        values, codes = clustered_data(groups, size, groups)
        subset = generator.random(size) < 0.3
        assert clustered_difference(values, codes, subset) == pytest.approx(on_membership(values, codes, subset))


def test_nobody_knows_the_spread_between_clusters_of_a_side_that_has_one() -> None:
    codes = np.array([0, 0, 1, 2])
    assert clustered_difference(np.arange(4.0), codes, codes == 0) is None
    assert clustered_difference(np.arange(4.0), codes, codes != 0) is None
    assert clustered_difference(np.arange(4.0), codes, codes < 2) is None
