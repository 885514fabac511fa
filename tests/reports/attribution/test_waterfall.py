from __future__ import annotations

import itertools
import math
import re
from typing import TYPE_CHECKING, Any

import pytest

from audit.reports.attribution.waterfall import TOP, bounds, steps, waterfall_html, waterfall_svg

if TYPE_CHECKING:
    from collections.abc import Callable

Records = dict[str, "Callable[..., Any]"]
BAR = re.compile(r'<i class="(\w+)" style="left:([\d.e-]+)%;width:([\d.e-]+)%">')


@pytest.mark.parametrize("count", [1, 3, TOP, TOP + 1, 40])
def test_moves_lead_from_the_baseline_to_the_value(records: Records, count: int) -> None:
    pieces = [f"w{index} " for index in range(count)]
    attribution = records["matrix"](pieces, ["x", "y"])
    found = steps(attribution)
    assert (found[0].kind, found[-1].kind) == ("end", "end")
    assert found[0].end == attribution.baseline_value
    assert math.isclose(found[-1].end, attribution.value)
    assert all(math.isclose(before.end, after.start, abs_tol=1e-9) for before, after in itertools.pairwise(found))
    assert not [step for step in found if step.kind == "gap"]
    assert len(found) == 2 + min(count, TOP + 1)
    moved = sum(step.end - step.start for step in found)
    assert math.isclose(moved, sum(attribution.values), abs_tol=1e-9)


def test_the_strongest_come_first_and_the_rest_is_one_bar(records: Records) -> None:
    values = [float((-1) ** index * index) for index in range(20)]
    attribution = records["matrix"]([f"w{i} " for i in range(20)], ["x"], values=values)
    moves = [step for step in steps(attribution) if step.kind in {"for", "against"}]
    assert [step.label for step in moves] == [f"w{i}" for i in range(19, 9, -1)] + ["10 other features"]
    assert math.isclose(moves[-1].end - moves[-1].start, sum(values[:10]))


def test_what_a_method_leaves_open_is_shown_as_a_gap(records: Records) -> None:
    attribution = records["matrix"](["a ", "b"], ["x"], values=[1.0, -0.25], baseline_value=-5.0, value=-2.0)
    gap = steps(attribution)[-2]
    assert (gap.label, gap.start, gap.end, gap.text) == ("not accounted for", -4.25, -2.0, "+2.250")


def test_moves_carry_their_intervals(records: Records) -> None:
    intervals = [(0.5, 1.5), (-2.5, -1.5)]
    attribution = records["matrix"](["a ", "b"], ["x"], values=[1.0, -2.0], intervals=intervals)
    assert [(step.label, step.ends) for step in steps(attribution)][1:3] == [("b", (-2.5, -1.5)), ("a", (0.5, 1.5))]


def test_shares_and_old_records_start_at_zero_without_ends(records: Records) -> None:
    shares = records["matrix"](["a ", "b"], ["x"], values=[0.75, 0.25], unit="share")
    old = records["matrix"](["a ", "b"], ["x"], values=[0.75, 0.25], value=None, baseline_value=None)
    for attribution in (shares, old):
        assert [(step.start, step.end) for step in steps(attribution)] == [(0.0, 0.75), (0.75, 1.0)]
    assert bounds(steps(old)) == (-0.05, 1.05)


def test_the_chart_holds_labels_and_values_as_text(records: Records) -> None:
    attribution = records["matrix"](["<b>one</b> ", "\x1b\u202etwo"], ["x"], values=[1.5, -0.5])
    svg = str(waterfall_svg(steps(attribution), "nats"))
    assert svg.startswith('<svg class="chart" viewBox=')
    for shown in ("&lt;b&gt;one&lt;/b&gt;", "\\x1b\\u202etwo", "+1.500", "−0.500", "everything masked", "whole prompt"):
        assert shown in svg
    assert not set("\x1b\u202e") & set(svg)
    assert svg.count("#5da3d5") == 1
    assert svg.count("#eb962f") == 1


def test_the_list_says_each_move_and_places_its_bar(records: Records) -> None:
    """By hand: levels run from −2.25 to −0.75, the axis has 5 % of these 1.5 nats more on each side: 1.65 in all."""
    pieces = ["<b>one</b> ", "two ", "\x1b\u202e"]
    made = records["matrix"](pieces, ["x"], values=[1.0, -0.25, 0.5], value=-1.0, baseline_value=-2.25)
    html = str(waterfall_html(steps(made), "nats"))
    assert re.findall(r"<strong>(.*?)</strong>", html) == ["−2.250", "+1.000", "+0.500", "−0.250", "−1.000"]
    assert "&lt;b&gt;one&lt;/b&gt;" in html
    assert "<b>" not in html
    assert not set("\x1b\u202e") & set(html)
    bars = [(kind, float(left), float(width)) for kind, left, width in BAR.findall(html)]
    assert [kind for kind, _, _ in bars] == ["end", "for", "for", "against", "end"]
    places = [(0.075, 0), (0.075, 1.0), (1.075, 0.5), (1.325, 0.25), (1.325, 0)]
    for (_, left, width), (start, length) in zip(bars, places, strict=True):
        assert math.isclose(left, 100 * start / 1.65, rel_tol=1e-3)
        assert math.isclose(width, 100 * length / 1.65, rel_tol=1e-3)
    assert "in nats" in html
    assert "Shares of attention" in str(waterfall_html(steps(made.model_copy(update={"unit": "share"})), "share"))
