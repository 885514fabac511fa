"""An answer that comes after a reasoning trace rests on more than the prompt: it is left out, and the run says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.cli.explain import typed_prompt
from audit.core.config import ExplainConfig, RunConfig
from audit.core.errors import UsageError
from audit.core.progress import Silent
from audit.core.records import Metric, Sample, TaskResult
from audit.core.sensitive import THINKING_WITHHELD
from audit.engine import Completion, Generation
from audit.explain.run import suite
from audit.explain.run.selection import after_reasoning, badly_rated, errors, harmful, right_answers

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.engine import Engine

    Make = Callable[..., Sample]


def task(samples: list[Sample], *, higher: bool = True) -> TaskResult:
    metric = Metric(
        name="quiz/m", suite="evals", task="quiz", metric="m", value=0.5, n=9, higher_is_better=higher, primary=True
    )
    return TaskResult(suite="evals", task="quiz", metrics=[metric], samples=samples)


def five(make: Make, score: float) -> list[Sample]:
    """Two that can be explained; of the others two came after a trace and one is empty."""
    prompt = "Question: which animal sleeps, the dog or the fox?\nAnswer:"
    return [
        make("plain", score=score, output=" dog", prompt=prompt),
        make("blank", score=score, output=" fox", prompt=prompt, thinking=" \n"),
        make("thought", score=score, output=" cat", prompt=prompt, thinking="It is the cat."),
        make("withheld", score=score, output=" cow", prompt=prompt, flags=[THINKING_WITHHELD]),
        make("empty", score=score, output="", prompt=prompt, thinking="It is the cat."),
    ]


def test_no_kind_of_answer_is_explained_after_a_trace(make_sample: Make) -> None:
    wrong, right, harm = (
        task(five(make_sample, 0.0)),
        task(five(make_sample, 1.0)),
        task(five(make_sample, 1.0), higher=False),
    )
    rated = {("quiz", one.sample_id): 1.0 for one in wrong.samples}
    for chosen in (errors(wrong), right_answers(right), harmful(harm), badly_rated(wrong, rated)):
        assert sorted(one.sample_id for one in chosen) == ["blank", "plain"]
    assert after_reasoning([wrong, right, harm]) == 6


class Heard(Silent):
    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, message: str) -> None:
        self.said.append(message)


@pytest.mark.parametrize(("drivers", "methods"), [(0, ["occlusion"]), (2, ["occlusion"]), (0, [])])
def test_the_run_says_how_many_were_left_out(tiny: Engine, make_sample: Make, drivers: int, methods: list[str]) -> None:
    config = RunConfig(explain=ExplainConfig(methods=methods, errors=4, drivers=drivers))
    tiny.progress = heard = Heard()
    try:
        done = list(suite.explain_results(tiny, config, [task(five(make_sample, 0.0)[2:])]))
    finally:
        tiny.progress = Silent()
    reason = (
        "2 answers come after a reasoning trace and are not explained: they rest on prompt and trace together;"
        " audit explain --run RUN --sample ID explains one by the steps of its trace"
    )
    assert heard.said == ([reason] if methods else [])
    assert [result.task for result in done] == [*methods, *(["drivers"] if drivers else [])]
    for result in done[: len(methods)]:
        assert result.attributions == []
        by_name = {metric.metric: metric for metric in result.metrics}
        assert (by_name["deletion_auc_gain"].value, by_name["deletion_auc_gain"].error) == (None, reason)
        assert (by_name["unscored"].value, by_name["unscored"].n) == (0.0, 0)
    for result in done[len(methods) :]:
        assert result.drivers is not None
        assert sum(group.samples for group in result.drivers.groups) == 0


@pytest.mark.parametrize(
    "generation",
    [Generation("7.", 9, "stop", thinking="Hm."), Generation("", 9, "length", "Hm.", 9, thinking_closed=False)],
    ids=["closed", "cut"],
)
def test_the_command_asks_for_a_target(generation: Generation, monkeypatch: Any) -> None:
    class Reasoner:
        def generate(self, requests: list[Any]) -> list[Completion]:
            return [Completion((generation,), 3) for _ in requests]

    with pytest.raises(UsageError, match=r"reasons before it answers.*name one with --target"):
        typed_prompt._target(Reasoner(), "What is it?", None, ())  # type: ignore[arg-type] # as much as is needed
    assert typed_prompt._target(Reasoner(), "What is it?", "7", ()) == "7"  # type: ignore[arg-type] # as above
