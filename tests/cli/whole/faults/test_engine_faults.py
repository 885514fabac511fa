"""A kernel that fails, a device that is gone, a journal that is damaged: what ran is kept, the run is partial."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch

from audit.core.run_folder import RunFolder
from audit.engine.local import faults
from audit.engine.local.model.forward import Forward
from audit.explain.run import suite
from audit.gate.evidence import seal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Audit = Callable[..., tuple[int, str, str]]

CONFIG = """
threads: 1
explain: {methods: [occlusion, gradient_x_input], bias_gaps: 1, errors: 1, drivers: 6}
evals: {tasks: []}
safety: {tasks: [{name: personal_data, limit: 4}, {name: crows_pairs, limit: 20}], samples_per_prompt: 1}
"""


@pytest.fixture
def call(audit: Audit, tiny_model: Path, data_dir: Path, tmp_path: Path) -> Callable[[], tuple[int, str, str]]:
    (tmp_path / "run.yaml").write_text(CONFIG)
    words = ["--model", tiny_model, "--data-dir", data_dir, "--out", tmp_path / "runs", "--offline"]
    return lambda: audit("run", *words, "--config", tmp_path / "run.yaml")


def break_scoring(patch: pytest.MonkeyPatch, since: Callable[[int], bool]) -> list[int]:
    """Kernels fail in the passes of scoring, counted from 0, that ``since`` names; returns one entry per pass."""
    tiles, calls = Forward.tiles, list[int]()

    def failing(self: Forward, work: Any, layout: Any, rows: Any, columns: Any, cache: Any = None) -> Any:
        if self.shares and cache is None:  # neither the trial while loading nor prompts of generation
            calls.append(1)
            if since(len(calls) - 1):
                msg = "CUDA error: device-side assert triggered\nFor debugging consider passing CUDA_LAUNCH_BLOCKING=1"
                raise torch.AcceleratorError(msg)
        return tiles(self, work, layout, rows, columns, cache)

    patch.setattr(Forward, "tiles", failing)
    return calls


def latest(tmp_path: Path) -> RunFolder:
    return RunFolder.resolve("latest", tmp_path / "runs")


@pytest.mark.slow
def test_a_failing_kernel_costs_one_task(
    audit: Audit, call: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_scoring(monkeypatch, lambda number: number > 0)
    code, out, error = call()
    assert code == 13
    assert "Traceback" not in out + error
    run = latest(tmp_path)
    manifest = run.read_manifest()
    assert manifest.status == "partial"
    reasons = {missing.task: missing.reason for missing in manifest.not_run}
    assert "device-side assert triggered" in reasons["crows_pairs"]
    assert "personal_data" not in reasons
    assert run.read_samples("safety", "personal_data")
    assert audit("gate", run.path)[0] in {11, 13}
    monkeypatch.undo()
    code, _, error = audit("run", "--resume", run.path)
    assert code == 0, error
    assert latest(tmp_path).read_manifest().status == "complete"


@pytest.mark.slow
def test_a_lost_device_is_asked_by_no_later_task(call: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "run.yaml").write_text(CONFIG.replace("{name: personal_data, limit: 4}, ", ""))
    explaining: list[int] = []
    choose = suite.choose
    monkeypatch.setattr(suite, "choose", lambda *words: explaining.append(1) or choose(*words))
    break_scoring(monkeypatch, lambda _number: bool(explaining))
    monkeypatch.setattr(faults, "answers", lambda _device: False)
    code, out, error = call()
    assert code == 13
    assert "Traceback" not in out + error
    run = latest(tmp_path)
    manifest = run.read_manifest()
    assert manifest.status == "partial"
    reasons = {missing.task: missing.reason for missing in manifest.not_run}
    assert set(reasons) == {"occlusion", "gradient_x_input", "drivers"}
    assert len(set(reasons.values())) == 1
    assert "cpu no longer responds (AcceleratorError: CUDA error: device-side assert triggered)" in reasons["drivers"]
    assert run.read_samples("safety", "crows_pairs")
    assert len(explaining) == 1


@pytest.mark.slow
def test_a_device_lost_in_the_first_task_leaves_the_others_not_run(
    call: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = CONFIG.replace("{name: personal_data, limit: 4}, {name: crows_pairs, limit: 20}", "TASKS")
    tasks = "{name: crows_pairs, limit: 20}, {name: counterfactual, limit: 4}, {name: personal_data, limit: 4}"
    (tmp_path / "run.yaml").write_text(text.replace("TASKS", tasks))
    calls = break_scoring(monkeypatch, lambda _number: True)
    monkeypatch.setattr(faults, "answers", lambda _device: False)
    assert call()[0] == 13
    reasons = {missing.task: missing.reason for missing in latest(tmp_path).read_manifest().not_run}
    assert {"crows_pairs", "counterfactual", "personal_data"} <= set(reasons)
    assert len({reasons[task] for task in ("crows_pairs", "counterfactual", "personal_data")}) == 1
    assert len(calls) == 1


@pytest.mark.slow
def test_a_damaged_journal_is_one_line_and_moving_it_away_helps(audit: Audit, call: Any, tmp_path: Path) -> None:
    assert call()[0] == 0
    run = latest(tmp_path)
    seal(run, run.read_manifest().model_copy(update={"status": "partial"}))
    whole = run.metrics_path.read_bytes()
    content = bytearray(run.journal_path.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 4096] = bytes(4096)
    run.journal_path.write_bytes(content)
    code, _, error = audit("run", "--resume", run.path, "-q")
    assert code == 2
    assert str(run.journal_path) in error
    assert "move it away" in error
    assert len(error.splitlines()) == 1
    assert run.read_manifest().status == "failed"
    run.journal_path.rename(tmp_path / "away")
    assert audit("run", "--resume", run.path)[0] == 0
    assert run.metrics_path.read_bytes() == whole
