"""Whom the gate believes: judges that were measured well enough, and no other."""

from __future__ import annotations

from typing import Any

import pytest

from audit.core.records import Metric
from audit.gate.corrected.believed import faults_of, why_not_believed

GOOD: dict[str, Any] = {
    "judge": "m",
    "rubric": "helpful",
    "judge_checkpoint": "d",
    "judge_measured_texts": 100,
    "judge_agreement_low": 0.6,
    "judge_unread": 0.05,
    "judge_moved": 0.05,
    "judge_moved_texts": 95,
}


def a_metric(settings: dict[str, Any], definition: str = "mean") -> Metric:
    return Metric(
        name="t/m",
        suite="evals",
        task="t",
        metric="m",
        value=1.0,
        n=9,
        settings=settings,
        definition={"name": definition},
    )


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in GOOD.items() if name not in names}


@pytest.mark.parametrize("settings", [{}, GOOD, {"judge": "the classifier"}])
def test_what_was_measured_well_or_judged_by_no_model_is_believed(settings: dict[str, Any]) -> None:
    assert why_not_believed(a_metric(settings)) is None


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        (without("judge_measured_texts"), "how far people agree with this judge was not measured"),
        (GOOD | {"judge_measured_texts": True}, "was not measured"),
        (GOOD | {"judge_measured_texts": "100"}, "was not measured"),
        (GOOD | {"judge_measured_texts": 99}, "it was measured on 99 texts, fewer than 100"),
        (GOOD | {"judge_agreement_low": 0.599}, "(kappa) may be as low as 0.60, and 0.6 is asked for"),
        (GOOD | {"judge_agreement_low": None}, "(kappa) has no lower end"),
        (without("judge_agreement_low"), "(kappa) has no lower end"),
        (GOOD | {"judge_agreement_low": float("nan")}, "(kappa) has no lower end"),
        (GOOD | {"judge_unread": 0.06}, "it gave no verdict on 6 % of the texts, 5 % are allowed"),
        (without("judge_unread"), "no verdict on an unknown share of the texts"),
        (GOOD | {"judge_moved": 0.5}, "instructions in the judged text moved 50 % of its verdicts, 5 % are allowed"),
        (GOOD | {"judge_moved": None}, "moved an unknown share of its verdicts"),
        (GOOD | {"judge_moved_texts": 1}, "instructions were planted into 1 texts, fewer than 95"),
        (without("judge_moved_texts"), "planted into an unknown number of texts"),
        ({"rubric": "helpful"}, "a model judged it (unnamed)"),
        ({"judge_checkpoint": "d"}, "was not measured"),
    ],
)
def test_anything_else_is_not(settings: dict[str, Any], why: str) -> None:
    found = why_not_believed(a_metric(settings))
    assert found is not None
    assert why in found
    assert "`audit judge measure`" in found
    assert faults_of(settings)


def test_counts_and_what_people_corrected_need_no_measurement() -> None:
    bare = without("judge_measured_texts")
    assert why_not_believed(a_metric(bare, "unscored").model_copy(update={"unit": "count"})) is None
    assert why_not_believed(a_metric(bare, "powered_mean")) is None


@pytest.mark.parametrize(("score", "believed"), [("scores.without_verdict", True), ("scores.guard_violent", False)])
def test_a_count_of_what_a_judge_says_needs_a_measurement(score: str, believed: bool) -> None:
    counted = a_metric(without("judge_measured_texts")).model_copy(
        update={"unit": "count", "definition": {"name": "count_of_scores", "of": score}}
    )
    assert (why_not_believed(counted) is None) is believed
    assert why_not_believed(counted.model_copy(update={"settings": GOOD})) is None
