"""A run folder as HELM 0.5 writes it: three instances in two training trials, with values by hand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from audit.gate.importers.building import metrics_of, samples_of
from audit.gate.importers.contract import ImportOptions
from audit.gate.importers.helm.folder import READER

if TYPE_CHECKING:
    from pathlib import Path

    from audit.core.records import Metric
    from audit.gate.importers.contract import Log

RIGHT = {"id0": [1, 0], "id1": [1, 1], "id2": [0, 0]}
"""By instance and trial: 3 of 6."""
ADAPTER = {
    "method": "generation", "model": "local/tiny", "model_deployment": "local/tiny", "temperature": 0.0,
    "max_tokens": 5, "num_train_trials": 2, "max_eval_instances": 3,
}  # fmt: skip
TYPOS = {"name": "typos", "robustness": True, "fairness": False, "computed_on": "perturbed"}


def request(identity: str, trial: int, text: str | None = "Paris", **fields: Any) -> dict[str, Any]:
    """A request; without a text it failed."""
    made = {"success": True, "completions": [{"text": text, "finish_reason": {"reason": fields.pop("reason", "stop")}}]}
    instance = {
        "input": {"text": f"Question {identity}?"},
        "references": [
            {"output": {"text": f"A{identity}"}, "tags": ["correct"]},
            {"output": {"text": "B"}, "tags": []},
        ],
        "split": "test",
        "id": identity,
        **fields.pop("instance", {}),
    }
    return {
        "instance": instance,
        "train_trial_index": trial,
        "request": {"prompt": f"Shots {trial}. Question {identity}?", "model": "local/tiny"},
        "result": {**made, "request_datetime": 1767225600}
        if text is not None
        else {"success": False, "error": "cut off"},
        "prompt_truncated": False,
        **fields,
    }


def stat(name: str, mean: float, count: int = 1, **context: Any) -> dict[str, Any]:
    """A statistic."""
    return {"name": {"name": name, "split": "test", **context}, "count": count, "sum": mean * count, "mean": mean}


def entry(identity: str, trial: int, *stats: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """The statistics of an instance in a trial."""
    return {"instance_id": identity, "train_trial_index": trial, "stats": list(stats), **fields}


def requests() -> list[dict[str, Any]]:
    """All requests, trial by trial."""
    return [request(identity, trial) for trial in (0, 1) for identity in RIGHT]


def entries() -> list[dict[str, Any]]:
    """Statistics of instances, from two metrics that HELM lists one after the other."""
    first = [
        entry(n, t, stat("exact_match", float(RIGHT[n][t])), stat("num_bytes", 9.0)) for t in (0, 1) for n in RIGHT
    ]
    return first + [entry(n, t, stat("f1@5", RIGHT[n][t] / 4)) for t in (0, 1) for n in RIGHT]


STATS = [
    stat("exact_match", 0.5, 2), stat("num_bytes", 9.0, 2), stat("f1@5", 0.125, 2), stat("perplexity", 4.0, 2),
    stat("num_instances", 3.0, 2), stat("unused", 0.0, 0),
    stat("exact_match", 0.2, 2, perturbation={"name": "robustness", "computed_on": "worst"}),
]  # fmt: skip


def write(folder: Path, **files: Any) -> Path:
    """A run folder; ``files`` replace what its files hold, by their first words."""
    folder.mkdir(parents=True, exist_ok=True)
    adapter = files.pop("adapter", ADAPTER)
    scenario = {"class_name": "helm.Capitals", "args": {"language": "en"}}
    spec = {"name": files.pop("name", "capitals:model=local_tiny,language=en"), "scenario_spec": scenario}
    state = {"adapter_spec": files.pop("state_adapter", adapter), "request_states": files.pop("requests", requests())}
    plain = {
        "run_spec": {**spec, "adapter_spec": adapter, "metric_specs": []},
        "scenario_state": state,
        "per_instance_stats": files.pop("entries", entries()),
        "stats": files.pop("stats", STATS),
    }
    for name, content in plain.items():
        (folder / f"{name}.json").write_text(json.dumps(content), "utf-8")
    return folder


def read(*folders: Path) -> Log:
    """What is read of run folders, before a run is made of them."""
    return READER.read(folders, ImportOptions())


def metrics(log: Log, place: int = 0) -> dict[str, Metric]:
    """The metrics of a task, by name."""
    task, options = log.tasks[place], ImportOptions()
    return {metric.metric: metric for metric in metrics_of(task, samples_of(task, options), options)}
