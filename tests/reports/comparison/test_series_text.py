"""Words for axes and p-values."""

from __future__ import annotations

import pytest

from audit.core.records import SeriesComparison
from audit.reports.comparison.series_text import axis_title, p_text


@pytest.mark.parametrize(
    ("axis", "title"),
    [("order", "run"), ("step", "training step"), ("date", "date"), ("model.x\x1b", "model.x\\x1b")],
)
def test_axes_have_titles(axis: str, title: str) -> None:
    assert axis_title(SeriesComparison(axis=axis, runs=[], confidence=0.95)) == title


@pytest.mark.parametrize(
    ("value", "text"), [(None, "—"), (1.0, "1"), (0.04678, "0.047"), (0.0001, "0.0001"), (9e-5, "< 0.0001")]
)
def test_p_values_have_two_digits(value: float | None, text: str) -> None:
    assert p_text(value) == text
