"""Charts of the app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.app.charts import waterfall_chart
from audit.reports.attribution.waterfall import steps
from audit.reports.drawing.colours import AGAINST, FOR

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.core.records import Attribution


def test_the_waterfall_has_a_bar_per_step(explain: Callable[..., Attribution]) -> None:
    made = explain(["a ", "<b> ", "\x1b"], [1.0, -0.25, 0.5], value=-1.0, baseline_value=-2.0)
    chart = waterfall_chart(steps(made), "nats").to_dict()
    rows = next(iter(chart["datasets"].values())) if "datasets" in chart else chart["layer"][0]["data"]["values"]
    assert [row["text"] for row in rows] == ["−2.000", "+1.000", "+0.500", "−0.250", "−0.250", "−1.000"]
    assert [row["label"] for row in rows][1:4] == ["1\ta", "2\t\\x1b", "3\t<b>"]
    assert [row["colour"] for row in rows][1:4] == [FOR, FOR, AGAINST]
