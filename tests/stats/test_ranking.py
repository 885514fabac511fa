"""Ranking against scikit-learn and pairs counted by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from audit.stats.ranking import auroc, average_precision, true_positive_rate

SCORES = st.lists(st.integers(-3, 3), min_size=1, max_size=12)


@pytest.mark.slow
@given(SCORES, SCORES)
def test_they_are_scikit_learns(positive: list[int], negative: list[int]) -> None:
    labels, scores = [1] * len(positive) + [0] * len(negative), [*positive, *negative]
    assert auroc(positive, negative) == pytest.approx(roc_auc_score(labels, scores))
    assert average_precision(positive, negative) == pytest.approx(average_precision_score(labels, scores))


@pytest.mark.slow
@given(SCORES, SCORES, st.sampled_from([0.0, 0.1, 0.34, 0.5, 1.0]))
def test_true_positive_rate_by_trying_every_threshold(positive: list[int], negative: list[int], allowed: float) -> None:
    """The most that any threshold finds without letting too many of the negative items pass."""
    thresholds = [*negative, -math.inf]
    passing = [(np.mean(np.array(negative) > t), np.mean(np.array(positive) > t)) for t in thresholds]
    expected = max(found for false, found in passing if false <= allowed)
    assert true_positive_rate(positive, negative, allowed) == pytest.approx(expected)


@pytest.mark.slow
def test_true_positive_rate_is_on_scikit_learns_curve_at_any_rate() -> None:
    """Of 400 random data sets with ties, at each rate that the curve has and between them: 1 at rate 1."""
    generator = np.random.default_rng(0)
    for _ in range(400):
        positive, negative = (generator.integers(0, 12, generator.integers(1, most)) for most in (40, 120))
        labels = np.repeat([1, 0], [len(positive), len(negative)])
        false, true, _ = roc_curve(labels, np.concatenate([positive, negative]), drop_intermediate=False)
        for rate in (*false, 0.01, 0.07, 0.29, generator.random(), 1.0):
            assert true_positive_rate(positive, negative, rate) == pytest.approx(true[false <= rate].max())
    assert true_positive_rate([0.0], np.arange(100.0), 1.0) == 1.0


def test_a_rate_is_not_rounded_down() -> None:
    """29 of 100 are a share of 0.29, although 0.29 · 100 is less than 29 in binary numbers."""
    assert true_positive_rate([70.5, 0.0], np.arange(100.0), 0.29) == 0.5


@pytest.mark.parametrize("sides", [([], [1.0]), ([1.0], []), ([], [])])
def test_one_kind_of_items_cannot_be_ranked(sides: tuple[list[float], list[float]]) -> None:
    assert math.isnan(auroc(*sides))
    assert math.isnan(average_precision(*sides))
    assert math.isnan(true_positive_rate(*sides, 0.01))


def test_areas_pair_by_pair_and_step_by_step() -> None:
    """Of six pairs 3 > 1, 3 > 2, 1 = 1 (half), the positive item is ahead in four and a half; see also above."""
    assert auroc([3, 1, 2.5], [1, 2]) == pytest.approx(4.5 / 6)
    # By decreasing score: positive, positive, negative, then one of each kind at once: precision 1, 1 and 3/5.
    assert average_precision([3, 2.5, 1], [1, 2]) == pytest.approx((1 + 1 + 3 / 5) / 3)
