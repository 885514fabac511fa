"""The curve of forced answers, and what the picture holds."""

from __future__ import annotations

from typing import Any

from audit.reports.drawing.budgets import budget_curve
from audit.reports.drawing.charts import NOT_DRAWN
from audit.reports.drawing.curves import CurvePoint
from audit.reports.drawing.forced import forced_curve, forced_figures
from audit.stats.definitions import Mean
from tests.reports.conftest import a_metric
from tests.reports.drawing.test_curves import data


def share(name: str, budget: int | None, value: float | None, **more: Any) -> Any:
    """A metric at a budget, or over all of them."""
    ends = {"ci_low": None if value is None else value - 0.1, "ci_high": None if value is None else value + 0.1}
    return a_metric(
        f"gsm8k_forced/{name}",
        value=value,
        error=None if value is not None else "it cannot be computed",
        slice=None if budget is None else {"thinking_budget": str(budget)},
        definition=Mean().written(),
        primary=budget is None,
        **{**ends, **more},
    )


METRICS = [
    share("exact_match", None, 0.5),
    share("exact_match", 64, 0.6),
    share("exact_match", 32, 0.4),
    share("exact_match_if_cut_wrong", 32, 0.3),
    share("exact_match_if_cut_right", 32, 0.5),
    share("exact_match_if_cut_wrong", 64, 0.6),
    share("exact_match_if_cut_right", 64, 0.6),
    share("exact_match", 128, None),
    share("exact_match_in_time", 64, 0.3),
    share("exact_match_in_time", 32, 0.0, ci_low=0.0, ci_high=0.2),
    share("forced", 32, 1.0, ci_low=0.8, ci_high=1.0),
]


def test_the_two_curves_of_a_task() -> None:
    curve = forced_curve(METRICS)
    assert curve is not None
    assert [(one.x, one.y) for one in curve.points] == [(32, 0.4), (64, 0.6)]
    assert [(one.x, one.y) for one in curve.in_time] == [(32, 0.0), (64, 0.3)]
    assert curve.open_cases == (CurvePoint(32, 0.4, 0.3, 0.5),)
    assert (curve.task, curve.saturation, curve.narrow) == ("gsm8k_forced", None, False)
    chart = curve.chart("#0a5fb4")
    assert [(row["x"], row["y"]) for row in data(chart, 3)] == [(32, 0.4), (64, 0.6)]
    assert [(row["x"], row["y"]) for row in data(chart, 5)] == [(32, 0.0), (64, 0.3)]
    assert len(chart["layer"]) == 7
    assert budget_curve(METRICS) is None


def test_other_tasks_and_other_units_have_no_curve() -> None:
    assert forced_curve([one.model_copy(update={"task": "gsm8k"}) for one in METRICS]) is None
    assert forced_curve([one.model_copy(update={"unit": "score"}) for one in METRICS]) is None
    assert forced_figures([METRICS[0]]) == []
    assert forced_figures(METRICS[1:]) == []


def test_figure_and_words() -> None:
    (figure,) = forced_figures(METRICS)
    assert "in grey those that came in time by themselves" in figure.caption
    assert "grey bars are what cut answers leave open" in figure.caption
    assert figure.alternative.endswith("32 tokens: 0.400, 0.000 by themselves; 64 tokens: 0.600, 0.300 by themselves")
    assert figure.curve
    assert figure.svg.startswith('<svg class="chart"')
    (bare,) = forced_figures(METRICS[:2], {"gsm8k_forced"})
    assert NOT_DRAWN in bare.caption
    assert bare.alternative.endswith("64 tokens: 0.600")
