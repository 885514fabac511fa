"""Records of explanations: what counts as a driver, and what no attribution has."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from audit.core.records import Attribution, Driver, Feature

DRIVER: dict[str, Any] = {
    "kind": "word", "name": "nurse", "samples": 9, "mean_value": 0.4, "mean_rank": 0.9, "p": 0.001, "q": 0.02,
}  # fmt: skip
ATTRIBUTION: dict[str, Any] = {
    "attribution_id": "a", "method": "occlusion", "prompt": "Hi", "target": " you", "reason": "confident error",
    "features": [Feature(text="Hi", start=0, end=2)], "values": [0.5], "unit": "nats", "target_log_prob": -1.0,
    "faithfulness": {"lds": None}, "verdict": "weak", "evaluations": 2, "seconds": 0.1,
}  # fmt: skip


@pytest.mark.parametrize(
    ("q", "value", "drives"),
    [(0.1, 0.4, True), (0.1001, 0.4, False), (0.0, 0.0, False), (0.0, -0.1, False), (0.0, 1e-9, True)],
)
def test_a_driver_is_sure_and_helps(q: float, value: float, drives: bool) -> None:
    """At a false discovery rate of one in ten, as the documentation states."""
    assert Driver(**{**DRIVER, "q": q, "mean_value": value}).is_driver is drives


def test_an_attribution_comes_back_from_json() -> None:
    made = Attribution(**ATTRIBUTION)
    assert Attribution.model_validate_json(made.model_dump_json()) == made


@pytest.mark.parametrize("wrong", [{"verdict": "sure"}, {"values": ["x"]}, {"values": None}, {"heat": 1}])
def test_what_no_attribution_has_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Attribution(**{**ATTRIBUTION, **wrong})
