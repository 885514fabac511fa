"""The Brier score by scikit-learn, and its parts bin by bin."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss

from audit.stats.calibration.brier import brier_parts

GENERATOR = np.random.default_rng(5)


def test_score_and_parts() -> None:
    confidences = GENERATOR.random(150)
    right = (GENERATOR.random(150) < confidences).astype(float)
    parts = brier_parts(confidences, right)
    assert parts.score == pytest.approx(brier_score_loss(right, confidences))
    bins = [np.flatnonzero((confidences >= k / 10) & (confidences < (k + 1) / 10)) for k in range(10)]
    assert parts.reliability == pytest.approx(
        sum(len(b) * (confidences[b].mean() - right[b].mean()) ** 2 for b in bins if len(b)) / 150
    )
    assert parts.resolution == pytest.approx(
        sum(len(b) * (right[b].mean() - right.mean()) ** 2 for b in bins if len(b)) / 150
    )
    assert parts.uncertainty == pytest.approx(np.var(right))
    within = sum(
        np.sum((confidences[b] - confidences[b].mean()) ** 2)
        - 2 * np.sum((confidences[b] - confidences[b].mean()) * (right[b] - right[b].mean()))
        for b in bins
        if len(b)
    )
    assert parts.within == pytest.approx(within / 150)


def test_equal_confidences_leave_nothing_over() -> None:
    parts = brier_parts(np.array([0.7] * 4), np.array([1.0, 1.0, 0.0, 0.0]))
    assert (parts.score, parts.reliability) == (pytest.approx(0.29), pytest.approx(0.04))
    assert (parts.resolution, parts.uncertainty, parts.within) == (0.0, 0.25, pytest.approx(0, abs=1e-12))
    assert all(map(math.isnan, [brier_parts(np.zeros(0), np.zeros(0)).score]))
