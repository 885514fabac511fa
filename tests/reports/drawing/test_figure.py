"""A chart with its words, in a template: the chart is markup, the words are text."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest
from markupsafe import Markup

from audit.reports.drawing.figure import Figure
from audit.reports.drawing.page import environment

FIGURE = Figure("<b>caption</b>", "a < b", Markup("<svg/>"))


def test_words_are_escaped_and_the_chart_is_not() -> None:
    shown = environment().from_string("{{ f.svg }}|{{ f.caption }}|{{ f.alternative }}").render(f=FIGURE)
    assert shown == "<svg/>|&lt;b&gt;caption&lt;/b&gt;|a &lt; b"


def test_it_does_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        FIGURE.caption = "another"  # type: ignore[misc] # what is tested
