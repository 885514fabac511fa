"""Task files: lm-eval reads every one, and prompts are exactly what the documentation shows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import lm_eval
import pytest
import yaml
from datasets import Dataset, DatasetDict

from audit.core.assets import ASSETS
from audit.evals.catalogue import own_tasks, tasks_folder
from audit.evals.lm_eval.quiet import quiet
from audit.evals.lm_eval.seeds import fix_draws

if TYPE_CHECKING:
    from lm_eval.api.task import Task

BOOLQ = "Passage 1.\nQuestion: is 2 even?\nAnswer:"

MMLU = """The following are multiple choice questions (with answers).

What is 1 plus 2?
A. 3
B. 4
C. 5
D. 6
Answer: A

What is 2 plus 2?
A. 4
B. 5
C. 6
D. 7
Answer: A

What is 3 plus 1?
A. 4
B. 5
C. 6
D. 7
Answer: A

What is 5 plus 4?
A. 9
B. 10
C. 11
D. 12
Answer: A

What is 7 plus 6?
A. 13
B. 14
C. 15
D. 16
Answer: A

What is 8 plus 1?
A. 9
B. 10
C. 11
D. 12
Answer:"""

LONG = {"humaneval": 512, "bfcl": 512, "ifbench": 1280, "ifeval": 1280, "mmath": 2048, "reasoning": 1024, "bbh": 1024}
"""Tasks that ask for long answers, by name or its first word: tokens."""
GSM8K_SHOT = "Q: Q3?\nA: Take 3+0 = 3. Done. The answer is 3.\n\n"


def test_every_task_has_a_section_of_the_documentation() -> None:
    text = (Path(__file__).parents[2] / "docs" / "reference" / "tasks_in_detail.md").read_text("utf-8")
    headings = [line.removeprefix("### ") for line in text.splitlines() if line.startswith("### ")]
    assert {name for heading in headings for name in heading.split(", ")} == set(own_tasks())


def load(name: str) -> Task:
    from lm_eval.tasks import TaskManager

    with quiet():
        task = TaskManager(include_path=tasks_folder(), include_defaults=False).load([name])["tasks"][name]
        task.set_fewshot_seed(0)
    return task


def prompt(task: Task, index: int) -> str:
    shots = task.config.num_fewshot or 0
    return str(task.fewshot_context(task.eval_docs[index], num_fewshot=shots))


@pytest.mark.parametrize("name", list(own_tasks()))
@pytest.mark.usefixtures("rows", "gym_double")
def test_lm_eval_reads_the_file(name: str) -> None:
    own, task = own_tasks()[name], load(name)
    fix_draws(task, 0)
    assert task.task_name == name
    assert all(data in ASSETS for data in own.data)
    assert 1 <= len(own.primary) <= 2
    assert prompt(task, 0)
    columns = set(task.eval_docs.features)
    assert {own.cluster, *own.slices} - {None} <= columns
    if task.OUTPUT_TYPE == "generate_until":
        assert task.config.generation_kwargs["do_sample"] is False
        most = LONG.get(name) or LONG.get(name.partition("_")[0], 256)
        assert task.config.generation_kwargs["max_gen_toks"] <= most


@pytest.mark.usefixtures("rows")
def test_boolq_prompt_and_options() -> None:
    task = load("boolq")
    doc = task.eval_docs[2]
    assert prompt(task, 2) == BOOLQ
    assert task.doc_to_choice(doc)[task.doc_to_target(doc)] == "yes"
    requests = task.construct_requests(doc, prompt(task, 2), metadata=("boolq", 2, 1))
    assert [request.args[1] for request in requests] == [" no", " yes"]


def test_mmlu_shows_the_first_five_rows_and_leaves_them_out(rows: dict[str, list[dict[str, Any]]]) -> None:
    task = load("mmlu")
    assert prompt(task, 0) == MMLU
    assert [doc["question"] for doc in task.eval_docs] == [row["question"] for row in rows["mmlu"][5:]]


CMMLU = """以下是关于农学的单项选择题，请直接给出正确答案的选项。

agronomy 0？
A. 一
B. 二
C. 三
D. 四
答案： A

"""


@pytest.mark.slow
def test_cmmlu_shows_the_five_examples_of_its_subject(rows: dict[str, list[dict[str, Any]]]) -> None:
    task = load("cmmlu")
    fix_draws(task, 0)
    for index, row in enumerate(rows["cmmlu"]):
        text = prompt(task, index)
        assert text.startswith(CMMLU if row["subject"] == "agronomy" else "以下是关于解剖学的")
        assert [line for line in text.splitlines() if line.startswith(row["subject"])] == [
            *(f"{row['subject']} {number}？" for number in range(5)),
            row["question"],
        ]
        assert text.endswith(f"{row['question']}\nA. 一\nB. 二\nC. 三\nD. 四\n答案：")


@pytest.mark.slow
def test_cmmlu_has_the_prompts_of_lm_eval(rows: dict[str, list[dict[str, Any]]]) -> None:
    from lm_eval.api.task import ConfigurableTask

    task, folder = load("cmmlu"), Path(lm_eval.__file__).parent / "tasks" / "cmmlu"
    fix_draws(task, 0)

    def theirs(name: str) -> Dataset:
        kept = [row for row in rows[name] if row["subject"] == "agronomy"]
        return Dataset.from_list(
            [
                {
                    "Question": row["question"],
                    **dict(zip("ABCD", row["choices"], strict=True)),
                    "Answer": "ABCD"[row["answer"]],
                }
                for row in kept
            ]
        )

    config = {
        **yaml.safe_load((folder / "_default_template_yaml").read_text("utf-8")),
        **yaml.safe_load((folder / "cmmlu_agronomy.yaml").read_text("utf-8")),
        "custom_dataset": lambda **_: DatasetDict(test=theirs("cmmlu"), dev=theirs("cmmlu_dev")),
    }
    with quiet():
        other = ConfigurableTask(config={key: config[key] for key in config if key not in {"include", "dataset_path"}})
    other.set_fewshot_seed(0)
    mine = [index for index, row in enumerate(rows["cmmlu"]) if row["subject"] == "agronomy"]
    assert [prompt(task, index) for index in mine] == [
        str(other.fewshot_context(doc, num_fewshot=5)) for doc in other.eval_docs
    ]


@pytest.mark.usefixtures("rows")
def test_gsm8k_shows_eight_rationales_without_calculator_marks() -> None:
    text = prompt(load("gsm8k"), 0)
    assert text.count("The answer is") == 8
    assert GSM8K_SHOT in text
    assert text.endswith("\n\nQ: How many?\nA:")


@pytest.mark.usefixtures("rows")
def test_nq_open_shows_one_right_answer_of_each_example() -> None:
    task = load("nq_open")
    shots = "".join(f"Q: who wrote book {i}?\nA: Ann {i}\n" for i in range(5))
    assert prompt(task, 0) == f"Answer these questions:\n\n{shots}Q: who wrote book 5?\nA:"
    assert task.doc_to_target(task.eval_docs[0]) == "Ann 5\nthe author"


@pytest.mark.usefixtures("rows")
def test_xsum_asks_after_the_article() -> None:
    expected = "Article: A dog bit 1 men in a park.\n\nSummarize the article in one sentence.\nSummary:"
    assert prompt(load("xsum"), 1) == expected


@pytest.mark.usefixtures("rows")
def test_asdiv_leaves_out_items_without_a_number() -> None:
    assert len(load("asdiv").eval_docs) == 6


def test_the_metrics_of_a_task_follow_from_its_file() -> None:
    tasks = own_tasks()

    def found(name: str) -> set[tuple[str, str, bool | None]]:
        return {(one.metric, one.unit, one.higher_is_better) for one in tasks[name].metrics}

    always = {("truncated_prompts", "count", False), ("unscored", "count", False)}
    accuracy, cut = ("accuracy", "share", True), ("truncated_outputs", "count", False)
    macro = {(f"macro_{of}", "share", True) for of in ("precision", "recall", "f1")}
    bounds = {(f"exact_match_if_cut_{end}", "share", True) for end in ("right", "wrong")}
    numbers_right = ("exact_match", "share", True)
    numbers = {numbers_right, ("mean_squared_error", "squared_error", False)}
    assert found("openbookqa") == {accuracy, ("normalised_accuracy", "share", True)} | always
    assert found("boolq") == {accuracy} | macro | always
    assert found("asdiv") == numbers | bounds | {("unparsed_answers", "count", False), cut} | always
    assert found("ntrex_en_de") == {("chrf", "chrf", True), ("bleu", "bleu", True), cut} | always
    rouge = {(f"rouge_{kind}", "rouge", True) for kind in "12l"}
    lengths = {("summary_words", "words", None), ("reference_words", "words", None)}
    assert found("xsum") == rouge | lengths | {cut} | always
    f1_bounds = {(f"word_f1_if_cut_{end}", "share", True) for end in ("right", "wrong")}
    assert found("nq_open") == {numbers_right, ("word_f1", "share", True), cut} | bounds | f1_bounds | always
    assert all(one.value is None and one.slice is None for task in tasks.values() for one in task.metrics)


def test_instructions_with_another_wording_are_in_the_prompts() -> None:
    tasks = {name: task.paraphrases for name, task in own_tasks().items() if task.paraphrases}
    assert len(tasks) == 15
    for name, paraphrases in tasks.items():
        text = (tasks_folder() / f"{name}.yaml").read_text("utf-8")
        prompts = [line for line in text.splitlines() if line.startswith(("doc_to_text:", "description:"))]
        for instruction, instead in paraphrases.items():
            assert sum(instruction in line for line in prompts) == 1, name
            assert instead[-1] == instruction[-1], name
            assert instead != instruction, name
