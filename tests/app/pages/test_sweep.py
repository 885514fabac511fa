"""The page of a sweep, drawn by Streamlit without a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.core.records import SweptCheckpoint
from audit.pipeline.sweep.compared import sweep_of, write
from tests.app.drawn import every_markdown, rows_tables
from tests.gate.comparison.runs import run_with, scored

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.testing.v1 import AppTest

    from audit.app.settings import AppSettings

    Open = Callable[..., AppTest]

pytestmark = pytest.mark.slow


def test_without_a_sweep_the_page_says_how_to_make_one(open_page: Open) -> None:
    assert "audit sweep" in open_page("sweep").code[0].value


def test_trends_charts_and_checkpoints(open_page: Open, settings: AppSettings) -> None:
    runs = settings.runs
    for right in (10, 20, 30):
        made = run_with(runs, f"step-{right}", scored([1.0] * right + [0.0] * (40 - right)), run_id=f"run-{right}")
        made.path.rename(runs / f"run-{right}")
    entries = [
        SweptCheckpoint(name=f"step-{n}", model=f"step-{n}", step=n, state="audited", run=f"run-{n}")
        for n in (10, 20, 30)
    ]
    bad = SweptCheckpoint(name="step-40", model="x", step=40, state="failed", reason="no weights")
    found = sweep_of(["*"], [*entries, bad], runs)
    assert found.trend is not None, found.no_trend
    write(found, runs)
    test = open_page("sweep")
    assert "3 audited\\, 1 failed" in every_markdown(test)
    rows = rows_tables(test)[0]["rows"]
    assert [row["key"] for row in rows] == ["run-10", "run-20", "run-30", "no run: x"]
    metrics = runs / "run-20" / "metrics.json"
    metrics.write_text(metrics.read_text() + " ")
    assert "are no longer those that were compared" in every_markdown(open_page("sweep"))
    metrics.unlink()
    assert "is not here any more" in every_markdown(open_page("sweep"))
    write(sweep_of(["*"], [bad], runs), runs)
    assert "Not compared" in every_markdown(open_page("sweep"))
