"""The overview page on a run folder, drawn by Streamlit without a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.app.frame import run_label
from audit.core.run_folder import RunFolder
from tests.app.drawn import button, drawn, every_html, every_markdown, rate_as, tables
from tests.gate.sequential.conftest import looks
from tests.sealing import sealed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from streamlit.testing.v1 import AppTest

    from audit.app.settings import AppSettings

    Open = Callable[..., AppTest]


@pytest.mark.slow
def test_the_overview_shows_metrics_with_intervals_and_what_is_missing(run: RunFolder, open_page: Open) -> None:
    test = open_page("overview")
    assert [warning.value for warning in test.warning] == [
        "1 task not run · 1 metric not computed · 1 item not scored · 2 warnings"
    ]
    primary = next(table for table in tables(test) if "boolq/accuracy" in table.get("Metric", []) and "n" in table)
    # 16 of 24: statsmodels' proportion_confint(16, 24, method="wilson") gives 0.467 and 0.820.
    assert primary["Value"][0] == "0.667"
    assert primary["Interval"][0] == "0.467 to 0.820"
    assert primary["Value"][-1] == "—"
    assert primary["Note"][-1] == "no answer had a number"
    assert any(table.get("Task") == ["gsm8k"] for table in tables(test))
    assert any(table.get("Verdict") == ["INCONCLUSIVE", "INCONCLUSIVE"] for table in tables(test))
    assert "partial" in every_markdown(test)


@pytest.mark.slow
def test_notes_and_settings_are_shown_whole(run: RunFolder, open_page: Open) -> None:
    """In cells that break into lines, names at their underscores; a table of the browser's would cut them."""
    note, setting = "a note that says much " * 30, "r" * 200
    metrics = [one.model_copy(update={"note": note, "settings": {"scorer": setting}}) for one in run.read_metrics()]
    run.write_metrics(metrics)
    test = open_page("overview", run=sealed(run).path.name)
    assert not test.dataframe
    html = every_html(test)
    assert f"<span>{note.strip()}" in html
    assert f'<td class="long" role="cell" data-label="Value"><span>{setting}</span></td>' in html
    assert '<td class="short" role="cell" data-label="Value"><span>0.667</span></td>' in html
    assert '<td class="short" role="cell" data-label="Interval"><span>0.467 to 0.820</span></td>' in html
    assert '<td class="long" role="cell" data-label="Metric"><span>asdiv/exact_<wbr/>match</span></td>' in html


@pytest.mark.slow
def test_intervals_of_a_run_that_was_looked_at_are_called_too_narrow(run: RunFolder, open_page: Open) -> None:
    run.write_manifest(run.read_manifest().model_copy(update={"looks": looks(24, 100, "boolq")}))
    test = open_page("overview", run=sealed(run).path.name)
    primary = next(table for table in tables(test) if "boolq/accuracy" in table.get("Metric", []) and "n" in table)
    notes = dict(zip(primary["Metric"], primary["Note"], strict=True))
    assert notes["boolq/accuracy"].startswith("interval too narrow: see the warnings")
    assert not notes["asdiv/exact_match"].startswith("interval too narrow")


def test_the_name_of_a_run_ends_with_the_model_which_a_narrow_box_may_cut() -> None:
    assert run_label("20260131T235959Z-a-long-name-of-a-model-0a1b2c") == (
        "2026-01-31 23:59 · 0a1b2c · a-long-name-of-a-model"
    )
    assert run_label("my run") == "my run"


@pytest.mark.slow
def test_a_verdict_on_other_metrics_is_called_so(run: RunFolder, open_page: Open) -> None:
    run.write_metrics(run.read_metrics()[:2])
    test = open_page("overview", run=sealed(run).path.name)
    assert any("reached on other metrics" in warning.value for warning in test.warning)
    assert not any("Verdict" in table for table in tables(test))


@pytest.mark.slow
def test_ratings_appear_with_their_interval(run: RunFolder, settings: AppSettings, open_page: Open) -> None:
    rating = open_page("rate_run")
    rate_as(rating, "ada", "evals/boolq")
    for label in ("Good", "Fair"):
        drawn(button(rating, label).click().run())
    ratings = next(table for table in tables(open_page("overview")) if "Mean (1 to 5)" in table)
    assert (ratings["Task"], ratings["Mean (1 to 5)"], ratings["Raters"]) == (["boolq"], ["3.50"], ["1"])


def test_a_broken_checkpoint_is_said_and_nothing_is_drawn(
    settings: AppSettings, runs: Path, open_page: Open, make_manifest: Callable[..., Any]
) -> None:
    manifest = make_manifest(
        "20260301T120000Z-broken-0a1b2c", status="failed", broken="it computes NaN from layer 2 on"
    )
    folder = RunFolder.create(runs, manifest)
    for metrics in (False, True):
        if metrics:
            folder.write_metrics([])
        sealed(folder)
        test = open_page("overview", run=folder.path.name)
        assert "it computes NaN from layer 2 on" in "".join(error.value for error in test.error).replace("\\", "")
        assert "resume" not in every_markdown(test)


@pytest.mark.slow
def test_cut_answers_stand_below_the_metric(run: RunFolder, open_page: Open) -> None:
    metrics = run.read_metrics()
    accuracy = next(one for one in metrics if one.name == "boolq/accuracy" and one.primary)
    bound = {"primary": False, "ci_low": None, "ci_high": None, "note": None}
    more = [
        accuracy.model_copy(update={**bound, "name": f"boolq/{name}", "metric": name, "value": value, "unit": unit})
        for name, value, unit in (
            ("truncated_outputs", 2.0, "count"),
            ("accuracy_if_cut_wrong", 0.625, "share"),
            ("accuracy_if_cut_right", 0.75, "share"),
        )
    ]
    run.write_metrics([*metrics, *more])
    html = every_html(open_page("overview"))
    assert "2 of 24 answers cut by the token limit: 62.5 % if all are wrong, 75 % if all are right" in html


@pytest.mark.slow
def test_the_page_opens_with_sentences_and_the_scale_of_the_card(run: RunFolder, open_page: Open) -> None:
    html = every_html(open_page("overview"))
    assert html.index("Strongest") < html.index("At a glance") < html.index("boolq/accuracy")
    assert f'href="samples?run={run.path.name}&amp;tasks=evals%2Fboolq"' in html


@pytest.mark.slow
def test_an_empty_slice_is_no_alarm_and_a_missing_interval_says_why(run: RunFolder, open_page: Open) -> None:
    metrics = run.read_metrics()
    bare: dict[str, Any] = {"ci_low": None, "ci_high": None, "ci_method": None, "definition": None}
    empty = {**bare, "value": None, "n": 0, "error": "no item was drawn", "slice": {"topic": "rare"}, "primary": False}
    shots = metrics[0].model_copy(update={"settings": {"shots": 5}})
    alone = metrics[4].model_copy(update={**bare, "no_interval": "all items share one cluster"})
    run.write_metrics([shots, *metrics[1:4], alone, *metrics[5:], metrics[0].model_copy(update=empty)])
    test = open_page("overview", run=sealed(run).path.name)
    assert any("1 metric not computed" in warning.value for warning in test.warning)
    primary = next(
        table for table in tables(test) if "toxicity/expected_maximum" in table.get("Metric", []) and "n" in table
    )
    place = primary["Metric"].index("toxicity/expected_maximum")
    assert primary["Note"][place] == "no interval: all items share one cluster"
    settings = next(table for table in tables(test) if "Setting" in table)
    assert (settings["Task"], settings["Setting"], settings["Value"]) == (["boolq"], ["shots"], ["5"])
