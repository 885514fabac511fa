"""The page of all runs, drawn by Streamlit without a browser."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from audit.app.pages import runs as page_of_runs
from audit.core.records import MetricWords, TaskWords
from audit.core.run_folder import RunFolder
from audit.reports.browsing.run_list import RunSummary
from tests.app.conftest import HOSTILE, STARTED
from tests.app.drawn import drawn, every_html, every_markdown, rows_tables, tables
from tests.sealing import sealed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from streamlit.testing.v1 import AppTest

    Open = Callable[..., AppTest]


@pytest.fixture
def several(run: RunFolder, runs: Path, make_manifest: Any) -> None:
    """The audited run, an older copy of it, one that goes on, and a broken one."""
    older = RunFolder(shutil.copytree(run.path, runs / "20260101T000000Z-older-aaaaaa"))
    written = run.read_manifest().model_copy(update={"started": STARTED.replace(day=1), "evidence": {}})
    older.write_manifest(written)
    sealed(older)
    going_on = make_manifest("20260301T000000Z-live-bbbbbb", status="running", finished=None, not_run=[], warnings=[])
    RunFolder.create(runs, going_on.model_copy(update={"model": going_on.model.model_copy(update={"name": HOSTILE})}))
    (runs / "20250101T000000Z-lost-cccccc").mkdir()
    (runs / "20250101T000000Z-lost-cccccc" / "manifest.json").write_text("{")


@pytest.mark.slow
@pytest.mark.usefixtures("several")
def test_every_run_has_a_line(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_of_runs, "LOOKING_SECONDS", 60.0)  # a busy machine looks at fewer in a second
    test = open_page("runs")
    assert "**4 runs, 1 broken**" in every_markdown(test)
    shown = tables(test)[0]
    assert shown["Status"] == ["… Running", "! Partial", "! Partial", "✕ Broken"]
    # The verdict of the copy is on the same metrics of the same run.
    assert shown["Verdict"] == [None, "? INCONCLUSIVE", "? INCONCLUSIVE", None]
    assert shown["Main metrics"][1].splitlines()[0] == "boolq/accuracy 0.667"
    assert shown["Main metrics"][0].startswith("0 tasks done, last written")
    assert "manifest.json: broken" in shown["Main metrics"][3]
    for markup in ("<script", "![pixel]", "\x1b", "\u202e"):
        assert markup not in every_markdown(test) + every_html(test)
    drawn(test.text_input(key="runs_text").set_value("older partial").run())
    assert "**1 run** of 4" in every_markdown(test)
    assert [row["key"] for row in rows_tables(test)[0]["rows"]] == ["20260101T000000Z-older-aaaaaa"]
    drawn(test.text_input(key="runs_text").set_value("nowhere").run())
    assert any("No run fits" in info.value for info in test.info)


@pytest.mark.slow
@pytest.mark.usefixtures("several")
def test_a_verdict_is_not_shown_before_it_was_looked_at(
    run: RunFolder, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder may hold any word; the gate takes its time to reach the verdict again."""
    with monkeypatch.context() as patch:
        patch.setattr(page_of_runs, "LOOKING_SECONDS", 0.0)
        assert tables(open_page("runs"))[0]["Verdict"] == [None, "… checking", "… checking", None]
    monkeypatch.setattr(page_of_runs, "LOOKING_SECONDS", 60.0)
    run.decision_path.write_text(run.decision_path.read_text().replace("INCONCLUSIVE", "PASS"))
    assert tables(open_page("runs"))[0]["Verdict"] == [None, "not valid", "? INCONCLUSIVE", None]


@pytest.mark.slow
@pytest.mark.parametrize("goes_on", [False, True], ids=["ended", "goes on"])
def test_the_list_is_drawn_again_only_while_something_can_change(
    goes_on: bool, run: RunFolder, runs: Path, make_manifest: Any, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table that is drawn again for nothing grows pale again and again under the reader's eyes."""
    paces: list[float | None] = []
    fragment = page_of_runs.st.fragment

    def noted(drawn: Any, *, run_every: float | None) -> Any:
        paces.append(run_every)
        return fragment(drawn, run_every=run_every)

    monkeypatch.setattr(page_of_runs, "LOOKING_SECONDS", 60.0)  # a busy machine looks at fewer in a second
    monkeypatch.setattr(page_of_runs.st, "fragment", noted)
    if goes_on:
        RunFolder.create(runs, make_manifest("20260301T000000Z-live-bbbbbb", status="running", finished=None))
    open_page("runs")
    assert paces == [60.0, page_of_runs.REFRESH_SECONDS if goes_on else None]


@pytest.mark.slow
@pytest.mark.usefixtures("several")
def test_the_trend_of_a_metric_goes_over_the_runs_in_their_order(open_page: Open) -> None:
    test = open_page("runs")
    assert test.selectbox(key="trend_metric").options[0] == "boolq/accuracy"
    (chart,) = test.get("vega_lite_chart") or test.get("arrow_vega_lite_chart")
    assert chart.proto.spec.index("20260101T000000Z-older") < chart.proto.spec.index("20260131T235959Z")
    drawn(test.text_input(key="runs_text").set_value("older").run())
    assert not test.selectbox, "one run has no trend"


def test_a_metric_of_the_trend_has_its_title_with_the_name(run: RunFolder) -> None:
    words = TaskWords(title="Yes/no questions (BoolQ)", question="Does it answer yes or no correctly?")
    manifest = run.read_manifest().model_copy(update={"words": {"boolq": words}})
    bare = next(one for one in run.read_metrics() if one.name == "boolq/accuracy" and one.slice is None)
    titled = bare.model_copy(update={"words": MetricWords(title="Right answers")})
    older, newer = (RunSummary("a", manifest=run.read_manifest()), bare), (RunSummary("b", manifest=manifest), titled)
    said = page_of_runs._metric_title("boolq/accuracy", [older, newer])
    assert said == "Yes/no questions (BoolQ): right answers · boolq/accuracy"
    assert page_of_runs._metric_title("boolq/accuracy", [newer, older]) == "boolq/accuracy"
