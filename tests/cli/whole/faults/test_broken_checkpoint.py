"""A checkpoint that computes NaN: exit 2 before the tasks, and a folder that the gate fails."""

from __future__ import annotations

import json
import shutil
from contextlib import redirect_stderr
from io import StringIO
from typing import TYPE_CHECKING

import pytest
import torch
from safetensors.torch import load_file, save_file

from audit.core.run_folder import RunFolder
from tests.cli.whole.words import only_run, run_quietly

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Audit = Callable[..., tuple[int, str, str]]

MESSAGE = "the checkpoint computes NaN from layer 2 on: it is broken"


@pytest.fixture(scope="module")
def broken(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One value of the second layer is NaN."""
    folder = shutil.copytree(tiny_model, tmp_path_factory.mktemp("broken") / "broken")
    weights = load_file(folder / "model.safetensors")
    weights["model.layers.1.mlp.down_proj.weight"][0, 0] = torch.nan
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


@pytest.fixture(scope="module")
def left(broken: Path, data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """What `audit run` leaves of it: the run folder and the error."""
    out, error = tmp_path_factory.mktemp("runs"), StringIO()
    words = ["--model", broken, "--data-dir", data_dir, "--out", out, "--offline", "--tasks", "crows_pairs"]
    with redirect_stderr(error):
        assert run_quietly(["run", *words, "--limit", 6]) == 2
    return only_run(out), error.getvalue()


@pytest.fixture
def run(left: tuple[Path, str], tmp_path: Path) -> RunFolder:
    """A copy of the run folder."""
    return RunFolder.open(shutil.copytree(left[0], tmp_path / "runs" / left[0].name))


def test_the_error_is_one_line_that_names_the_weights(left: tuple[Path, str]) -> None:
    (line,) = left[1].splitlines()
    assert MESSAGE in line
    assert "model.layers.1.mlp.down_proj.weight" in line


def test_the_run_folder_says_so_and_holds_no_number(run: RunFolder) -> None:
    manifest = run.read_manifest()
    assert manifest.status == "failed"
    assert manifest.broken is not None
    assert MESSAGE in manifest.broken
    assert manifest.finished is not None
    assert run.read_metrics() == []
    assert run.tasks() == []


@pytest.mark.parametrize("own_policy", [True, False])
def test_the_gate_fails_it(audit: Audit, run: RunFolder, tmp_path: Path, own_policy: bool) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(json.dumps({"rules": [{"metric": "crows_pairs/pct_stereotype", "min": 0}]}))
    words = ("--policy", policy) if own_policy else ()
    code, out, _ = audit("gate", run.path, *words, "--summary", tmp_path / "summary.md")
    assert code == 10
    assert "FAIL" in out
    decision = run.read_decision()
    assert decision is not None
    assert decision.verdict == "FAIL"
    assert MESSAGE in decision.checks[0].reason
    assert "resume" not in decision.checks[0].reason
    assert "computes NaN" in (tmp_path / "summary.md").read_text()


def test_card_and_exports_show_it(audit: Audit, run: RunFolder, tmp_path: Path) -> None:
    assert MESSAGE in run.report_path.read_text()
    for form in ("html", "md", "json"):
        file = tmp_path / f"report.{form}"
        code, _, error = audit("report", run.path, "--format", form, "--out", file)
        assert code == 0, error
        assert "computes NaN" in file.read_text()
        assert "--resume" not in file.read_text()


def test_resuming_finds_it_again(audit: Audit, run: RunFolder) -> None:
    code, _, error = audit("run", "--resume", run.path)
    assert code == 2
    assert MESSAGE in error
    assert run.read_manifest().status == "failed"
    assert run.read_manifest().broken


def test_explaining_it_is_refused(audit: Audit, broken: Path) -> None:
    code, _, error = audit("explain", "--model", broken, "--prompt", "Twelve apples", "--target", " are")
    assert code == 2
    assert MESSAGE in error


def test_what_overflows_float16_leaves_no_folder(
    audit: Audit, tiny_model: Path, data_dir: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "large"
    shutil.copytree(tiny_model, folder)
    weights = load_file(folder / "model.safetensors")
    weights["model.layers.0.mlp.down_proj.weight"] *= 1e6
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    words = ["--model", folder, "--data-dir", data_dir, "--out", tmp_path / "runs", "--offline", "--limit", 2]
    code, _, error = audit("run", *words, "--tasks", "crows_pairs", "--dtype", "float16", "-q")
    assert code == 2
    assert "overflows float16 from layer 1 on: use --dtype bfloat16 or float32" in error
    assert not list((tmp_path / "runs").iterdir())
