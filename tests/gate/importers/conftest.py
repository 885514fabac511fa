"""Logs that lm-eval and Inspect wrote themselves, and a run made of a log."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from audit.gate import evidence
from audit.gate.importers import inspect_log, lm_eval_log
from audit.gate.importers.contract import ImportOptions
from audit.gate.importers.registry import reader_for
from audit.gate.importers.run import import_log

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.core.records import Metric
    from audit.core.run_folder import RunFolder
    from audit.gate.importers.contract import Log

LOGS = Path(__file__).parent / "logs"


def imported(out: Path, *files: Path, **options: Any) -> RunFolder:
    """A run made of a log; its evidence is sound."""
    run = import_log(reader_for(files, None), files, ImportOptions(**options), out)
    evidence.check(run)
    return run


def by_name(run: RunFolder) -> dict[str, Metric]:
    """Its metrics over all items."""
    return {metric.name: metric for metric in run.read_metrics() if metric.slice is None}


@pytest.fixture(scope="session")
def lm_eval_run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run made of the log of lm-eval; tests do not change it."""
    return imported(tmp_path_factory.mktemp("runs"), LOGS / "lm_eval")


@pytest.fixture
def harness_log(tmp_path: Path) -> Path:
    """A copy of lm-eval's log without the tasks whose intervals take long."""
    folder = Path(shutil.copytree(LOGS / "lm_eval", tmp_path / "log"))
    kept = {"tiny_choice", "tiny_generate"}
    [results] = folder.glob("results_*.json")
    edit(results, lambda plain: plain.update(results={k: v for k, v in plain["results"].items() if k in kept}))
    edit(results, lambda plain: plain.update(group_subtasks={}, groups={}))
    for file in folder.glob("samples_*"):
        if not any(f"_{name}_2" in file.name for name in kept):
            file.unlink()
    return folder


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A copy of Inspect's JSON log."""
    return Path(shutil.copyfile(LOGS / "inspect" / "sums.json", tmp_path / "sums.json"))


def edit(file: Path, change: Callable[[Any], object]) -> None:
    """Change a JSON file."""
    plain = json.loads(file.read_text("utf-8"))
    change(plain)
    file.write_text(json.dumps(plain), "utf-8")


def edit_line(file: Path, number: int, change: Callable[[Any], object]) -> None:
    """Change a line of a JSON Lines file, counted from 1."""
    lines = file.read_text("utf-8").splitlines()
    plain = json.loads(lines[number - 1])
    change(plain)
    lines[number - 1] = json.dumps(plain)
    file.write_text("".join(f"{line}\n" for line in lines), "utf-8")


def samples_file(folder: Path, task: str) -> Path:
    """The samples of a task in lm-eval's log."""
    [file] = folder.glob(f"samples_{task}_2*.jsonl")
    return file


INSPECT: dict[str, Any] = {
    "version": 2,
    "status": "success",
    "eval": {"task": "pack/t", "model": "m", "packages": {"inspect_ai": "0.3", "other": 1}},
    "results": {"total_samples": 2, "scores": []},
}


def a_score(name: str, scorer: str, *metrics: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """An entry of ``results.scores``."""
    return {"name": name, "scorer": scorer, "metrics": {str(n): one for n, one in enumerate(metrics)}, **fields}


def read_inspect(folder: Path, *scores: dict[str, Any], results: dict[str, Any] | None = None, **header: Any) -> Log:
    """What is read of a log of Inspect with two samples, before a run is made of it."""
    samples = [{"id": n, "epoch": 1, "input": f"q{n}", "target": "A", "scores": {"s": {"value": n}}} for n in (1, 0)]
    file = folder / "log.json"
    found = {**INSPECT["results"], "scores": list(scores), **(results or {})}
    file.write_text(json.dumps({**INSPECT, "samples": samples, **header, "results": found}), "utf-8")
    return inspect_log.READER.read([file], ImportOptions())


def read_lm_eval(folder: Path, rows: list[dict[str, Any]] | None = None, /, **results: Any) -> Log:
    """What is read of a log of lm-eval with one task with two items, before a run is made of it."""
    plain = {"results": {"t": {"exact_match,none": 0.5}}, "config": {}, **results}
    (folder / "results_d.json").write_text(json.dumps(plain), "utf-8")
    lines = [{"doc_id": n, "exact_match": float(n)} for n in (0, 1)] if rows is None else rows
    common = {"doc": {}, "target": "x", "arguments": [["q", {}]], "resps": [["x"]], "metrics": ["exact_match"]}
    text = "".join(f"{json.dumps(common | line)}\n" for line in lines)
    (folder / "samples_t_d.jsonl").write_text(text, "utf-8")
    return lm_eval_log.READER.read([folder], ImportOptions())
