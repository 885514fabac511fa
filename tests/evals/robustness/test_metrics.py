"""Metrics of perturbed items, from counts by hand."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from audit.core.records import Flag, Metric, Sample
from audit.evals.robustness.asking import Copies, Copy
from audit.evals.robustness.metrics import perturbed_metrics
from audit.stats.cut_answers import bound_faults
from audit.stats.intervals import wilson
from tests.evals.robustness.items import item

SCORES = {"a": (1.0, {"case": 1.0, "swap": 0.0}), "b": (1.0, {"case": 1.0, "swap": 1.0}), "c": (0.0, {"case": 1.0})}
"""Score of each item as it was asked first, and of its copies."""


def score_metric(**fields: Any) -> Metric:
    given = {"name": "t/accuracy", "suite": "evals", "task": "t", "metric": "accuracy", "value": 1.0, "n": 3}
    return Metric(**{**given, "higher_is_better": True, **fields})


def samples(scale: float = 1.0) -> list[Sample]:
    return [
        item(
            sample_id=f"{pair}-{name}",
            task="t_perturbed",
            pair=pair,
            cluster=pair,
            choice=None,
            score=value * scale,
            scores={"unperturbed": plain * scale},
            slices={"perturbation": name},
        )
        for name in ("case", "swap")
        for pair, (plain, values) in SCORES.items()
        if (value := values.get(name)) is not None
    ]


def measure(made: list[Sample], score: Metric | None = None, **more: Any) -> dict[tuple[str, str | None], Metric]:
    listed: dict[str, list[Copy]] = {"case": [], "swap": []}
    copies = Copies(3, listed, {"swap": Counter({"no letters": 1}), "option_order": Counter({"no options": 3})})
    found = perturbed_metrics(made, copies, score or score_metric(), seed=1, resamples=100, **more)
    return {(m.metric, (m.slice or {}).get("perturbation")): m for m in found}


def test_values_by_hand() -> None:
    found = measure(samples())
    values = {key: metric.value for key, metric in found.items()}
    assert values == pytest.approx(
        {
            ("mean_score", None): 4 / 5,
            ("worst_case", None): 1 / 3,  # b: a is wrong under swap, c was wrong at first
            ("lowest_mean", None): 1 / 2,
            ("change", None): 0.0,  # a -1, b 0, c +1, and 0 for the rest
            ("flips", None): 2 / 5,
            ("mean_score", "case"): 1.0,
            ("change", "case"): 100 / 3,
            ("flips", "case"): 1 / 3,
            ("mean_score", "swap"): 1 / 2,
            ("change", "swap"): -50.0,
            ("flips", "swap"): 1 / 2,
            ("not_perturbed", None): 0.0,
            ("not_perturbed", "case"): 0.0,
            ("not_perturbed", "swap"): 1.0,
            ("not_perturbed", "option_order"): 3.0,
            ("truncated_prompts", None): 0.0,
            ("unscored", None): 0.0,
        }
    )
    assert [m.metric for m in found.values() if m.primary] == ["mean_score", "worst_case"]
    case = found["mean_score", "case"]
    assert (case.ci_low, case.ci_high) == (wilson(3, 3).low, wilson(3, 3).high)
    assert found["lowest_mean", None].note == "the lowest mean is that of swap"
    assert found["not_perturbed", "option_order"].note == "3: no options"
    assert {m.unit for (name, _), m in found.items() if name == "change"} == {"points"}
    assert {m.higher_is_better for (name, _), m in found.items() if name in {"flips", "not_perturbed"}} == {False}


def test_graded_scores_have_no_flips() -> None:
    found = measure(samples(40.0), score_metric(unit="chrf"))
    assert not [name for name, _ in found if name == "flips"]
    assert found["mean_score", None].unit == "chrf"
    assert found["mean_score", None].value == pytest.approx(32.0)
    assert found["change", "swap"].value == pytest.approx(-20.0)
    assert found["change", "swap"].unit == "score"


def test_cut_answers_open_bounds() -> None:
    made = samples()
    cut = made[3].model_copy(update={"flags": [Flag.TRUNCATED_OUTPUT]})  # a under swap, scored 0
    found = measure([*made[:3], cut, *made[4:]])
    bounds = {name: m.value for (name, _), m in found.items() if "_if_cut_" in name}
    assert bounds == pytest.approx(
        {
            "mean_score_if_cut_wrong": 4 / 5,
            "mean_score_if_cut_right": 1.0,
            "worst_case_if_cut_wrong": 1 / 3,
            "worst_case_if_cut_right": 2 / 3,
            "lowest_mean_if_cut_wrong": 1 / 2,
            "lowest_mean_if_cut_right": 1.0,
        }
    )
    assert (found["flips", None].value, found["flips", None].n, found["flips", None].missing) == (1 / 4, 4, 1)
    assert found["truncated_outputs", None].value == 1
    assert list(bound_faults(found.values(), [*made[:3], cut, *made[4:]])) == []


def test_a_cut_answer_to_an_original_question_opens_the_worst_case() -> None:
    made = samples()
    made[0] = made[0].model_copy(update={"scores": {**made[0].scores, "unperturbed": None}})
    found = measure(made)
    assert [name for name, _ in found if "_if_cut_" in name] == ["worst_case_if_cut_wrong", "worst_case_if_cut_right"]
    assert {m.n for (name, _), m in found.items() if "_if_cut_" in name} == {3}
    assert found["worst_case", None].n == 2


def test_the_chance_level_is_that_of_the_task() -> None:
    made = [one.model_copy(update={"choice": item().choice, "answered_by": "likelihood"}) for one in samples()]
    found = measure(made, score_metric(chance_of="options"))
    assert found["mean_score", None].chance == pytest.approx(1 / 3)
    assert found["worst_case", None].chance is None
