"""Three runs compared from Python: tables, a chart, a page, and one line for bad arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import audit
from tests.gate.comparison.runs import run_with, scored

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

SCORES = ([0.0] * 25 + [1.0] * 5, [0.0] * 24 + [1.0] * 6, [1.0] * 28 + [0.0] * 2)


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    out = tmp_path_factory.mktemp("runs")
    return [run_with(out, f"<m{place}>", scored(scores)).path for place, scores in enumerate(SCORES)]


@pytest.fixture(scope="module")
def found(paths: list[Path]) -> audit.RunSeries:
    return audit.compare(*paths[:2], paths[2], at=[100, 200, 400])


def test_tables_hold_the_record(found: audit.RunSeries) -> None:
    assert repr(found) == "RunSeries(3 runs by at, 1 metrics)"
    assert list(found.values["value"]) == pytest.approx([5 / 30, 6 / 30, 28 / 30])
    assert list(found.values["letters"]) == ["b", "b", "a"]
    assert list(found.values["at"]) == [100, 200, 400]
    assert list(found.pairs["differ"]) == [False, True, True]
    assert list(found.pairs["second"]) == ["<m1>", "<m2>", "<m2>"]
    assert found.changes["outcome"].to_list()[1] == "better"
    assert found.changes["outcome"].isna().to_list() == [True, False]
    [trend] = found.trends.to_dict("records")
    assert (trend["outcome"], trend["change"] > 0.5) == ("better", True)
    assert found.mismatches.empty
    assert list(found.mismatches.columns) == ["kind", "task", "metric", "what", "values", "pairs"]


def test_it_shows_inline_and_plots(found: audit.RunSeries, tmp_path: Path) -> None:
    html = found._repr_html_()
    assert "<th>&lt;m0&gt;</th>" in html
    assert "0.933 (0.787 to 0.982) a" in html  # Wilson's interval of 28 in 30
    spec: dict[str, Any] = found.plot().to_dict()
    assert [panel["title"] for panel in spec["concat"]] == ["boolq/accuracy"]
    page = found.page()
    assert "Comparison of 3 runs" in page.html
    assert "<m0>" not in page.html
    assert page.save(tmp_path / "page.html").read_text() == page.html


def test_what_cannot_be_compared_is_said(paths: list[Path], tmp_path: Path) -> None:
    other = run_with(tmp_path, "x", scored(SCORES[2], prompt_sha256="f" * 64)).path
    found = audit.compare(paths[0], paths[1], other)
    assert found.values.empty
    assert "runs 1 and 3, 2 and 3: the runs differ in prompts" in found.trends["error"][0]
    assert "the runs differ in prompts: 30 of 30" in found._repr_html_()
    assert list(found.mismatches["pairs"]) == [[(0, 2), (1, 2)]]
    with pytest.raises(audit.UsageError, match="there is nothing to plot"):
        found.plot()


@pytest.mark.parametrize(
    ("count", "options", "message"),
    [
        (3, {"margin": 0.1}, "audit.compare: margin is for two runs"),
        (2, {"by": "step"}, "audit.compare: by and at need three or more runs"),
        (2, {"at": [1, 2]}, "audit.compare: by and at need three or more runs"),
        (3, {"by": "step"}, "no training step in the name of the checkpoint"),
        (3, {"at": [1, 2]}, "2 places for 3 runs"),
        (3, {"at": [1, 2, "x"]}, "audit.compare: at must be numbers"),
        (3, {"at": 5}, "audit.compare: at must be numbers"),
        (3, {"by": 5}, "audit.compare: by must be a name"),
        (3, {"confidence": 2}, "confidence must be a number"),
    ],
)
def test_bad_arguments_are_one_line(count: int, options: dict[str, Any], message: str, paths: list[Path]) -> None:
    with pytest.raises(audit.UsageError, match=message) as raised:
        audit.compare(*paths[:count], **options)
    assert "\n" not in str(raised.value)


def test_one_run_twice_is_refused(paths: list[Path]) -> None:
    with pytest.raises(audit.UsageError, match="this run is given twice"):
        audit.compare(paths[0], paths[0])


def test_repeats_are_two_checkpoints(tmp_path: Path) -> None:
    runs = [
        run_with(tmp_path, f"m{place}", scored(SCORES[place % 2]), model={"digest": "ab"[place % 2] * 64}).path
        for place in range(4)
    ]
    found = audit.compare(*runs[:2], *runs[2:], repeats=True)
    assert isinstance(found, audit.RunComparison)
    assert list(found.differences["difference"]) == pytest.approx([1 / 30])
    assert len(found.changed("boolq")) == 1
    with pytest.raises(audit.UsageError, match="by and at say nothing of repeats"):
        audit.compare(*runs[:2], *runs[2:], repeats=True, by="date")
