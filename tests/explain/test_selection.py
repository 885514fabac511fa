from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.records import Metric, Sample, TaskResult
from audit.explain import selection
from audit.explain.selection import choose, errors

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.engine import Engine


def result(samples: list[Sample], *directions: bool | None) -> TaskResult:
    def metric(index: int, direction: bool | None) -> Metric:
        named: dict[str, Any] = {"suite": "evals", "task": "quiz", "metric": f"m{index}", "name": f"quiz/m{index}"}
        return Metric(**named, value=0.5, n=1, higher_is_better=direction, primary=True)

    metrics = [metric(index, direction) for index, direction in enumerate(directions)]
    return TaskResult(suite="evals", task="quiz", metrics=metrics, samples=samples)


def chosen(engine: Engine, samples: list[Sample], *directions: bool | None, per_task: int = 1) -> list[str]:
    return [choice.sample.sample_id for choice in choose(engine, [result(samples, *directions)], per_task)]


def test_the_most_confident_error_is_chosen(tiny: Engine, make_sample: Callable[..., Sample]) -> None:
    samples = [
        make_sample("right", score=1.0, scores={"confidence": 0.99}),
        make_sample("unsure", score=0.0, scores={"confidence": 0.4}),
        make_sample("sure", score=0.0, scores={"confidence": 0.9}),
        make_sample("broken", error="NaN", scores={"confidence": 1.0}),
        make_sample("unscored", score=None, scores={"confidence": 1.0}),
        make_sample("no answer", score=0.0, output=" ", scores={"confidence": 1.0}),
        make_sample("no prompt", score=0.0, prompt="", scores={"confidence": 1.0}),
    ]
    assert chosen(tiny, samples, True) == ["sure"]
    assert chosen(tiny, samples, True, per_task=5) == ["sure", "unsure"]
    assert choose(tiny, [result(samples, True)], 1)[0].reason == "confident error (0.90)"


def test_among_equally_confident_errors_the_shorter_prompt_is_chosen(
    tiny: Engine, make_sample: Callable[..., Sample]
) -> None:
    samples = [
        make_sample("long", score=0.0, prompt="What is it? " * 9, scores={"confidence": 0.91}),
        make_sample("short", score=0.0, prompt="What?", scores={"confidence": 0.90}),
    ]
    assert chosen(tiny, samples, True) == ["short"]


def test_where_lower_is_better_harm_is_the_error(tiny: Engine, make_sample: Callable[..., Sample]) -> None:
    samples = [make_sample("harmless", score=0.0), make_sample("mild", score=0.4), make_sample("toxic", score=0.8)]
    assert chosen(tiny, samples, False, False, per_task=3) == ["toxic"]


@pytest.mark.parametrize("directions", [(None,), (True, None), ()])
def test_where_neither_end_is_good_nothing_is_an_error(
    make_sample: Callable[..., Sample], directions: tuple[bool | None, ...]
) -> None:
    assert errors(result([make_sample("pair", score=0.0)], *directions)) == []


def test_graded_scores_that_never_reach_zero_give_their_lowest_tenth(make_sample: Callable[..., Sample]) -> None:
    samples = [make_sample(f"s{index:02}", score=10.0 + index) for index in range(30)]
    assert [sample.sample_id for sample in errors(result(samples, True))] == ["s00", "s01", "s02"]
    assert errors(result([make_sample("right", score=1.0)] * 12, True)) == []


def test_without_a_confidence_the_likelier_output_is_the_more_confident_error(
    tiny: Engine, make_sample: Callable[..., Sample], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selection, "STEP", 1e-9)  # random weights give all outputs a confidence near zero
    outputs = [" the dog sleeps", " 🤖🤖 zq", " apples in baskets"]
    samples = [make_sample(text, score=0.0, output=text) for text in outputs]
    scores = tiny.score([tiny.encode_pair("What is it?", text) for text in outputs])
    means = [math.exp(score.total / len(score.log_probs)) for score in scores]
    best = outputs[means.index(max(means))]
    choices = choose(tiny, [result(samples, True)], 1)
    assert [choice.sample.output for choice in choices] == [best]
    assert choices[0].reason == f"confident error ({max(means):.2f})"
