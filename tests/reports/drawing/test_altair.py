"""A chart is drawn without the grammar of internationalised addresses, and leaves it to others; specifications that
are written as plain data keep to Altair's schema.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from audit.reports.attribution import waterfall
from audit.reports.attribution.waterfall import Step, waterfall_svg
from audit.reports.drawing import charts
from audit.reports.drawing.altair import GRAMMAR, _absent, alt
from audit.reports.drawing.charts import IntervalRow, interval_chart
from audit.reports.drawing.curves import CurvePoint, budget_chart, curve_svg, reliability_chart, risk_chart
from audit.reports.drawing.trend import TrendPanel, TrendPoint, trend_svg, trends

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.whole.processes import Forks

ROWS = [IntervalRow("boolq/accuracy", 0.6, 0.45, 0.75, "0.600"), IntervalRow("other", 0.25, None, None, "0.250")]
POINTS = [CurvePoint(32, 0.2, 0.1, 0.4, 12), CurvePoint(64, 0.5, n=7)]
STEPS = [Step("everything masked", -2.0, -2.0, "end"), Step("a", -2.0, -1.0, "for"), Step("b", -1.0, -1.5, "against")]
PANEL = TrendPanel(
    "boolq/accuracy", "run", "share", "evals",
    [TrendPoint(1, "one", 0.5, 0.4, 0.6, "a"), TrendPoint(2, "two", 0.8, None, None, "b", "better")], "a note",
)  # fmt: skip

DRAW = """
import sys
from audit.reports.drawing.altair import GRAMMAR, alt
print(GRAMMAR in sys.modules, alt.Chart().mark_bar().to_dict()["mark"]["type"])
import importlib.util
print(importlib.util.find_spec(GRAMMAR) is not None)
"""


@pytest.mark.slow
def test_the_grammar_is_not_compiled_and_can_be_imported_later(forks: Forks) -> None:
    fork = forks.start([], DRAW)
    assert fork.poll(block=True) == 0, fork.error.read_text("utf-8")
    assert fork.out.read_text("utf-8").split() == ["False", "bar", "True"]


def test_what_is_imported_already_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, GRAMMAR, sys)
    with _absent(GRAMMAR):
        assert sys.modules[GRAMMAR] is sys
    assert sys.modules[GRAMMAR] is sys
    monkeypatch.delitem(sys.modules, GRAMMAR)
    with _absent(GRAMMAR), pytest.raises(ImportError):
        __import__(GRAMMAR)
    assert GRAMMAR not in sys.modules


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """The specifications that would be drawn."""
    found: list[dict[str, Any]] = []

    def note(specification: str) -> str:
        found.append(json.loads(specification))
        return '<svg viewBox="0 0 1 1"></svg>'

    monkeypatch.setattr(charts.vl_convert, "vegalite_to_svg", note)
    for kept in (charts._drawn, waterfall._drawn):
        kept.cache_clear()
    yield found
    for kept in (charts._drawn, waterfall._drawn):
        kept.cache_clear()


@pytest.mark.slow
def test_specifications_keep_to_the_schema(drawn: list[dict[str, Any]]) -> None:
    """Pages are drawn without Altair, which would check each chart of each page for longer than it is drawn."""
    from jsonschema import ValidationError

    interval_chart(ROWS, unit="share", suite="evals", reference=0.5)
    interval_chart(ROWS, unit="nats", suite="none", change="difference")
    curve_svg(reliability_chart([CurvePoint(0.3, 0.2, 0.1, 0.4, 12)], "#0a5fb4"))
    curve_svg(risk_chart([CurvePoint(0.3, 0.2)], 0.6, "#0a5fb4"))
    curve_svg(budget_chart(POINTS, POINTS[:1], 50.0, "#0a5fb4", POINTS))
    curve_svg(budget_chart(POINTS, [], None, "#0a5fb4"))
    waterfall_svg(STEPS, "nats")
    trend_svg(PANEL)
    assert len(drawn) == 8
    for one in drawn:
        assert len(alt.LayerChart.from_dict(one).to_dict()["layer"]) == len(one["layer"])
    alt.ConcatChart.from_dict(trends([PANEL, PANEL]))
    drawn[0]["layer"][-1]["mark"]["align"] = "nowhere"
    with pytest.raises(ValidationError):
        alt.LayerChart.from_dict(drawn[0])
