"""Samples and result of a task of perturbed items."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from audit.core.config import EvalsConfig, RunConfig
from audit.core.records import Choice, Flag, Metric, Sample, TaskResult, TaskWords
from audit.evals.robustness.asking import Copies, Copy
from audit.evals.robustness.result import first_score, perturbed_result, perturbed_sample
from tests.evals.robustness.items import item

CONFIG = RunConfig(evals=EvalsConfig(bootstrap_resamples=100))


def metric(**fields: Any) -> Metric:
    given = {"name": "towns/accuracy", "suite": "evals", "task": "towns", "metric": "accuracy", "value": 1.0, "n": 2}
    return Metric(**{**given, "primary": True, "higher_is_better": True, **fields})


def result(**fields: Any) -> TaskResult:
    given = {
        "suite": "evals",
        "task": "towns",
        "metrics": [metric()],
        "samples": [item(sample_id="a"), item(sample_id="b", cluster="shared", slices={"level": "hard"})],
        "words": TaskWords(title="Towns", question="Does it know towns?"),
        "settings": {"shots": 0},
    }
    return TaskResult(**{**given, **fields})


def copy(place: int) -> Copy:
    return Copy(place, "before", "after", {}, [])


def answered(score: float | None, *totals: float, **fields: Any) -> Sample:
    choice = Choice(options=[" C", " A", " B"], log_likelihoods=list(totals or (-1.0, -4.0, -2.0)), chosen=0, right=1)
    return item(prompt="after", choice=choice, score=score, scores={"accuracy": score}, **fields)


def test_a_copy_belongs_to_its_item() -> None:
    original = result().samples[1]
    made = perturbed_sample(original, answered(0.0), copy(1), "swap")
    assert (made.task, made.pair, made.cluster, made.prompt) == ("towns_perturbed", "b", "shared", "after")
    assert made.slices == {"level": "hard", "perturbation": "swap"}
    assert made.scores == {"accuracy": 0.0, "unperturbed": 1.0, "log_likelihood_change": -3.0}
    other = perturbed_sample(original, answered(0.0), copy(1), "typos")
    assert len({made.sample_id, other.sample_id, original.sample_id}) == 3
    assert perturbed_sample(result().samples[0], answered(0.0), copy(0), "swap").cluster == "a"


def test_options_stand_in_the_order_in_which_the_prompt_shows_them() -> None:
    """Rome, Oslo and Bonn are shown as A. Oslo, B. Bonn, C. Rome; lm-eval's list begins with Rome, which C names."""
    moved = Copy(0, "before", "after", {}, [], shown=(1, 2, 0))
    totals = {"log_likelihood_0": -1.0, "log_likelihood_1": -4.0, "log_likelihood_2": -2.0}
    asked = answered(0.0).model_copy(update={"scores": {"accuracy": 0.0, **totals}})
    assert asked.choice is not None
    asked.choice.contrast = 2
    made = perturbed_sample(item(), asked, moved, "option_order")
    assert made.choice == Choice(
        options=[" A", " B", " C"], log_likelihoods=[-4.0, -2.0, -1.0], chosen=2, right=0, contrast=1
    )
    assert made.scores == {
        "accuracy": 0.0,
        "log_likelihood_0": -4.0,
        "log_likelihood_1": -2.0,
        "log_likelihood_2": -1.0,
        "unperturbed": 1.0,
        "log_likelihood_change": -3.0,
    }
    nothing = perturbed_sample(item(), asked.model_copy(update={"choice": None}), moved, "option_order")
    assert nothing.choice is None


@pytest.mark.parametrize(
    "fields", [{"flags": [Flag.TRUNCATED_OUTPUT]}, {"error": "NaN", "score": None}, {"score": None}]
)
def test_an_original_answer_that_was_cut_or_not_scored_is_no_comparison(fields: dict[str, Any]) -> None:
    made = perturbed_sample(item(**fields), answered(0.0), copy(0), "swap")
    assert made.scores["unperturbed"] is None


def test_log_likelihoods_are_compared_for_the_same_right_option() -> None:
    for other in (item(choice=None), item(right=2), item(right=1).model_copy(update={"choice": None})):
        assert "log_likelihood_change" not in perturbed_sample(other, answered(0.0), copy(0), "swap").scores


def test_the_result_has_a_sample_for_each_copy() -> None:
    asked = []
    copies = Copies(2, {"case": [copy(0), copy(1)], "swap": [copy(1)]}, {"swap": Counter({"why": 1})})

    def ask(listed: Any) -> list[Sample]:
        asked.append([one.place for one in listed])
        return [answered(float(one.place)) for one in listed]

    made = perturbed_result(result(), copies, ask, CONFIG)
    assert asked == [[0, 1], [1]]
    assert (made.task, made.not_run) == ("towns_perturbed", None)
    assert [(s.pair, s.slices["perturbation"], s.score) for s in made.samples] == [
        ("a", "case", 0.0),
        ("b", "case", 1.0),
        ("b", "swap", 1.0),
    ]
    assert made.settings == {"shots": 0, "perturbs": "towns", "perturbations": 1}
    assert made.words is not None
    assert made.words.title == "Towns, perturbed"
    found = {m.metric: m.value for m in made.metrics if m.slice is None}
    assert found == pytest.approx(
        {
            "mean_score": 2 / 3,
            "worst_case": 0.5,
            "lowest_mean": 0.5,
            "change": -100 / 3,
            "flips": 1 / 3,
            "not_perturbed": 0.0,
            "truncated_prompts": 0.0,
            "unscored": 0.0,
        }
    )


@pytest.mark.parametrize(
    "metrics", [[], [metric(higher_is_better=None)], [metric(higher_is_better=False)], [metric(slice={"a": "b"})]]
)
def test_a_score_without_a_good_end_is_not_measured(metrics: list[Metric]) -> None:
    made = perturbed_result(result(metrics=metrics), Copies(1, {"case": [copy(0)]}), lambda _: [], CONFIG)
    assert made.not_run == "towns has no score of its items of which higher values are better"
    assert (made.optional, made.samples) == (True, [])


def test_items_that_cannot_be_perturbed_are_said() -> None:
    copies = Copies(2, {}, {"case": Counter({"no capitals": 2}), "swap": Counter({"no words": 1, "no capitals": 1})})
    made = perturbed_result(result(), copies, lambda _: [], CONFIG)
    assert made.not_run == "no item of towns could be perturbed: no capitals; no words"
    assert made.optional


def test_the_first_primary_metric_is_the_score() -> None:
    two = result(metrics=[metric(), metric(metric="other", name="towns/other")])
    found = first_score(two)
    assert found is not None
    assert found.metric == "accuracy"
    assert first_score(result(samples=[item(score=None)])) is None
