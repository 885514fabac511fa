"""What a certificate says in words, and what its flips would do to a metric."""

from __future__ import annotations

import pytest

from audit.core.records import Certificate
from audit.core.records.certificate import CertifiedMetric, share


def test_a_metric_with_the_second_answers_in_place_of_the_first() -> None:
    """10 of 100 items: 9 right the first time and 6 the second, so 80 of 100 would be 77."""
    metric = CertifiedMetric(name="boolq/accuracy", items=10, of_items=100, served=0.9, again=0.6)
    assert metric.substituted(0.80) == pytest.approx(0.77)
    assert metric.model_copy(update={"again": None}).substituted(0.8) is None
    assert metric.model_copy(update={"of_items": 0}).substituted(0.8) is None


def test_one_line() -> None:
    found = Certificate(
        against="weights", source="m", dtype="float32", seed=0, requests=1200, median=0.001, p99=0.02, largest=0.4
    )
    found = found.model_copy(update={"choices": 100, "flipped_choices": 1})
    assert found.line == (
        "1,200 requests scored again with the weights (float32): |Δ log p| median 0.001, 99 % 0.02, largest 0.4 nats, "
        "flipped choices 1 of 100"
    )
    repeated = Certificate(against="repeat", source="m", seed=0, requests=3, faults=["this", "that"])
    assert repeated.line == ("3 requests repeated in another order (weights not at hand): DOES NOT HOLD: this; that")


def test_a_share_of_nothing() -> None:
    assert (share(1, 4), share(0, 0)) == (0.25, 0.0)
