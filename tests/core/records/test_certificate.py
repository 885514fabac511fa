"""What a certificate says in one line, and what a metric would be with the second answers."""

from __future__ import annotations

import pytest

from audit.core.records import Certificate, CertifiedMetric


def test_the_line_has_the_figures_or_the_faults() -> None:
    found = Certificate(
        against="weights",
        source="x",
        dtype="float32",
        seed=0,
        requests=1200,
        median=0.01,
        p99=0.2,
        largest=0.5,
        choices=9,
    )
    assert found.line == (
        "1,200 requests scored again with the weights (float32): |Δ log p| median 0.01, 99 % 0.2, largest 0.5 nats, "
        "flipped choices 0 of 9"
    )
    faulty = found.model_copy(update={"against": "repeat", "faults": ["one", "two"]})
    assert faulty.line == "1,200 requests repeated in another order (weights not at hand): DOES NOT HOLD: one; two"


def test_second_answers_take_the_place_of_the_first() -> None:
    metric = CertifiedMetric(name="t/accuracy", items=5, of_items=50, served=0.8, again=0.6)
    assert metric.substituted(0.7) == pytest.approx(0.68)  # 35 right answers of 50, one less
    assert metric.model_copy(update={"again": None}).substituted(0.7) is None
