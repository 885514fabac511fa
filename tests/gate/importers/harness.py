"""Logs that lm-eval itself writes: small tasks of each of its kinds, on a tiny checkpoint.

``logs/lm_eval`` was made by ``python -m tests.gate.importers.harness CHECKPOINT FOLDER`` with lm-eval 0.4.13.
"""

from __future__ import annotations

import json
import os
import random
import sys
from pathlib import Path

CITIES = ["Paris", "Rome", "Oslo", "Bern", "Kyiv", "Riga"]
ITEMS = 10
OF_CITIES = "doc_to_choice: '{{choices}}'\ndoc_to_target: answer\n"
MEAN = "aggregation: mean, higher_is_better: true"
TASKS = {
    "tiny_choice": "output_type: multiple_choice\ndoc_to_text: 'Question: {{question}} Answer:'\n"
    f"{OF_CITIES}metric_list:\n - {{metric: acc, {MEAN}}}\n - {{metric: acc_norm, {MEAN}}}\n",
    "tiny_own": f"output_type: multiple_choice\ndoc_to_text: 'Q: {{{{question}}}} A:'\n{OF_CITIES}"
    f"metric_list:\n - {{metric: acc, {MEAN}}}\n"
    " - {metric: f1, aggregation: !function own.quarter, higher_is_better: true}\n",
    "tiny_classes": "output_type: multiple_choice\ndoc_to_text: 'Q: {{question}} A:'\ndoc_to_choice: ['yes', 'no']\n"
    "doc_to_target: '{{answer % 2}}'\nmetric_list:\n - {metric: mcc}\n - {metric: f1}\n - {metric: acc}\n",
    "tiny_generate": "output_type: generate_until\ndoc_to_text: 'Count: {{question}}'\ndoc_to_target: '{{vowel}}'\n"
    "generation_kwargs: {until: [':'], max_gen_toks: 12, do_sample: false}\nfilter_list:\n - name: strict\n"
    "   filter: [{function: regex, regex_pattern: '([0-9]+)'}, {function: take_first}]\n - name: flexible-extract\n"
    "   filter: [{function: regex, group_select: -1, regex_pattern: '([a-z])'}, {function: take_first}]\n"
    f"metric_list:\n - {{metric: exact_match, {MEAN}, ignore_case: true}}\n",
    "tiny_translate": "output_type: generate_until\ndoc_to_text: 'Say: {{text}} again:'\ndoc_to_target: '{{text}}'\n"
    "generation_kwargs: {until: [':'], max_gen_toks: 8, do_sample: false}\n"
    "metric_list:\n - {metric: bleu}\n - {metric: chrf}\n - {metric: ter}\n",
    "tiny_last_word": "output_type: loglikelihood\ndoc_to_text: '{{question}}'\ndoc_to_target: ' {{choices[0]}}'\n"
    "metric_list:\n - {metric: perplexity, aggregation: perplexity, higher_is_better: false}\n"
    f" - {{metric: acc, {MEAN}}}\n",
    "tiny_rolling": "output_type: loglikelihood_rolling\ndoc_to_text: ''\ndoc_to_target: '{{text}}'\n"
    "metric_list:\n - {metric: word_perplexity}\n - {metric: byte_perplexity}\n - {metric: bits_per_byte}\n",
}
GROUP = (
    "group: tiny_group\ntask: [tiny_choice, tiny_own]\n"
    "aggregate_metric_list:\n - {metric: acc, weight_by_size: true}\nmetadata: {version: 1.0}\n"
)
DATA = "dataset_path: json\ndataset_kwargs: {data_files: {test: questions.jsonl}}\ntest_split: test\n"


def write_tasks(folder: Path, seed: int = 0) -> None:
    """Task files and the questions that they ask."""
    draw = random.Random(seed)  # noqa: S311 - made-up questions
    rows = []
    for number in range(ITEMS):
        choices = draw.sample(CITIES, 3)
        row = {"question": f"Which city is number {number}?", "choices": choices, "answer": draw.randrange(3)}
        rows.append(
            row | {"text": f"{' '.join(choices[:2])} 12 apples", "vowel": draw.choice("aeiou"), "book": number // 3}
        )
    (folder / "questions.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
    for name, text in TASKS.items():
        (folder / f"{name}.yaml").write_text(f"task: {name}\n{DATA}{text}metadata: {{version: 1.0}}\n", "utf-8")
    (folder / "tiny_group.yaml").write_text(GROUP, "utf-8")
    (folder / "own.py").write_text("def quarter(items):\n    return 0.25\n", "utf-8")


def write_logs(model: Path, folder: Path) -> None:
    """What ``lm_eval run --log_samples`` does, in a folder with the task files; the logs are in ``FOLDER/out``."""
    import lm_eval
    from lm_eval.loggers import EvaluationTracker
    from lm_eval.tasks import TaskManager

    before = Path.cwd()
    os.chdir(folder)
    try:
        tracker = EvaluationTracker(output_path="out")
        results = lm_eval.simple_evaluate(
            model="hf",
            model_args=f"pretrained={os.path.relpath(model)},dtype=float32",
            tasks=["tiny_group", *(name for name in TASKS if name not in {"tiny_choice", "tiny_own"})],
            task_manager=TaskManager(include_path=".", include_defaults=False),
            evaluation_tracker=tracker,
            device="cpu",
            bootstrap_iters=0,
        )
        samples = results.pop("samples")
        results["pretty_env_info"] = ""  # a page about the machine
        tracker.save_results_aggregated(results=results, samples=samples)
        for task in results["configs"]:
            tracker.save_results_samples(task_name=task, samples=samples[task])
    finally:
        os.chdir(before)


if __name__ == "__main__":
    write_tasks(Path(sys.argv[2]))
    write_logs(Path(sys.argv[1]), Path(sys.argv[2]))
