"""Minimum detectable effects and numbers of items against formulas and simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import optimize, stats

from audit.stats.pairing.means import of_shares
from audit.stats.pairing.power import detectable, distance, needed


def test_many_items_have_the_textbook_distance() -> None:
    # 1.95996 + 0.84162, as in Bloom 1995, table 1.
    assert distance(0.95, math.inf, math.inf) == pytest.approx(2.8016, abs=1e-4)
    assert distance(0.95, 2_000, 2_000) == pytest.approx(2.8016, abs=3e-3)


def test_a_known_error_leaves_the_noncentral_t() -> None:
    for freedom in (2, 5, 30):
        quantile = stats.t.ppf(0.975, freedom)
        k = distance(0.95, math.inf, freedom)
        assert stats.nct.sf(quantile, freedom, k) == pytest.approx(0.8, abs=0.01)


@pytest.mark.parametrize("freedom", [1, 2, 4, 9, 56])
def test_the_power_holds_though_the_error_is_estimated_twice(freedom: int) -> None:
    generator, draws = np.random.default_rng(freedom), 200_000
    known, estimated = np.sqrt(generator.chisquare(freedom, (2, draws)) / freedom)
    statistic = (generator.normal(size=draws) + distance(0.95, freedom, freedom) * known) / estimated
    assert np.mean(statistic > stats.t.ppf(0.975, freedom)) == pytest.approx(0.8, abs=0.01)


def test_changes_widen_the_effect() -> None:
    # k² · (error² + growth · effect) = effect²
    effect = detectable(0.01, 0.002, 0.95, math.inf)
    assert effect**2 == pytest.approx(2.80159**2 * (0.01**2 + 0.002 * effect), rel=1e-4)
    assert detectable(0.01, 0.0, 0.95, math.inf) == pytest.approx(0.0280159, rel=1e-4)
    assert detectable(0.0, 0.01, 0.95, math.inf) == pytest.approx(2.80159**2 * 0.01, rel=1e-4)


@pytest.mark.parametrize("n", [100, 300, 1_000])
@pytest.mark.parametrize("changed", [0, 1, 3, 10])
def test_shares_with_few_changes_have_the_power_promised_and_little_more(n: int, changed: int) -> None:
    """Repetitions of a comparison in which as many items became better as worse, by Tango's test of no difference."""
    values = np.array([1.0] * changed + [-1.0] * changed + [0.0] * (n - 2 * changed))
    found = of_shares(values, None, confidence=0.95, seed=0)
    assert found.standard_error is not None
    effect = detectable(found.standard_error, found.growth, 0.95, found.freedom)

    def power(difference: float) -> float:
        cells = [difference + changed / n, changed / n, 1 - difference - 2 * changed / n]
        up, down, _ = np.random.default_rng(n).multinomial(n, cells, 20_000).T
        return float(np.mean(np.abs(up - down) > 1.959964 * np.sqrt(up + down)))

    assert power(effect) >= 0.8
    assert power(0.6 * effect) < 0.8
    assert power(effect) < 0.97


@pytest.mark.parametrize("freedom_of", ["items", "clusters"])
def test_needed_is_the_smallest_number_that_reaches_the_margin(freedom_of: str) -> None:
    units, error, growth, margin = 40, 0.02, 0.001, 0.035
    freedom = math.inf if freedom_of == "items" else units - 1
    count = needed(error, growth, margin, units, 0.95, freedom)

    def reached(number: int) -> bool:
        later = math.inf if freedom_of == "items" else number - 1
        variance = (error**2 + growth * margin) * units / number
        return distance(0.95, freedom, later) * math.sqrt(variance) <= margin

    assert reached(count)
    assert not reached(count - 1)
    if freedom_of == "items":
        assert count == math.ceil(40 * 2.801585**2 * (0.02**2 + 0.001 * 0.035) / 0.035**2)
    assert (detectable(error, growth, 0.95, freedom) <= margin) == (count <= units)


def test_a_loss_of_the_margin_is_shown_with_the_power_promised() -> None:
    generator, n, spread, margin = np.random.default_rng(2), 50, 0.3, 0.06
    count = needed(spread / math.sqrt(n), 0.0, margin, n, 0.95, n - 1)
    values = generator.normal(-margin, spread, (4_000, count))
    reach = stats.t.ppf(0.975, count - 1) * values.std(axis=1, ddof=1) / math.sqrt(count)
    assert np.mean(values.mean(axis=1) + reach < 0) == pytest.approx(0.81, abs=0.025)


def test_needed_counts_the_freedom_of_few_clusters() -> None:
    error, units, margin = 0.02, 40, 0.1
    count = needed(error, 0.0, margin, units, 0.95, units - 1)

    def reached(number: int) -> bool:
        return distance(0.95, units - 1, number - 1) * error * math.sqrt(units / number) <= margin

    assert count < 20
    assert reached(count)
    assert not reached(count - 1)


@pytest.mark.parametrize(("freedom", "precision"), [(3, 1e-4), (10, 5e-4)])
def test_how_exact_the_distance_is(freedom: int, precision: float) -> None:
    k = optimize.brentq(lambda k: stats.nct.sf(stats.t.ppf(0.975, freedom), freedom, k) - 0.8, 1, 9)
    assert distance(0.95, math.inf, freedom) == pytest.approx(k, rel=precision)


def test_from_500_degrees_of_freedom_on_an_error_is_known() -> None:
    assert distance(0.95, 500, 10) == distance(0.95, math.inf, 10) != distance(0.95, 499, 10)
    assert distance(0.95, 10, 500) != distance(0.95, 10, 499)
    assert distance(0.95, 500, 500) == pytest.approx(stats.t.ppf(0.975, 500) + stats.norm.ppf(0.8), rel=1e-12)
