"""Runs lm-eval's tasks that draw at random on made rows, in any process."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import datasets

from audit.core.config import EvalsConfig, RunConfig, TaskConfig
from audit.engine import Completion, Generation, load
from audit.evals import suite

if TYPE_CHECKING:
    from pathlib import Path

GPQA = [
    {
        "Question": f"What is {n} plus {n}?",
        "Correct Answer": str(2 * n),
        **{f"Incorrect Answer {wrong}": str(2 * n + wrong) for wrong in (1, 2, 3)},
        "Explanation": "Addition.",
    }
    for n in range(12)
]
SCIQ = [
    {
        "support": f"{n} is a number.",
        "question": f"Which number is {n}?",
        "correct_answer": str(n),
        **{f"distractor{wrong}": str(n + wrong) for wrong in (1, 2, 3)},
    }
    for n in range(12)
]
ETHICS = [{"activity": f"I gave {n} coins.", "baseline": f"I lost {n} coins.", "rating": 0} for n in range(6)]
MMLU = [
    {
        "question": f"What is {n} plus {n}?",
        "choices": [str(2 * n + wrong) for wrong in range(4)],
        "answer": n % 4,
        "subject": "sums",
        "allfiveshot_longprompt": "",
        **{f"mmlu_question_shot_{shot}": f"What is {shot}?" for shot in range(1, 6)},
        **{f"mmlu_choices_shot_{shot}": ["1", "2", "3", "4"] for shot in range(1, 6)},
        **{f"mmlu_answers_shot_{shot}": 0 for shot in range(1, 6)},
        **{f"mmlu_ind_shot_{shot}": shot for shot in range(1, 6)},
    }
    for n in range(12)
]
TRUTHFULQA = [
    {
        "question": f"Is {n} a number?",
        "mc1_targets": {"choices": [f"{word} {n}" for word in ("Yes", "No", "So", "Oh")], "labels": [1, 0, 0, 0]},
    }
    for n in range(12)
]
MEDICINES = [
    {
        "results": json.dumps(
            {
                "prescription_details": {"disease_diagnosis": f"cold {n}"},
                "medicine_details": [
                    {"medicine_name": f"Syrup {m}", "medicine_frequency": "1-0-1", "course_duration": f"{m} days"}
                    for m in range(1, 5)
                ],
            }
        )
    }
    for n in range(12)
]
ROWS = {
    "Idavidrein/gpqa": GPQA,
    "OALL/AlGhafa-Arabic-LLM-Benchmark-Translated": SCIQ,
    "arcee-globe/AlGhafa-Arabic-LLM-Benchmark-Translated-10percent": SCIQ,
    "hendrycks/ethics": ETHICS,
    "EleutherAI/hendrycks_ethics": ETHICS,
    "HCAI/metabench/MMLU": MMLU,
    "HCAI/metabench/TruthfulQA": TRUTHFULQA,
    "devlocalhost/prescription-full": MEDICINES,
}
TASKS = {
    "gpqa/zeroshot": ["gpqa_main_zeroshot", "gpqa_diamond_zeroshot"],
    "gpqa/n_shot": ["gpqa_main_n_shot", "gpqa_extended_n_shot"],
    "gpqa/generative": ["gpqa_main_generative_n_shot"],
    "gpqa/cot_zeroshot": ["gpqa_main_cot_zeroshot"],
    "gpqa/cot_n_shot": ["gpqa_main_cot_n_shot"],
    "leaderboard/gpqa": ["leaderboard_gpqa_main"],
    "arabic_leaderboard_complete/arabic_leaderboard_arabic_mt_sciq": ["arabic_mt_sciq"],
    "arabic_leaderboard_light/arabic_leaderboard_arabic_mt_sciq_light": ["arabic_mt_sciq_light"],
    "hendrycks_ethics": ["ethics_utilitarianism"],
    "metabench": ["metabench_mmlu_permute", "metabench_truthfulqa_permute"],
    "med_prescriptions": ["med_prescriptions_easy", "med_prescriptions_hard"],
}
"""Folder of lm-eval to those of its tasks that can be run on made rows."""


def use_made_rows(folder: Path) -> None:
    """Let ``datasets`` give made rows for the sets above, from disk, so that it keeps copies as for the hub's."""
    read = datasets.load_dataset

    def made(path: str, name: str | None = None, **_: Any) -> datasets.DatasetDict:
        rows = ROWS.get(path) or ROWS[f"{path}/{name}"]
        file = folder / f"{path}-{name}.jsonl".replace("/", "-")
        if not file.is_file():
            file.write_text("\n".join(map(json.dumps, rows)))
        splits = dict.fromkeys(("train", "validation", "test", "primary"), str(file))
        return read("json", data_files=splits, cache_dir=str(folder))

    datasets.load_dataset = made


def run(model: str, names: list[str], *, limit: int | None = None) -> dict[str, list[list[str | None]]]:
    """Sample ids, prompts, references and outputs of tasks by name."""
    engine = load(model, device="cpu")
    engine.generate = lambda requests: [Completion((Generation("(A) Z", 3, "stop"),), 7) for _ in requests]
    tasks = [TaskConfig(name=name, limit=limit) for name in names]
    config = RunConfig(evals=EvalsConfig(tasks=tasks, bootstrap_resamples=100), offline=True)
    found = {}
    for result in suite.run_tasks(engine, config):
        assert result.not_run is None, (result.task, result.not_run)
        found[result.task] = [[s.sample_id, s.prompt, s.reference, s.output] for s in result.samples]
    return found
