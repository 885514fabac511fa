"""How the audit of a run's checkpoint stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.core.config import load_config
from audit.core.records import NotRun, RunCost
from audit.core.run_folder import RunFolder
from audit.pipeline.sweep.earlier import Earlier, state_of
from tests.reports.conftest import a_manifest
from tests.sealing import sealed

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_states_of_runs(tmp_path: Path) -> None:
    spent = RunCost(seconds=1, tokens=1, stopped_by="1m")
    missing = [NotRun(suite="evals", task="asdiv", reason="no data")]
    cases: list[tuple[dict[str, Any], tuple[str, str | None]]] = [
        ({"status": "failed", "broken": "NaN"}, ("broken", "NaN")),
        ({"status": "failed"}, ("failed", "its run failed")),
        ({"status": "running"}, ("interrupted", "its run was interrupted")),
        ({"status": "partial", "interrupted": True, "spent": spent}, ("interrupted", "the budget of 1m is spent")),
        ({"status": "partial", "not_run": missing}, ("partial", "not run: asdiv (no data)")),
        ({"status": "partial"}, ("partial", "a metric could not be computed")),
    ]
    for place, (changes, expected) in enumerate(cases):
        run = RunFolder.create(tmp_path / str(place), a_manifest(**{"not_run": [], **changes}))
        assert state_of(run) == expected
    whole = RunFolder.create(tmp_path / "whole", a_manifest(status="complete"))
    whole.write_metrics([])
    assert state_of(sealed(whole)) == ("audited", None)
    whole.metrics_path.write_text("[ ]")
    assert state_of(whole) == ("interrupted", "files of its run were changed or lost")


def test_a_run_that_cannot_be_read_or_is_gone_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    earlier = Earlier(load_config(flags={"out": tmp_path, "device": "cpu"}), [])
    run = RunFolder.create(tmp_path, a_manifest(status="complete"))
    digest = run.read_manifest().model.digest
    assert earlier.of(digest) == []  # its configuration is another
    run.manifest_path.write_text("{")
    assert earlier.of(digest) == []
    monkeypatch.setattr(RunFolder, "all", lambda _out: [run])
    run.manifest_path.unlink()
    assert earlier.of(digest) == []
