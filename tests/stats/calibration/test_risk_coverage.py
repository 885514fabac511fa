"""Error rates among the most confident answers: sorted one by one, ties in all orders."""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np
import pytest

from audit.stats.calibration.risk_coverage import area_under_risk, risks


def test_areas_by_the_published_loop() -> None:
    """``area += cumulative errors / items so far``, divided by n, as in Geifman's code."""
    generator = np.random.default_rng(7)
    confidences, right = generator.random(50), (generator.random(50) < 0.6).astype(float)
    errors, area = 0.0, 0.0
    for count, place in enumerate(sorted(range(50), key=lambda one: -confidences[one]), 1):
        errors += 1 - right[place]
        area += errors / count
    assert area_under_risk(confidences, right) == pytest.approx(area / 50)


def test_ties_count_as_all_their_orders() -> None:
    confidences, right = np.array([0.9, 0.5, 0.5, 0.5, 0.1]), np.array([1.0, 0.0, 1.0, 0.0, 0.0])
    orders = [(0, *middle, 4) for middle in permutations([1, 2, 3])]
    curves = [np.cumsum(1 - right[list(order)]) / np.arange(1, 6) for order in orders]
    assert risks(confidences, right) == pytest.approx(np.mean(curves, axis=0))
    assert area_under_risk(np.full(4, 0.3), np.array([1.0, 0.0, 0.0, 1.0])) == pytest.approx(0.5)
    assert math.isnan(area_under_risk(np.zeros(0), np.zeros(0)))
