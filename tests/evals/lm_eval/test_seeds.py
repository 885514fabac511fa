"""Draws of tasks: the same in every process, at every limit, whatever ran before."""

# ruff: noqa: NPY002, S311 - the generators that tasks draw from
from __future__ import annotations

import json
import random
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import datasets
import numpy as np
import pytest
import torch
from lm_eval.tasks import TaskManager

from audit.core.config import EvalsConfig, RunConfig
from audit.evals.evaluation import run_task
from audit.evals.lm_eval import tasks as lm_eval_tasks
from audit.evals.lm_eval.quiet import quiet
from audit.evals.lm_eval.seeds import SeededManager, _forget_task_code, seeded
from tests.evals.lm_eval import drawn

if TYPE_CHECKING:
    from audit.core.records import TaskResult
    from audit.engine import Engine
    from tests.cli.whole.processes import Forks

ROOT = Path(__file__).resolve().parents[3]
DRAWS = re.compile(r"(?<![\w.])(?:random|np\.random|numpy\.random)\.(?!seed\()\w+|(?<!def )\bshuffle\(")
"""Code that draws; what only sets a seed does not."""
NOT_RUN_HERE = {
    "ifeval": "draws only where a row lacks the arguments of its instruction; needs langdetect",
    "ifeval/multilingual/instructions": "the same",
    "ifeval/multilingual/instruction_utils": "the same",
    "leaderboard/ifeval": "the same",
    "pisa": "needs images",
    "mmmu": "needs images",
    "ruler": "needs wonderwords and essays from the network",
}
"""Folders of lm-eval whose code draws and whose tasks cannot be run on made rows, with the reason."""
GPQA = "gpqa_main_zeroshot"
SHOTS = """
task: sums
dataset_path: json
dataset_kwargs: {{data_files: {{test: {file}}}}}
test_split: test
fewshot_split: test
num_fewshot: 3
output_type: multiple_choice
doc_to_text: "{{{{question}}}}"
doc_to_target: "{{{{answer}}}}"
doc_to_choice: ["1", "2", "3"]
metadata: {{version: 1}}
"""


def drawing_folders() -> set[str]:
    """Folders of lm-eval's tasks with Python code that draws."""
    root = lm_eval_tasks._root()
    texts = {file: re.sub(r"#.*", "", file.read_text("utf-8")) for file in root.rglob("*.py") if file.name[0] != "_"}
    return {str(file.parent.relative_to(root)) for file, text in texts.items() if DRAWS.search(text)}


@pytest.mark.slow
def test_every_task_of_lm_eval_that_draws_is_run_here_or_known() -> None:
    assert drawing_folders() == {*drawn.TASKS, *NOT_RUN_HERE}


@pytest.fixture
def made_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Made rows in place of the hub's."""
    monkeypatch.setattr(datasets, "load_dataset", datasets.load_dataset)  # put back afterwards
    drawn.use_made_rows(tmp_path)
    return tmp_path


DRAWN = f"""
import json, pathlib, sys
sys.path.insert(0, {str(ROOT)!r})
from tests.evals.lm_eval import drawn
model, folder, *names = sys.argv[1:]
drawn.use_made_rows(pathlib.Path(folder))
found = drawn.run(model, names)
print(json.dumps([hash("a text"), found]))
"""
"""The tasks in another process, which prints what it makes of a text that its hash seed decides."""


@pytest.mark.slow
def test_tasks_that_draw_are_the_same_in_two_processes(tiny_model: Path, made_rows: Path, forks: Forks) -> None:
    names = [name for names in drawn.TASKS.values() for name in names]
    first = drawn.run(str(tiny_model), names)
    assert set(first) == set(names)
    # In another order, under another hash seed: after other tasks, with other copies in the cache of datasets.
    (made_rows / "second").mkdir()
    hashed, second = forks.start([tiny_model, made_rows / "second", *reversed(first)], DRAWN).answer()
    assert hashed != hash("a text")
    assert second == first
    golds = [reference for _, _, reference, _ in first[GPQA]]
    assert len(set(golds)) > 1, "options are shuffled"
    for name in ("med_prescriptions_easy", "med_prescriptions_hard"):
        for _, prompt, _, output in first[name]:
            assert output[1:] in prompt, "the options that are scored are those that the prompt shows"


@pytest.mark.slow
@pytest.mark.usefixtures("made_rows")
def test_other_draws_and_kept_copies_change_nothing(tiny: Engine) -> None:
    """GPQA with 12 rows: copies of another seed are in the cache, and the generators are used in between."""
    with quiet():
        random.seed(99)
        TaskManager(include_path=lm_eval_tasks.names()[GPQA].parent, include_defaults=False).load("gpqa_main_zeroshot")
        tasks = []
        for _ in range(2):
            tasks.append(lm_eval_tasks.load(GPQA, 1234).tasks[GPQA])
            random.random()
            np.random.rand()
        other = lm_eval_tasks.load(GPQA, 5).tasks[GPQA]
    config = RunConfig(evals=EvalsConfig(bootstrap_resamples=100), offline=True)
    first, second = (run_task(tiny, config, task) for task in tasks)
    assert len(first.samples) == 12
    assert [(s.sample_id, s.prompt, s.reference) for s in first.samples] == [
        (s.sample_id, s.prompt, s.reference) for s in second.samples
    ]
    for sample in first.samples:
        letter = str(sample.reference).strip()
        n = int(re.findall(r"What is (\d+)", sample.prompt)[-1])
        assert f"{letter} {2 * n}\n" in sample.prompt, "the letter that counts as right is the right option's"
    assert [s.prompt for s in run_task(tiny, config, other).samples] != [s.prompt for s in first.samples]


@pytest.mark.usefixtures("made_rows")
def test_options_are_shuffled_as_lm_eval_does_with_the_same_seed() -> None:
    with quiet():
        manager = TaskManager(include_path=lm_eval_tasks.names()[GPQA].parent, include_defaults=False)
        random.seed(7)  # as `lm_eval --seed 7` does
        theirs = manager.load([GPQA])["tasks"][GPQA].task_docs
        ours = lm_eval_tasks.load(GPQA, 7).tasks[GPQA].task_docs
    assert theirs.to_list() == ours.to_list()


def run_sums(engine: Engine, folder: Path, limit: int | None, seed: int = 1234) -> TaskResult:
    """A task of which each prompt shows three drawn examples."""
    (folder / "sums.jsonl").write_text(
        "\n".join(json.dumps({"question": f"{n} less {n - 1} is", "answer": 0}) for n in range(40))
    )
    (folder / "sums.yaml").write_text(SHOTS.format(file=folder / "sums.jsonl"))
    with quiet():
        task = SeededManager(seed, include_path=folder, include_defaults=False).load(["sums"])["tasks"]["sums"]
    config = RunConfig(evals=EvalsConfig(bootstrap_resamples=100), offline=True, seed=seed)
    return run_task(engine, config, task, limit=limit)


@pytest.mark.slow
def test_an_item_meets_the_same_prompt_at_any_limit(
    tiny: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    whole = {sample.sample_id: sample.prompt for sample in run_sums(tiny, tmp_path, None).samples}
    assert len(whole) == 40
    examples = {prompt.rsplit("\n\n", 1)[0] for prompt in whole.values()}
    assert len(examples) > 30, "examples are drawn for each item"
    for prompt in whole.values():
        *shown, question = prompt.split("\n\n")
        assert len({example.removesuffix(" 1") for example in shown} | {question}) == 4, "the item is no example"
    for limit in (1, 3, 17):
        part = {sample.sample_id: sample.prompt for sample in run_sums(tiny, tmp_path, limit).samples}
        assert len(part) == limit
        assert part.items() <= whole.items()
    other = [sample.prompt for sample in run_sums(tiny, tmp_path, None, seed=5).samples]
    assert set(other) != set(whole.values())


def test_only_code_of_tasks_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any look at a lazy module, even whether it has an attribute, may import what is not installed."""

    class Lazy(ModuleType):
        def __getattr__(self, name: str) -> object:
            raise ModuleNotFoundError(f"{name} needs a package that is not there")

    lazy, task = Lazy("a_lazy_module"), ModuleType("code_of_a_task")
    task.__mtime__ = 1  # type: ignore[attr-defined]
    for module in (lazy, task):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(sys.modules, "blocked", None)
    _forget_task_code()
    assert sys.modules["a_lazy_module"] is lazy
    assert "code_of_a_task" not in sys.modules


def test_generators_are_put_back() -> None:
    before = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
    with seeded(3):
        first = random.random(), np.random.rand(), torch.rand(1).item()
        assert not datasets.is_caching_enabled()
    with seeded(3):
        assert (random.random(), np.random.rand(), torch.rand(1).item()) == first
    assert datasets.is_caching_enabled()
    assert (random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()) == before
