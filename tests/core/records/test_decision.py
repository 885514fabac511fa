"""A decision of the gate: its verdicts are three, and its time is kept."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from audit.core.records import Correction, Decision, GateCheck, RatedAs

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


RATED: dict[str, Any] = {"raw": 0.75, "outputs": 300, "labels": 2, "ratings": {"a": [5], "b": [1, 4]}}


def test_a_correction_comes_back_from_json() -> None:
    found = Correction(**RATED, agreement=0.5, bias=-0.1, tuning=0.8, method="powered_strata")
    assert Correction.model_validate_json(found.model_dump_json()) == found
    asked = RatedAs(at_least=4, labels=100)
    assert (asked.at_most, RatedAs.model_validate_json(asked.model_dump_json())) == (None, asked)


def test_what_a_correction_does_not_know_is_null() -> None:
    found = Correction(**RATED)
    assert (found.disagreements, found.agreement, found.bias, found.tuning, found.method) == (None,) * 5


@pytest.mark.parametrize("change", [{"agreement": 1.1}, {"tuning": -0.1}, {"ratings": {"a": ["good"]}}, {"more": 1}])
def test_what_no_correction_can_be_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Correction(**RATED | change)
