"""Cohen's and Fleiss' kappa equal published examples and scikit-learn."""

from __future__ import annotations

import random

import numpy as np
import pytest

from audit.stats.agreement.kappas import cohen, fleiss

FLEISS = [
    [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
]  # fmt: skip
"""Worked example of Wikipedia's article on Fleiss' kappa: fourteen raters, ten subjects, five categories; 0.210."""


def test_the_worked_example_of_fleiss_kappa() -> None:
    units = [[category for category, n in enumerate(row) for _ in range(n)] for row in FLEISS]
    found = fleiss(units, seed=1)
    assert found.value == pytest.approx(0.210, abs=5e-4)
    assert (found.items, found.ratings) == (10, 140)
    assert found.interval is not None


def test_the_worked_example_of_cohens_kappa() -> None:
    """Wikipedia's 50 grant proposals: both say yes 20 times, no 15 times, A alone yes 5 times; kappa 0.40."""
    first = ["yes"] * 25 + ["no"] * 25
    second = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
    found = cohen(first, second, seed=1)
    assert found.value == pytest.approx(0.4, abs=1e-12)
    assert found.interval is not None
    # Fleiss, Cohen and Everitt 1969: about 0.13 on each side for such a table.
    assert found.interval.low == pytest.approx(0.14, abs=0.05)
    assert found.interval.high == pytest.approx(0.65, abs=0.05)


@pytest.mark.slow
def test_scikit_learn_says_the_same_of_weighted_kappa() -> None:
    from sklearn.metrics import cohen_kappa_score

    draw = random.Random(3)  # noqa: S311 - no secret
    first = [draw.randint(1, 5) for _ in range(60)]
    second = [min(5, max(1, one + draw.choice([-1, 0, 0, 1]))) for one in first]
    for weights in ("none", "linear", "quadratic"):
        theirs = cohen_kappa_score(first, second, weights=None if weights == "none" else weights, labels=range(1, 6))
        ours = cohen(first, second, order=range(1, 6), weights=weights, seed=1)  # type: ignore[arg-type]
        assert ours.value == pytest.approx(theirs, abs=1e-9)


def test_what_has_no_value() -> None:
    assert cohen([], [], seed=1).value is None
    assert cohen([1, 1], [1, 1], seed=1).value is None
    assert fleiss([[1], [2]], seed=1).value is None
    assert fleiss([[1, 1], [1, 1]], seed=1).value is None
    uneven = fleiss([[1, 1, 2], [2, 2, 2], [1, 2]], seed=1)
    assert uneven.items == 2
    with pytest.raises(ValueError, match="not among the possible"):
        cohen([6], [1], order=range(1, 6), seed=1)


@pytest.mark.slow
def test_texts_of_one_prompt_are_resampled_together() -> None:
    """Two copies of each item, in one cluster, say as much as the item."""
    first, second = [1, 2, 1, 2, 2, 1, 1, 2, 1, 1], [1, 2, 2, 2, 1, 1, 1, 2, 1, 2]
    clusters = [place for place in range(10) for _ in range(2)]
    alone = cohen(first, second, seed=1).interval
    copied = cohen(np.repeat(first, 2).tolist(), np.repeat(second, 2).tolist(), clusters=clusters, seed=1).interval
    assert alone is not None
    assert copied is not None
    assert (copied.low, copied.high) == pytest.approx((alone.low, alone.high))
    units = [[a, b, a] for a, b in zip(first, second, strict=True)]
    many = fleiss([unit for unit in units for _ in range(2)], clusters=clusters, seed=1).interval
    once = fleiss(units, seed=1).interval
    assert once is not None
    assert many is not None
    assert (many.low, many.high) == pytest.approx((once.low, once.high))
