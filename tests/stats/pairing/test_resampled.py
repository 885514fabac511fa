"""Differences of statistics against SciPy's bootstrap, closed forms and the jackknife by hand."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from audit.stats.definitions.base import Resampling
from audit.stats.pairing import resampled as module
from audit.stats.pairing.resampled import Both, bca, both, jackknife, of_resamples
from tests.stats.conftest import ends


def mean_of(values: np.ndarray, names: list[str] | None = None) -> Resampling:
    names = names or [f"u{place}" for place in range(len(values))]
    units = list(dict.fromkeys(names))
    places = [units.index(name) for name in names]

    def value(weights: np.ndarray) -> float:
        counts = weights[places]
        return float(counts @ values / counts.sum()) if counts.any() else math.nan

    return Resampling(tuple(units), value)


def runs_of(differences: np.ndarray, clusters: list[str] | None = None) -> Both:
    before = np.random.default_rng(9).normal(size=len(differences))
    return both(mean_of(before, clusters), mean_of(before + differences, clusters))


def test_units_are_drawn_together_whatever_their_order() -> None:
    before, after = np.array([1.0, 2.0, 3.0]), np.array([30.0, 10.0, 20.0])
    runs = both(mean_of(before, ["a", "b", "c"]), mean_of(after, ["c", "a", "b"]))
    assert runs.units == 3
    assert runs.value == pytest.approx(20 - 2)
    assert runs.of_weights(np.array([1.0, 0.0, 0.0])) == pytest.approx(10 - 1)


def test_a_unit_of_one_side_alone_is_a_unit() -> None:
    runs = both(mean_of(np.array([1.0, 2.0]), ["a", "b"]), mean_of(np.array([5.0, 7.0]), ["b", "c"]))
    assert runs.units == 3
    assert runs.of_weights(np.array([1.0, 0.0, 1.0])) == pytest.approx(7 - 1)
    assert math.isnan(runs.of_weights(np.array([1.0, 0.0, 0.0])))


def test_clusters_are_drawn_whole() -> None:
    runs = runs_of(np.array([1.0, 2.0, 6.0]), ["x", "x", "y"])
    assert runs.units == 2
    assert runs.of_weights(np.array([1.0, 0.0])) == pytest.approx(1.5)


def test_the_bca_interval_of_a_mean_is_scipys_expanded() -> None:
    values = np.random.default_rng(1).exponential(size=30)
    n = len(values)
    means = values[np.random.default_rng(2).integers(n, size=(20_000, n))].mean(axis=1)
    left_out = (values.sum() - values) / (n - 1)
    found, _ = bca(float(values.mean()), means, left_out, 0.95)
    level = 1 - 2 * stats.norm.sf(stats.t.ppf(0.975, n - 1) * math.sqrt(n / (n - 1)))
    expected = stats.bootstrap(
        (values,), np.mean, confidence_level=level, n_resamples=20_000, rng=np.random.default_rng(3)
    ).confidence_interval
    assert ends(found) == pytest.approx((expected.low, expected.high), abs=0.03)
    assert found.method == "expanded_bca_bootstrap"


@pytest.mark.parametrize("shift", [0.2, 0.5, -0.35])
def test_the_interval_at_one_minus_the_p_value_ends_at_zero(shift: float) -> None:
    values = np.random.default_rng(4).normal(shift, 1, 40)
    means = values[np.random.default_rng(5).integers(40, size=(20_000, 40))].mean(axis=1)
    left_out = (values.sum() - values) / 39
    _, p_value = bca(float(values.mean()), means, left_out, 0.95)
    at_zero, _ = bca(float(values.mean()), means, left_out, 1 - p_value)
    assert min(abs(at_zero.low), abs(at_zero.high)) < 0.01
    assert p_value == pytest.approx(stats.ttest_1samp(values, 0).pvalue, abs=0.03)


def test_a_difference_beyond_all_draws_has_a_p_value_above_zero() -> None:
    values = np.random.default_rng(4).normal(9, 1, 40)
    found = of_resamples(runs_of(values), confidence=0.95, seed=1, resamples=2_000)
    assert found.p_value is not None
    assert stats.ttest_1samp(values, 0).pvalue < 1e-30  # 2,000 draws cannot show that
    assert 1 / 2_001 <= found.p_value < 0.002


@pytest.mark.parametrize("groups", [2, 3, 9])
def test_few_clusters_get_students_t_of_the_jackknife(groups: int) -> None:
    # Of a mean over clusters of equal size the jackknife's standard error is the ordinary one of their means.
    values = np.random.default_rng(groups).normal(1, 1, groups * 4)
    names = [f"c{place // 4}" for place in range(groups * 4)]
    found = of_resamples(runs_of(values, names), confidence=0.9, seed=0, resamples=500)
    means = values.reshape(groups, 4).mean(axis=1)
    expected = stats.ttest_1samp(means, 0)
    assert ends(found.interval) == pytest.approx(tuple(expected.confidence_interval(0.9)))
    assert (found.p_value, found.test) == (pytest.approx(expected.pvalue), "jackknife_t")
    assert found.effect == pytest.approx(means.mean() / means.std(ddof=1))
    assert found.growth == pytest.approx(means.var(ddof=1) / groups / np.abs(means).mean())
    assert found.freedom == groups - 1


def test_from_ten_units_on_the_bootstrap_widens_students_t() -> None:
    values = np.random.default_rng(6).exponential(size=10) - 0.3
    found = of_resamples(runs_of(values), confidence=0.95, seed=0, resamples=2_000)
    student = stats.ttest_1samp(values, 0)
    low, high = ends(found.interval)
    assert low <= student.confidence_interval().low
    assert high > student.confidence_interval().high + 0.02  # skewed to the right
    assert found.test == "bca_bootstrap"
    assert found.p_value is not None
    assert found.p_value >= student.pvalue - 1e-12


def test_equal_seeds_give_equal_intervals() -> None:
    runs = runs_of(np.random.default_rng(6).normal(size=25))
    first, second, other = (of_resamples(runs, confidence=0.95, seed=seed, resamples=300) for seed in (1, 1, 2))
    assert first == second != other


@pytest.mark.slow
def test_many_units_are_left_out_in_groups() -> None:
    values = np.random.default_rng(7).normal(0.1, 1, 3_000)
    runs = runs_of(values)
    assert len(jackknife(runs, 0)) == module.GROUPS
    found = of_resamples(runs, confidence=0.95, seed=0, resamples=500)
    assert found.standard_error == pytest.approx(stats.sem(values), rel=0.2)  # of 200 groups: 5 % per standard error
    assert (found.test, found.freedom) == ("jackknife_t", module.GROUPS - 1)


def test_no_interval_has_a_reason() -> None:
    assert of_resamples(runs_of(np.ones(1)), confidence=0.95, seed=0, resamples=9).no_interval == (
        "there is only one independent item or cluster"
    )
    assert of_resamples(runs_of(np.zeros(30)), confidence=0.95, seed=0, resamples=9).no_interval == (
        "the difference is the same without any of the items or clusters"
    )
    needs_first = Both(12, lambda weights: math.nan if weights[0] == 0 else float(weights @ np.arange(12)))
    assert of_resamples(needs_first, confidence=0.95, seed=0, resamples=9).no_interval == (
        "it has no value without one of the items or clusters"
    )


def test_draws_without_a_value_count_as_the_value() -> None:
    values = np.random.default_rng(8).normal(size=12)

    def of_weights(weights: np.ndarray) -> float:
        return math.nan if (weights > 0).sum() < 8 else float(weights @ values / weights.sum())

    found = of_resamples(Both(12, of_weights), confidence=0.95, seed=0, resamples=500)
    assert all(map(math.isfinite, ends(found.interval)))


def test_the_bca_interval_of_given_draws_is_scipys_expanded() -> None:
    values = np.random.default_rng(1).exponential(size=8)
    means = values[np.random.default_rng(2).integers(8, size=(3_000, 8))].mean(axis=1)
    found, _ = bca(float(values.mean()), means, (values.sum() - values) / 7, 0.9)
    level = 1 - 2 * stats.norm.sf(stats.t.ppf(0.95, 7) * math.sqrt(8 / 7))
    expected = stats.bootstrap(
        (values,),
        np.mean,
        confidence_level=level,
        n_resamples=0,
        bootstrap_result=SimpleNamespace(bootstrap_distribution=means),
    ).confidence_interval
    assert ends(found) == pytest.approx((expected.low, expected.high), rel=1e-6)


@pytest.mark.parametrize("value", [0.5, 0.9, -0.4])
def test_the_p_value_is_the_level_at_which_a_skewed_interval_ends_at_zero(value: float) -> None:
    draws = stats.norm.ppf((np.arange(40_000) + 0.5) / 40_000, loc=value + 0.2, scale=0.5)  # with a bias of 0.4
    left_out = value - (np.random.default_rng(3).exponential(size=9) - 1) / 9
    _, p_value = bca(value, draws, left_out, 0.95)
    at_zero, _ = bca(value, draws, left_out, 1 - p_value)
    assert min(abs(at_zero.low), abs(at_zero.high)) < 1e-3


def test_no_p_value_is_below_that_of_one_more_draw() -> None:
    left_out = np.random.default_rng(3).normal(2.5, 0.01, 50)
    assert bca(2.5, np.linspace(1, 2, 99), left_out, 0.95)[1] == 1 / 100


def test_half_of_the_equal_draws_are_below() -> None:
    draws = np.array([1.0, 2.0, 2.0, 3.0, 4.0])
    assert [module._below(draws, value) for value in (2.0, 2.5)] == [0.4, 0.6]
    assert [module._below(draws, value) for value in (0.0, 9.0)] == [0.1, 0.9]


def test_exchanged_runs_have_the_opposite_difference() -> None:
    values = np.random.default_rng(6).exponential(size=8)
    one, other = (of_resamples(runs_of(s * values), confidence=0.95, seed=0, resamples=9) for s in (1, -1))
    assert one.interval is not None
    assert ends(other.interval) == pytest.approx((-one.interval.high, -one.interval.low))
    assert other.p_value == pytest.approx(one.p_value)
    assert (one.interval.method, one.effect_name) == ("jackknife_t", "d_z")


def test_equal_seeds_give_equal_groups() -> None:
    runs = runs_of(np.random.default_rng(7).normal(size=1_300))
    first, second, other = (of_resamples(runs, confidence=0.95, seed=seed, resamples=9) for seed in (1, 1, 2))
    assert first == second != other


def test_from_which_number_of_units_on_groups_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_DRAWN", 12)
    monkeypatch.setattr(module, "GROUPS", 3)
    runs = [runs_of(np.random.default_rng(7).normal(size=n)) for n in (12, 13)]
    assert [len(jackknife(run, 0)) for run in runs] == [12, 3]
    tests = [of_resamples(run, confidence=0.95, seed=0, resamples=99).test for run in runs]
    assert tests == ["bca_bootstrap", "jackknife_t"]


@pytest.mark.parametrize(("values", "drawn"), [(5_000_000, 2_500), (12 * 2_100 + 6, 2_100), (12, 2_000)])
def test_many_units_get_fewer_resamples(values: int, drawn: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_VALUES", values)
    calls = []

    def of_weights(weights: np.ndarray) -> float:
        calls.append(weights)
        return float(weights[0])

    of_resamples(Both(12, of_weights), confidence=0.95, seed=0, resamples=2_500)
    assert len(calls) == 1 + 12 + drawn  # the data, each unit left out, and the draws


def test_large_values_that_vary_by_rounding_alone_do_not_vary() -> None:
    values = np.random.default_rng(1).random(30) * 1e8
    for shift in (1e8 / 3, -1e8 / 3):
        runs = both(mean_of(values), mean_of(values + shift))
        assert of_resamples(runs, confidence=0.95, seed=0, resamples=9).interval is None
