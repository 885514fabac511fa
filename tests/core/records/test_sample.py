"""What a sample may hold, and addresses of completions."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from audit.core.records import (
    Sample,
    TaskResult,
    completion_address,
    split_address,
)
from tests.core.whole.strategies import TEXT


@given(identity=TEXT, index=st.integers(0, 10**6))
def test_an_address_is_split_into_what_it_was_made_of(identity: str, index: int) -> None:
    assert split_address(completion_address(identity, index)) == (identity, index)


@pytest.mark.parametrize("address", ["0123", "", "#", "a#b", "a#-1", "a#²", "a# 1", "a#1 ", "a#01", "a#" + "1" * 5000])
def test_what_is_no_address_of_a_completion_is_a_sample(address: str) -> None:
    assert split_address(address) == (address, None)


@pytest.mark.parametrize("confidence", [-0.1, 1.1, 7.5, math.nan, math.inf])
def test_a_confidence_is_a_probability(confidence: float) -> None:
    fields = {"sample_id": "0", "suite": "evals", "task": "t", "prompt": "p"}
    assert Sample.model_validate({**fields, "confidence": 1.0}).confidence == 1.0
    with pytest.raises(ValidationError, match="confidence"):
        Sample.model_validate({**fields, "confidence": confidence})


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
