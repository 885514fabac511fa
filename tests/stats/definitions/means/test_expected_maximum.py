"""The highest value among the texts of an item, on average."""

from __future__ import annotations

import numpy as np
import pytest

from audit.stats.definitions import (
    ExpectedMaximum,
)
from audit.stats.intervals import mean_interval
from tests.stats.definitions.conftest import ITEMS, metric


def test_the_expected_maximum_is_the_mean_of_maxima() -> None:
    found = metric(ExpectedMaximum(seed=3), ITEMS, "probability")
    maxima = [0.7, 0.5, 0.49, 0.9, 0.2, 0.8]
    assert found.value == pytest.approx(sum(maxima) / 6)
    expected = mean_interval(maxima, seed=3, share=False, bounds=(0, 1))
    assert expected is not None
    assert (found.ci_low, found.ci_high) == (expected.low, expected.high)
    halved = metric(ExpectedMaximum(of="labels.half"), ITEMS, "probability")
    assert halved.value == pytest.approx(found.value / 2)


def test_a_draw_of_items_draws_their_maxima() -> None:
    drawn = ExpectedMaximum().resample(ITEMS)
    assert drawn.value(np.array([0.0, 0.0, 2.0, 1.0, 0.0, 0.0])) == pytest.approx((2 * 0.49 + 0.9) / 3)
    assert ExpectedMaximum().of_numbers([-3.0, -1.0, -2.0]) == -1.0
