"""What a suite hands over: a task that did not run is empty but for its reason."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from audit.core.records import TaskResult


def test_a_task_that_did_not_run_holds_its_reason_alone() -> None:
    result = TaskResult(suite="safety", task="bbq", not_run="no data", optional=True)
    assert result.model_dump(exclude_defaults=True) == {
        "suite": "safety", "task": "bbq", "not_run": "no data", "optional": True,
    }  # fmt: skip


def test_results_do_not_share_their_lists() -> None:
    one, other = (TaskResult(suite="evals", task=name) for name in "ab")
    one.settings["shots"] = 5
    one.samples.append("x")  # type: ignore[arg-type]
    assert (other.settings, other.samples) == ({}, [])


def test_an_unknown_suite_is_refused() -> None:
    with pytest.raises(ValidationError, match="suite"):
        TaskResult(suite="speed", task="t")  # type: ignore[arg-type]
