"""P-values of resamples."""

from __future__ import annotations

import math

import numpy as np
import pytest

from audit.stats.permutation import p_value


def test_the_observed_value_is_among_the_draws() -> None:
    """None of 99 draws is as large: 1 of 100, and never 0."""
    assert p_value(2.0, np.zeros(99)) == 0.01
    assert p_value(0.0, np.zeros(99)) == 1.0
    assert p_value(3.0, np.array([1.0, 2.0, 3.0, 4.0])) == pytest.approx(3 / 5)


def test_rounding_makes_no_draw_smaller() -> None:
    assert p_value(0.1 + 0.2, np.array([0.3])) == 1.0
    assert not math.isclose(0.1 + 0.2, 0.3, rel_tol=0, abs_tol=0)


def test_a_true_null_hypothesis_is_rejected_no_more_often_than_said() -> None:
    """Phipson and Smyth 2010: of 19 draws, the smallest p-value is 0.05 and has that probability."""
    generator = np.random.default_rng(3)
    found = [p_value(*(row[0], row[1:])) for row in generator.normal(size=(4000, 20))]
    assert np.mean(np.array(found) <= 0.05) == pytest.approx(0.05, abs=0.011)
