"""Every field of a comparison of runs is in its tables, under its own name and in its own row."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from audit.core.errors import RunFolderError
from audit.core.records import SeriesComparison
from audit.core.records.comparison import (
    SeriesMetric,
    SeriesMismatch,
    SeriesPair,
    SeriesRun,
    SeriesStep,
    SeriesTrend,
    SeriesValue,
)
from audit.public.series import RunSeries
from audit.reports.comparison import page as pages

RUNS = [
    SeriesRun(
        run_id=f"r{place}", model="m", model_digest="d", dtype="float32", quantization=None, metrics_sha256="s",
        label=label, given=place, at=10.0 * place, at_text="",
    )
    for place, label in enumerate(("<a>", "b"))
]  # fmt: skip
FULL = SeriesMetric(
    name="t/x", suite="evals", task="t", slice={"k": "<v>"}, unit="share", higher_is_better=True, n=1234,
    values=[
        SeriesValue(value=0.1, ci_low=0.05, ci_high=0.2, letters="a"),
        SeriesValue(value=0.3, ci_low=0.25, ci_high=0.4),
    ],
    pairs=[
        SeriesPair(
            first=0, second=1, difference=0.2, ci_low=0.15, ci_high=0.3, p_value=0.01, p_adjusted=0.02, test="sign",
            detectable=0.07, differ=True,
        )
    ],
    steps=[SeriesStep(to=1, difference=0.2, ci_low=0.15, ci_high=0.3, p_adjusted=0.02, outcome="better")],
    trend=SeriesTrend(
        change=0.21, per_unit=0.021, ci_low=0.12, ci_high=0.31, p_value=0.03, p_adjusted=0.04, test="slope",
        outcome="better",
    ),
)  # fmt: skip
FLAT = SeriesMetric(
    name="t/y", suite="evals", task="t", unit="count", n=7, no_trend="two runs", values=[SeriesValue(value=4.0)] * 2
)
BROKEN = SeriesMetric(name="t/z", suite="evals", task="t", unit="share", error="<other> data", no_trend="nothing")
MISMATCH = SeriesMismatch(kind="data", task="t", metric="t/x", what="split", values=["a", "b"], pairs=[(0, 1)])
RECORD = SeriesComparison(axis="step", runs=RUNS, confidence=0.95, metrics=[FULL, FLAT, BROKEN], mismatches=[MISMATCH])
SERIES = RunSeries([], RECORD)
EMPTY = RunSeries([], SeriesComparison(axis="step", runs=RUNS, confidence=0.95))


def rows(table: pd.DataFrame) -> list[list[Any]]:
    return [[None if value is pd.NA else value for value in row] for row in table.astype(object).to_numpy().tolist()]


def test_values() -> None:
    assert list(SERIES.values) == ["name", "slice", "run", "at", "value", "ci_low", "ci_high", "letters", "n"]
    assert rows(SERIES.values) == [
        ["t/x", "k=<v>", "<a>", 0, 0.1, 0.05, 0.2, "a", 1234],
        ["t/x", "k=<v>", "b", 10, 0.3, 0.25, 0.4, None, 1234],
        ["t/y", None, "<a>", 0, 4.0, None, None, None, 7],
        ["t/y", None, "b", 10, 4.0, None, None, None, 7],
    ]


def test_pairs() -> None:
    assert list(SERIES.pairs) == [
        "name", "slice", "first", "second", "difference", "ci_low", "ci_high", "p_value", "p_adjusted", "test",
        "detectable", "differ",
    ]  # fmt: skip
    assert rows(SERIES.pairs) == [["t/x", "k=<v>", "<a>", "b", 0.2, 0.15, 0.3, 0.01, 0.02, "sign", 0.07, True]]


def test_changes() -> None:
    assert list(SERIES.changes) == [
        "name", "slice", "run", "at", "difference", "ci_low", "ci_high", "p_adjusted", "outcome",
    ]  # fmt: skip
    assert rows(SERIES.changes) == [["t/x", "k=<v>", "b", 10, 0.2, 0.15, 0.3, 0.02, "better"]]


def test_trends() -> None:
    assert list(SERIES.trends) == [
        "name", "slice", "change", "per_unit", "ci_low", "ci_high", "p_value", "p_adjusted", "test", "outcome", "error",
    ]  # fmt: skip
    assert rows(SERIES.trends) == [
        ["t/x", "k=<v>", 0.21, 0.021, 0.12, 0.31, 0.03, 0.04, "slope", "better", None],
        ["t/y", None, *[None] * 8, "two runs"],
        ["t/z", None, *[None] * 8, "<other> data"],
    ]


def test_mismatches() -> None:
    assert list(SERIES.mismatches) == ["kind", "task", "metric", "what", "values", "pairs"]
    assert rows(SERIES.mismatches) == [["data", "t", "t/x", "split", ["a", "b"], [(0, 1)]]]


@pytest.mark.parametrize("name", ["values", "pairs", "changes", "trends", "mismatches"])
def test_without_metrics_the_columns_are_the_same(name: str) -> None:
    table: pd.DataFrame = getattr(EMPTY, name)
    assert table.empty
    assert list(table) == list(getattr(SERIES, name))


def test_the_table_in_a_notebook() -> None:
    head, first, second, third = SERIES._repr_html_().replace("</tr>", "\n").strip().splitlines()[:4]
    titles = ["metric", "&lt;a&gt;", "b", "trend", "outcome", "unit", "n"]
    assert head == f"<table><thead><tr>{''.join(f'<th>{title}</th>' for title in titles)}"
    cells = [
        "t/x [k=&lt;v&gt;]", "0.100 (0.050 to 0.200) a", "0.300 (0.250 to 0.400)", "+0.210", "better", "share ↑",
        "1,234",
    ]  # fmt: skip
    assert first == f"</thead><tbody><tr>{''.join(f'<td>{cell}</td>' for cell in cells)}"
    flat = ["t/y", "4", "4", "", "no trend shown", "count ·", "7"]
    assert second == f"<tr>{''.join(f'<td>{cell}</td>' for cell in flat)}"
    assert third == "<tr><td>t/z</td><td colspan=6>&lt;other&gt; data</td>"
    assert SERIES._repr_html_().endswith("</tr></tbody></table>")
    assert repr(SERIES) == "RunSeries(2 runs by step, 2 metrics)"


def test_a_line_without_an_outcome_shows_its_change_and_no_trend() -> None:
    trend = SeriesTrend(change=-0.25, per_unit=-0.025)
    metric = FULL.model_copy(update={"trend": trend})
    html = RunSeries([], RECORD.model_copy(update={"metrics": [metric]}))._repr_html_()
    assert "<td>−0.250</td><td>no trend shown</td>" in html


def test_long_texts_are_cut() -> None:
    runs = [RUNS[0].model_copy(update={"label": "l" * 300}), RUNS[1]]
    broken = BROKEN.model_copy(update={"error": "e" * 500})
    html = RunSeries([], RECORD.model_copy(update={"runs": runs, "metrics": [broken]}))._repr_html_()
    assert html.count("l" * 199) == 1
    assert "l" * 200 not in html
    assert html.count("e" * 399) == 1
    assert "e" * 400 not in html


def test_what_could_be_compared_is_plotted(monkeypatch: pytest.MonkeyPatch) -> None:
    from audit.public import charts
    from audit.reports.comparison import figures

    monkeypatch.setattr(figures, "trend_panel", lambda metric, record: (metric, record))
    monkeypatch.setattr(charts, "series_chart", lambda panels: panels)
    assert SERIES.plot() == [(FULL, RECORD), (FLAT, RECORD)]
    with pytest.raises(RunFolderError, match="no metric of the runs could be compared"):
        EMPTY.plot()


def test_the_page_is_that_of_the_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "page_of", lambda record, folders: f"{record is RECORD} {folders}")
    found = RunSeries(["folder"], RECORD).page()  # type: ignore[list-item]
    assert found.html == "True ['folder']"
    assert 'height="720"' in found._repr_html_()
