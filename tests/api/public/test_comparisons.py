"""Two runs compared from Python: the tables hold the record, and bad arguments are one line."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

import audit
from audit.core.run_folder import RunFolder
from audit.stats.recompute import recomputed
from tests.sealing import sealed

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def candidate(made: audit.Run, tmp_path: Path) -> Path:
    """A copy of the run whose first choice is turned around."""
    run = RunFolder.open(shutil.copytree(made.path, tmp_path / made.path.name))
    first, *others = run.read_samples("safety", "crows_pairs")
    output = "<script>alert(1)</script>"
    turned = [first.model_copy(update={"score": 1.0 - (first.score or 0.0), "output": output}), *others]
    run.write_samples("safety", "crows_pairs", turned)
    given = run.read_samples("safety", "crows_pairs")
    run.write_metrics([recomputed(one, given) if one.suite == "safety" else one for one in run.read_metrics()])
    return sealed(run).path


@pytest.mark.slow
def test_differences_are_those_of_the_record(made: audit.Run, candidate: Path) -> None:
    found = audit.compare(made.path, candidate)
    assert repr(found).startswith(f"RunComparison({found.record.baseline.run_id!r}, ")
    assert list(found.differences["name"]) == [one.name for one in found.record.differences]
    row = found.differences.set_index("name").loc["crows_pairs/pct_stereotype"]
    assert abs(row["difference"]) == 25.0  # one of four pairs
    assert {row["higher"], row["lower"]} == {0, 1}
    assert found.mismatches.empty
    assert list(found.mismatches.columns)[:2] == ["kind", "task"]


def test_changed_items(made: audit.Run, candidate: Path) -> None:
    found = audit.compare(made.path, candidate)
    changed = found.changed("crows_pairs")
    assert len(changed) == 1
    item = changed.iloc[0]
    assert item["change"] == item["score_candidate"] - item["score_baseline"]
    assert item["output_candidate"] == "<script>alert(1)</script>"
    with pytest.raises(audit.UsageError, match=r"'crows' was not compared; crows_pairs were\. Did you mean"):
        found.changed("crows")


def test_groups_of_tasks_have_no_changed_items(made: audit.Run, candidate: Path) -> None:
    found = audit.compare(made.path, candidate)
    pairs = next(one for one in found.record.differences if one.task == "crows_pairs")
    group = pairs.model_copy(update={"name": "bias/mean", "task": "bias"})
    found.record.differences.append(group)
    with pytest.raises(audit.UsageError, match=r"'bias' was not compared; crows_pairs were\."):
        found.changed("bias")


@pytest.mark.slow
def test_it_shows_inline_and_plots(made: audit.Run, candidate: Path) -> None:
    found = audit.compare(made.path, candidate)
    html = found._repr_html_()
    assert "crows_pairs/pct_stereotype" in html
    assert "explanations are of each run&#x27;s own answers" in html
    assert found.page().html.count("<svg") == 1
    assert "&lt;script&gt;alert(1)" in found.page().html
    spec: dict[str, Any] = found.plot().to_dict()
    assert "candidate − baseline (percent)" in str(spec)
    with pytest.raises(audit.UsageError, match="there is nothing to plot"):
        audit.compare(made.path, candidate, min_aligned=1.0, tasks="occlusion").plot()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"min_aligned": 2}, "min_aligned must be a number from 0 to 1"),
        ({"confidence": "high"}, "confidence must be a number from 0.5 to 0.9999"),
        ({"margin": "wide"}, "margin must be a number above 0"),
        ({"margin": -1}, "margin"),
        ({"across": "prompt"}, "no kind of mismatch"),
        ({"across": [1]}, "is no text"),
        ({"tasks": ["nope"]}, "neither run has a metric of this task"),
    ],
)
def test_bad_arguments_are_one_line(options: dict[str, Any], message: str, made: audit.Run, candidate: Path) -> None:
    with pytest.raises(audit.UsageError, match=message) as raised:
        audit.compare(made.path, candidate, **options)
    assert "\n" not in str(raised.value)
