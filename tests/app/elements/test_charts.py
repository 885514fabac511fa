"""Charts of the app."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from audit.app.elements import charts
from audit.app.elements.charts import waterfall_chart
from audit.reports.attribution.waterfall import steps
from audit.reports.drawing.charts import IntervalRow
from audit.reports.drawing.colours import AGAINST, FOR
from audit.reports.drawing.page import page_style

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
