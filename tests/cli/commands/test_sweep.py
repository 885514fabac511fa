"""``audit sweep`` on the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from audit.cli.commands.sweep import show
from audit.core.records import Sweep, SweptCheckpoint

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Audit = Callable[..., tuple[int, str, str]]


def test_bad_input_is_one_line(audit: Audit, tmp_path: Path) -> None:
    cases = {
        ("none-*", "--tasks", "personal_data", "--offline", "--out", str(tmp_path / "r")): "no checkpoint matches",
        ("a/b", "--idle", "2h"): "--idle 2h: it belongs to --watch",
        ("a/b", "--watch", "--every", "soon"): "--every soon: must be a duration",
    }
    for words, line in cases.items():
        code, _, told = audit("sweep", *words)
        assert (code, told.count("\n")) == (2, 1), told
        assert line in told


def test_what_is_not_compared_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    entry = SweptCheckpoint(name="final[/b]", model="f", state="audited", run="r")
    found = Sweep(patterns=["*"], axis="step", checkpoints=[entry], left_out=["step-7"], unplaced=["final[/b]"])
    show(found, tmp_path)
    out = capsys.readouterr().out
    assert "audited, but not compared, with no training step: final[/b]" in out
    assert "audited, but too many to be compared: step-7" in out


@pytest.mark.slow
def test_a_checkpoint_is_audited_once(audit: Audit, tiny_model: Path, tmp_path: Path) -> None:
    words = ["sweep", tiny_model, "--tasks", "personal_data", "--limit", "1", "--no-explain", "--offline"]
    words += ["--out", tmp_path / "runs"]
    code, shown, told = audit(*words)
    assert code == 0, told
    assert "audited" in shown
    assert "not compared: a trend needs three audited checkpoints" in shown
    assert (tmp_path / "runs" / "sweep.json").is_file()
    code, shown, _ = audit(*words, "--json")
    assert (code, json.loads(shown)["checkpoints"][0]["state"]) == (0, "audited")
    assert len([one for one in (tmp_path / "runs").iterdir() if (one / "manifest.json").exists()]) == 1
