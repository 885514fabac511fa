"""A decision of the gate: its verdicts are three, and its time is kept."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from audit.core.records import Decision, GateCheck

CHECK: dict[str, Any] = {
    "metric": "t/accuracy", "rule": "min 0.6", "minimum": 0.6, "maximum": None, "max_unscored": None,
    "value": 0.7, "ci_low": 0.65, "ci_high": 0.75, "verdict": "PASS",
    "reason": "the interval lies above 0.6",
}  # fmt: skip
GIVEN: dict[str, Any] = {
    "run_id": "r", "model_digest": "d", "policy": "p.yaml", "policy_sha256": "0", "metrics_sha256": "1",
    "verdict": "PASS", "checks": [CHECK],
    "confidence": 0.95, "max_unscored": 0.0, "optional": ["mmlu"], "decided": datetime(2025, 1, 2, tzinfo=UTC),
}  # fmt: skip


def test_a_decision_comes_back_from_json() -> None:
    decision = Decision(**GIVEN)
    assert Decision.model_validate_json(decision.model_dump_json()) == decision
    assert decision.checks == [GateCheck(**CHECK)]


@pytest.mark.parametrize("verdict", ["pass", "WARN", None])
def test_there_is_no_fourth_verdict(verdict: object) -> None:
    with pytest.raises(ValidationError, match="verdict"):
        Decision(**{**GIVEN, "verdict": verdict})
    with pytest.raises(ValidationError, match="verdict"):
        GateCheck(**{**CHECK, "verdict": verdict})


def test_a_number_that_is_unknown_must_be_said_to_be() -> None:
    with pytest.raises(ValidationError, match="ci_low"):
        GateCheck(**{name: value for name, value in CHECK.items() if name != "ci_low"})
