"""What lm-eval logged of a task: what is unknown is null, and everything is null or there, never misspelt."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from audit.core.records.base import SCHEMA_VERSION
from audit.core.records.logged import LoggedAnswers, LoggedSample, LoggedTask

ANSWERS: dict[str, Any] = {"filter": "none", "filtered_resps": [None, " yes"], "metrics": {"acc": 1.0}}
SAMPLE: dict[str, Any] = {
    "sample_id": "0123456789abcdef",
    "doc_id": 3,
    "doc": {"question": "Is it so?", "label": 1},
    "target": " yes",
    "arguments": [["Is it so?", " yes"], ["Is it so?", " no"]],
    "resps": [[[-1.0, True]], [[-2.0, False]]],
    "doc_hash": "a",
    "prompt_hash": "b",
    "target_hash": "c",
    "filters": [ANSWERS],
}


def test_a_task_is_its_name_and_the_current_version_until_more_is_logged() -> None:
    task = LoggedTask(task="mine")
    assert task.schema_version == SCHEMA_VERSION
    assert (task.members, task.version, task.shots, task.original) == (None, None, None, None)
    assert (task.results, task.config, task.higher_is_better, task.environment, task.samples) == ({}, {}, {}, {}, [])


def test_two_tasks_share_nothing() -> None:
    first, second = LoggedTask(task="first"), LoggedTask(task="second")
    first.results["acc,none"] = 0.5
    assert second.results == {}


def test_what_is_logged_comes_back_from_json() -> None:
    task = LoggedTask(task="group", members=["a", "b"], shots=5, samples=[LoggedSample(**SAMPLE)])
    assert LoggedTask.model_validate_json(task.model_dump_json()) == task
    assert task.samples[0].model_dump() == SAMPLE


@pytest.mark.parametrize("field", sorted(SAMPLE))
def test_a_sample_lacks_nothing(field: str) -> None:
    with pytest.raises(ValidationError, match=field):
        LoggedSample(**{name: value for name, value in SAMPLE.items() if name != field})


def test_answers_that_are_not_stored_are_null_and_not_left_out() -> None:
    assert LoggedSample(**{**SAMPLE, "resps": None}).resps is None
    assert LoggedAnswers(**{**ANSWERS, "filtered_resps": None}).filtered_resps is None
    with pytest.raises(ValidationError, match="filtered_resps"):
        LoggedAnswers(filter="none", metrics={})  # type: ignore[call-arg] # the subject
    with pytest.raises(ValidationError, match="extra"):
        LoggedAnswers(**ANSWERS, filtered=[])
