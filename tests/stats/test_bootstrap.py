"""Bootstrap intervals against published values, SciPy, and all resamples of few items."""

from __future__ import annotations

import itertools
import math
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from audit.stats import bootstrap
from audit.stats.bootstrap import bca_bootstrap, cluster_bootstrap, jackknife_t, studentised_bootstrap
from audit.stats.interval import UNBOUNDED, Interval
from tests.stats.conftest import ends

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Efron and Tibshirani 1993, table 14.1: spatial perception of 26 children, test A.
SPATIAL = [48, 36, 20, 29, 42, 42, 20, 42, 22, 41, 45, 14, 6, 0, 33, 28, 34, 4, 32, 24, 47, 41, 24, 26, 30, 41]


@pytest.mark.slow
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


@pytest.mark.slow
def test_bca_that_does_not_exist_is_a_percentile_interval_and_says_so() -> None:
    # Leaving one item out never moves the median from 2, so the acceleration is 0 / 0.
    interval = bca_bootstrap([1] * 3 + [2] * 4 + [3] * 3, np.median, seed=1)
    assert interval is not None
    assert interval.method == "expanded_percentile_bootstrap"
    assert ends(interval) == (1, 3)


@pytest.mark.parametrize("expanded", [True, False])
def test_the_percentile_interval_in_its_place_has_the_same_tails(expanded: bool) -> None:
    """A statistic that no jackknife moves, though resamples do."""
    values = np.random.default_rng(6).exponential(size=12)

    def mean(sample: np.ndarray) -> float:
        return float(sample.mean()) if len(sample) == len(values) else 1.0

    found = bca_bootstrap(values, mean, seed=4, resamples=800, confidence=0.8, expanded=expanded)
    quantile = stats.t.ppf(0.9, 11) * math.sqrt(12 / 11)
    level = 1 - 2 * stats.norm.sf(quantile) if expanded else 0.8
    expected = stats.bootstrap(
        (values,), mean, vectorized=False, n_resamples=800, confidence_level=level, method="percentile",
        rng=np.random.default_rng(4),
    ).confidence_interval  # fmt: skip
    assert ends(found) == pytest.approx((expected.low, expected.high), rel=1e-12)


@pytest.mark.parametrize(
    ("n", "most", "jackknife"),
    [(100, 1_250, True), (5_000, 25, True), (5_001, 24, False), (62_500, 2, False), (125_001, 1, False)],
)
def test_batches_stay_in_the_cache_and_only_up_to_5000_items_get_a_jackknife(
    n: int, most: int, jackknife: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At most 125,000 values in a batch, or one resample."""
    stacks: list[tuple[int, ...]] = []
    asked: list[int] = []

    def first(stack: NDArray[np.float64]) -> NDArray[np.float64]:
        stacks.append(stack.shape)
        return stack[:, 0]

    monkeypatch.setattr(bootstrap, "_bca_tails", lambda _draws, _of_items, count, _tail: asked.append(count))
    found = bca_bootstrap(np.arange(n), first, seed=1, resamples=most + 1, stacked=True)
    assert stacks == [(most, n), (1, n)]
    assert (found and found.method, asked) == ("expanded_percentile_bootstrap", [n] * jackknife)


def test_bca_of_a_stack_is_that_of_its_resamples_one_by_one() -> None:
    rows = np.random.default_rng(3).gamma(2.0, size=(400, 2))  # more than a batch, in the jackknife too
    alone = bca_bootstrap(rows, lambda sample: float(np.median(sample[:, 1])), seed=5, resamples=400)
    stack = bca_bootstrap(rows, lambda many: np.median(many[..., 1], axis=1), seed=5, resamples=400, stacked=True)
    assert alone is not None
    assert (stack, alone.method) == (alone, "expanded_bca_bootstrap")


def test_bca_of_rows_by_the_mean_of_all_their_numbers() -> None:
    rows = np.random.default_rng(3).gamma(2.0, size=(20, 3))
    plain = bca_bootstrap(rows, lambda sample: float(np.mean(sample)), seed=5, resamples=200)
    assert bca_bootstrap(rows, np.mean, seed=5, resamples=200) == plain
    assert plain is not None


@pytest.mark.slow
def test_no_bootstrap_interval_of_width_zero() -> None:
    assert bca_bootstrap([0.5] * 30, seed=1) is None
    assert bca_bootstrap([2.0] * 40 + [3.0], np.median, seed=1) is None


def test_studentised_bootstrap_gives_the_interval_efron_and_tibshirani_published() -> None:
    # 1993, section 12.5: survival of nine control mice, 90 %: (35.82, 116.74) from 1,000 resamples.
    interval = studentised_bootstrap([52, 104, 146, 10, 51, 30, 40, 27, 46], seed=1, confidence=0.9)
    assert interval is not None
    assert (interval.method, interval.confidence) == ("studentised_bootstrap", 0.9)
    assert ends(interval) == pytest.approx((35.82, 116.74), rel=0.03)


def exact_studentised(values: list[list[float]], confidence: float, draws: Any = None) -> tuple[float, float]:
    """From all G^G resamples of G clusters, or from some; each standard error by statsmodels' formula (CR1)."""

    def error(rows: list[list[float]]) -> float:
        numbers = np.concatenate(rows)
        residuals = [sum(row) - len(row) * numbers.mean() for row in rows]
        return math.sqrt(len(rows) / (len(rows) - 1) * sum(r * r for r in residuals)) / len(numbers)

    mean, spread, found = float(np.concatenate(values).mean()), error(values), []
    for drawn in itertools.product(values, repeat=len(values)) if draws is None else draws:
        difference, own = float(np.concatenate(drawn).mean()) - mean, error(list(drawn))
        far = math.copysign(math.inf, difference) if abs(difference) > 1e-12 else 0.0
        found.append(difference / own if own > 1e-12 else far)
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


@pytest.mark.parametrize(
    "values",
    [
        [[1.0], [2.0], [3.0]],  # one is the mean: drawn three times it is 0 / 0
        [[1.0], [2.0], [3.0], [4.0], [2.5]],
        [[1.0, 2.0], [0.5], [3.0, 3.5, 4.0], [8.0], [2.0, 2.5]],
        [[1.0, 2.0], [0.5], [3.0], [8.0, 2.0, 2.5]],
    ],
)
@pytest.mark.parametrize(
    ("resamples", "confidence"), [(1, 0.6), (40, 0.6), (301, 0.6), (301, 0.18), (301, 0.22), (301, 0.26)]
)
def test_studentised_bootstrap_is_that_of_the_clusters_drawn(
    values: list[list[float]], resamples: int, confidence: float
) -> None:
    items = [value for row in values for value in row]
    clusters = [number for number, row in enumerate(values) for _ in row]
    draws = np.random.default_rng(9).integers(len(values), size=(resamples, len(values)))
    low, high = exact_studentised(values, confidence, [[values[index] for index in row] for row in draws])
    found = studentised_bootstrap(items, clusters, seed=9, resamples=resamples, confidence=confidence)
    if math.isfinite(low) and math.isfinite(high):
        assert ends(found) == pytest.approx((low, high), rel=1e-9)
    else:
        assert found is None


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_resamples_without_spread_are_infinitely_far_out(scale: float) -> None:
    """Of three items 1 in 9 resamples is one item three times, but for rounding."""
    for seed in range(12):
        values = np.random.default_rng(seed).normal(size=3) * scale
        assert studentised_bootstrap(values, seed=1, resamples=2_000, confidence=0.95) is None
    # Two of three lie on one side of the mean: there 2 in 27 are infinite, on the other 1 in 27, and tails are 5 %.
    for values in ([0.0, 0.1, 1.0], [0.0, 0.9, 1.0]):
        given = np.array(values) * scale
        assert studentised_bootstrap(given, seed=1, resamples=20_000, confidence=0.9) is None
        whole = studentised_bootstrap(given, seed=1, resamples=20_000, confidence=0.9, bounds=(0.0, scale))
        assert whole is not None
        assert 0 <= whole.low < given.mean() < whole.high <= scale


def test_clusters_that_differ_by_rounding_do_not_vary() -> None:
    """The standard error of two items is half of their difference: up to a billionth of a thousandth it is rounding."""
    assert studentised_bootstrap([0.0, 2 * 0.995e-12], seed=1, bounds=(0, 1)) is None
    assert studentised_bootstrap([0.0, 2 * 1.2e-12], seed=1, bounds=(0, 1)) is not None
    assert studentised_bootstrap([1e6, 1e6 + 1e-7, 1e6 - 1e-7, 1e6], seed=1, bounds=(0, 1e7)) is None
    assert studentised_bootstrap([1e6, 1e6 + 1e-4, 1e6 - 1e-4, 1e6], seed=1, bounds=(0, 1e7)) is not None


def test_expanded_interval_is_scipys_at_students_tails() -> None:
    # One-sided tails under the normal distribution of t(0.975, n - 1) sqrt(n / (n - 1)), from tables of both.
    for n, tail in ((5, 0.0010), (10, 0.0086), (20, 0.0159)):
        quantile = stats.t.ppf(0.975, n - 1) * math.sqrt(n / (n - 1))
        assert stats.norm.sf(quantile) == pytest.approx(tail, abs=2e-4)
        assert bootstrap._expanded(0.95, n) == pytest.approx(1 - 2 * tail, abs=4e-4)
        values = np.random.default_rng(n).normal(size=n)
        reference = stats.bootstrap(
            (values,), np.mean, confidence_level=1 - 2 * tail, n_resamples=20_000, rng=np.random.default_rng(8)
        ).confidence_interval
        assert ends(bca_bootstrap(values, seed=8, resamples=20_000)) == pytest.approx(
            (reference.low, reference.high), abs=0.05 * (reference.high - reference.low)
        )


def test_fewer_than_two_items_have_no_bootstrap() -> None:
    assert bca_bootstrap([], seed=1) is None
    assert bca_bootstrap([3.0], seed=1) is None
    assert studentised_bootstrap([3.0], seed=1) is None
    assert studentised_bootstrap([1.0, 2.0, 3.0], ["a", "a", "a"], seed=1) is None
    assert studentised_bootstrap([2.0] * 9, seed=1) is None
    assert bca_bootstrap([3.0, 4.0], seed=1) is not None
    assert studentised_bootstrap([3.0, 4.0], seed=1, bounds=(0, 9)) is not None


def test_many_items_have_a_percentile_interval_without_a_jackknife(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audit.stats.bootstrap.LARGE_SAMPLE", 20)
    values = np.random.default_rng(3).exponential(size=21)
    ours = bca_bootstrap(values, seed=4, resamples=600, confidence=0.9, expanded=False)
    expected = stats.bootstrap(
        (values,), np.mean, n_resamples=600, confidence_level=0.9, method="percentile", rng=np.random.default_rng(4)
    ).confidence_interval
    assert ends(ours) == pytest.approx((expected.low, expected.high), rel=1e-12)
    few = bca_bootstrap(values[:20], seed=4, resamples=600, expanded=False)
    assert ours is not None
    assert few is not None
    assert (ours.method, few.method, ours.confidence) == ("percentile_bootstrap", "bca_bootstrap", 0.9)


def test_batches_change_no_resample(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).exponential(size=30)
    whole = bca_bootstrap(values, seed=2, resamples=500), studentised_bootstrap(values, seed=2, resamples=500)
    monkeypatch.setattr("audit.stats.bootstrap.CACHED_VALUES", 700)
    assert bca_bootstrap(values, seed=2, resamples=500) == whole[0]
    assert studentised_bootstrap(values, seed=2, resamples=500) == whole[1]


@pytest.mark.parametrize(
    ("groups", "asked", "drawn"), [(20, 2499, 2499), (20, 2500, 2500), (20, 9999, 2500), (40, 9999, 2000), (40, 9, 9)]
)
def test_very_many_clusters_are_drawn_less_often(
    groups: int, asked: int, drawn: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """50,000 items in all, but 2,000 resamples where so many were asked for."""
    monkeypatch.setattr(bootstrap, "MOST_DRAWN", 50_000)
    seen, means = [], bootstrap._studentised_means

    def counted(*arguments: Any) -> Any:
        found = means(*arguments)
        seen.append(len(found))
        return found

    monkeypatch.setattr(bootstrap, "_studentised_means", counted)
    studentised_bootstrap(np.random.default_rng(1).exponential(size=groups), seed=2, resamples=asked)
    assert seen == [drawn]


def test_bounds_limit_ends_to_wilsons_of_as_many_clusters() -> None:
    """Sizes 3, 1, 1, 1, 1, 1 count as (8)² / (9 + 5) clusters; the scale runs from -2 to 2."""
    values, clusters = [-2.0, -2.0, -1.9, -2.0, -2.0, -2.0, -2.0, -2.0], list("aaabcdef")
    found = studentised_bootstrap(values, clusters, seed=1, bounds=(-2.0, 2.0))
    share, number = (np.mean(values) + 2) / 4, 64 / 14
    low, high = proportion_confint(share * number, number, method="wilson")
    assert ends(found) == pytest.approx((-2 + 4 * low, -2 + 4 * high), rel=1e-6)
    assert found is not None
    assert found.method == "studentised_cluster_bootstrap"
    assert studentised_bootstrap(values, clusters, seed=1, bounds=(-2.0, math.inf)) is None
    turned = studentised_bootstrap([-value for value in values], clusters, seed=1, bounds=(-2.0, 2.0))
    assert ends(turned) == pytest.approx((2 - 4 * high, 2 - 4 * low), rel=1e-6)
    spread = np.random.default_rng(2).exponential(size=30)
    free, above = (studentised_bootstrap(spread, seed=1, bounds=bounds) for bounds in (UNBOUNDED, (0.9, math.inf)))
    assert free is not None
    assert above == Interval(max(0.9, free.low), free.high, "studentised_bootstrap", 0.95)
    half = studentised_bootstrap(values, clusters, seed=1, bounds=(-math.inf, 2.0))
    assert half is not None
    assert half.high == 2.0
    assert half.low < found.low


def test_a_bootstrap_of_clusters_of_equal_size_is_that_of_their_means() -> None:
    means = np.random.default_rng(2).exponential(size=9)
    found = cluster_bootstrap(lambda weights: float(weights @ means / 9), float(means.mean()), 9, seed=5, resamples=400)
    expected = bca_bootstrap(means, lambda drawn: float(drawn.mean()), seed=5, resamples=400)
    assert ends(found) == pytest.approx(ends(expected))
    assert found is not None
    assert found.method == "expanded_bca_cluster_bootstrap"
    nothing = cluster_bootstrap(lambda _weights: math.nan, 1.0, 9, seed=5, resamples=100)
    assert nothing is None


def test_the_jackknife_of_a_mean_is_students_interval() -> None:
    means = np.array([1.0, 4.0, 2.5, 7.0])

    def mean(weights: NDArray[np.float64]) -> float:
        return float(weights @ means / weights.sum())

    found = jackknife_t(mean, float(means.mean()), 4, confidence=0.9)
    assert ends(found) == pytest.approx(stats.t.interval(0.9, 3, means.mean(), stats.sem(means)))
    assert found is not None
    assert (found.method, found.confidence) == ("cluster_jackknife_t", 0.9)
    assert jackknife_t(lambda weights: 1.0 - float(weights.sum()), 1.0, 1) is None
    assert jackknife_t(lambda weights: math.nan if weights[2] == 0 else mean(weights), 3.6, 4) is None
    assert jackknife_t(lambda _weights: 2.0, 2.0, 4) is None


@pytest.mark.slow
def test_the_gate_recomputes_intervals_without_scipy_stats() -> None:
    """It takes as long to import as all other work of a gate."""
    code = """
import sys
from audit.stats.intervals import bca_bootstrap, clustered_interval, mean_interval, student_t
bca_bootstrap([1.0, 2.0, 4.0, 8.0, 9.0], seed=1, resamples=50)
clustered_interval([0.0, 1.0, 1.0, 0.0], ["a", "a", "b", "c"])
mean_interval([0.5, 1.0, 2.0, 0.1, 0.2], seed=1, resamples=2000)
student_t([1.0, 2.0])
assert "scipy.special" in sys.modules
sys.exit("scipy.stats" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
