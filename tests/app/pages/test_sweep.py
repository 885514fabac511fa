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
HOSTILE = "![x](http://elsewhere/x.png)<b>"


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
    begun = SweptCheckpoint(name="step-50", model="y", step=50, state="interrupted", run="run-50")  # no metric yet
    final = SweptCheckpoint(name=HOSTILE, model="z", state="audited", run="run-final")
    found = sweep_of(["*"], [*entries, bad, begun, final], runs)
    assert found.trend is not None, found.no_trend
    write(found, runs)
    test = open_page("sweep")
    assert not test.exception
    shown = every_markdown(test)
    assert "4 audited\\, 1 failed\\, 1 interrupted" in shown
    assert "Do not believe" not in shown
    rows = rows_tables(test)[0]["rows"]
    assert [row["key"] for row in rows] == ["run-10", "run-20", "run-30", "no run: x", "run-50", "run-final"]
    named = [caption.value for caption in test.caption if "no training step" in caption.value]
    assert len(named) == 1
    assert "](http" not in named[0]  # nothing of a name is a link, an image or markup
    metrics = runs / "run-20" / "metrics.json"
    metrics.write_text(metrics.read_text() + " ")
    assert "are no longer those that were compared" in every_markdown(open_page("sweep"))
    metrics.unlink()
    assert "is not here any more" in every_markdown(open_page("sweep"))
    write(sweep_of(["*"], [bad], runs), runs)
    assert "Not compared" in every_markdown(open_page("sweep"))
