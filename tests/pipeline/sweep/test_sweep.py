"""A sweep over tiny checkpoints: what is audited, skipped, finished and reported; audits are stubs but in one test."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from filelock import FileLock
from safetensors.numpy import save

from audit.core.config import RunConfig, load_config
from audit.core.errors import BudgetSpent, CheckpointError, Interrupted
from audit.core.progress import Silent
from audit.core.records import ModelRecord, ShardRecord, Sweep, digest_of
from audit.core.records.files.json_file import plain, read_record
from audit.engine.configured import digest_of_files
from audit.pipeline.configuration import anchored, choose_tasks
from audit.pipeline.plugins import used
from audit.pipeline.sweep import found as finding
from audit.pipeline.sweep import sweep as sweeping
from audit.pipeline.sweep.earlier import Earlier
from audit.pipeline.sweep.watch import Watch
from tests.gate.comparison.runs import run_with, scored
from tests.sealing import sealed

if TYPE_CHECKING:
    from audit.core.run_folder import RunFolder

N = 40


class Heard:
    """Remembers what was audited, and what was said."""

    def __init__(self) -> None:
        self.audited: list[str] = []
        self.lines: list[str] = []

    def auditing(self, checkpoint: str, place: int, known: int) -> Any:
        self.audited.append(checkpoint)
        return nullcontext(Silent())

    def say(self, line: str) -> None:
        self.lines.append(line)


class Audits:
    """Stands for the audit: a run of given scores, or what it raises, by the checkpoint's name."""

    def __init__(self) -> None:
        self.resumed: list[RunFolder | None] = []
        self.ends: dict[str, Any] = {}

    def __call__(self, config: RunConfig, progress: Any, *, resume: RunFolder | None = None) -> None:
        name = Path(config.model).name
        self.resumed.append(resume)
        end = self.ends.pop(name, {})
        if isinstance(end, BaseException):
            raise end
        if resume is not None:
            shutil.rmtree(resume.path)
        right = 10 * int(name[-1])
        model = ModelRecord(
            name=name, source=name, digest=digest_of(name), architecture="L", parameter_count=1, dtype="float32",
            max_length=256, device="cpu",
        )  # fmt: skip
        run = run_with(config.out, f"run-{name}", scored([1.0] * right + [0.0] * (N - right)))
        manifest = run.read_manifest()
        run.path.rename(config.out / "moved")
        shutil.rmtree(config.out / f"run-{name}")
        run.path = (config.out / "moved").rename(config.out / f"run-{name}")
        settings = {"config": plain(anchored(config)), "model": model, "run_id": f"run-{name}", "plugins": used(config)}
        run.write_manifest(manifest.model_copy(update={**settings, "evidence": {}, "assets": [], **end}))
        sealed(run)
        if isinstance(end.get("raises"), BaseException):
            raise end["raises"]


@pytest.fixture
def ckpts(tmp_path: Path) -> Path:
    for step in (1, 2, 3):
        made(tmp_path / "ckpts" / f"step-{step}")
    return tmp_path / "ckpts"


def made(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    os.utime(folder / "config.json", (1e9, 1e9))


@pytest.fixture
def audits(monkeypatch: pytest.MonkeyPatch) -> Audits:
    found = Audits()
    monkeypatch.setattr(sweeping, "audit", found)
    monkeypatch.setattr(sweeping, "digest_of_files", lambda config: digest_of(Path(config.model).name))
    return found


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunConfig:
    # No weights are loaded here, and in a process of many tests the collector takes up to 0.6 seconds each time.
    monkeypatch.setattr(sweeping, "gc", SimpleNamespace(collect=lambda: 0))
    flags = {"out": tmp_path / "runs", "offline": True, "device": "cpu", "explain": {"methods": [], "drivers": 0}}
    return choose_tasks(load_config(flags=flags), ["personal_data"], 1)


@pytest.mark.slow
def test_newest_first_then_skipped_then_finished(ckpts: Path, audits: Audits, config: RunConfig) -> None:
    heard = Heard()
    audits.ends["step-1"] = {"status": "partial", "interrupted": True}
    first = sweeping.sweep([str(ckpts / "step-*")], config, heard)
    assert heard.audited == ["step-3", "step-2", "step-1"]
    assert [one.state for one in first.checkpoints] == ["interrupted", "audited", "audited"]
    assert not first.is_complete
    assert "there are 2: compare two with" in (first.no_trend or "")
    heard = Heard()
    second = sweeping.sweep([str(ckpts / "step-*")], config, heard)
    assert heard.audited == ["step-1"]
    assert audits.resumed[-1] is not None
    assert second.is_complete
    assert second.trend is not None
    # 10, 20 and 30 of 40 items right, nested: McNemar's exact p is 2 / 2^10, and twice that after Holm.
    (metric,) = second.trend.metrics
    assert [value.value for value in metric.values] == [0.25, 0.5, 0.75]
    assert [step.outcome for step in metric.steps] == ["better", "better"]
    assert metric.steps[0].p_adjusted == pytest.approx(4 / 2**10)
    assert [run.at for run in second.trend.runs] == [1, 2, 3]
    assert "Checkpoints" in (config.out / "sweep.html").read_text()
    shutil.rmtree(ckpts / "step-1")  # as training does
    third = sweeping.sweep([str(ckpts / "step-*")], config, Heard())
    assert [one.name for one in third.checkpoints] == ["step-1", "step-2", "step-3"]
    other = config.model_copy(update={"seed": 5})
    assert Earlier(other, []).of(digest_of("step-2")) == []


@pytest.mark.slow
def test_what_was_saved_just_now_is_waited_for(
    ckpts: Path, audits: Audits, config: RunConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = {"now": 1e9 + 5}
    monkeypatch.setattr(finding, "now", lambda: clock["now"])
    monkeypatch.setattr(finding, "wait", lambda seconds: clock.update(now=clock["now"] + seconds))
    os.utime(ckpts / "step-1" / "config.json", (1, 1))
    heard = Heard()
    found = sweeping.sweep([str(ckpts / "step-*")], config, heard)
    assert heard.audited == ["step-1", "step-3", "step-2"]
    assert found.is_complete
    assert [line for line in heard.lines if "waiting for it" in line] == [
        "step-2: being written, waiting for it",
        "step-3: being written, waiting for it",
    ]


def test_a_checkpoint_that_is_half_copied_fails_and_is_audited_when_it_is_whole(
    tmp_path: Path, audits: Audits, config: RunConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Copied with old times, so that nothing says it is being written; the digests are the real ones."""
    folder = tmp_path / "ckpts" / "step-1"
    made(folder)
    weights = save({"weight": np.zeros(3, dtype=np.float32)})
    index = {"weight_map": {"weight": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    (folder / "model-00001-of-00002.safetensors").write_bytes(weights)
    old(folder)
    monkeypatch.setattr(sweeping, "digest_of_files", digest_of_files)
    reasons = []

    def sleep(_seconds: float) -> None:
        ((one),) = read_record(config.out / "sweep.json", Sweep).checkpoints
        reasons.append((one.state, one.reason or ""))
        written = {1: weights[:-4], 2: weights}.get(len(reasons))
        if written is not None:
            (folder / "model-00002-of-00002.safetensors").write_bytes(written)
            old(folder)

    audits.ends["step-1"] = Interrupted()  # the audit of the whole checkpoint
    with pytest.raises(Interrupted):
        sweeping.sweep([str(folder)], config, Heard(), watch=Watch(20, None, sleep))
    assert [state for state, _ in reasons] == ["failed", "failed"]
    assert "1 weight file(s) missing, first model-00002-of-00002.safetensors" in reasons[0][1]
    assert "model-00002-of-00002.safetensors: truncated" in reasons[1][1]


def old(folder: Path) -> None:
    for file in folder.iterdir():
        os.utime(file, (1e9, 1e9))


def test_a_folder_that_training_deletes_ends_no_sweep(
    ckpts: Path, audits: Audits, config: RunConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(asked: RunConfig) -> str:
        if asked.model.endswith("step-2"):
            shutil.rmtree(asked.model)
            raise FileNotFoundError(2, "No such file or directory", asked.model)
        return digest_of(Path(asked.model).name)

    monkeypatch.setattr(sweeping, "digest_of_files", gone)
    heard = Heard()
    found = sweeping.sweep([str(ckpts / "step-*")], config, heard)
    assert [one.name for one in found.checkpoints] == ["step-1", "step-3"]
    assert any("step-2: failed: FileNotFoundError" in line for line in heard.lines)


def test_files_that_change_during_the_audit_leave_no_run_of_this_checkpoint(
    ckpts: Path, audits: Audits, config: RunConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "digest_of_files", lambda asked: digest_of("before", Path(asked.model).name))
    found = sweeping.sweep([str(ckpts / "step-1")], config, Heard())
    assert [(one.state, one.reason) for one in found.checkpoints] == [("failed", sweeping.CHANGED)]


def test_a_run_by_workers_counts_and_a_shard_does_not(ckpts: Path, audits: Audits, config: RunConfig) -> None:
    sweeping.sweep([str(ckpts / "step-1")], config.model_copy(update={"workers": 2}), Heard())
    assert [run.path.name for run in Earlier(config, []).of(digest_of("step-1"))] == ["run-step-1"]
    audits.ends["step-2"] = {"status": "partial", "shard": ShardRecord(number=1, of=2, ended=True)}
    found = sweeping.sweep([str(ckpts / "step-2")], config, Heard())
    assert Earlier(config, []).of(digest_of("step-2")) == []
    assert not found.is_complete


def test_one_bad_checkpoint_does_not_end_it(
    ckpts: Path, audits: Audits, config: RunConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    audits.ends = {"step-3": ValueError("odd"), "step-2": BudgetSpent("1m"), "step-1": CheckpointError("no weights")}
    found = sweeping.sweep([str(ckpts / "step-*")], config, Heard())
    assert {one.name: one.state for one in found.checkpoints} == dict.fromkeys(("step-1", "step-2", "step-3"), "failed")
    assert found.checkpoints[0].reason == "no weights"
    assert "crashed: ValueError: odd" in (found.checkpoints[2].reason or "")


def test_an_interruption_leaves_a_record(ckpts: Path, audits: Audits, config: RunConfig) -> None:
    audits.ends["step-2"] = Interrupted()
    with pytest.raises(Interrupted):
        sweeping.sweep([str(ckpts / "step-*")], config, Heard())
    text = (config.out / "sweep.json").read_text()
    assert [text.count(f'"state": "{state}"') for state in ("audited", "interrupted", "waiting")] == [1, 1, 1]


def test_another_process_has_the_lock(ckpts: Path, audits: Audits, config: RunConfig) -> None:
    key = digest_of(digest_of("step-3"), Earlier(config, []).digest)[:32]
    (config.out / sweeping.LOCKS).mkdir(parents=True)
    with FileLock(config.out / sweeping.LOCKS / f"{key}.lock"):
        found = sweeping.sweep([str(ckpts / "step-*")], config, Heard())
    assert [one.state for one in found.checkpoints] == ["audited", "audited", "audited elsewhere"]


@pytest.mark.slow
def test_a_watch_waits_for_what_is_written_and_what_comes(
    ckpts: Path, audits: Audits, config: RunConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = {"now": 1e9 + 5}
    monkeypatch.setattr(finding, "now", lambda: clock["now"])
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        clock["now"] += 20
        if len(waits) == 2:
            made(ckpts / "step-4")

    heard = Heard()
    with monkeypatch.context() as busy:
        busy.setattr(finding, "wait", waits.append)
        once = sweeping.sweep([str(ckpts / "step-*")], config, heard)
    assert {one.state for one in once.checkpoints} == {"being written"}
    assert (waits.pop(), waits) == (finding.SETTLED_SECONDS, [])  # once: training may go on for hours
    found = sweeping.sweep([str(ckpts / "step-*")], config, heard, watch=Watch(20, 40, sleep))
    assert heard.audited == ["step-3", "step-2", "step-1", "step-4"]
    assert found.is_complete

    def stop(_seconds: float) -> None:
        raise KeyboardInterrupt

    assert sweeping.sweep([str(ckpts / "step-*")], config, heard, watch=Watch(sleep=stop)).is_complete
