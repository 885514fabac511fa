"""Calibration errors: the formulas of torchmetrics and of Nixon et al. item by item, and errors of chance alone."""

from __future__ import annotations

import math
from itertools import pairwise, product

import numpy as np
import pytest

from audit.stats.calibration.bins import bin_codes, calibration_error, expected_error

GENERATOR = np.random.default_rng(3)
CONFIDENCES = np.round(GENERATOR.random(200), 3)
RIGHT = (GENERATOR.random(200) < CONFIDENCES**2).astype(float)


def l1_of_torchmetrics() -> float:
    """``_ce_compute`` with norm l1: bins by their boundaries, accuracy minus confidence, weighted by their share."""
    edges, total = np.linspace(0, 1, 11), 0.0
    for low, high in pairwise(edges):
        inside = [i for i, one in enumerate(CONFIDENCES) if low <= one < high or (high == 1 and one == 1)]
        if inside:
            total += abs(RIGHT[inside].mean() - CONFIDENCES[inside].mean()) * len(inside) / 200
    return total


def test_bins_of_equal_width() -> None:
    assert calibration_error(CONFIDENCES, RIGHT, "width") == pytest.approx(l1_of_torchmetrics())
    assert bin_codes(np.array([0.0, 0.1, 0.19, 0.95, 1.0]), "width").tolist() == [0, 1, 1, 9, 9]
    assert math.isnan(calibration_error(np.zeros(0), np.zeros(0), "width"))


def test_bins_of_equal_mass() -> None:
    order = np.argsort(CONFIDENCES, kind="stable")
    parts = np.array_split(order, 10)
    ties = any(CONFIDENCES[one[-1]] == CONFIDENCES[other[0]] for one, other in pairwise(parts))
    assert not ties
    expected = sum(abs(RIGHT[part].mean() - CONFIDENCES[part].mean()) * len(part) / 200 for part in parts)
    assert calibration_error(CONFIDENCES, RIGHT, "mass") == pytest.approx(expected)
    assert bin_codes(np.array([0.3] * 5 + [0.9]), "mass").tolist() == [0] * 5 + [9]
    assert bin_codes(np.zeros(0), "mass").tolist() == []


@pytest.mark.parametrize("clustered", [False, True])
def test_errors_of_a_calibrated_checkpoint(clustered: bool) -> None:
    """All outcomes of four items by their probabilities; a cluster shares one number between 0 and 1."""
    confidences = np.array([0.25, 0.28, 0.5, 0.75])
    codes = np.zeros(4, dtype=np.int64) if clustered else None
    if clustered:  # the number lies below the first confidence, between two, or above the last
        steps = [(0.25, 4), (0.03, 3), (0.22, 2), (0.25, 1), (0.25, 0)]
        outcomes = [(share, [0.0] * (4 - k) + [1.0] * k) for share, k in steps]
    else:
        outcomes = [
            (float(np.prod(np.where(right, confidences, 1 - np.array(confidences)))), list(map(float, right)))
            for right in product([0, 1], repeat=4)
        ]
    expected = sum(share * calibration_error(confidences, np.array(right), "width") for share, right in outcomes)
    drawn = expected_error(confidences, "width", seed=1, codes=codes, draws=4_000)
    assert drawn.mean() == pytest.approx(expected, abs=0.01)
