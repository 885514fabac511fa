"""A chart with its words, in a template: the chart is markup, the words are text."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import pytest
from markupsafe import Markup

from audit.reports.drawing.figure import Figure
from audit.reports.drawing.page import environment, page_style

FIGURE = Figure("<b>caption</b>", "a < b", Markup("<svg/>"))


def test_words_are_escaped_and_the_chart_is_not() -> None:
    shown = environment().from_string("{{ f.svg }}|{{ f.caption }}|{{ f.alternative }}").render(f=FIGURE)
    assert shown == "<svg/>|&lt;b&gt;caption&lt;/b&gt;|a &lt; b"


@pytest.mark.parametrize("kind", ["curve", "forest"])
def test_a_curve_keeps_its_axes_on_narrow_screens(kind: str) -> None:
    chart = replace(FIGURE, curve=kind == "curve")
    shown = environment().from_string('{% import "macros.j2" as show %}{{ show.figure(f) }}').render(f=chart)
    assert f'<figure class="{kind}">' in shown
    cut_off = [rule for rule in page_style().split("}") if "margin-left: calc(-" in rule]
    assert [rule.split("{")[0].split()[0] for rule in cut_off] == [".forest"]


def test_it_does_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        FIGURE.caption = "another"  # type: ignore[misc] # what is tested
