"""Which metrics of a task make up its curve, and what the picture holds."""

from __future__ import annotations

from typing import Any

from audit.reports.drawing.budgets import budget_curve, budget_figures
from audit.reports.drawing.charts import NOT_DRAWN
from audit.reports.drawing.curves import CurvePoint
from audit.stats.definitions import Mean, SaturationBudget, WithinBudget
from tests.reports.conftest import a_metric
from tests.reports.drawing.test_curves import data


def point(budget: int, value: float | None, name: str = "exact_match_within_budget") -> Any:
    bound = {"if_wrong": 0.0, "if_right": 1.0}.get(name[-8:].lstrip("_"))
    definition = WithinBudget(budget=budget, columns=("thinking_budget",), if_cut=bound).written()
    return a_metric(
        f"gsm8k/{name}",
        value=value,
        ci_low=None if value is None else value - 0.1,
        ci_high=None if value is None else value + 0.1,
        error=None if value is not None else "it cannot be computed",
        slice={"thinking_budget": str(budget)},
        definition=definition,
        primary=False,
    )


METRICS = [
    a_metric("gsm8k/exact_match", value=0.6, definition=Mean().written()),
    a_metric(
        "gsm8k/exact_match_saturation_budget", value=50.0, unit="tokens", definition=SaturationBudget().written(),
        ci_low=None, ci_high=None, ci_method=None, no_interval="few", primary=False,
    ),
    point(64, 0.6),
    point(32, 0.4),
    point(64, 0.5, "exact_match_within_budget_if_cut_wrong"),
    point(64, 0.7, "exact_match_within_budget_if_cut_right"),
    point(128, None),
]  # fmt: skip


def test_the_curve_of_a_task() -> None:
    curve = budget_curve(METRICS)
    assert curve is not None
    assert [(one.x, one.y, round(one.low or 0, 3), round(one.high or 0, 3)) for one in curve.points] == [
        (32, 0.4, 0.3, 0.5), (64, 0.6, 0.5, 0.7),
    ]  # fmt: skip
    assert curve.open_cases == (CurvePoint(64, 0.6, 0.5, 0.7),)
    assert (curve.task, curve.saturation, curve.narrow) == ("gsm8k", 50.0, False)
    assert budget_curve(METRICS[:2]) is None
    assert budget_figures(METRICS[:2]) == []


def test_the_picture_holds_points_intervals_bounds_and_saturation() -> None:
    curve = budget_curve(METRICS)
    assert curve is not None
    chart = curve.chart("#0a5fb4")
    assert [row["x"] for row in data(chart, 0)] == [64]
    assert data(chart, 1) == [{"x": 50.0}]
    assert [(row["x"], row["y"]) for row in data(chart, 3)] == [(32, 0.4), (64, 0.6)]
    scale = chart["layer"][3]["encoding"]["x"]["scale"]
    assert (scale["type"], scale["base"]) == ("log", 2)


def test_right_answers_without_thinking_have_no_place_on_the_axis() -> None:
    none = METRICS[1].model_copy(update={"value": 0.0})
    curve = budget_curve([none, *METRICS[2:]])
    assert curve is not None
    assert data(curve.chart("#0a5fb4"), 1) == []
    (figure,) = budget_figures([none, *METRICS[2:]])
    assert "95 % of them came without any thinking" in figure.caption
    assert "dashed" not in figure.caption


def test_figure_and_words() -> None:
    (figure,) = budget_figures(METRICS)
    assert figure.curve
    assert "the budget that keeps 95 % of them, 50 tokens" in figure.caption
    assert "grey bars are what cut answers leave open" in figure.caption
    assert figure.alternative.endswith("32 tokens: 0.400; 64 tokens: 0.600")
    assert figure.svg.startswith('<svg class="chart"')
    (bare,) = budget_figures([point(64, 0.6)], {"gsm8k"})
    assert "dashed" not in bare.caption
    assert NOT_DRAWN in bare.caption
    assert budget_curve([point(64, 0.6)], {"gsm8k"}).points == (CurvePoint(64, 0.6, None, None, 100),)  # type: ignore[union-attr] # it has one
