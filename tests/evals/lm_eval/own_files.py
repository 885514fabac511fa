"""Task files of a user, and runs of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.core.config import EvalsConfig, RunConfig, TaskConfig
from audit.evals import suite

if TYPE_CHECKING:
    from pathlib import Path

    from audit.core.records import TaskResult
    from audit.engine import Engine

CAPITALS = """
task: capitals
dataset_path: csv
dataset_kwargs: {data_files: {test: questions.csv}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{question}}"
doc_to_target: "{{answer}}"
doc_to_choice: "{{[a, b]}}"
metadata: {version: 3}
"""
ENDS = """
task: ends
dataset_path: csv
dataset_kwargs: {data_files: {test: few.csv}}
test_split: test
output_type: multiple_choice
doc_to_text: "It ends: {{question}}"
doc_to_target: "{{answer}}"
doc_to_choice: "{{[b, a]}}"
metadata: {version: 1}
"""
SAID = """
task: said
dataset_path: csv
dataset_kwargs: {data_files: {test: few.csv}}
test_split: test
output_type: generate_until
doc_to_text: "{{question}}"
doc_to_target: "{{a}}"
generation_kwargs: {until: ["\\n"], max_gen_toks: 8, do_sample: false, temperature: 0.0}
"""
GROUP = """
group: {name}
task: [capitals, ends]
aggregate_metric_list:
  - {{metric: acc, weight_by_size: {weighted}}}
  - {{metric: acc_norm, weight_by_size: {weighted}}}
metadata: {{version: 2}}
"""


def configure(*names: str, include: Path, **evals: Any) -> RunConfig:
    tasks = [TaskConfig(name=name) for name in names]
    return RunConfig(
        evals=EvalsConfig(tasks=tasks, bootstrap_resamples=100, include_path=[include], **evals), offline=True
    )


def run(engine: Engine, *names: str, include: Path, **evals: Any) -> dict[str, TaskResult]:
    results = {result.task: result for result in suite.run_tasks(engine, configure(*names, include=include, **evals))}
    assert {name: result.not_run for name, result in results.items() if result.not_run} == {}
    return results
