"""Intervals against published values, statsmodels, brute force, and simulated coverage."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from audit.stats.intervals import (
    Interval,
    bca_bootstrap,
    clustered_interval,
    clustered_standard_error,
    mean_interval,
    student_t,
    studentised_bootstrap,
    wilson,
)

# Efron and Tibshirani 1993, table 14.1: spatial perception of 26 children, test A.
SPATIAL = [48, 36, 20, 29, 42, 42, 20, 42, 22, 41, 45, 14, 6, 0, 33, 28, 34, 4, 32, 24, 47, 41, 24, 26, 30, 41]


def ends(interval: Interval | None) -> tuple[float, float]:
    assert interval is not None
    return interval.low, interval.high


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [  # Newcombe 1998, Statistics in Medicine 17, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_gives_the_values_newcombe_published(successes: int, n: int, low: float, high: float) -> None:
    assert ends(wilson(successes, n)) == pytest.approx((low, high), abs=5e-5)


def test_wilson_of_0_in_300_ends_at_1_26_percent() -> None:
    interval = wilson(0, 300)
    assert interval.low == 0
    assert round(100 * interval.high, 2) == 1.26


@pytest.mark.parametrize(("successes", "n"), [(0, 0), (-1, 5), (6, 5)])
def test_wilson_refuses_what_is_no_share(successes: int, n: int) -> None:
    with pytest.raises(ValueError, match="share needs"):
        wilson(successes, n)


def test_bca_gives_the_interval_efron_and_tibshirani_published() -> None:
    # Table 14.2: 90 % BCa interval of the variance is [115.8, 259.6], percentile [100.8, 233.9];
    # both from 2,000 resamples, hence the tolerance.
    assert np.var(SPATIAL) == pytest.approx(171.5, abs=0.05)
    interval = bca_bootstrap(SPATIAL, np.var, seed=1, resamples=10_000, confidence=0.9, expanded=False)
    assert interval is not None
    assert interval.method == "bca_bootstrap"
    assert ends(interval) == pytest.approx((115.8, 259.6), rel=0.04)


def test_bca_of_rows_resamples_whole_rows() -> None:
    rows = np.random.default_rng(3).gamma(2.0, size=(40, 2))

    def ratio(x: np.ndarray, y: np.ndarray) -> float:
        return float(x.sum() / y.sum())

    expected = stats.bootstrap(
        (rows[:, 0], rows[:, 1]), ratio, paired=True, vectorized=False, n_resamples=500, rng=np.random.default_rng(5)
    ).confidence_interval
    ours = bca_bootstrap(rows, lambda sample: ratio(sample[:, 0], sample[:, 1]), seed=5, resamples=500, expanded=False)
    assert ends(ours) == pytest.approx((expected.low, expected.high), rel=1e-12)


def test_bca_of_the_mean_is_one_whether_vectorized_or_not() -> None:
    values = np.random.default_rng(0).exponential(size=60)
    assert ends(bca_bootstrap(values, seed=2)) == pytest.approx(
        ends(bca_bootstrap(values, lambda sample: float(sample.mean()), seed=2)), rel=1e-12
    )


def test_bca_depends_on_the_seed_alone() -> None:
    values = np.random.default_rng(0).exponential(size=60)
    assert bca_bootstrap(values, seed=2) == bca_bootstrap(list(values), seed=2)
    assert bca_bootstrap(values, seed=2) != bca_bootstrap(values, seed=3)


def test_bca_that_does_not_exist_is_a_percentile_interval_and_says_so() -> None:
    # Leaving one item out never moves the median from 2, so the acceleration is 0 / 0.
    interval = bca_bootstrap([1] * 3 + [2] * 4 + [3] * 3, np.median, seed=1)
    assert interval is not None
    assert interval.method == "expanded_percentile_bootstrap"
    assert ends(interval) == (1, 3)


@pytest.mark.parametrize("values", [[], [3.0], [0.5] * 30, [0.1 + 0.2, 0.3] * 9])
def test_no_interval_where_the_data_say_nothing_about_the_spread(values: list[float]) -> None:
    assert mean_interval(values, seed=1) is None
    assert student_t(values) is None


def test_no_bootstrap_interval_of_width_zero() -> None:
    assert bca_bootstrap([0.5] * 30, seed=1) is None
    assert bca_bootstrap([2.0] * 40 + [3.0], np.median, seed=1) is None


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_values_that_are_not_finite_are_refused(bad: float) -> None:
    values = [1.0, 2.0, bad]
    with pytest.raises(ValueError, match="1 of 3 values are NaN or infinite"):
        mean_interval(values, seed=1)
    with pytest.raises(ValueError, match="1 of 3"):
        bca_bootstrap(values, seed=1)
    with pytest.raises(ValueError, match="1 of 3"):
        clustered_standard_error(values, "aab")


def clustered_data(groups: int, size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    codes = generator.integers(groups, size=size)
    return generator.normal(size=groups)[codes] + generator.normal(size=size), codes


@pytest.mark.parametrize(("groups", "size"), [(2, 9), (4, 60), (60, 60), (200, 500)])
def test_clustered_error_and_interval_of_few_clusters_equal_statsmodels(groups: int, size: int) -> None:
    values, codes = clustered_data(groups, size, seed=groups)
    fit = sm.OLS(values, np.ones_like(values)).fit(cov_type="cluster", cov_kwds={"groups": codes}, use_t=True)
    names = [f"passage {code}" for code in codes]
    assert clustered_standard_error(values, names) == pytest.approx(fit.bse[0], rel=1e-10)
    if groups < 5:
        interval = clustered_interval(values, names, confidence=0.9)
        assert interval is not None
        assert interval.method == "clustered_t"
        assert ends(interval) == pytest.approx(tuple(fit.conf_int(alpha=0.1)[0]), rel=1e-9)


def test_studentised_bootstrap_gives_the_interval_efron_and_tibshirani_published() -> None:
    # 1993, section 12.5: survival of nine control mice, 90 %: (35.82, 116.74) from 1,000 resamples.
    interval = studentised_bootstrap([52, 104, 146, 10, 51, 30, 40, 27, 46], seed=1, confidence=0.9)
    assert interval is not None
    assert interval.method == "studentised_bootstrap"
    assert ends(interval) == pytest.approx((35.82, 116.74), rel=0.03)


def exact_studentised(values: list[list[float]], confidence: float) -> tuple[float, float]:
    """From all G^G resamples of G clusters, each standard error by statsmodels' formula (CR1)."""

    def error(rows: list[list[float]]) -> float:
        numbers = np.concatenate(rows)
        residuals = [sum(row) - len(row) * numbers.mean() for row in rows]
        return math.sqrt(len(rows) / (len(rows) - 1) * sum(r * r for r in residuals)) / len(numbers)

    mean, spread, found = float(np.concatenate(values).mean()), error(values), []
    for drawn in itertools.product(values, repeat=len(values)):
        difference, own = float(np.concatenate(drawn).mean()) - mean, error(list(drawn))
        found.append(difference / own if own > 1e-12 else math.copysign(math.inf, difference))
    low, high = np.quantile(found, [(1 - confidence) / 2, (1 + confidence) / 2], method="inverted_cdf")
    return mean - high * spread, mean - low * spread


@pytest.mark.parametrize(
    "values",
    [[[3.0], [4.5], [1.2], [9.0], [2.2]], [[1.0, 2.0], [0.5], [3.0, 3.5, 4.0], [8.0], [2.0, 2.5]]],
    ids=["items", "clusters"],
)
def test_studentised_bootstrap_is_near_the_one_of_all_resamples(values: list[list[float]]) -> None:
    items = [value for row in values for value in row]
    clusters = [number for number, row in enumerate(values) for _ in row]
    named = clusters if len(items) > len(values) else None
    interval = studentised_bootstrap(items, named, seed=3, resamples=200_000, confidence=0.8)
    assert ends(interval) == pytest.approx(exact_studentised(values, 0.8), rel=0.02)


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


def test_expanded_interval_is_scipys_at_students_tails() -> None:
    # One-sided tails under the normal distribution of t(0.975, n - 1) sqrt(n / (n - 1)), from tables of both.
    for n, tail in ((5, 0.0010), (10, 0.0086), (20, 0.0159)):
        quantile = stats.t.ppf(0.975, n - 1) * math.sqrt(n / (n - 1))
        assert stats.norm.sf(quantile) == pytest.approx(tail, abs=2e-4)
        values = np.random.default_rng(n).normal(size=n)
        reference = stats.bootstrap(
            (values,), np.mean, confidence_level=1 - 2 * tail, n_resamples=20_000, rng=np.random.default_rng(8)
        ).confidence_interval
        assert ends(bca_bootstrap(values, seed=8, resamples=20_000)) == pytest.approx(
            (reference.low, reference.high), abs=0.05 * (reference.high - reference.low)
        )


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


def test_clustered_share_of_zero_counts_clusters_not_items() -> None:
    # 0 of 60 clusters, with t at 59 degrees of freedom for z: t² / (60 + t²) by Wilson's formula at 0.
    interval = clustered_interval([0] * 300, [item // 5 for item in range(300)])
    t = stats.t.ppf(0.975, 59)
    assert ends(interval) == pytest.approx((0, t**2 / (60 + t**2)))


def test_clustered_share_equals_wilson_with_t_at_the_effective_sample_size() -> None:
    generator = np.random.default_rng(4)
    codes = np.repeat(np.arange(25), 6)
    values = (generator.random(150) < generator.beta(1, 3, size=25)[codes]).astype(float)
    fit = sm.OLS(values, np.ones_like(values)).fit(cov_type="cluster", cov_kwds={"groups": codes})
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


def test_student_t_equals_scipy() -> None:
    values = [1.0, 4.0, 2.5, 7.0]
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.9)
    assert ends(student_t(values, 0.9)) == pytest.approx((expected.low, expected.high))


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
