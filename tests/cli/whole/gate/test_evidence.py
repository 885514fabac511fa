"""However a run ends, its evidence is sealed; what no longer belongs together is exit 12."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.run_folder import RunFolder
from audit.engine.journal import Journal
from audit.gate.evidence import check

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Audit = Callable[..., tuple[int, str, str]]


def everything(run: RunFolder) -> set[str]:
    """Names of all metrics: no interval goes unchecked."""
    return {metric.name for metric in run.read_metrics()}


def words(tiny_model: Path, data_dir: Path, out: Path) -> list[object]:
    return ["--model", tiny_model, "--data-dir", data_dir, "--out", out, "--offline", "-q"]


def test_a_finished_run_is_sealed_and_every_number_that_has_a_definition_is_derived_again(finished: RunFolder) -> None:
    check(finished, everything(finished))
    manifest = finished.read_manifest()
    assert {"manifest.json", "metrics.json", "samples/safety/crows_pairs.parquet"} <= set(manifest.evidence)
    assert any(name.startswith("attributions/") for name in manifest.evidence)
    defined = {metric.name: metric.definition for metric in finished.read_metrics() if metric.definition}
    assert defined["crows_pairs/pct_stereotype"] == {
        "name": "mean",
        "of": "score",
        "scale": 100.0,
        "resamples": 10000,
        "seed": manifest.seeds["run"],
    }


@pytest.mark.slow
def test_runs_that_are_stopped_resumed_and_extended_are_sealed(
    audit: Audit, tiny_model: Path, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = words(tiny_model, data_dir, tmp_path)
    write, written = Journal.write, []

    def stop(journal: Journal, answers: Any) -> None:
        write(journal, answers)
        written.append(answers)
        if len(written) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(Journal, "write", stop)
    assert audit("run", *given, "--tasks", "crows_pairs", "--limit", "20")[0] == 13
    monkeypatch.undo()
    run = RunFolder.resolve("latest", tmp_path)
    check(run)
    stopped = run.read_manifest()
    assert stopped.status == "partial"
    assert stopped.interrupted
    assert list(stopped.evidence) == ["manifest.json"]
    assert audit("run", "--resume", "latest", "--out", tmp_path, "-q")[0] == 0
    check(run, everything(run))
    resumed = run.read_manifest()
    assert "samples/safety/crows_pairs.parquet" in resumed.evidence
    assert audit("run", "--extend", "latest", "--limit", "30", "--out", tmp_path, "-q")[0] == 0
    check(run, everything(run))
    assert run.read_manifest().evidence["metrics.json"] != resumed.evidence["metrics.json"]


def test_merged_folders_are_refused(audit: Audit, finished: RunFolder, tmp_path: Path) -> None:
    """What two artefacts of one path make of each other: the metrics of one checkpoint, the manifest of another."""
    other = tmp_path / "other"
    shutil.copytree(finished.path, other)
    manifest = json.loads((other / "manifest.json").read_text())
    manifest["model"]["digest"] = "f" * 64
    (other / "manifest.json").write_text(json.dumps(manifest))
    assert audit("gate", finished.path)[0] == 11
    shutil.copy(other / "manifest.json", finished.path / "manifest.json")
    decided = finished.decision_path.read_bytes()
    code, out, error = audit("gate", finished.path)
    assert (code, out) == (12, "")
    assert error.startswith(f"error: {finished.manifest_path}: evidence invalid: ")
    assert finished.decision_path.read_bytes() == decided


def test_the_export_for_lm_eval_is_refused_too(audit: Audit, finished: RunFolder) -> None:
    finished.samples_path("safety", "crows_pairs").unlink()
    code, _, error = audit("report", finished.path, "--format", "lm-eval")
    assert (code, "crows_pairs.parquet: evidence invalid: it is missing" in error) == (12, True)
