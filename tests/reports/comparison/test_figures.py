"""Which charts a comparison has, and what they say to readers who cannot see them."""

from __future__ import annotations

from typing import Any

import pytest

from audit.core.records import MetricDifference, SeriesComparison, SeriesMetric, SeriesRun, SeriesStep, SeriesValue
from audit.reports.comparison.figures import difference_figures, difference_row, trend_figures, trend_panel
from audit.reports.drawing.charts import NOT_DRAWN


def difference(name: str, **fields: Any) -> MetricDifference:
    given = {
        "suite": "evals",
        "task": name,
        "unit": "share",
        "difference": -0.1,
        "ci_low": -0.2,
        "ci_high": 0.0,
        **fields,
    }
    return MetricDifference(name=f"{name}/accuracy", **given)


@pytest.mark.slow
def test_one_chart_for_each_suite_and_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audit.reports.comparison.figures.MAX_ROWS", 2)
    many = [difference(f"t{place}") for place in range(3)]
    others = [difference("x", unit="bleu"), difference("y", suite="safety"), difference("z", difference=None)]
    figures = difference_figures([*many, *others])
    assert len(figures) == 3
    assert figures[0].caption.endswith("; the first 2 of 3.")
    assert figures[1].alternative == "x/accuracy: −0.1 (−0.2 to 0.0)"
    assert "difference (bleu)" in figures[1].svg


def series(axis: str = "order") -> SeriesComparison:
    reference = {"model": "m", "model_digest": "0", "dtype": "float32", "quantization": None, "metrics_sha256": "0"}
    runs = [
        SeriesRun(run_id=f"r{place}", label=f"run {place}", given=place, at=place, at_text=f"{place},000", **reference)
        for place in range(3)
    ]
    common: dict[str, Any] = {"suite": "evals", "task": "boolq", "unit": "share"}
    values = [SeriesValue(value=one, ci_low=one - 0.1, ci_high=one + 0.1, letters=text) for one, text in
              ((0.5, "b"), (0.6, "ab"), (0.8, "a"))]  # fmt: skip
    steps = [SeriesStep(to=1, difference=0.1), SeriesStep(to=2, difference=0.2, outcome="better")]
    metrics = [
        SeriesMetric(name="boolq/other", error="not comparable", **common),
        SeriesMetric(name="boolq/accuracy", values=values, steps=steps, **common),
    ]
    return SeriesComparison(axis=axis, runs=runs, confidence=0.95, metrics=metrics)


def test_panels_hold_values_letters_and_changes() -> None:
    found = series("step")
    panel = trend_panel(found.metrics[1], found)
    assert (panel.title, panel.axis, panel.unit) == ("boolq/accuracy", "training step", "share (0 to 1)")
    assert [(point.at, point.label, point.value, point.letters, point.outcome) for point in panel.points] == [
        (0, "0,000", 0.5, "b", None), (1, "1,000", 0.6, "ab", None), (2, "2,000", 0.8, "a", "better"),
    ]  # fmt: skip
    ordered = series()
    assert [point.label for point in trend_panel(ordered.metrics[1], ordered).points] == ["run 0", "run 1", "run 2"]


@pytest.mark.slow
def test_only_compared_metrics_have_a_chart() -> None:
    figures = trend_figures(series())
    assert list(figures) == [1]
    assert figures[1].alternative == (
        "run 0: 0.500 (0.400 to 0.600), b; run 1: 0.600 (0.500 to 0.700), ab; run 2: 0.800 (0.700 to 0.900), a"
    )


def test_no_interval_is_drawn_where_looks_decided_the_number_of_items() -> None:
    row = difference_row(difference("boolq"), ["boolq"])
    assert (row.low, row.high, row.text) == (None, None, "−0.100")
    assert difference_row(difference("piqa"), ["boolq"]).low == -0.2
    found = series().model_copy(update={"looked_at": ["boolq"]})
    panel = trend_panel(found.metrics[1], found)
    assert [(point.low, point.high, point.text) for point in panel.points] == [
        (None, None, text) for text in ("0.500", "0.600", "0.800")
    ]
    assert panel.note == NOT_DRAWN
    other = series().model_copy(update={"looked_at": ["piqa"]})
    assert (trend_panel(other.metrics[1], other).points[0].low, trend_panel(other.metrics[1], other).note) == (0.4, "")


@pytest.mark.slow
def test_captions_say_why_no_interval_is_drawn() -> None:
    (drawn,) = difference_figures([difference("boolq"), difference("piqa")], ["boolq"])
    assert drawn.caption == (
        "Candidate minus baseline, in share: point estimate and confidence interval; no interval is drawn where looks"
        " decided the number of items: it would be too narrow."
    )
    found = series().model_copy(update={"looked_at": ["boolq"]})
    assert trend_figures(found)[1].caption == f"boolq/accuracy; {NOT_DRAWN}"
