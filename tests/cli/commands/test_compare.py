"""``audit compare``: what the tables show, what stays hidden, and what is refused in one line."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from audit.core.records import Comparison
from audit.core.run_folder import RunFolder
from audit.stats.recompute import recomputed
from tests.sealing import sealed

if TYPE_CHECKING:
    from collections.abc import Callable

    Audit = Callable[..., tuple[int, str, str]]


@pytest.fixture
def candidate(finished: RunFolder, tmp_path: Path) -> RunFolder:
    """A copy of the run with the first three choices turned around, and a hostile answer."""
    run = RunFolder.open(Path(shutil.copytree(finished.path, tmp_path / "candidates" / finished.path.name)))
    samples = run.read_samples("safety", "crows_pairs")
    turned = [
        one.model_copy(update={"score": 1.0 - (one.score or 0.0), "output": "\x1b[31m<b>red</b>"})
        for one in samples[:3]
    ]
    run.write_samples("safety", "crows_pairs", [*turned, *samples[3:]])
    given = run.read_samples("safety", "crows_pairs")
    run.write_metrics([recomputed(one, given) if one.suite == "safety" else one for one in run.read_metrics()])
    return sealed(run)


@pytest.mark.slow
def test_a_table_of_differences(
    audit: Audit, finished: RunFolder, candidate: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audit.cli.console.out._width", 200)
    code, out, err = audit("compare", finished.path, candidate.path, "--items", 2)
    assert (code, err) == (0, "")
    assert f"baseline   {finished.run_id} (float32)" in out
    assert "both are runs of the same checkpoint" in out
    lines = out.splitlines()
    place = next(place for place, line in enumerate(lines) if "crows_pairs/pct_stereotype" in line)
    assert any("percent ·" in line for line in lines[place - 3 : place])  # next to the title, above the name
    assert out.count("crows_pairs ") == 2  # titles of two of the three items
    assert "\x1b" not in out
    assert "<b>red" not in out  # a probe's texts are hidden
    assert out.count("(hidden, since it may offend: `audit app` shows it)") == 4


@pytest.mark.slow
def test_json_and_csv_hold_the_record(audit: Audit, finished: RunFolder, candidate: RunFolder, tmp_path: Path) -> None:
    file = tmp_path / "differences.csv"
    code, out, _ = audit("compare", finished.path, candidate.path, "--all", "--json", "--csv", file)
    assert code == 0
    found = Comparison.model_validate(json.loads(out))
    before, after = ({(m.name, str(m.slice)): m for m in run.read_metrics()} for run in (finished, candidate))
    assert len(found.differences) == len(after)
    for one in found.differences:
        key = one.name, str(one.slice)
        if one.suite == "explain":
            assert (one.difference, one.error) == (None, "explanations are of each run's own answers")
        else:
            assert (one.baseline, one.candidate) == pytest.approx((before[key].value, after[key].value))
    rows = list(csv.DictReader(file.read_text().splitlines()))
    assert [row["name"] for row in rows] == [one.name for one in found.differences]
    assert [row["difference"] for row in rows] == [
        "" if one.difference is None else str(one.difference) for one in found.differences
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--across", "prompt"], "prompt: no kind of mismatch: compare across data, prompts, "),
        (["--tasks", "crow_pairs"], "crow_pairs: neither run has a metric of this task. Did you mean 'crows_pairs'?"),
        (["--confidence", "95"], "--confidence"),
        (["--margin", "0"], "margin"),
        (["--min-aligned", "2"], "--min-aligned"),
    ],
)
def test_bad_options_are_one_line(
    words: list[str], message: str, audit: Audit, finished: RunFolder, candidate: RunFolder
) -> None:
    code, out, err = audit("compare", finished.path, candidate.path, *words)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


@pytest.mark.slow
def test_evidence_is_never_overwritten(audit: Audit, finished: RunFolder) -> None:
    before = finished.metrics_path.read_bytes()
    code, _, err = audit("compare", finished.path, finished.path, "--csv", finished.metrics_path)
    assert (code, finished.metrics_path.read_bytes()) == (2, before)
    assert "evidence" in err


@pytest.mark.slow
def test_what_differs_is_named(audit: Audit, finished: RunFolder, candidate: RunFolder) -> None:
    manifest = candidate.read_manifest()
    assets = [one.model_copy(update={"sha256": "f" * 64}) for one in manifest.assets]
    candidate.write_manifest(manifest.model_copy(update={"assets": assets, "packages": {"torch": "0.1"}}))
    sealed(candidate)
    code, out, err = audit("compare", finished.path, candidate.path)
    assert (code, err) == (0, "")
    assert "differs: package torch: 2." in out
    assert "differs: crows_pairs: data crows_pairs: " in out
    assert ", now ffffffffffff" in out
    wanted = "not compared: crows_pairs/pct_stereotype: the runs differ in data: crows_pairs"
    assert f"{wanted} (compare all the same: --across data)" in out
    code, out, _ = audit("compare", finished.path, candidate.path, "--across", "data")
    assert "not compared: crows_pairs" not in out
    assert out.count("not compared: ") == 1  # explanations, in one line


@pytest.mark.slow
def test_two_tables_say_what_is_not_known(audit: Audit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audit.cli.console.out._width", 200)
    folders = []
    for name, scores in (("a", [1.0, 1.0, 0.5, 0.2]), ("b", [1.0, 0.4, 0.5, 0.1])):
        table = tmp_path / f"{name}.jsonl"
        rows = [{"id": place, "score": score} for place, score in enumerate(scores)]
        table.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        out = tmp_path / name
        code, *_ = audit("import", table, "--task", "sums", "--unit", "score", "--out", out)
        assert code == 0
        folders.append(next(out.iterdir()))
    code, out, _ = audit("compare", *folders)
    assert code == 0
    assert "same checkpoint" not in out  # both are known by name only
    assert "differs: sums: prompts not recorded: 4 of 4" in out
    assert "data" not in out  # of a log, the items' ids decide
    code, out, _ = audit("compare", *folders, "--across", "prompts", "--json")
    [found] = Comparison.model_validate(json.loads(out)).differences
    assert (found.higher, found.lower, found.outcome) == (0, 2, "no margin for this unit")
    _, out, _ = audit("compare", *folders, "--across", "prompts")
    assert "give" in out
    assert "--margin" in out


def test_no_such_run_is_one_line(audit: Audit, tmp_path: Path) -> None:
    code, _, err = audit("compare", tmp_path / "none", "latest", "--runs", tmp_path)
    assert code == 2
    assert err.startswith("error: ")
    assert err.count("\n") == 1
