"""What is refused before any benchmark task runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from audit.core.config import EvalsConfig, RunConfig, TaskConfig
from audit.core.errors import ConfigError
from audit.evals.choice.checks import check
from audit.evals.choice.kinds import is_group
from audit.evals.lm_eval import tasks as lm_eval_tasks
from tests.evals.test_evaluation import configure

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["boolq", "boolq"], "boolq is listed twice"),
        (["bolq"], r"unknown task 'bolq'.* Did you mean 'boolq'\?"),
        (["boolq", "hellaswagg"], r"unknown task 'hellaswagg'.* Did you mean 'hellaswag'\?"),
    ],
)
def test_unknown_and_repeated_names_are_refused(names: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        check(configure(*names))


def test_clusters_are_drawn_only_where_there_are_some(tmp_path: Path) -> None:
    file = tmp_path / "quiz.csv"
    file.write_text("question,answer,text\nIs it?,yes,a\nIs it not?,no,a\n")
    clustered = TaskConfig(name="mine", file=file, classes=["yes", "no"], cluster="text", by_cluster=True)
    check(RunConfig(evals=EvalsConfig(tasks=[clustered])))
    for task in (TaskConfig(name="piqa", by_cluster=True), clustered.model_copy(update={"cluster": None})):
        with pytest.raises(ConfigError, match=f"the items of {task.name} are in no clusters: leave out by_cluster"):
            check(RunConfig(evals=EvalsConfig(tasks=[task])))


@pytest.mark.parametrize("ending", ["_forced", "_perturbed"])
def test_a_name_of_items_that_are_asked_again_is_taken(tmp_path: Path, ending: str) -> None:
    """Whether they are asked again in this run or not: the gate knows them by their names."""
    file = tmp_path / "quiz.csv"
    file.write_text("question,answer\nIs it?,yes\nIs it not?,no\n")
    mine = {"name": f"quiz{ending}", "file": file, "classes": ["yes", "no"]}
    with pytest.raises(ConfigError, match=rf"quiz{ending} ends in {ending}, as do .*: choose another name$"):
        check(RunConfig.model_validate({"evals": {"tasks": ["gsm8k", mine]}}))
    check(RunConfig.model_validate({"evals": {"tasks": [{**mine, "name": f"quiz{ending}s"}]}}))


def test_nothing_to_perturb_is_refused() -> None:
    asked = RunConfig.model_validate({"evals": {"tasks": [], "robustness": {"perturbations": ["typos"]}}})
    with pytest.raises(ConfigError, match="--perturb: no task of this run can be perturbed"):
        check(asked)


def test_a_probe_is_no_benchmark_task() -> None:
    """lm-eval has a task of this name, too: its metrics would pass for those of the probe."""
    with pytest.raises(
        ConfigError, match=r"crows_pairs is a probe: list it under safety.tasks, or lm-eval:crows_pairs"
    ):
        check(configure("crows_pairs"), ["crows_pairs"])
    check(configure("lm-eval:crows_pairs"), ["crows_pairs"])


def test_names_of_lm_eval_are_looked_for_only_where_they_may_be_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its 14,000 files take a second to read."""

    def read(*_: object) -> NoReturn:
        raise AssertionError

    monkeypatch.setattr(lm_eval_tasks, "names", read)
    check(configure("boolq", "asdiv"))
    assert not is_group("boolq", ())
    contamination = RunConfig.model_validate({"evals": {"tasks": [{"name": "boolq.min-k"}]}})
    check(contamination)
    for name in ("boolqq", "lm-eval:boolq"):
        with pytest.raises(AssertionError):
            check(configure(name))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"samples_per_item": 2, "gen_kwargs": {"temperature": 0.8}}, "leave out --samples-per-item and sampling"),
        ({"gen_kwargs": {"temperature": 0.8}}, "leave out --samples-per-item and sampling"),
        ({"gen_kwargs": {"do_sample": True}}, "leave out --samples-per-item and sampling"),
        ({"thinking_budgets": [64, 4096]}, "--thinking-budget 4096: no trace gets beyond --thinking-tokens 2048"),
    ],
)
def test_answers_are_forced_behind_one_greedy_text_within_its_limit(given: dict[str, Any], message: str) -> None:
    evals = {"tasks": ["gsm8k"], "thinking_budgets": [64, 2048], **given}
    with pytest.raises(ConfigError, match=message):
        check(RunConfig.model_validate({"evals": evals}))
    check(RunConfig.model_validate({"evals": {"tasks": ["gsm8k"], "thinking_budgets": [64, 2048]}}))
