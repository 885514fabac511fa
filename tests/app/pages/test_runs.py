"""The page of all runs, drawn by Streamlit without a browser."""

from __future__ import annotations

import shutil
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from audit.app import access
from audit.app.pages import runs as page_of_runs
from audit.core.records import MetricWords, ShardRecord, TaskWords
from audit.core.run_folder import RunFolder
from audit.reports.browsing.run_list import RunSummary
from tests.app.conftest import HOSTILE, OLDER, STARTED
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


def test_an_empty_folder_says_what_to_run(open_page: Open) -> None:
    test = open_page("runs")
    assert [title.value for title in test.title] == ["No run here yet"]
    assert any(code.value.startswith("audit run --profile quick --out ") for code in test.code)


@pytest.mark.slow
@pytest.mark.usefixtures("older")
def test_a_heading_sorts_and_a_row_opens_its_run(
    run: RunFolder, open_page: Open, opened: list[tuple[str, dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the table's script sends reaches the page before it is drawn again."""
    name, by = run.path.name, ("verdict", "verdict", "status", "started")
    sent: list[Callable[..., None]] = [lambda _open, sort, by=by: sort(by) for by in by]
    sent.append(lambda open_row, _sort: open_row(name))
    shown: list[tuple[list[str], str, bool]] = []

    def table(_label: str, _key: str, _columns: Any, rows: Any, open_row: Any, sorting: Any) -> None:
        shown.append(([row.key for row in rows], sorting.by, sorting.descending))
        if sent:
            sent.pop(0)(open_row, sorting.change)

    monkeypatch.setattr(page_of_runs, "LOOKING_SECONDS", 60.0)  # a busy machine looks at fewer in a second
    monkeypatch.setattr(page_of_runs, "rows_table", table)
    monkeypatch.setattr(page_of_runs, "_trend", lambda _: None)
    test = open_page("runs")
    while sent:
        assert opened == []
        drawn(test.run())
    drawn(test.run())
    assert opened == [("overview", {"run": name})]
    orders = [("started", True), ("verdict", False), ("verdict", True), ("status", False), ("started", False)]
    assert [(by, descending) for _, by, descending in shown[: len(orders)]] == orders
    assert (shown[0][0], shown[4][0]) == ([name, OLDER], [OLDER, name])


@pytest.mark.usefixtures("run")
def test_who_loses_the_role_meanwhile_sees_the_list_no_more(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table is drawn again by itself, and its frame is not."""
    answers = iter([True, False])
    monkeypatch.setattr(access, "may", lambda *_: next(answers, False))
    test = open_page("runs")
    assert [title.value for title in test.title] == ["Sign in"]
    assert rows_tables(test) == []


def test_the_state_of_a_run_that_goes_on_has_stopped_or_is_a_shard(make_manifest: Any) -> None:
    now = STARTED + timedelta(hours=1)
    going_on = make_manifest(status="running", finished=None)
    shard = make_manifest().model_copy(update={"shard": ShardRecord(number=2, of=4)})
    for manifest, written, said in (
        (going_on, now, "… Running"),
        (going_on, STARTED, "! Stopped?"),
        (shard, None, "Shard 2 of 4"),
        (make_manifest(), None, "! Partial"),
        (None, None, "✕ Broken"),
    ):
        assert page_of_runs._status(RunSummary("a", manifest=manifest, written=written), now).text == said


def test_the_first_metrics_stand_in_the_words_of_the_run(run: RunFolder) -> None:
    words = TaskWords(title="Yes/no questions (BoolQ)", question="Does it answer yes or no correctly?")
    manifest = run.read_manifest().model_copy(update={"words": {"boolq": words}})
    bare = next(one for one in run.read_metrics() if one.name == "boolq/accuracy" and one.slice is None)
    titled = bare.model_copy(update={"words": MetricWords(title="Right answers")})
    summary = RunSummary("a", manifest=manifest, metrics=(titled, *[bare] * 4), tasks=("boolq", "asdiv"))
    cells = page_of_runs._metrics_cell(summary, STARTED)
    assert not isinstance(cells, str)
    texts = [cell.text for cell in cells]
    assert texts[0] == "Yes/no questions (BoolQ): right answers 67 %"
    assert texts[1:] == ["boolq/accuracy 0.667", "boolq/accuracy 0.667", "and 2 more, of 2 tasks"]
