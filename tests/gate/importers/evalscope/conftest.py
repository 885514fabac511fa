"""A work folder as EvalScope 1.14 writes it: two subsets of three and two samples, with values by hand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from audit.gate.importers.building import metrics_of, samples_of
from audit.gate.importers.contract import ImportOptions
from audit.gate.importers.evalscope.work import READER

if TYPE_CHECKING:
    from pathlib import Path

    from audit.core.records import Metric
    from audit.gate.importers.contract import Log

SCORES = {"easy": [1.0, 0.0, 1.0], "hard": [0.0, 1.0]}
CONFIG = """\
evalscope_version: 1.14.1
model_args: {}
generation_config: {batch_size: 8, max_tokens: 16, temperature: 0.5, extra_body: {deep: [1]}}
repeats: 1
resolved_benchmarks: {sums: {few_shot_num: 2, metric_list: [acc], dataset_id: data, query_template: null}}
"""


def review(index: int, score: float | None, **fields: Any) -> dict[str, Any]:
    """A line of reviews; ``fields`` are of its score, or ``group``, ``repeat`` and ``prompt``."""
    group, repeat = fields.pop("group", index), fields.pop("repeat", 0)
    prompt, extracted = fields.pop("prompt", f"What is {group} + 1?"), fields.pop("answer", str(index))
    values = fields.pop("value", {} if score is None else {"acc": score})
    return {
        "index": index,
        "target": [str(group + 1) if isinstance(group, int) else "?"],
        "messages": messages(prompt, extracted),
        "sample_score": {
            "score": {"value": values, "status": "success", "metadata": {}, **fields},
            "sample_id": index,
            "group_id": group,
            "generation_index": repeat,
            "sample_metadata": {"topic": "odd" if group in (1, 3) else "even"},
        },
    }


def prediction(index: int, **fields: Any) -> dict[str, Any]:
    """A line of predictions."""
    usage = {"input_tokens": 5, "output_tokens": 2}
    choices = [{"stop_reason": fields.pop("stop_reason", "stop")}]
    asked = messages(f"What is {index} + 1?", fields.pop("answer", str(index)))
    return {"index": index, "messages": asked, "model_output": {"choices": choices, "usage": usage, **fields}}


def messages(prompt: str, answer: str) -> list[dict[str, Any]]:
    """What was said."""
    return [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer, "source": "generate"}]


def metric(name: str = "accuracy", values: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """A metric of the report, by subset."""
    found = {"easy": (0.6667, 3), "hard": (0.5, 2)} if values is None else values
    subsets = [{"name": key, "score": score, "num": num, "is_aggregate": False} for key, (score, num) in found.items()]
    return {
        "identity": {"name": name, "aggregation": "mean", "dimensions": {}},
        "score": 0.6,
        "categories": [{"name": ["default"], "subsets": subsets}],
        "semantics": {"direction": "higher_is_better", "value_range": {"min": 0.0, "max": 1.0}},
        **fields,
    }


def write(folder: Path, reviews: dict[str, Any] | None = None, /, **report: Any) -> Path:
    """A work folder; ``reviews`` are lines by subset, ``report`` replaces what the report says."""
    scores = SCORES if reviews is None else {}
    lines = {name: [review(n, one) for n, one in enumerate(ones)] for name, ones in scores.items()} | (reviews or {})
    counts = {name: {"requested": len(ones), "succeeded": len(ones), "errored": 0} for name, ones in lines.items()}
    total = sum(one["requested"] for one in counts.values())
    plain = {
        "schema_version": 2,
        "dataset_name": "sums",
        "model_name": "tiny",
        "metrics": [metric()],
        "primary_metric_identity": {"name": "accuracy", "aggregation": "mean", "dimensions": {}},
        "execution_summary": {"requested": total, "succeeded": total, "errored": 0, "subsets": counts},
        **report,
    }
    for kind in ("reports/tiny", "reviews/tiny", "predictions/tiny", "configs"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    (folder / "reports/tiny/sums.json").write_text(json.dumps(plain), "utf-8")
    (folder / "configs/task_config.yaml").write_text(CONFIG, "utf-8")
    for name, ones in lines.items():
        write_lines(folder / f"reviews/tiny/sums_{name}.jsonl", ones)
    return folder


def write_lines(file: Path, lines: list[dict[str, Any]]) -> None:
    """A file of JSON Lines."""
    file.write_text("".join(f"{json.dumps(line)}\n" for line in lines), "utf-8")


def read(*folders: Path) -> Log:
    """What is read of work folders, before a run is made of them."""
    return READER.read(folders, ImportOptions())


def metrics(log: Log, place: int = 0) -> dict[str, Metric]:
    """The metrics of a task, by name."""
    task, options = log.tasks[place], ImportOptions()
    return {metric.metric: metric for metric in metrics_of(task, samples_of(task, options), options)}
