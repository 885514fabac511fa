"""The chart of a run holds its metrics."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from audit.public.charts import difference_chart, primary_chart, series_chart
from audit.reports.drawing.budgets import BudgetCurve
from audit.reports.drawing.charts import NOT_DRAWN
from audit.reports.drawing.curves import CurvePoint
from tests.reports.comparison.test_figures import difference
from tests.reports.conftest import a_metric
from tests.reports.drawing.test_trend import PANEL

if TYPE_CHECKING:
    import audit


def test_the_chart_holds_each_primary_metric_with_its_interval(made: audit.Run) -> None:
    chart = made.plot().to_dict()
    rows = [row for rows in chart["datasets"].values() for row in rows]
    frame = made.metrics
    primary = frame[frame["primary"] & frame["slice"].isna() & frame["value"].notna()]
    stored = [
        one for one in json.loads((made.path / "metrics.json").read_text()) if one["name"] in set(primary["name"])
    ]
    whole = [one for one in stored if one["slice"] is None]
    assert len(whole) == len(primary) > 0
    shown = {(row["metric"], row["value"], row["low"], row["high"]) for row in rows}
    assert shown == {(one["name"], one["value"], one["ci_low"], one["ci_high"]) for one in whole}


def ends(chart: Any) -> dict[str, tuple[float | None, float | None]]:
    rows = [row for rows in chart.to_dict()["datasets"].values() for row in rows]
    return {row["metric"]: (row["low"], row["high"]) for row in rows if "low" in row}


@pytest.mark.slow
def test_no_interval_is_drawn_where_looks_decided_the_number_of_items() -> None:
    metrics = [a_metric("boolq/accuracy"), a_metric("piqa/accuracy")]
    differences = [difference("boolq"), difference("piqa")]
    for chart, all_drawn, drawn in (
        (primary_chart(metrics, {"boolq"}), primary_chart(metrics, ()), (0.5, 0.7)),
        (difference_chart(differences, {"boolq"}), difference_chart(differences, ()), (-0.2, 0.0)),
    ):
        assert ends(chart) == {"boolq/accuracy": (None, None), "piqa/accuracy": drawn}
        assert chart.title == f"{NOT_DRAWN[0].upper()}{NOT_DRAWN[1:]}."
        assert ends(all_drawn)["boolq/accuracy"] == drawn
        assert "title" not in all_drawn.to_dict()


@pytest.mark.slow
def test_right_answers_by_thinking_budget_are_a_panel_below_the_metrics() -> None:
    curve = BudgetCurve("gsm8k", (CurvePoint(32, 0.4, 0.3, 0.5, 50), CurvePoint(64, 0.6, 0.5, 0.7, 50)))
    first, second = primary_chart([a_metric("gsm8k/exact_match")], (), [curve]).to_dict()["vconcat"]
    assert second["title"] == "gsm8k"
    assert "title" not in first
    assert second["layer"][-1]["encoding"]["x"]["scale"]["type"] == "log"


@pytest.mark.slow
def test_metrics_of_several_runs_are_small_multiples() -> None:
    found = series_chart([PANEL, PANEL, PANEL]).to_dict()
    assert [panel["title"] for panel in found["concat"]] == ["boolq/accuracy"] * 3
    assert found["columns"] == 2
