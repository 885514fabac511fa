"""A bundle as NeMo Evaluator 0.3 writes it: three problems asked twice, with values by hand."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from audit.gate.importers.building import metrics_of, samples_of
from audit.gate.importers.contract import ImportOptions
from audit.gate.importers.nemo.bundle import READER

if TYPE_CHECKING:
    from pathlib import Path

    from audit.core.records import Metric
    from audit.gate.importers.contract import Log

REWARDS = [[1.0, 0.0], [1.0, 1.0], [0.0, 0.0]]
"""By problem and repeat: pass@1 is 3 of 6, pass@2 is 2 of 3."""
NAME = "eval-20260101T000000Z-sums.json"
HASHED = {"benchmark": "sums", "model": "tiny", "repeats": 2, "shuffle_seed": 42}
SCORES = {
    "pass@1": {"value": 0.5, "ci_lower": 0.1, "ci_upper": 0.9},
    "pass@2": {"value": 0.6667},
    "summary": {"mean": 0.5, "n": 6},
    "scorer:exact": {"value": 0.5, "correct": 3, "total": 6},
    "runtime": {"total_steps": 6},
}


def result(problem: int, repeat: int, reward: float, **fields: Any) -> dict[str, Any]:
    """A line of the results."""
    right = reward == 1
    return {
        "problem_idx": problem,
        "repeat": repeat,
        "reward": reward,
        "prompt": f"What is {problem} + 1?",
        "model_response": str(problem + 2 - right),
        "expected_answer": str(problem + 1),
        "scoring_details": {"method": "byob_sums", "correct": right, "scorer:exact": {"correct": right}},
        "metadata": {"category": "odd" if problem % 2 else "even"},
        **fields,
    }


def failed(problem: int, repeat: int, **details: Any) -> dict[str, Any]:
    """A result without an answer, which the tool counts as 0."""
    details = details or {"error": "HTTP 400", "error_category": "infra_error"}
    return result(problem, repeat, 0.0, model_response="", scoring_details=details)


def results() -> list[dict[str, Any]]:
    """All lines, the last problem first, as requests may end."""
    found = [result(n, repeat, one) for n, rewards in enumerate(REWARDS) for repeat, one in enumerate(rewards)]
    return found[::-1]


def write(folder: Path, lines: list[dict[str, Any]] | None = None, /, **bundle: Any) -> Path:
    """A bundle with its results; ``lines`` are the results, ``bundle`` replaces what it says."""
    folder.mkdir(parents=True, exist_ok=True)
    config = bundle.pop("config", {**HASHED, "base_url": "http://127.0.0.1:4000", "max_problems": None})
    scores = bundle.pop("scores", SCORES)
    name = bundle.pop("name", "sums")
    plain = {
        "run_id": NAME.removesuffix(".json"),
        "config_hash": f"sha256:{hashlib.sha256(json.dumps(HASHED, sort_keys=True).encode()).hexdigest()}",
        "sdk_version": "0.3.0",
        "timestamp": "2026-01-01T00:00:00+00:00",
        "config": {**config, "shuffle": {"ds_full_size": 9}},
        "benchmark": {"name": name, "samples": 3, "repeats": 2, "scores": scores},
        "n_results": 6,
        **bundle,
    }
    (folder / NAME).write_text(json.dumps(plain), "utf-8")
    write_lines(folder / "results.jsonl", results() if lines is None else lines)
    return folder / NAME


def write_lines(file: Path, lines: list[dict[str, Any]]) -> None:
    """A file of JSON Lines."""
    file.write_text("".join(f"{json.dumps(line)}\n" for line in lines), "utf-8")


def read(*files: Path) -> Log:
    """What is read of bundles, before a run is made of them."""
    return READER.read(files, ImportOptions())


def metrics(log: Log) -> dict[str, Metric]:
    """The metrics of its first task, by name."""
    task, options = log.tasks[0], ImportOptions()
    return {metric.metric: metric for metric in metrics_of(task, samples_of(task, options), options)}
