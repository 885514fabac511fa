"""Tasks of a configuration, by name or with settings."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from audit.core.config.suites import OWN_DATA, EvalsConfig, SafetyConfig, TaskConfig


def test_a_name_alone_is_a_task() -> None:
    assert EvalsConfig.model_validate({"tasks": ["boolq", {"name": "piqa", "limit": 3}]}).tasks == [
        TaskConfig(name="boolq"),
        TaskConfig(name="piqa", limit=3),
    ]
    assert {*OWN_DATA} < {*TaskConfig.model_fields}


def test_a_probe_has_no_file_of_questions() -> None:
    with pytest.raises(ValidationError, match=r"list it under evals\.tasks"):
        SafetyConfig.model_validate({"tasks": [{"name": "mine", "file": "questions.csv"}]})


@pytest.mark.parametrize(
    ("given", "budgets"),
    [(["1024, 256"], [256, 1024]), ([64, 32, 64], [32, 64]), (["8", "16,4"], [4, 8, 16]), ([], [])],
)
def test_thinking_budgets_are_typed_or_listed(given: list[object], budgets: list[int]) -> None:
    config = EvalsConfig.model_validate({"thinking_budgets": given})
    assert config.thinking_budgets == budgets
    assert ("thinking_budgets" in config.model_dump()) is bool(budgets)
    assert "forced_opening" not in config.model_dump()


@pytest.mark.parametrize("given", [["a"], [0], "64", [1.5], [True], ["-4"]])
def test_other_budgets_are_refused(given: object) -> None:
    with pytest.raises(ValidationError):
        EvalsConfig.model_validate({"thinking_budgets": given})


def test_budgets_that_are_too_small_are_refused_as_such() -> None:
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        EvalsConfig.model_validate({"thinking_budgets": ["-4"]})
