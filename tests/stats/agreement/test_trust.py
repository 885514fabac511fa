"""Rank correlations of metrics with ratings equal SciPy's."""

from __future__ import annotations

import random

import pytest

from audit.stats.agreement.trust import rank_correlation


@pytest.mark.slow
def test_scipy_says_the_same_and_the_interval_covers() -> None:
    from scipy import stats

    draw = random.Random(2)  # noqa: S311 - no secret
    ratings = [draw.randint(1, 5) for _ in range(60)]
    scores = [rating + draw.gauss(0, 1.5) for rating in ratings]
    found = rank_correlation(scores, ratings, seed=1)
    theirs = stats.spearmanr(scores, ratings)
    assert found.value == pytest.approx(float(theirs.statistic), abs=1e-12)
    assert found.interval is not None
    # Fisher's z with the variance 1.06 / (n - 3), Fieller, Hartley and Pearson 1957.
    import numpy as np

    reach = 1.96 * (1.06 / 57) ** 0.5
    ends = np.tanh(np.arctanh(found.value) - reach), np.tanh(np.arctanh(found.value) + reach)
    assert (found.interval.low, found.interval.high) == pytest.approx(ends, abs=0.1)


def test_what_has_no_correlation_says_why() -> None:
    assert "at least 10" in rank_correlation([1, 2], [1, 2], seed=1).why_none
    assert rank_correlation([1.0] * 12, list(range(12)), seed=1).why_none == "all scores are the same"
    assert rank_correlation(list(range(12)), [2.0] * 12, seed=1).why_none == "all ratings are the same"
    with pytest.raises(ValueError, match="2 scores and 1 ratings"):
        rank_correlation([1, 2], [1], seed=1)
    with pytest.raises(ValueError, match="NaN"):
        rank_correlation([float("nan")], [1], seed=1)
