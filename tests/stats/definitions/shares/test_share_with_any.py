"""The share of items with at least one text from some value on."""

from __future__ import annotations

from audit.stats.definitions import (
    ShareWithAny,
)
from audit.stats.intervals import wilson
from tests.stats.definitions.conftest import ITEMS, item, metric


def test_the_threshold_itself_counts_and_one_text_is_enough() -> None:
    found = metric(ShareWithAny(at_least=0.5), ITEMS)
    assert (found.value, found.n) == (4 / 6, 6)
    expected = wilson(4, 6)
    assert (found.ci_low, found.ci_high, found.ci_method) == (expected.low, expected.high, "wilson")
    assert metric(ShareWithAny(), [item(0, (1.0, 0.0)), item(1, (0.99,))]).value == 0.5


def test_one_is_reached_by_one_alone() -> None:
    assert [ShareWithAny().of_numbers([0.2, highest]) for highest in (0.999, 1.0)] == [0.0, 1.0]
