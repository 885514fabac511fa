"""The chart of a metric over runs: its data, axes, colours and labels."""

from __future__ import annotations

import re
from typing import Any

import pytest

from audit.reports.drawing.trend import (
    CHANGE_COLOURS,
    NO_CHANGE,
    TrendPanel,
    TrendPoint,
    shown_labels,
    specification,
    trend_svg,
    trends,
)

POINTS = [
    TrendPoint(1000, "base", 0.5, 0.4, 0.6, "a"),
    TrendPoint(2000, "<b>mid</b>\x1b[31m of all names", 0.55, None, None, "ab"),
    TrendPoint(8000, "last", 0.8, 0.7, 0.9, "b", "better"),
]
PANEL = TrendPanel("boolq/accuracy", "training step", "share (0 to 1)", "evals", POINTS)


def layer(kind: str) -> dict[str, Any]:
    [found] = [one for one in specification(PANEL)["layer"] if one["mark"]["type"] == kind]
    return found


def test_points_and_intervals_are_the_data() -> None:
    rows = layer("circle")["data"]["values"]
    assert [(row["at"], row["value"], row["low"], row["high"]) for row in rows] == [
        (1000, 0.5, 0.4, 0.6), (2000, 0.55, None, None), (8000, 0.8, 0.7, 0.9),
    ]  # fmt: skip
    assert [(row["letters"], row["top"]) for row in layer("text")["data"]["values"]] == [
        ("a", 0.6), ("ab", 0.55), ("b", 0.9),
    ]  # fmt: skip


def test_steps_have_their_colours() -> None:
    line = layer("line")
    assert [(row["step"], row["at"], row["outcome"]) for row in line["data"]["values"]] == [
        (0, 1000, "none"), (0, 2000, "none"), (1, 2000, "better"), (1, 8000, "better"),
    ]  # fmt: skip
    scale = line["encoding"]["color"]["scale"]
    colours = dict(zip(scale["domain"], scale["range"], strict=True))
    assert colours == {**CHANGE_COLOURS, "none": NO_CHANGE}


def test_axes_hold_everything_and_name_the_runs() -> None:
    encoding = layer("circle")["encoding"]
    low, high = encoding["y"]["scale"]["domain"]
    assert low < 0.4
    assert high > 0.9
    start, end = encoding["x"]["scale"]["domain"]
    assert start < 1000
    assert end > 8000
    assert encoding["x"]["axis"]["values"] == [1000, 2000, 8000]
    assert '"base"' in encoding["x"]["axis"]["labelExpr"]
    assert encoding["x"]["title"] == "training step"


def test_runs_without_a_spread_have_an_axis() -> None:
    flat = [TrendPoint(place, "x", 0.0, None, None) for place in (1, 2, 3)]
    low, high = specification(TrendPanel("m", "run", "share", "evals", flat))["layer"][0]["encoding"]["y"]["scale"][
        "domain"
    ]
    assert low < 0 < high


@pytest.mark.slow
def test_the_picture_is_inline_and_harmless() -> None:
    svg = trend_svg(PANEL)
    assert svg.startswith('<svg class="chart" viewBox="')
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
    assert {"a", "ab", "b", "base", "last", "training step"} <= set(texts)
    assert "<b>" not in svg
    assert "\x1b" not in svg
    assert CHANGE_COLOURS["better"] in svg
    assert CHANGE_COLOURS["worse"] not in svg


def test_small_multiples_are_one_chart() -> None:
    found = trends([PANEL, PANEL, PANEL])
    assert [panel["title"] for panel in found["concat"]] == ["boolq/accuracy"] * 3
    assert found["columns"] == 2


@pytest.mark.parametrize(
    ("labels", "shown"),
    [
        (["base", "smollm2-135m-instruct"], ["base", "smollm2-135…"]),
        (["smollm2-135m #1", "smollm2-135m #2"], ["…lm2-135m #1", "…lm2-135m #2"]),
        (["long-a-name-begins-and-then-ends", "long-a-name-mid-and-then-ends"], ["1", "2"]),
        (["same", "same"], ["same", "same"]),
    ],
)
def test_no_two_runs_have_the_same_label_after_it_is_cut(labels: list[str], shown: list[str]) -> None:
    assert shown_labels(labels) == shown
