"""What every page starts with: the chosen run, or what to say where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.run_folder import RunFolder
from tests.app.drawn import SCRIPTS, tables
from tests.sealing import sealed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from streamlit.testing.v1 import AppTest

    from audit.app.settings import AppSettings

    Open = Callable[..., AppTest]


@pytest.mark.parametrize("page", [*SCRIPTS])
def test_an_empty_folder_says_what_to_run(page: str, open_page: Open) -> None:
    test = open_page(page)
    assert [title.value for title in test.title] == ["No run here yet"]
    assert any(code.value.startswith("audit run --profile quick --out ") for code in test.code)


@pytest.mark.parametrize("page", [*SCRIPTS])
def test_a_broken_run_is_one_line_on_every_page(page: str, run: RunFolder, open_page: Open) -> None:
    run.manifest_path.write_text("{")
    (error,) = open_page(page).error
    assert "manifest" in error.value
    assert "\n" not in error.value
    if page == "rate_run":  # its reader must not learn which run it is
        assert run.path.name not in error.value


@pytest.mark.parametrize("page", [*SCRIPTS])
def test_a_run_that_has_only_begun_is_no_error(page: str, runs: Path, make_manifest: Any, open_page: Open) -> None:
    RunFolder.create(runs, make_manifest(status="running", finished=None, not_run=[], warnings=[]))
    test = open_page(page)
    kept = (
        "has not ended",
        "This run is in progress",
        "no samples yet",
        "no other run in this folder",
        "explained no samples",
    )
    assert any(words in info.value for info in test.info for words in kept)


@pytest.mark.slow
def test_the_newest_run_is_shown_first_and_another_by_its_address(
    run: RunFolder, runs: Path, make_manifest: Any, open_page: Open
) -> None:
    newer = "20260202T000000Z-other-ffffff"
    RunFolder.create(runs, make_manifest(newer, status="running", not_run=[], warnings=[]))
    assert open_page("overview").selectbox(key="pick_run").value == newer
    assert open_page("overview", run=run.path.name).selectbox(key="pick_run").value == run.path.name
    lost = open_page("overview", run="nothing_of_*this*_name")
    assert [title.value for title in lost.title] == ["This run is not here"]
    assert any(r"nothing\_of\_\*this\*\_name" in error.value for error in lost.error)
    assert tables(lost) == [], "the numbers of another run are not those of the link"


def test_runs_of_one_minute_are_not_mixed_up(
    settings: AppSettings, runs: Path, open_page: Open, make_manifest: Callable[..., Any]
) -> None:
    """Streamlit finds the chosen option by its label: with equal labels a click anywhere led to the namesake."""
    names = [f"20260301T12000{second}Z-twin-{digest}" for second, digest in ((1, "0a1b2c"), (2, "3d4e5f"))]
    for name in names:
        RunFolder.create(runs, make_manifest(name)).write_metrics([])
    for name in names:
        box = open_page("overview", run=name).selectbox(key="pick_run")
        assert len(set(box.options)) == len(box.options)
        assert box.value == name


def said(test: AppTest) -> str:
    """Red lines of a page, without Markdown's escapes."""
    return "\n".join(error.value for error in test.error).replace("\\", "")


@pytest.mark.slow
@pytest.mark.parametrize("page", [*SCRIPTS])
def test_changed_metrics_are_a_red_line_on_every_page(page: str, run: RunFolder, open_page: Any) -> None:
    known = {"rate_run": ("cannot be rated", "metrics of their run")}  # no more: a path names the run
    words, where = known.get(page, ("Do not believe these numbers", "metrics.json"))
    assert words not in said(open_page(page))
    run.metrics_path.write_text(run.metrics_path.read_text().replace("0.6666666666666666", "0.9"))
    test = open_page(page)
    assert words in said(test)
    assert where in said(test)


@pytest.mark.slow
def test_other_runs_go_on_working(run: RunFolder, runs: Path, make_manifest: Any, open_page: Any) -> None:

    run.metrics_path.unlink()
    other = RunFolder.create(runs, make_manifest("20260301T120000Z-other-0a1b2c"))
    other.write_metrics([])
    sealed(other)
    assert said(open_page("overview", run=other.path.name)) == ""
    assert "metrics.json: evidence invalid: it is missing" in said(open_page("overview", run=run.path.name))
