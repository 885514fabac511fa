"""Minimum detectable effects and numbers of items against formulas and simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

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
    # k² · error² · (1 + effect / change) = effect²
    effect = detectable(0.01, 0.05, 0.95, math.inf)
    assert effect**2 == pytest.approx((2.80159 * 0.01) ** 2 * (1 + effect / 0.05), rel=1e-4)
    assert detectable(0.01, 0.0, 0.95, math.inf) == pytest.approx(0.0280159, rel=1e-4)


@pytest.mark.parametrize("freedom_of", ["items", "clusters"])
def test_needed_is_the_smallest_number_that_reaches_the_margin(freedom_of: str) -> None:
    units, error, margin = 40, 0.02, 0.035
    freedom = math.inf if freedom_of == "items" else units - 1
    count = needed(error, margin, units, 0.95, freedom)

    def reached(number: int) -> bool:
        later = math.inf if freedom_of == "items" else number - 1
        return distance(0.95, freedom, later) * error * math.sqrt(units / number) <= margin

    assert reached(count)
    assert not reached(count - 1)
    if freedom_of == "items":
        assert count == math.ceil(40 * (2.801585 * 0.02 / 0.035) ** 2)


def test_equal_runs_pass_with_the_power_promised() -> None:
    generator, n, spread, margin = np.random.default_rng(2), 50, 0.3, 0.06
    count = needed(spread / math.sqrt(n), margin, n, 0.95, n - 1)
    values = generator.normal(0, spread, (4_000, count))
    reach = stats.t.ppf(0.975, count - 1) * values.std(axis=1, ddof=1) / math.sqrt(count)
    assert np.mean(values.mean(axis=1) - reach > -margin) == pytest.approx(0.81, abs=0.025)
