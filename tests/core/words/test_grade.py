"""Where a value stands against its reference."""

from __future__ import annotations

from typing import Any

from audit.core.records import Metric
from audit.core.words import Grade, grade


def metric(low: float | None, high: float | None, **more: Any) -> Metric:
    value = None if low is None or high is None else (low + high) / 2
    fields = {"name": "t/m", "suite": "evals", "task": "t", "metric": "m", "n": 100, "unit": "share"}
    return Metric(value=value, ci_low=low, ci_high=high, **{**fields, **more})


GUESS = {"chance": 0.5, "higher_is_better": True}
LEAK = {"chance": 0.5, "higher_is_better": False}
CASES = [
    (metric(0.6, 0.7, **GUESS), Grade.GOOD),
    (metric(0.4, 0.6, **GUESS), Grade.OPEN),
    (metric(0.5, 0.6, **GUESS), Grade.OPEN),
    (metric(0.2, 0.4, **GUESS), Grade.BAD),
    (metric(0.6, 0.7, **GUESS, majority=0.65), Grade.OPEN),
    (metric(0.6, 0.7, **GUESS, majority=0.55), Grade.GOOD),
    (metric(0.6, 0.7, **LEAK), Grade.BAD),
    (metric(0.2, 0.4, **LEAK), Grade.GOOD),
    (metric(0.4, 0.6, **LEAK), Grade.OPEN),
    (metric(0.6, 0.7, chance=0.5), Grade.BAD),
    (metric(0.6, 0.7, ideal=0.5, chance=0.5), Grade.BAD),
    (metric(0.2, 0.4, ideal=0.5), Grade.BAD),
    (metric(0.4, 0.6, ideal=0.5), Grade.OPEN),
    (metric(0.1, 0.2, ideal=0, higher_is_better=False), Grade.BAD),
    (metric(0.0, 0.2, ideal=0, higher_is_better=False), Grade.OPEN),
    (metric(0.6, 0.7, higher_is_better=True), Grade.NONE),
    (metric(None, None, **GUESS, error="none"), Grade.NONE),
    (metric(None, None, unit="p_value").model_copy(update={"value": 0.05}), Grade.BAD),
    (metric(None, None, unit="p_value").model_copy(update={"value": 0.051}), Grade.OPEN),
    (metric(None, None, unit="p_value", error="none"), Grade.NONE),
    (metric(0.6, 0.7, **GUESS).model_copy(update={"ci_high": None}), Grade.NONE),
]


def test_grade_needs_a_whole_interval_on_one_side_of_the_reference() -> None:
    assert [grade(one) for one, _ in CASES] == [expected for _, expected in CASES]


def test_an_interval_that_is_too_narrow_shows_nothing() -> None:
    assert grade(metric(0.6, 0.7, **GUESS), narrow=True) is Grade.OPEN
    assert grade(metric(0.6, 0.7), narrow=True) is Grade.NONE
