"""The share of an item's texts from some value on, on average."""

from __future__ import annotations

import pytest

from audit.stats.definitions import (
    MeanShare,
)
from audit.stats.intervals import mean_interval
from tests.stats.definitions.conftest import ITEMS, item, metric


def test_each_item_counts_alike() -> None:
    shares = [1 / 3, 1 / 3, 0, 2 / 3, 0, 2 / 3]
    found = metric(MeanShare(at_least=0.5, seed=4), ITEMS)
    assert found.value == pytest.approx(sum(shares) / 6)
    expected = mean_interval(shares, seed=4, bounds=(0, 1))
    assert expected is not None
    assert (found.ci_low, found.ci_high) == (expected.low, expected.high)
    assert metric(MeanShare(at_least=0.5), [item(0, (0.9, 0.1, 0.1)), item(1, (0.5,))]).value == pytest.approx(2 / 3)


def test_the_default_threshold_is_one() -> None:
    assert metric(MeanShare(), [item(0, (1.0, 0.99))]).value == 0.5


def test_one_is_reached_by_one_alone() -> None:
    assert MeanShare().of_numbers([0.2, 0.999, 1.0, 1.0]) == 0.5
