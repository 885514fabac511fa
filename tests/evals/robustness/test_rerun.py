"""A task and its items in other words, through lm-eval."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from audit.core.config import EvalsConfig, RobustnessConfig, RunConfig, TaskConfig
from audit.engine import Score
from audit.evals import suite
from audit.evals.robustness import rerun

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from audit.core.records import TaskResult
    from audit.engine import Engine
    from tests.evals.conftest import Scripted

Rows = dict[str, list[dict[str, Any]]]


def configure(*tasks: TaskConfig, **robustness: Any) -> RunConfig:
    evals = EvalsConfig(
        tasks=list(tasks), bootstrap_resamples=100, robustness=RobustnessConfig.model_validate(robustness)
    )
    return RunConfig(evals=evals, offline=True, chat_template="off")


def run(engine: Engine, name: str, *perturbations: str, **more: Any) -> list[TaskResult]:
    return list(suite.run_tasks(engine, configure(TaskConfig(name=name), perturbations=list(perturbations), **more)))


def test_no_perturbation_asks_nothing_more(scripted: Scripted, rows: Rows) -> None:
    assert [result.task for result in run(scripted, "commonsenseqa")] == ["commonsenseqa"]


def test_the_right_option_is_right_under_another_letter(scripted: Scripted, rows: Rows) -> None:
    rows["commonsenseqa"] = rows["commonsenseqa"][:2]
    sure, other = Score((-0.5,), (True,)), Score((-3.0,), (False,))
    # The right options are A and B. Asked again, the one that was right is likeliest again, whatever its letter is.
    first = [sure, other, other, other, other, other, sure, other, other, other]
    scripted.scores = first * 2
    plain, moved = run(scripted, "commonsenseqa", "option_order")
    assert [sample.score for sample in plain.samples] == [1.0, 1.0]
    assert [sample.score for sample in moved.samples] == [1.0, 1.0]
    for before, after in zip(plain.samples, moved.samples, strict=True):
        assert after.pair == before.sample_id
        assert after.choice is not None
        assert before.choice is not None
        letter, right = (after.choice.options[after.choice.right or 0], before.choice.right or 0)
        assert letter != before.choice.options[right]
        text = next(span for span in before.spans if span.name == f"option {'ABCDE'[right]}")
        shown = before.prompt[text.start : text.end]
        assert f"{letter.strip()}. {shown}\n" in after.prompt
    found = {metric.metric: metric.value for metric in moved.metrics if metric.slice is None}
    assert (found["mean_score"], found["worst_case"], found["flips"]) == (1.0, 1.0, 0.0)


def test_examples_and_numbers_stay(scripted: Scripted, rows: Rows) -> None:
    question = "Natalia sold 48 clips in April. How many clips were sold?"
    rows["gsm8k"] = [{"question": question, "answer": "#### 48", "number": 48.0}]
    scripted.texts = ["48. The answer is 48.", "None. The answer is 7."]
    plain, perturbed = run(scripted, "gsm8k", "typos")
    before, after = scripted.asked[0].prompt, scripted.asked[1].prompt
    head = before[: before.rindex("Q: ")]
    assert after.startswith(head)
    assert after.endswith("\nA:")
    assert question not in after
    assert "48" in after[len(head) :]
    (sample,) = perturbed.samples
    assert (plain.samples[0].score, sample.score, sample.scores["unperturbed"]) == (1.0, 0.0, 1.0)
    assert sample.prompt == after
    assert {span.kind for span in sample.spans} == {"example", "field", "changed"}
    assert plain.settings.items() <= perturbed.settings.items()


def test_a_task_whose_items_cannot_be_perturbed_is_said(scripted: Scripted, rows: Rows) -> None:
    _, perturbed = run(scripted, "boolq", "option_order")
    assert perturbed.task == "boolq_perturbed"
    assert perturbed.not_run is not None
    assert perturbed.not_run.startswith("no item of boolq could be perturbed: its prompt does not show its options")
    assert perturbed.optional


def test_own_questions_in_given_words(scripted: Scripted, tmp_path: Path) -> None:
    questions, other = tmp_path / "towns.csv", tmp_path / "other.jsonl"
    questions.write_text("passage,asks,answer\nOslo lies north.,Where is Oslo?,north\nBonn is old.,Is Bonn old?,yes\n")
    other.write_text(json.dumps({"question": "Where is Oslo?", "paraphrase": "In which direction lies Oslo?"}))
    task = TaskConfig(
        name="towns", file=questions, question="asks", answer="answer", prompt="{{passage}}\nQ: {{asks}}\nA:"
    )
    scripted.texts = ["north", "no", "south"]
    config = configure(task, perturbations=["paraphrase"], paraphrases=other)
    plain, perturbed = suite.run_tasks(scripted, config)
    assert scripted.asked[2].prompt == "Oslo lies north.\nQ: In which direction lies Oslo?\nA:"
    assert [sample.score for sample in plain.samples] == [1.0, 0.0]
    found = {(metric.metric, bool(metric.slice)): metric for metric in perturbed.metrics}
    assert found["flips", False].value == 1.0
    assert found["not_perturbed", True].value == 1
    assert found["not_perturbed", True].note == "1: no other wording of its question is given"
    assert [record.name for record in suite.own_data_records(config)] == ["towns.csv", "other.jsonl"]


def test_a_broken_task_costs_the_perturbed_items_alone(
    scripted: Scripted, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        msg = "of the task"
        raise ValueError(msg)

    monkeypatch.setattr(rerun, "evaluate", broken)
    plain, perturbed = run(scripted, "piqa", "case")
    assert plain.not_run is None
    assert perturbed.not_run == "piqa_perturbed cannot run here: ValueError: of the task"
    assert not perturbed.optional


def test_an_instruction_of_a_task_file_has_another_wording(scripted: Scripted, rows: Rows, tmp_path: Path) -> None:
    rows["truthfulqa"] = rows["truthfulqa"][:1]
    scripted.texts = ["Yes"] * 4
    (other := tmp_path / "other.csv").write_text(
        "instruction,paraphrase\nAnswer the question in one sentence.,Say it.\n"
    )
    run(scripted, "truthfulqa", "instruction")
    run(scripted, "truthfulqa", "instruction", paraphrases=other)
    prompts = [request.prompt for request in scripted.asked]
    assert prompts[0] == "Answer the question in one sentence.\nQuestion: Is 0 a number?\nAnswer:"
    assert prompts[1] == "Reply to the question with a single sentence.\nQuestion: Is 0 a number?\nAnswer:"
    assert prompts[3] == "Say it.\nQuestion: Is 0 a number?\nAnswer:"  # what people give comes first
