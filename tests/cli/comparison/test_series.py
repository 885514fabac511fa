"""``audit compare`` with three and more runs: tables, files, and what is refused in one line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from audit.core.records import SeriesComparison
from tests.gate.comparison.runs import run_with, scored

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.core.run_folder import RunFolder

    Audit = Callable[..., tuple[int, str, str]]

pytestmark = pytest.mark.slow

SCORES = ([0.0] * 25 + [1.0] * 5, [0.0] * 24 + [1.0] * 6, [1.0] * 28 + [0.0] * 2)


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    out = tmp_path_factory.mktemp("runs")
    runs: list[RunFolder] = [
        run_with(
            out,
            f"m{place}",
            scored(scores),
            packages={"torch": f"2.{place}"},
            model={"source": f"checkpoint-{place}00"},
        )
        for place, scores in enumerate(SCORES)
    ]
    return [run.path for run in runs]


def test_tables_show_letters_changes_and_the_trend(
    audit: Audit, paths: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audit.cli.console.out._width", 200)
    code, out, err = audit("compare", *paths, "--by", "step", "--items", 1)
    assert (code, err) == (0, "")
    assert " 3 m2  training step 200" in out
    assert "differs: package torch: 2.0 | 2.1 | 2.2" in out
    rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in out.splitlines() if line.startswith("│")]
    assert [(row[1], row[4], row[8]) for row in rows[:3]] == [
        ("m0", "b", ""), ("m1", "b", "no change shown"), ("m2", "a", "better"),
    ]  # fmt: skip
    assert (rows[0][0], rows[3][0], rows[3][-1]) == ("boolq/accuracy (share ↑)", "boolq/accuracy", "better")
    assert "trend by training step" in out
    assert "score 1, now 0" in out
    assert "m2 " in out.splitlines()[-1]


def test_files_and_json(audit: Audit, paths: list[Path], tmp_path: Path) -> None:
    page, table = tmp_path / "page.html", tmp_path / "table.csv"
    code, out, err = audit("compare", *paths[::-1], "--at", "3,2,1", "--json", "--html", page, "--csv", table)
    assert (code, err) == (0, "")
    found = SeriesComparison.model_validate(json.loads(out))
    assert [(run.label, run.given) for run in found.runs] == [("m0", 2), ("m1", 1), ("m2", 0)]
    assert len(table.read_text().splitlines()) == 4
    assert "Comparison of 3 runs" in page.read_text()
    assert "27 of 30 items changed" in page.read_text()


def test_two_runs_have_a_page(audit: Audit, paths: list[Path], tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    code, *_ = audit("compare", *paths[1:], "--html", page)
    assert code == 0
    assert "Comparison of two runs" in page.read_text()


@pytest.mark.parametrize(
    ("count", "words", "message"),
    [
        (3, ["--margin", "0.1"], "--margin is for two runs"),
        (2, ["--by", "step"], "--by needs three or more runs"),
        (2, ["--at", "1,2"], "--at needs three or more runs"),
        (3, ["--at", "1,2"], "--at has 2 places for 3 runs"),
        (3, ["--at", "1,two,3"], "--at two: give numbers separated by commas, such as 1000,2000,4000"),
        (3, ["--by", "stepp"], "no field stepp in the manifest: choose order, step, date"),
        (3, ["--by", "date", "--at", "1,2,3"], "--by date and --at: give one of them"),
        (3, ["--tasks", "bool"], "bool: no run has a metric of this task. Did you mean 'boolq'?"),
        (3, ["--confidence", "0.9999"], "no difference could be shown at confidence 0.9999"),
    ],
)
def test_bad_options_are_one_line(
    count: int, words: list[str], message: str, audit: Audit, paths: list[Path], tmp_path: Path
) -> None:
    code, out, err = audit("compare", *paths[:count], *words)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


def test_one_run_twice_is_refused(audit: Audit, paths: list[Path]) -> None:
    for given in ((paths[0], paths[0]), (paths[0], paths[1], paths[0].parent / "." / paths[0].name)):
        code, out, err = audit("compare", *given)
        assert (code, out) == (2, "")
        assert "this run is given twice: compare it with another one" in err
        assert err.count("\n") == 1


def test_evidence_is_never_overwritten(audit: Audit, paths: list[Path]) -> None:
    metrics = paths[0] / "metrics.json"
    before = metrics.read_bytes()
    code, _, err = audit("compare", *paths, "--html", metrics)
    assert (code, metrics.read_bytes()) == (2, before)
    assert "--html" in err
