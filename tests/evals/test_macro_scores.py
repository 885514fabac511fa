"""Macro precision, recall and F1 against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score, precision_score, recall_score

from audit.evals.macro_scores import NAMES, _macro_of_indices, macro_intervals, macro_scores

GOLD = ["yes", "yes", "no", "yes", "no", "no", "yes", "yes", "no", "yes"]
PREDICTED = ["yes", "no", "no", "yes", "yes", "no", "yes", "yes", "no", "no"]


def test_scores_are_scikit_learns() -> None:
    expected = [f(GOLD, PREDICTED, average="macro") for f in (precision_score, recall_score, f1_score)]
    assert list(macro_scores(GOLD, PREDICTED).values()) == pytest.approx(expected)


def test_a_class_that_is_never_predicted_counts_as_zero() -> None:
    scores = macro_scores(["a", "a", "b"], ["a", "a", "a"])
    assert scores == pytest.approx({"macro_precision": 1 / 3, "macro_recall": 0.5, "macro_f1": 0.4})


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=30))
def test_resampled_statistic_is_scikit_learns(pairs: list[tuple[int, int]]) -> None:
    gold, predicted = [p[0] for p in pairs], [p[1] for p in pairs]
    expected = [f(gold, predicted, average="macro", zero_division=0) for f in (precision_score, recall_score, f1_score)]
    assert _macro_of_indices(np.array(pairs), 4) == pytest.approx(expected)


def test_intervals_hold_the_scores_and_repeat() -> None:
    scores = macro_scores(GOLD, PREDICTED)
    intervals = macro_intervals(GOLD, PREDICTED, seed=1, resamples=200)
    for name in NAMES:
        interval = intervals[name]
        assert interval is not None
        assert 0 <= interval.low <= scores[name] <= interval.high <= 1
    assert intervals == macro_intervals(GOLD, PREDICTED, seed=1, resamples=200)


def test_no_interval_where_nothing_varies() -> None:
    assert macro_intervals(["a", "b"] * 3, ["b", "a"] * 3, seed=0, resamples=50)["macro_f1"] is None
