"""Two runs of the same items, and policies that compare them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from audit.core.run_folder import RunFolder
from audit.gate.decide import decide
from audit.gate.policy import load_policy
from audit.stats.aggregate import unscored_metric
from audit.stats.definitions import Count, Mean, measured
from tests.reports.conftest import a_manifest, a_sample
from tests.sealing import sealed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from audit.core.records import Decision, GateCheck, Metric, Sample


def samples(
    scores: Sequence[float | None], task: str = "boolq", cut: Sequence[int] = (), **fields: Any
) -> list[Sample]:
    """Samples with these scores, in halves ``a`` and ``b``; those at the places of ``cut`` were cut."""
    return [
        a_sample(
            task,
            place,
            score=score,
            slices={"half": "ab"[place % 2]},
            flags=["truncated_output"] if place in cut else [],
            prompt_sha256=f"{place:064x}",
            **fields,
        )
        for place, score in enumerate(scores)
    ]


def metrics_of(task: str, given: Sequence[Sample], **fields: Any) -> list[Metric]:
    """Accuracy as a whole and by half with its bounds, cut and unscored samples."""
    common: dict[str, Any] = {"unit": "share", "higher_is_better": True, **fields}
    made = [measured(Mean(seed=1), given, metric="accuracy", primary=True, **common)]
    made += [measured(Mean(seed=1), given, metric="accuracy", slice={"half": half}, **common) for half in "ab"]
    if any(sample.flags for sample in given):
        for ending, value in (("if_cut_wrong", 0.0), ("if_cut_right", 1.0)):
            made.append(measured(Mean(seed=1, if_cut=value), given, metric=f"accuracy_{ending}", **common))
    cut = Count(flags=("truncated_output",))
    made.append(measured(cut, given, metric="truncated_outputs", unit="count", higher_is_better=False))
    return [*made, unscored_metric("evals", task, given)]


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., RunFolder]:
    """Makes a run of tasks with their samples; keyword arguments change the manifest."""

    def made(name: str, given: dict[str, list[Sample]] | list[Sample], **changes: Any) -> RunFolder:
        tasks = given if isinstance(given, dict) else {"boolq": given}
        fields = changes.pop("metric", {})
        config = {"evals": {"tasks": [{"name": task, "limit": 60} for task in tasks]}, "safety": {"tasks": []}}
        run_id = f"20260131T120000Z-{name}-0a1b2c"
        run = RunFolder.create(tmp_path / "runs", a_manifest(**{"run_id": run_id, "config": config, **changes}))
        run.write_metrics([one for task, mine in tasks.items() for one in metrics_of(task, mine, **fields)])
        for task, mine in tasks.items():
            run.write_samples("evals", task, mine)
        return sealed(run)

    return made


@pytest.fixture
def judge(tmp_path: Path) -> Callable[..., Decision]:
    """Decides with rules; keyword arguments are the policy's other settings."""

    def decided(run: RunFolder, baseline: RunFolder | None, *rules: dict[str, Any], **policy: Any) -> Decision:
        file = tmp_path / "policy.yaml"
        file.write_text(yaml.safe_dump({**policy, "rules": list(rules)}), "utf-8")
        return decide(run, load_policy(file), {"boolq", "asdiv"}, baseline)

    return decided


def last(decision: Decision) -> GateCheck:
    """The last check."""
    return decision.checks[-1]
