"""What stands below the table of a run: values that do not say all."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from audit.cli.commands.run import _gaps, _limits
from audit.core.records import Metric, Sample


class Folder:
    """A run folder of one task, whose second item could not be scored."""

    def tasks(self) -> list[tuple[str, str]]:
        return [("evals", "t")]

    def read_samples(self, suite: Any, task: str) -> list[Sample]:
        return [
            Sample(sample_id="1", suite=suite, task=task, prompt="p", score=1.0),
            Sample(sample_id="2", suite=suite, task=task, prompt="p", error="cut inside its reasoning \x1b[31m"),
        ]


def metric(name: str, value: float, **fields: Any) -> Metric:
    return Metric(name=f"t/{name}", suite="evals", task="t", metric=name, value=value, n=4, **fields)


def test_what_was_not_scored_or_cut_is_said() -> None:
    metrics = [
        metric("exact_match", 0.25, primary=True),
        metric("exact_match_if_cut_wrong", 0.25),
        metric("exact_match_if_cut_right", 0.75),
        metric("truncated_outputs", 2.0, unit="count"),
        metric("truncated_prompts", 3.0, unit="count"),
        metric("unscored", 1.0, unit="count"),
    ]
    folder: Any = Folder()
    said = list(_gaps(folder, metrics))
    assert said[0] == (
        "answers cut: t/exact_match: 2 of 4 answers cut by the token limit: "
        "25 % if all are wrong, 75 % if all are right"
    )
    assert said[1] == "prompts cut: t: 3 of 4 are longer than the context"
    assert said[2].startswith("not scored: t: 1 of 4 (cut inside its reasoning")
    assert "\x1b" not in said[2]
    assert list(_gaps(folder, [metric("exact_match", 1.0, primary=True), metric("unscored", 0.0)])) == []


def test_items_that_a_metric_left_out_are_said() -> None:
    folder: Any = Folder()
    said = list(_gaps(folder, [metric("mean_squared_error", 2.5, unit="squared_error", missing=3)]))
    assert said == ["left out: t/mean_squared_error: 3 of 7 scored items have no value"]


def test_explanations_that_failed_are_counted_though_their_method_has_no_samples() -> None:
    folder: Any = Folder()
    failed = metric("unscored", 2.0).model_copy(update={"suite": "explain", "task": "occlusion"})
    assert list(_gaps(folder, [failed])) == ["not scored: occlusion: 2 of 4"]


@pytest.mark.parametrize(
    ("available", "said"),
    [
        ({"own": 6}, ""),
        ({"own": 50}, ""),
        ({"own": 51}, "50 items of each task (profile quick, --limit changes it)"),
        ({}, "50 items of each task (profile quick, --limit changes it)"),  # it did not run
    ],
)
def test_a_limit_that_cut_no_task_is_not_said(available: dict[str, int], said: str) -> None:
    tasks = {"evals": {"tasks": [{"name": "own", "limit": 50}]}, "safety": {"tasks": []}}
    config = {"limit": 50, "profile": "quick", **tasks}

    def limits(**changed: object) -> str:
        manifest: Any = SimpleNamespace(config={**config, **changed}, items_available=available)
        return _limits(manifest)

    assert limits() == said
    assert limits(evals={"tasks": [{"name": "own", "limit": None}]}) == ""
    assert limits(evals={"tasks": [{"name": "own", "limit": 0.5}]}).endswith("0.5 of the items: own")
