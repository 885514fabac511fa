"""Places on the scale from the worst possible value to the best, computed by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.records import Metric
from audit.gate.decide import decide
from audit.gate.policy import load_policy
from audit.reports.render.glance import place, rows
from tests.sealing import sealed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.core.run_folder import RunFolder


def a_metric(value: float | None = 0.5, low: float | None = None, high: float | None = None, **fields: Any) -> Metric:
    whole = {"suite": "evals", "task": "t", "name": "t/m", "metric": "m", "n": 10, "primary": True, **fields}
    return Metric(value=value, ci_low=low, ci_high=high, **whole)


def test_places() -> None:
    for value, fields, expected in (
        (0.25, {"higher_is_better": True}, 0.25),
        (0.25, {"higher_is_better": False}, 0.75),
        (30.0, {"unit": "percent", "ideal": 50.0}, 0.6),  # 20 of at most 50 away
        (70.0, {"unit": "percent", "ideal": 50.0}, 0.6),
        (80.0, {"unit": "percent", "ideal": 20.0}, 0.25),  # 60 of at most 80 away
        (-50.0, {"unit": "points", "higher_is_better": True}, 0.25),
        (0.5, {}, None),  # neither end is good and nothing is aimed at
        (3.0, {"unit": "nats", "higher_is_better": True}, None),  # no worst and no best value
        (1.0 + 1e-12, {"higher_is_better": True}, 1.0),
    ):
        found = place(value, a_metric(**fields))
        assert found == (None if expected is None else pytest.approx(expected, abs=1e-9)), (value, fields)


def test_an_interval_that_holds_the_ideal_reaches_the_best_place() -> None:
    metric = a_metric(45.0, 40.0, 55.0, unit="percent", ideal=50.0)
    (row,) = rows([metric])
    assert (row.low, row.at, row.high) == pytest.approx((0.8, 0.9, 1.0))
    (row,) = rows([a_metric(0.2, 0.1, 0.4, higher_is_better=False)])
    assert (row.low, row.at, row.high) == pytest.approx((0.6, 0.8, 0.9))
    (row,) = rows([a_metric(0.2, 0.1, 0.4, higher_is_better=False)], looked_at={"t"})
    assert (row.low, row.high) == (None, None)
    (row,) = rows([a_metric(None, error="broken", higher_is_better=True)])
    assert (row.at, row.marks) == (None, ())


def test_rows_are_sorted_by_verdict_and_carry_what_they_are_compared_with(
    make_run: Callable[..., RunFolder], records: dict[str, Callable[..., Any]], tmp_path: Path
) -> None:
    values = {"boolq": 0.9, "mmlu": 0.1, "asdiv": 0.5, "piqa": 0.2}
    metrics = [
        records["metric"](
            f"{task}/accuracy", value=value, ci_low=value - 0.05, ci_high=value + 0.05, n=100, definition=None
        )
        for task, value in values.items()
    ]
    metrics[0] = metrics[0].model_copy(update={"chance": 0.5})
    counts = [records["unscored"](task) for task in values]
    run = sealed(make_run([*metrics, *counts]))
    policy = tmp_path / "policy.yaml"
    policy.write_text(
        "rules:\n- {metric: boolq/accuracy, min: 0.6}\n- {metric: mmlu/accuracy, min: 0.6}\n"
        "- {metric: asdiv/accuracy, min: 0.5}\n"
    )
    decision = decide(run, load_policy(policy))
    found = rows(metrics, decision)
    assert [(row.metric.task, row.verdict) for row in found][-1] == ("piqa", None)
    verdicts = {row.metric.task: row.verdict for row in found}
    assert verdicts["mmlu"] != "PASS" != verdicts["asdiv"]
    boolq = next(row for row in found if row.metric.task == "boolq")
    assert [(mark.kind, mark.at, mark.text) for mark in boolq.marks] == [
        ("chance", 0.5, "guessing 0.500"),
        ("limit", 0.6, "at least 0.600"),
    ]
    assert boolq.percent(0.375) == "37.5%"
