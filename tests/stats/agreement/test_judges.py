"""What keeps a judge from being believed: each limit, at it and just beyond it."""

from __future__ import annotations

from typing import Any

import pytest

from audit.stats.agreement.judges import faults_of

GOOD: dict[str, Any] = {
    "judge_measured_texts": 100,
    "judge_agreement_low": 0.6,
    "judge_unread": 0.05,
    "judge_moved": 0.05,
    "judge_moved_texts": 95,
}


def test_a_judge_at_every_limit_is_believed() -> None:
    assert faults_of(GOOD) == []


@pytest.mark.parametrize(
    ("name", "value", "part"),
    [
        ("judge_measured_texts", 99, "99 texts"),
        ("judge_agreement_low", 0.5999, "kappa"),
        ("judge_unread", 0.0501, "no verdict"),
        ("judge_moved", 0.0501, "moved"),
        ("judge_moved_texts", 94, "planted into 94 texts"),
        ("judge_moved_texts", None, "an unknown number of"),
    ],
)
def test_beyond_a_limit_there_is_one_fault(name: str, value: object, part: str) -> None:
    (fault,) = faults_of(GOOD | {name: value})
    assert part in fault


def test_without_a_measurement_nothing_else_is_said() -> None:
    assert faults_of({"judge_agreement_low": 0.1}) == ["how far people agree with this judge was not measured"]
