"""Divergence by hand and by SciPy; intervals over items, not positions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from audit.stats.distributions.divergence import (
    Distances,
    distances,
    log_softmax,
    mean,
    quantiles,
    root_mean_square,
)

HALF = [0.5, 0.25, 0.25]


def logits(*probabilities: list[float]) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Logits whose softmax has these rows; the normaliser of each is another."""
    with np.errstate(divide="ignore"):
        rows = [np.log(np.array(row)) + 3 * place for place, row in enumerate(probabilities, 1)]
    return np.array(rows, dtype=np.float32)


def test_divergence_by_hand() -> None:
    """KL((1/2, 1/4, 1/4) || (1/4, 1/2, 1/4)) = 1/2 ln 2 - 1/4 ln 2; of equal distributions it is 0."""
    found = distances(logits(HALF, HALF), logits([0.25, 0.5, 0.25], HALF), [0, 2])
    assert found is not None
    np.testing.assert_allclose(found.kl, [0.25 * math.log(2), 0], atol=1e-7)
    assert found.same_top.tolist() == [0, 1]
    np.testing.assert_allclose(found.delta_p, [-0.25, 0], atol=1e-7)


def test_divergence_is_that_of_scipy() -> None:
    draw = np.random.default_rng(0)
    one, other = (draw.normal(0, 4, (5, 300)).astype(np.float32) for _ in range(2))
    found = distances(one, other, [0] * 5)
    assert found is not None
    p, q = (np.exp(log_softmax(side)) for side in (one, other))
    np.testing.assert_allclose(found.kl, stats.entropy(p, q, axis=1), rtol=1e-9)


def test_what_is_not_finite_has_no_divergence() -> None:
    """A token that P excludes counts nothing; one that Q alone excludes, or a NaN, leaves no number."""
    assert distances(logits([0.5, 0.5, 0]), logits(HALF), [0]) is not None
    assert distances(logits(HALF), logits([0.5, 0.5, 0]), [0]) is None
    assert distances(logits(HALF), logits(HALF) * np.float32(np.nan), [0]) is None


def test_items_are_the_units_of_intervals() -> None:
    values = np.repeat([0.0, 0.2, 0.4, 0.9, 0.1, 0.3], 8)
    items = [str(place) for place in np.repeat(range(6), 8)]
    clustered = mean(values, items, confidence=0.95)
    alone = mean(values, [str(place) for place in range(48)], confidence=0.95)
    assert clustered.value == pytest.approx(values.mean())
    assert clustered.ci_low is not None
    assert alone.ci_low is not None
    assert clustered.ci_low < alone.ci_low
    one = mean(values, ["a"] * 48, confidence=0.95)
    assert (one.ci_low, one.no_interval) == (None, "all 48 items are in one cluster")


def test_root_mean_square_and_quantiles() -> None:
    found = root_mean_square(np.array([0.3, -0.4] * 4), [str(place // 2) for place in range(8)], confidence=0.95)
    assert found.value == pytest.approx(math.sqrt((0.09 + 0.16) / 2))
    assert quantiles(np.arange(101.0)) == {"median": 50, "90 %": 90, "99 %": 99, "maximum": 100}
    joined = Distances.joined([Distances(*(np.array([value]) for value in row)) for row in ((1.0, 1, 0), (2.0, 0, 1))])
    assert (joined.kl.tolist(), joined.same_top.tolist(), joined.delta_p.tolist()) == ([1, 2], [1, 0], [0, 1])
