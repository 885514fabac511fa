"""``audit run --shard`` and ``audit merge``, typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.run_folder import RunFolder

if TYPE_CHECKING:
    from pathlib import Path

Audit = Any


@pytest.mark.slow
def test_two_shards_are_merged(audit: Audit, tiny_model: Path, tmp_path: Path) -> None:
    words = ("--model", tiny_model, "--tasks", "counterfactual", "--limit", 4, "--no-explain", "--offline", "-q")
    for number in (1, 2):
        code, out, error = audit("run", *words, "--shard", f"{number}/2", "--out", tmp_path / "shards")
        assert code == 0, (out, error)
    shards = [run.path for run in RunFolder.all(tmp_path / "shards")]
    code, _, error = audit("merge", shards[0], "--out", tmp_path)
    assert (code, " of 2 is missing: give its folder" in error) == (2, True)
    code, out, error = audit("merge", *shards, "--out", tmp_path, "-q")
    (run,) = RunFolder.all(tmp_path)
    assert code == {"complete": 0, "partial": 13}[run.read_manifest().status], (out, error)
    assert run.read_metrics()
