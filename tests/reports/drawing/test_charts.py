from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from audit.reports.drawing import charts
from audit.reports.drawing.charts import (
    LABEL_ROOM,
    PLOT_WIDTH,
    VALUE_ROOM,
    IntervalRow,
    by_axis,
    domain,
    interval_chart,
)
from audit.reports.drawing.page import page_style

if TYPE_CHECKING:
    from collections.abc import Callable

Records = dict[str, "Callable[..., Any]"]

ROWS = [
    IntervalRow("boolq/accuracy", 0.6, 0.45, 0.75, "0.600 (0.450 to 0.750)"),
    IntervalRow("<script>\u202e&", 0.25, None, None, "0.250"),
]


def parsed(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 - our own chart


def test_a_chart_is_the_same_each_time_and_holds_its_text_as_text() -> None:
    svg = interval_chart(ROWS, unit="share", suite="evals", reference=0.5)
    charts._drawn.cache_clear()
    assert svg == interval_chart(ROWS, unit="share", suite="evals", reference=0.5)
    texts = ["".join(node.itertext()) for node in parsed(svg).iter("text")]
    assert "boolq/accuracy" in texts
    assert "0.600 (0.450 to 0.750)" in texts
    assert "<script>\\u202e&" in texts
    assert "share (0 to 1)" in texts


def test_a_chart_refers_to_nothing_outside_or_by_id() -> None:
    svg = interval_chart(ROWS, unit="share", suite="evals")
    assert "http" not in svg
    assert "url(" not in svg
    assert not re.search(r'\bid="', svg)
    assert set(re.findall(r'font-family="([^"]*)"', svg)) == {"sans-serif"}


def test_points_and_ends_lie_where_the_values_say() -> None:
    # The plot starts right of the labels; on the share axis a value v lies at v times its width.
    svg = interval_chart(ROWS, unit="share", suite="evals")
    points = re.findall(r'<path[^>]*transform="translate\(([\d.]+),[\d.]+\)"[^>]*fill="#0a5fb4"', svg)
    assert [float(x) / PLOT_WIDTH for x in points] == pytest.approx([0.6, 0.25], abs=1e-3)
    lines = re.findall(r'<line transform="translate\(([\d.]+),[\d.]+\)" x2="(-?[\d.]+)"[^>]*stroke="#0a5fb4"', svg)
    ((start, length),) = lines
    ends = sorted([float(start), float(start) + float(length)])
    assert [x / PLOT_WIDTH for x in ends] == pytest.approx([0.45, 0.75], abs=1e-3)
    assert f"translate({LABEL_ROOM},6)" in svg


@pytest.mark.parametrize(
    ("unit", "values", "expected"),
    [
        ("share", [0.4], (0.0, 1.0)),
        ("percent", [40.0], (0.0, 100.0)),
        ("chrf", [12.0, 31.0], (0.0, 100.0)),
        ("bleu", [3.0], (0.0, 100.0)),
        ("correlation", [0.1], (-1.0, 1.0)),
        ("score", [0.2, 0.3], (0.0, 0.318)),
        ("nats", [-1.0, 1.0], (-1.12, 1.12)),
        ("squared_error", [0.0], (0.0, 1.0)),
    ],
)
def test_axes_show_the_whole_range_of_the_unit_or_zero(
    unit: str, values: list[float], expected: tuple[float, float]
) -> None:
    rows = [IntervalRow("x", value, None, None, "") for value in values]
    assert domain(rows, unit) == pytest.approx(expected)


def test_nothing_is_drawn_on_the_axis_of_another(records: Records) -> None:
    metrics = [
        records["metric"]("toxicity/expected_max_toxicity", value=0.413, unit="probability"),
        records["metric"]("translation/chrf", value=45.0, unit="chrf"),
        records["metric"]("translation/bleu", value=12.0, unit="bleu"),
        records["metric"]("boolq/accuracy"),
        records["metric"]("openbookqa/accuracy"),
        records["metric"]("theirs/rouge_l", value=0.3, unit="score"),
        records["metric"]("others/rouge_l", value=0.2, unit="score"),
        records["metric"]("others/elo", value=1200.0, unit="score"),
        records["metric"]("mmlu/accuracy", value=None, ci_low=None, ci_high=None, error="none"),
    ]
    assert {title: [metric.name for metric in shared] for title, shared in by_axis(metrics).items()} == {
        "probability (0 to 1)": ["toxicity/expected_max_toxicity"],
        "chrF (0 to 100)": ["translation/chrf"],
        "BLEU (0 to 100)": ["translation/bleu"],
        "share (0 to 1)": ["boolq/accuracy", "openbookqa/accuracy"],
        "rouge l": ["theirs/rouge_l", "others/rouge_l"],
        "elo": ["others/elo"],
    }


def test_on_narrow_screens_the_style_sheet_shows_the_plot_alone_with_labels_and_values_inside() -> None:
    """The numbers of the style sheet are those of the drawing: what is cut off, and which groups hold the words."""
    svg = interval_chart(ROWS, unit="share", suite="evals", reference=0.5)
    whole, seen = LABEL_ROOM + PLOT_WIDTH + VALUE_ROOM, 16 + PLOT_WIDTH + 16
    assert f'viewBox="0 0 {whole} ' in svg
    assert (
        f"width: calc({whole} / {seen} * 100%); margin-left: calc(-{LABEL_ROOM - 16} / {seen} * 100%);" in page_style()
    )
    marks = next(node for node in parsed(svg).iter("g") if any("role-mark" in one.get("class", "") for one in node))
    labels, values = [one for one in marks if one.tag == "g"][-2:]
    assert all("mark-text role-mark" in one.get("class", "") for one in (labels, values))
    assert next(labels.itertext()) == ROWS[0].label
    assert next(values.itertext()) == ROWS[0].text


def test_the_same_chart_is_drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []

    def draw(specification: str) -> str:
        drawn.append(specification)
        return '<svg viewBox="0 0 1 1"></svg>'

    monkeypatch.setattr(charts.vl_convert, "vegalite_to_svg", draw)
    first, again, other = (charts.svg_of({"title": title}) for title in ("of this test", "of this test", "another one"))
    assert first == again == other == '<svg class="chart" viewBox="0 0 1 1" aria-hidden="true"></svg>'
    assert [json.loads(one) for one in drawn] == [{"title": "of this test"}, {"title": "another one"}]
