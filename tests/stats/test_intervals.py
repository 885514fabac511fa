"""Intervals against published values, statsmodels, brute force, and simulated coverage."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.regression.linear_model import OLS
from statsmodels.stats.proportion import proportion_confint

from audit.stats.intervals import (
    Interval,
    bca_bootstrap,
    clustered_interval,
    clustered_standard_error,
    mean_interval,
    student_t,
    studentised_bootstrap,
    why_none,
    wilson,
)
from tests.stats.conftest import ends


@pytest.mark.parametrize("values", [[], [3.0], [0.5] * 30, [0.1 + 0.2, 0.3] * 9])
def test_no_interval_where_the_data_say_nothing_about_the_spread(values: list[float]) -> None:
    assert mean_interval(values, seed=1) is None
    assert student_t(values) is None


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_values_that_are_not_finite_are_refused(bad: float) -> None:
    values = [1.0, 2.0, bad]
    with pytest.raises(ValueError, match="1 of 3 values are NaN or infinite"):
        mean_interval(values, seed=1)
    with pytest.raises(ValueError, match="1 of 3"):
        bca_bootstrap(values, seed=1)
    with pytest.raises(ValueError, match="1 of 3"):
        clustered_standard_error(values, "aab")


def test_an_end_that_no_resample_can_tell_is_wilsons_or_none() -> None:
    # (8/9)^9 = 35 % of the resamples hold zeros alone: infinitely far out on one side.
    values = [0.0] * 8 + [0.3]
    assert mean_interval(values, seed=1) is None
    interval = mean_interval(values, seed=1, bounds=(0, 1))
    # The mean of 0.0333 as a share of nine items; statsmodels, proportion_confint(0.3, 9, method="wilson").
    assert interval is not None
    assert interval.high == pytest.approx(proportion_confint(0.3, 9, method="wilson")[1])


def test_few_items_that_differ_leave_a_useful_interval() -> None:
    for n, other in ((200, 3), (1000, 1), (5000, 2)):
        values = [0.5] * other + [0.0] * (n - other)
        interval = mean_interval(values, seed=1, bounds=(0, 1), resamples=500)
        assert interval is not None
        assert interval.low < 0.5 * other / n < interval.high <= proportion_confint(0.5 * other, n, method="wilson")[1]
    paired = mean_interval([0.0, 0.5, *[0.0] * 398], clusters=[n // 2 for n in range(400)], seed=1, bounds=(0, 1))
    assert paired is not None
    assert paired.high <= proportion_confint(0.25, 200, method="wilson")[1]  # 200 clusters of two


@pytest.mark.slow
def test_bounded_values_of_which_few_differ_are_covered() -> None:
    generator, runs, covered = np.random.default_rng(3), 300, 0
    for _ in range(runs):
        values = np.where(generator.random(60) < 0.05, generator.random(60), 0.0)
        if values.any():
            low, high = ends(mean_interval(values, seed=1, bounds=(0, 1), resamples=500))
            covered += low <= 0.025 <= high
    assert covered / runs >= 0.9


def test_ends_stay_within_the_possible_values() -> None:
    interval = mean_interval([0.02, 0.9, 0.95, 0.97, 0.99, 0.96], seed=1, bounds=(0, 1))
    few = mean_interval([0.1, 0.9, 0.95], seed=1, bounds=(0, 1))
    assert ends(interval)[1] <= 1
    assert ends(few) == (0, 1)


def test_clustered_share_of_zero_counts_clusters_not_items() -> None:
    # 0 of 60 clusters, with t at 59 degrees of freedom for z: t² / (60 + t²) by Wilson's formula at 0.
    interval = clustered_interval([0] * 300, [item // 5 for item in range(300)])
    t = stats.t.ppf(0.975, 59)
    assert ends(interval) == pytest.approx((0, t**2 / (60 + t**2)))


def test_clustered_share_equals_wilson_with_t_at_the_effective_sample_size() -> None:
    generator = np.random.default_rng(4)
    codes = np.repeat(np.arange(25), 6)
    values = (generator.random(150) < generator.beta(1, 3, size=25)[codes]).astype(float)
    fit = OLS(values, np.ones_like(values)).fit(cov_type="cluster", cov_kwds={"groups": codes})
    mean, t = values.mean(), stats.t.ppf(0.975, 24)
    effective = mean * (1 - mean) / fit.bse[0] ** 2
    # Wilson's ends are the roots of (p - mean)² = t² p (1 - p) / n.
    roots = np.roots([1 + t**2 / effective, -2 * mean - t**2 / effective, mean**2])
    assert ends(clustered_interval(values, list(codes))) == pytest.approx(tuple(sorted(roots)), rel=1e-6)


def test_balanced_pairs_do_not_pass_for_certainty() -> None:
    # Each pair holds one 0 and one 1: the clustered error is 0, the share is not known exactly.
    interval = clustered_interval([0, 1] * 20, [item // 2 for item in range(40)])
    assert interval is not None
    assert interval.high - interval.low > 0.3
    assert clustered_interval([0, 2] * 20, [item // 2 for item in range(40)]) is None


@pytest.mark.parametrize(
    ("values", "clusters", "method"),
    [
        ([0, 1, 1, 0], None, "wilson"),
        ([1], None, "wilson"),
        ([0, 1, 1, 0], ["a", "b", None, None], "wilson"),
        ([0, 1, 1, 0], ["a", "a", None, None], "wilson_clustered"),
        ([0.5, 1, 1, 0], ["a", "a", None, None], "clustered_t"),
        ([0.5, 1, 1, 0] * 3, [str(n % 6) for n in range(12)], "studentised_cluster_bootstrap"),
        ([0.5, 1, 1, 0], None, "student_t"),
        ([0.5, 1, 1, 0] * 5, None, "studentised_bootstrap"),
    ],
)
def test_mean_interval_chooses(values: list[float], clusters: list[str | None] | None, method: str) -> None:
    interval = mean_interval(values, clusters=clusters, seed=1)
    assert interval is not None
    assert interval.method == method
    assert interval.low < np.mean(values) < interval.high or interval.high == 1


def test_zeros_and_ones_on_an_open_scale_are_no_share() -> None:
    assert mean_interval([1] * 20, seed=1, share=False) is None
    assert mean_interval([1] * 20, clusters=["a", "b"] * 10, seed=1, share=False) is None
    methods = [
        mean_interval([0, 1] * 8, clusters=clusters, seed=1, share=False) for clusters in (None, list("aabc" * 4))
    ]
    assert [interval and interval.method for interval in methods] == ["studentised_bootstrap", "clustered_t"]


def test_many_items_get_students_interval_that_equals_the_normal_one() -> None:
    values = np.random.default_rng(2).exponential(size=6000)
    interval = mean_interval(values, seed=1)
    assert interval is not None
    assert interval.method == "student_t"
    error = stats.sem(values)
    assert ends(interval) == pytest.approx(
        (values.mean() - 1.96 * error, values.mean() + 1.96 * error), abs=0.2 * error
    )


def test_none_clusters_differ_from_a_cluster_called_none() -> None:
    alone = mean_interval([0, 1, 1, 0], clusters=[None] * 4, seed=1)
    together = mean_interval([0, 1, 1, 0], clusters=["None", "None", "a", "b"], seed=1)
    assert alone == wilson(2, 4)
    assert together != alone


@pytest.mark.slow
def test_clustered_shares_are_covered_where_plain_wilson_is_not() -> None:
    generator, covered, plain, runs = np.random.default_rng(11), 0, 0, 400
    codes = np.repeat(np.arange(30), 5)
    for _ in range(runs):
        values = generator.random(150) < generator.beta(0.5, 2.0, size=30)[codes]  # mean 0.2
        low, high = ends(clustered_interval(values, list(codes)))
        covered += low <= 0.2 <= high
        low, high = ends(wilson(int(values.sum()), 150))
        plain += low <= 0.2 <= high
    # Three standard errors of a simulated share of 0.95 over 400 runs are 0.033.
    assert 0.917 <= covered / runs <= 0.983
    assert plain / runs < 0.85


@pytest.mark.slow
@pytest.mark.parametrize("n", [5, 10, 20, 50])
def test_skewed_means_are_covered_where_plain_bca_is_not(n: int) -> None:
    generator, runs, covered, plain = np.random.default_rng(n), 500, 0, 0
    for _ in range(runs):
        values = generator.exponential(size=n)
        low, high = ends(mean_interval(values, seed=1, resamples=1000))
        covered += low <= 1 <= high
        low, high = ends(bca_bootstrap(values, seed=1, resamples=400, expanded=False))
        plain += low <= 1 <= high
    assert covered / runs >= 0.91
    assert covered > plain


@pytest.mark.slow
@given(st.lists(st.sampled_from([0.0, 1.0]), min_size=1, max_size=60), st.data())
@settings(deadline=None, max_examples=60)
def test_intervals_of_shares_hold_the_mean_and_stay_in_0_to_1(values: list[float], data: st.DataObject) -> None:
    size = len(values)
    clusters = data.draw(st.lists(st.sampled_from(["a", "b", "c", None]), min_size=size, max_size=size))
    interval = mean_interval(values, clusters=clusters, seed=1)
    if interval is None:
        assert len(set(clusters)) == 1
        return
    assert 0 <= interval.low <= np.mean(values) + 1e-12
    assert np.mean(values) - 1e-12 <= interval.high <= 1
    assert interval.low < interval.high


@given(st.floats(0.01, 100), st.floats(-50, 50))
@settings(deadline=None, max_examples=25)
def test_mean_intervals_move_with_a_change_of_unit(factor: float, shift: float) -> None:
    values = np.random.default_rng(6).gamma(2.0, size=25)
    low, high = ends(mean_interval(values, seed=9, resamples=200))
    moved = ends(mean_interval(factor * values + shift, seed=9, resamples=200))
    assert moved == pytest.approx((factor * low + shift, factor * high + shift), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("groups", [2, 3, 4])
def test_few_clusters_get_statsmodels_cluster_robust_interval(groups: int) -> None:
    generator = np.random.default_rng(groups)
    codes = np.repeat(np.arange(groups), 5)  # of one size: others have fewer degrees of freedom
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
@pytest.mark.parametrize(
    ("groups", "least", "most"), [(2, 0.93, 0.97), (3, 0.93, 0.98), (5, 0.92, 0.97), (10, 0.92, 0.97), (57, 0.92, 0.97)]
)
def test_coverage_with_clusters_on_an_open_scale(groups: int, least: float, most: float) -> None:
    """Normal clusters of four: 95 % of 1,000 intervals, whose share has a standard error of 0.7 points."""
    generator, codes = np.random.default_rng(groups), np.repeat(np.arange(groups), 4)
    hits = []
    for seed in range(1000):
        values = generator.normal(size=groups)[codes] + generator.normal(size=len(codes))
        found = clustered_interval(values, codes.tolist(), seed=seed, resamples=500, share=False)
        hits.append(found is not None and found.low <= 0 <= found.high)
    assert least <= float(np.mean(hits)) <= most


@pytest.mark.slow
@pytest.mark.parametrize(("groups", "most"), [(2, 1.0), (3, 1.0), (5, 1.0), (10, 0.98), (57, 0.98)])
def test_coverage_of_shares_with_clusters(groups: int, most: float) -> None:
    """Beta-binomial clusters of four, mean 40 %: at least 95 % of 500 intervals, with a standard error of 1 point.

    Below ten clusters the interval is wider than it need be.
    """
    generator, codes = np.random.default_rng(groups), np.repeat(np.arange(groups), 4)
    hits = []
    for _ in range(500):
        values = generator.random(len(codes)) < generator.beta(2, 3, size=groups)[codes]
        low, high = ends(clustered_interval(values.astype(float), codes.tolist()))
        hits.append(low <= 0.4 <= high)
    assert 0.92 <= float(np.mean(hits)) <= most


def test_numbers_of_groups_choose_the_interval() -> None:
    """Student's t below five clusters and above 5,000; the bootstrap, seeded, in between."""
    generator = np.random.default_rng(3)

    def interval(groups: int) -> Interval:
        values = generator.normal(size=2 * groups)
        found = clustered_interval(values, [n // 2 for n in range(2 * groups)], seed=4, resamples=100, bounds=(-3, 3))
        assert found is not None
        assert -3 <= found.low < found.high <= 3
        return found

    methods = [interval(groups).method for groups in (2, 4, 5, 5000, 5001)]
    bootstrap = "studentised_cluster_bootstrap"
    assert methods == ["clustered_t", "clustered_t", bootstrap, bootstrap, "clustered_t"]
    values, clusters = generator.normal(size=10), [n // 2 for n in range(10)]
    assert clustered_interval(values, clusters, 0.8, seed=4, resamples=100) == studentised_bootstrap(
        values, clusters, seed=4, resamples=100, confidence=0.8
    )


def test_numbers_of_items_choose_the_interval() -> None:
    values = np.random.default_rng(5).normal(size=5001)
    chosen = [mean_interval(values[:n], seed=1, resamples=100) for n in (2, 4, 5, 5000, 5001)]
    methods = [found and found.method for found in chosen]
    bootstrap = "studentised_bootstrap"
    assert methods == ["student_t", "student_t", bootstrap, bootstrap, "student_t"]
    assert mean_interval(values[:9], seed=7, resamples=100, confidence=0.8, bounds=(-9, 9)) == studentised_bootstrap(
        values[:9], seed=7, resamples=100, confidence=0.8, bounds=(-9, 9)
    )
    assert mean_interval([0, 1, 1], seed=1, confidence=0.8) == wilson(2, 3, 0.8)
    assert mean_interval([1.0, 2.0, 4.0], seed=1, confidence=0.8) == student_t([1.0, 2.0, 4.0], 0.8)


def test_clusters_that_differ_by_rounding_alone_give_no_interval() -> None:
    """All cluster means are 1,000,000,000.15; doubles of that size are a ten-millionth apart."""
    parts = [(0.1, 0.2), (0.2, 0.1), (0.15, 0.15), (0.05, 0.25), (0.25, 0.05), (0.13, 0.17)]
    values = [1e9 + part for pair in parts for part in pair]
    clusters = [place for place, pair in enumerate(parts) for _ in pair]
    assert 0 < clustered_standard_error(values, clusters) < 1e-6
    assert clustered_interval(values, clusters, share=False) is None
    # A value of 0 in each cluster does not make rounding errors of the others a spread.
    large = [part * 3e9 for pair in parts for part in (*pair, 0.0)]
    triples = [place for place, pair in enumerate(parts) for _ in (*pair, 0.0)]
    for first in (0, 2):  # four clusters have Student's interval
        numbers, names = large[3 * first :], triples[3 * first :]
        assert clustered_standard_error(numbers, names) > 1e-12
        assert clustered_interval(numbers, names, share=False) is None
    assert clustered_interval([], []) is None
    assert why_none([1.0, 1.0], [None, None]) == "all 2 items have the same value"
