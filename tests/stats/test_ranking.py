"""Ranking against scikit-learn and pairs counted by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

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
    """The most that any threshold at one of the negative scores finds without letting too many of them pass."""
    passing = {t: (np.mean(np.array(negative) > t), np.mean(np.array(positive) > t)) for t in negative}
    expected = max(found for false, found in passing.values() if false * len(negative) <= int(allowed * len(negative)))
    assert true_positive_rate(positive, negative, allowed) == pytest.approx(expected)


@pytest.mark.parametrize("sides", [([], [1.0]), ([1.0], []), ([], [])])
def test_one_kind_of_items_cannot_be_ranked(sides: tuple[list[float], list[float]]) -> None:
    assert math.isnan(auroc(*sides))
    assert math.isnan(average_precision(*sides))
    assert math.isnan(true_positive_rate(*sides, 0.01))
