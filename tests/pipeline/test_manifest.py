"""The manifest: what decides the signature, what may not change, what is written at the end."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from audit.core.config import EvalsConfig
from audit.core.errors import RunFolderError
from audit.core.records import ModelRecord, TaskResult
from audit.pipeline.manifest import deciding, finished, unchanged
from tests.reports.conftest import a_manifest


def test_the_place_of_task_files_is_no_part_of_a_signature(tmp_path: Path) -> None:
    here, there = (EvalsConfig(include_path=[tmp_path / name], num_fewshot=2) for name in ("here", "there"))
    assert deciding(here) == deciding(there)
    assert deciding(here)["num_fewshot"] == 2


def test_how_a_run_ended_and_what_it_left_out_are_fields() -> None:
    """A run that goes on and ends is not interrupted any more; its warnings stay."""
    begun = a_manifest(warnings=["slow"])
    absent = [
        TaskResult(suite="evals", task=task, not_run="not at hand", optional=task == "mmlu")
        for task in ("boolq", "mmlu", "ntrex_en_de")
    ]
    stopped = finished(begun, absent, ["hot", "slow"], "partial", {"ntrex_en_de"}, interrupted=True)
    assert (stopped.interrupted, stopped.warnings) == (True, ["slow", "hot"])
    assert [(one.task, one.optional) for one in stopped.not_run] == [("boolq", False), ("mmlu", True)]
    assert [(one.task, one.reason) for one in stopped.left_out] == [("ntrex_en_de", "not at hand")]
    ended = finished(stopped, [], [], "complete", {"ntrex_en_de"})
    assert (ended.interrupted, ended.left_out, ended.warnings) == (False, [], ["slow", "hot"])


def test_a_run_does_not_go_on_in_another_way_of_computing() -> None:
    """The trial ended otherwise this time: finished tasks would have scores of one way, the others of another."""
    begun = a_manifest()
    folder: Any = SimpleNamespace(path=Path("run"), read_manifest=lambda: begun)
    engine: Any = SimpleNamespace(record=begun.model.model_copy(update={"ways": ["float32 head"]}))
    says = r"^run: the way of computing log-probabilities \(none, now float32 head\) has changed since this run began"
    begun.model = begun.model.model_copy(update={"ways": []})
    with pytest.raises(RunFolderError, match=says):
        unchanged(folder, engine, [], [])
    # A run of a release that did not record them.
    begun.model = ModelRecord.model_validate(begun.model.model_dump(exclude={"ways"}))
    says = r"^run: the way of computing log-probabilities \(not recorded, now float32 head\) may have changed since"
    with pytest.raises(RunFolderError, match=says):
        unchanged(folder, engine, [], [])
