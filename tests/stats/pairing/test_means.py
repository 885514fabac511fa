"""Mean differences of items against statsmodels, SciPy and brute force."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.regression.linear_model import OLS
from statsmodels.stats.contingency_tables import mcnemar

from audit.stats.intervals import clustered_interval, studentised_bootstrap
from audit.stats.pairing import means as module
from audit.stats.pairing.means import of_means, of_shares
from audit.stats.pairing.sign_flips import sign_flips
from audit.stats.pairing.tango import tango
from tests.stats.conftest import ends

OPEN = math.inf


def changes(better: int, worse: int, equal: int) -> np.ndarray:
    return np.array([1.0] * better + [-1.0] * worse + [0.0] * equal)


@pytest.mark.parametrize(("better", "worse"), [(0, 0), (5, 0), (3, 9), (40, 41), (200, 260)])
def test_mcnemar_is_statsmodels(better: int, worse: int) -> None:
    found = of_shares(changes(better, worse, 500), None, confidence=0.95, seed=0)
    expected = mcnemar([[300, better], [worse, 200]], exact=True).pvalue
    assert found.p_value == pytest.approx(expected, abs=1e-9)
    assert found.test == "mcnemar_exact"
    assert found.interval == tango(better, worse, better + worse + 500)


def test_the_odds_ratio_is_that_of_matched_pairs() -> None:
    found = of_shares(changes(6, 16, 139), None, confidence=0.95, seed=0)
    assert (found.effect, found.effect_name) == (6 / 16, "odds_ratio")
    assert of_shares(changes(6, 0, 139), None, confidence=0.95, seed=0).effect is None


def in_clusters(seed: int, groups: int = 6, size: int = 120) -> tuple[np.ndarray, list[str]]:
    generator = np.random.default_rng(seed)
    share = np.repeat(generator.uniform(0.1, 0.6, groups), size)
    uniform = generator.random(groups * size)
    values = np.where(uniform < share / 2, 1.0, np.where(uniform > 1 - share, -1.0, 0.0))
    return values, [f"c{place // size}" for place in range(groups * size)]


def test_clustered_shares_are_tangos_at_the_effective_number_of_items() -> None:
    values, names = in_clusters(1)
    codes = np.array([int(name[1:]) for name in names])
    model = OLS(values, np.ones(len(values))).fit(cov_type="cluster", cov_kwds={"groups": codes})
    n = float(values.var() / model.bse[0] ** 2)
    better, worse = (values > 0).mean() * n, (values < 0).mean() * n
    found = of_shares(values, names, confidence=0.95, seed=0)
    score, reach = ends(tango(better, worse, n, freedom=5)), stats.t.ppf(0.975, 5) * model.bse[0]
    expected = min(score[0], values.mean() - reach), max(score[1], values.mean() + reach)
    assert ends(found.interval) == pytest.approx(expected, rel=1e-9)
    assert score[0] > expected[0]  # each side matters
    assert score[1] == expected[1]
    assert found.interval is not None
    assert found.interval.method == "tango_clustered"
    assert found.freedom == 5


def test_differences_of_shares_stay_within_their_bounds() -> None:
    values = np.array([1.0] * 10 + [0.0] * 10)
    found = of_shares(values, ["a"] * 10 + ["b"] * 10, confidence=0.95, seed=0)
    assert ends(found.interval)[1] == 1.0
    assert -1.0 <= ends(found.interval)[0] < -0.9


def test_clusters_that_do_not_vary_count_as_items() -> None:
    found = of_shares(np.zeros(60), [f"c{place % 3}" for place in range(60)], confidence=0.95, seed=0)
    assert ends(found.interval) == pytest.approx(ends(tango(0, 0, 3, freedom=2)))
    assert found.p_value == 1.0


def test_signs_of_whole_clusters_are_flipped() -> None:
    values, names = in_clusters(2)
    sums = [values[np.array(names) == name].sum() for name in dict.fromkeys(names)]
    expected = stats.permutation_test(
        (np.array(sums),), lambda x, axis: np.sum(x, axis=axis), permutation_type="samples", vectorized=True
    ).pvalue
    for found in (
        of_shares(values, names, confidence=0.95, seed=0),
        of_means(values, names, width=OPEN, confidence=0.95, seed=0, resamples=200),
    ):
        assert (found.p_value, found.test) == (pytest.approx(expected), "sign_flips_exact")


@pytest.mark.parametrize("groups", [2, 3, 5])
def test_too_few_clusters_for_signs_are_tested_by_the_intervals_t(groups: int) -> None:
    generator = np.random.default_rng(groups)
    values = generator.normal(-0.3, 0.001, (groups, 8))
    names = [f"c{place // 8}" for place in range(groups * 8)]
    found = of_means(values.ravel(), names, width=OPEN, confidence=0.95, seed=0, resamples=300)
    expected = stats.ttest_1samp(values.mean(axis=1), 0).pvalue
    assert found.p_value is not None
    assert found.test == "clustered_t"
    if groups < 5:  # of five clusters the bootstrap widens the interval
        assert found.p_value == pytest.approx(expected)
    assert expected * (1 - 1e-9) <= found.p_value < 0.01
    six = [*names, *["d"] * 8]
    signs = of_means(np.append(values, [-0.3] * 8), six, width=OPEN, confidence=0.95, seed=0, resamples=300)
    assert signs.test == ("sign_flips_exact" if groups == 5 else "clustered_t")  # 2 / 2^6 is below 5 %
    lenient = of_means(values.ravel(), names, width=OPEN, confidence=0.9, seed=0, resamples=300)
    assert lenient.test == ("sign_flips_exact" if groups == 5 else "clustered_t")  # 2 / 2^5 is below 10 %


@pytest.mark.parametrize("seed", range(12))
def test_the_intervals_t_is_significant_where_the_interval_excludes_zero(seed: int) -> None:
    generator = np.random.default_rng(seed)
    names = [f"c{place % 4}" for place in range(200)]
    values = generator.choice([-1.0, 0.0, 1.0], 200, p=[0.12, 0.86, 0.02])
    low, high = ends((found := of_shares(values, names, confidence=0.95, seed=0)).interval)
    assert found.p_value is not None
    assert (found.p_value < 0.05) == (not low <= 0 <= high)


@pytest.mark.slow
def test_equal_runs_in_few_clusters_are_rarely_significant() -> None:
    generator, runs, groups = np.random.default_rng(4), 1_500, 4
    names = [f"c{place % groups}" for place in range(40)]
    hits = 0
    for _ in range(runs):
        values = generator.normal(0, 1, 40) + np.tile(generator.normal(0, 1, groups), 10)
        found = of_means(values, names, width=OPEN, confidence=0.95, seed=0, resamples=9)
        hits += (found.p_value or 0.0) <= 0.05
    assert 0.035 <= hits / runs <= 0.065  # three standard errors around 5 %


def test_one_cluster_has_no_interval() -> None:
    for found in (
        of_shares(changes(3, 2, 5), ["c"] * 10, confidence=0.95, seed=0),
        of_means(changes(3, 2, 5), ["c"] * 10, width=2.0, confidence=0.95, seed=0, resamples=200),
    ):
        assert (found.interval, found.no_interval) == (None, "all 10 items are in one cluster")
        assert found.standard_error is None


def test_ends_are_the_outer_ones_of_bootstrap_and_student() -> None:
    values = np.random.default_rng(3).exponential(size=40)
    found = of_means(values, None, width=OPEN, confidence=0.95, seed=4, resamples=500)
    student = stats.t.interval(0.95, 39, values.mean(), stats.sem(values))
    resampled = ends(studentised_bootstrap(values, seed=4, resamples=500))
    assert ends(found.interval) == pytest.approx((min(student[0], resampled[0]), max(student[1], resampled[1])))
    assert resampled[0] > student[0]  # each side matters
    assert resampled[1] > student[1]
    assert found.effect == pytest.approx(values.mean() / values.std(ddof=1))
    assert found.effect_name == "d_z"
    low, high = ends(found.interval)
    error = (high - low) / 2 / stats.t.ppf(0.975, 39)
    assert found.standard_error == pytest.approx(error)
    assert found.growth == pytest.approx(error**2 / values.mean())


@pytest.mark.parametrize("groups", [2, 3, 4])
def test_few_clusters_get_students_t(groups: int) -> None:
    values, names = in_clusters(5, groups)
    values = values + np.random.default_rng(1).normal(size=len(values))
    codes = np.array([int(name[1:]) for name in names])
    model = OLS(values, np.ones(len(values))).fit(cov_type="cluster", cov_kwds={"groups": codes}, use_t=True)
    found = of_means(values, names, width=OPEN, confidence=0.9, seed=0, resamples=200)
    assert ends(found.interval) == pytest.approx(tuple(model.conf_int(0.1)[0]))
    assert found.freedom == groups - 1


@pytest.mark.slow
def test_many_items_are_tested_by_students_t() -> None:
    values = np.random.default_rng(6).normal(0.02, 1, 6_000)
    found = of_means(values, None, width=OPEN, confidence=0.95, seed=0, resamples=200)
    expected = stats.ttest_1samp(values, 0)
    assert (found.p_value, found.test) == (pytest.approx(expected.pvalue), "student_t")
    assert ends(found.interval) == pytest.approx(tuple(expected.confidence_interval(0.95)))
    clustered = of_means(
        values, [f"c{place // 2}" for place in range(6_000)], width=OPEN, confidence=0.95, seed=0, resamples=9
    )
    assert clustered.test == "sign_flips"  # 3,000 of them


def test_many_clusters_are_tested_by_students_t() -> None:
    values = np.random.default_rng(6).normal(0.02, 1, 11_000)
    found = of_means(
        values, [f"c{place // 2}" for place in range(11_000)], width=OPEN, confidence=0.95, seed=0, resamples=9
    )
    pairs = values.reshape(-1, 2).mean(axis=1)
    assert (found.p_value, found.test) == (pytest.approx(stats.ttest_1samp(pairs, 0).pvalue), "clustered_t")


def test_no_change_has_a_width_on_a_bounded_scale_and_a_reason_on_an_open_one() -> None:
    bounded = of_means(np.zeros(50), None, width=4.0, confidence=0.95, seed=0, resamples=200)
    low, high = ends(tango(0, 0, 50))
    assert ends(bounded.interval) == pytest.approx((4 * low, 4 * high))
    assert bounded.p_value == 1.0
    clustered = of_means(
        np.zeros(50), [f"c{place % 5}" for place in range(50)], width=4.0, confidence=0.95, seed=0, resamples=9
    )
    low, high = ends(tango(0, 0, 5, freedom=4))
    assert ends(clustered.interval) == pytest.approx((4 * low, 4 * high))
    unbounded = of_means(np.zeros(50), None, width=OPEN, confidence=0.95, seed=0, resamples=200)
    assert (unbounded.interval, unbounded.no_interval) == (None, "all 50 items have the same value")


def test_bounded_values_are_no_less_certain_than_shares() -> None:
    # One item of 400 lost half of the scale: never wider than if it counted as half an item.
    values = np.array([-0.5] + [0.0] * 399)
    found = of_means(values, None, width=1.0, confidence=0.95, seed=0, resamples=500)
    low, high = ends(found.interval)
    widest = ends(tango(0, 0.5, 400))
    assert widest[0] <= low < -0.5 / 400 < high <= widest[1]


def test_all_items_changed_by_the_same_amount() -> None:
    found = of_means(np.full(30, 0.25), None, width=1.0, confidence=0.95, seed=0, resamples=200)
    assert ends(found.interval) == pytest.approx(ends(tango(7.5, 0, 30)))
    assert found.effect is None


def test_one_item() -> None:
    found = of_means(np.array([0.3]), None, width=1.0, confidence=0.95, seed=0, resamples=200)
    assert (found.interval, found.no_interval) == (None, "one item has no spread to estimate")


@pytest.mark.slow
def test_losses_of_few_items_are_covered_where_students_t_fails() -> None:
    generator, runs = np.random.default_rng(8), 400
    passed, naive = 0, 0
    for _ in range(runs):
        values = np.where(generator.random(100) < 0.05, -generator.beta(8, 2, 100), 0.0)  # mean -0.04
        passed += ends(of_means(values, None, width=1.0, confidence=0.95, seed=1, resamples=400).interval)[0] > -0.04
        naive += not values.any() or stats.t.interval(0.95, 99, values.mean(), stats.sem(values))[0] > -0.04
    assert passed / runs <= 0.04
    assert naive / runs >= 0.06


def test_the_error_of_shares_is_that_of_the_changed_items() -> None:
    found = of_shares(changes(6, 16, 139), None, confidence=0.95, seed=0)
    assert found.standard_error == pytest.approx(math.sqrt(22 / 161 / 161))
    assert (found.growth, found.freedom) == (1 / 161, math.inf)
    values, names = in_clusters(1)
    codes = [int(name[1:]) for name in names]
    model = OLS(values, np.ones(len(values))).fit(cov_type="cluster", cov_kwds={"groups": codes})
    effective = float(values.var() / model.bse[0] ** 2)
    clustered = of_shares(values, names, confidence=0.95, seed=0)
    assert clustered.growth == pytest.approx(1 / effective)
    assert clustered.standard_error == pytest.approx(math.sqrt(np.abs(values).mean() / effective))


def test_one_cluster_has_either_sign() -> None:
    for found in (
        of_shares(changes(9, 0, 5), ["c"] * 14, confidence=0.95, seed=0),
        of_means(changes(9, 0, 5), ["c"] * 14, width=2.0, confidence=0.95, seed=0, resamples=9),
    ):
        assert (found.interval, found.p_value, found.test) == (None, 1.0, "sign_flips_exact")


def test_random_signs_have_the_seed_given() -> None:
    values = np.random.default_rng(8).choice([-1.0, 0.0, 1.0], 60, p=[0.2, 0.3, 0.5])
    names = [f"c{place // 3}" for place in range(60)]
    expected = [sign_flips(values.reshape(20, 3).sum(axis=1), seed)[0] for seed in (3, 4)]
    assert expected[0] != expected[1]
    for place, seed in enumerate((3, 4)):
        shares = of_shares(values, names, confidence=0.95, seed=seed)
        means = of_means(values, names, width=OPEN, confidence=0.95, seed=seed, resamples=50)
        assert shares.p_value == means.p_value == expected[place]
        assert shares.test == means.test == "sign_flips"


def test_the_lower_end_of_shares_stays_within_its_bound() -> None:
    values = np.array([-1.0] * 10 + [0.0] * 10)
    assert ends(of_shares(values, ["a"] * 10 + ["b"] * 10, confidence=0.95, seed=0).interval)[0] == -1.0


def test_effects_of_few_and_of_equal_changes() -> None:
    def effect(*values: float) -> float | None:
        return of_means(np.array(values), None, width=OPEN, confidence=0.95, seed=0, resamples=50).effect

    assert effect(0.1, 0.3) == pytest.approx(0.2 / np.std([0.1, 0.3], ddof=1))
    assert effect(0.3) is None
    assert effect(*[-0.25] * 30) is None


def test_ends_of_clusters_are_the_outer_ones_of_bootstrap_and_student() -> None:
    generator = np.random.default_rng(11)
    means = generator.exponential(size=12) - 0.2
    values = np.repeat(means, 5) + np.tile([-0.2, -0.1, 0.0, 0.1, 0.2], 12)
    names = [f"c{place // 5}" for place in range(60)]
    found = of_means(values, names, width=OPEN, confidence=0.95, seed=4, resamples=300)
    student = stats.ttest_1samp(means, 0).confidence_interval(0.95)
    resampled = ends(clustered_interval(values, names, share=False, seed=4, resamples=300))
    assert ends(found.interval) == pytest.approx((min(student[0], resampled[0]), max(student[1], resampled[1])))
    assert ends(found.interval) != pytest.approx(resampled)


def test_two_bounded_items_are_no_less_certain_than_shares() -> None:
    found = of_means(np.array([-0.5, 0.0]), None, width=1.0, confidence=0.95, seed=0, resamples=50)
    assert ends(found.interval) == ends(tango(0, 0.5, 2))


def test_equal_changes_have_the_error_of_values_at_the_bounds() -> None:
    found = of_means(np.full(30, 1.0), None, width=4.0, confidence=0.95, seed=0, resamples=50)
    low, high = ends(tango(7.5, 0, 30))
    assert found.interval is not None
    assert (ends(found.interval), found.interval.method) == (pytest.approx((4 * low, 4 * high)), "bounded_score")
    assert (found.standard_error, found.growth) == (pytest.approx(math.sqrt(4 * 1.0 / 30)), pytest.approx(4 / 30))
    names = [f"c{place % 5}" for place in range(50)]
    none = of_means(np.zeros(50), names, width=4.0, confidence=0.95, seed=0, resamples=9)
    assert (none.standard_error, none.growth) == (0.0, pytest.approx(4 / 5))


def test_an_interval_within_the_bounds_is_left_as_it_is() -> None:
    values = np.random.default_rng(3).normal(0.02, 0.05, 40)
    bounded, unbounded = (
        of_means(values, None, width=width, confidence=0.95, seed=4, resamples=300) for width in (1.0, OPEN)
    )
    assert bounded == unbounded
    assert bounded.growth == pytest.approx((bounded.standard_error or 0) ** 2 / np.abs(values).mean())


def test_each_end_of_bounded_values_is_no_wider_than_of_shares() -> None:
    values = np.array([0.5] + [0.0] * 399)
    one, other = (
        of_means(sign * values, None, width=1.0, confidence=0.95, seed=0, resamples=300).interval for sign in (1, -1)
    )
    assert one is not None
    assert other is not None
    assert one.high == tango(0.5, 0, 400).high
    assert other.low == pytest.approx(-one.high)
    assert one.method == "studentised_bootstrap"


@pytest.mark.parametrize("seed", range(4))
def test_exchanged_runs_have_the_same_p_value(seed: int) -> None:
    names = [f"c{place % 4}" for place in range(200)]
    values = np.random.default_rng(seed).choice([-1.0, 0.0, 1.0], 200, p=[0.12, 0.86, 0.02])
    one, other = (of_shares(sign * values, names, confidence=0.95, seed=0).p_value for sign in (1, -1))
    assert one == pytest.approx(other)


def test_signs_can_reach_the_level_exactly() -> None:
    # 2 / 2^4 is 1 - 0.875: four clusters of which all became better.
    values = np.repeat([0.1, 0.2, 0.3, 0.4], 5)
    names = [f"c{place // 5}" for place in range(20)]
    found = of_means(values, names, width=OPEN, confidence=0.875, seed=0, resamples=9)
    assert (found.p_value, found.test) == (0.125, "sign_flips_exact")


def test_from_which_number_of_units_on_student_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGE_SAMPLE", 10)
    values = np.random.default_rng(7).normal(-0.3, 1, 11)
    found = of_means(values, None, width=OPEN, confidence=0.95, seed=0, resamples=50)
    assert (found.p_value, found.test) == (pytest.approx(stats.ttest_1samp(values, 0).pvalue), "student_t")
    assert of_means(values[:10], None, width=OPEN, confidence=0.95, seed=0, resamples=50).test == "sign_flips_exact"
