"""Charts of the app."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from audit.app.elements import charts
from audit.app.elements.charts import trend_chart
from audit.reports.drawing.charts import IntervalRow
from audit.reports.drawing.page import page_style
from audit.reports.drawing.trend import TrendPanel, TrendPoint


def test_a_trend_takes_the_room_of_its_place() -> None:
    points = [TrendPoint(at, f"run {at}", 0.5, 0.4, 0.6) for at in range(2)]
    chart = trend_chart(TrendPanel("boolq/accuracy", "run", "share", "evals", points)).to_dict()
    assert "concat" not in chart
    assert "width" not in chart, "a width of its own would be cut on a narrow screen"
    assert chart["height"] > charts.AXIS_HEIGHT


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark", None])
def test_groups_have_the_colours_of_the_card_in_the_theme_of_the_page(
    theme: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(charts, "st", SimpleNamespace(context=SimpleNamespace(theme=SimpleNamespace(type=theme))))
    groups = [*charts.SUITE_COLOURS, *"abcdefg"]
    rows = [IntervalRow(group, 0.5, 0.25, 0.75, group=group) for group in groups]
    chart = charts.interval_chart(rows, unit="share", title="share", legend="suite").to_dict()
    (colours,) = {
        tuple(layer["encoding"]["color"]["scale"]["range"]) for layer in chart["layer"] if "color" in layer["encoding"]
    }
    light, _, dark = str(page_style()).partition("@media (prefers-color-scheme: dark)")
    sheet = dark.partition("\n}")[0] if theme == "dark" else light
    assert len(colours) == len(groups)
    assert all(colour in sheet for colour in colours)
