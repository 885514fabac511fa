"""A coefficient gets an interval over items, or says why it has no value."""

from __future__ import annotations

import math

import numpy as np
import pytest

from audit.stats.agreement.estimate import over_items


def test_the_interval_is_the_bootstrap_of_the_items() -> None:
    """Of a mean of 0 and 1, SciPy's percentile interval is near the expanded BCa one."""
    from scipy import stats

    values = np.array([1, 0, 1, 1, 0, 1, 1, 1, 0, 1, 1, 0, 1, 1, 1, 0, 1, 1, 0, 1], dtype=np.float64)
    found = over_items("mean", lambda w: float(w @ values / w.sum()), 20, 40, seed=3, confidence=0.9)
    assert found.value == pytest.approx(0.7)
    assert found.interval is not None
    theirs = stats.bootstrap((values,), np.mean, confidence_level=0.9, rng=np.random.default_rng(0)).confidence_interval
    assert (found.interval.low, found.interval.high) == pytest.approx((theirs.low, theirs.high), abs=0.06)


def test_whole_clusters_are_resampled() -> None:
    """Three copies of an item, in one cluster, say as much as the item."""
    values = np.array([1, 0, 1, 1, 0, 1, 1, 1], dtype=np.float64)
    copies, clusters = np.repeat(values, 3), np.repeat(np.arange(8), 3).tolist()
    alone = over_items("mean", lambda w: float(w @ values / w.sum()), 8, 16, seed=3, confidence=0.9)
    copied = over_items(
        "mean", lambda w: float(w @ copies / w.sum()), 24, 48, clusters=clusters, seed=3, confidence=0.9
    )
    assert alone.interval is not None
    assert copied.interval is not None
    assert (copied.interval.low, copied.interval.high) == pytest.approx((alone.interval.low, alone.interval.high))
    few = over_items("mean", lambda w: float(w @ copies / w.sum()), 24, 48, clusters=[0] * 24, seed=3, confidence=0.9)
    assert (few.value, few.interval) == (0.75, None)


def test_no_items_and_no_value() -> None:
    none = over_items("x", lambda _: 1.0, 0, 0, seed=1, confidence=0.95)
    assert (none.value, none.why_none) == (None, "no item has two ratings")
    undefined = over_items("x", lambda _: math.nan, 3, 6, seed=1, confidence=0.95)
    assert undefined.value is None
    assert "chance agreement is 1" in undefined.why_none
