"""A shard answers its share, measures nothing, and is resumed by itself."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from audit.core.config import RunConfig, TaskConfig
from audit.core.errors import CheckpointBroken, ConfigError, DeviceLost, EngineFault, Interrupted, RunFolderError
from audit.core.progress import Silent
from audit.core.records import ShardRecord
from audit.core.run_folder import RunFolder
from audit.gate import evidence
from audit.pipeline.context import RunContext
from audit.pipeline.shards.answering import answer_shard, asked_of_shards
from audit.pipeline.shards.merging import merge, merged_config
from audit.reports.browsing.run_list import summary

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow
FIRST = ShardRecord(number=1, of=3)


class Stopping(Silent):
    """Interrupts the shard after its first computed answers, and counts what is computed."""

    def __init__(self, *, stops: bool) -> None:
        self.stops, self.requests, self.tokens = stops, 0, 0

    def start(self, requests: int) -> None:
        self.requests += requests

    def advance(self, requests: int, tokens: int) -> None:
        del requests
        self.tokens += tokens
        if tokens and self.stops:
            raise KeyboardInterrupt


def answers(folder: RunFolder) -> dict[str, str]:
    with closing(sqlite3.connect(folder.journal_path)) as journal:
        return dict(journal.execute("SELECT key, answer FROM answers"))


def test_a_shard_has_answers_and_no_results(shards: list[RunFolder], whole_run: RunFolder) -> None:
    parts = [answers(folder) for folder in shards]
    union = {key: answer for part in parts for key, answer in part.items()}
    assert all(parts)
    assert sum(map(len, parts)) == len(union)
    assert union == answers(whole_run)
    for folder, number in zip(shards, (3, 2, 1), strict=True):
        manifest = folder.read_manifest()
        assert manifest.shard is not None
        assert manifest.shard.planning  # the same of all
        assert manifest.shard == shards[0].read_manifest().shard.model_copy(update={"number": number})
        assert manifest.shard.ended
        assert (manifest.status, manifest.not_run, manifest.interrupted) == ("partial", [], False)
        assert sorted(path.name for path in folder.path.iterdir()) == ["journal.sqlite", "manifest.json"]
        says = rf"shard {number} of 3 has answers and no results: join all 3 with `audit merge`"
        with pytest.raises(RunFolderError, match=says):
            evidence.check(folder)
        with pytest.raises(RunFolderError, match=says):
            folder.read_metrics()
        listed = summary(folder.path)
        assert (listed.fault, listed.metrics, listed.manifest) == (None, (), manifest)


def test_a_shard_goes_on_where_it_was_interrupted(
    sharded_config: RunConfig, shards: list[RunFolder], tmp_path: Path
) -> None:
    config = sharded_config.model_copy(update={"out": tmp_path})
    with pytest.raises(Interrupted) as stopped:
        answer_shard(config, Stopping(stops=True), FIRST)
    folder = RunFolder.open(stopped.value.folder or tmp_path)
    manifest = folder.read_manifest()
    planned = FIRST.model_copy(update={"planning": manifest.shard.planning if manifest.shard else None})
    assert (manifest.status, manifest.interrupted, manifest.shard) == ("partial", True, planned)
    before = answers(folder)
    assert before
    assert len(before) < len(answers(shards[-1]))
    heard = Stopping(stops=False)
    answer_shard(config, heard, FIRST, resume=folder)
    assert answers(folder) == answers(shards[-1])
    ended = folder.read_manifest()
    assert ended.shard == planned.model_copy(update={"ended": True})
    uninterrupted = shards[-1].read_manifest().spent
    assert uninterrupted is not None
    assert uninterrupted.tokens > heard.tokens > 0  # what was there is not computed again


def test_answers_that_no_merge_could_force_are_refused_before_a_shard_asks(
    sharded_config: RunConfig, tmp_path: Path
) -> None:
    update = {
        "out": tmp_path,
        "evals": sharded_config.evals.model_copy(update={"thinking_budgets": [64]}),
        "thinking": sharded_config.thinking.model_copy(update={"end": "</think>"}),
    }
    with pytest.raises(ConfigError, match=r"--thinking-budget: with --think-end"):
        answer_shard(sharded_config.model_copy(update=update), Silent(), FIRST)
    assert list(tmp_path.iterdir()) == []


def test_a_shard_that_was_killed_goes_on(sharded_config: RunConfig, shards: list[RunFolder], tmp_path: Path) -> None:
    """What kill -9 leaves: a manifest that says it is going on, and some of the answers."""
    config = sharded_config.model_copy(update={"out": tmp_path})
    expected = answers(shards[-1])
    folder = RunFolder(shutil.copytree(shards[-1].path, tmp_path / shards[-1].path.name))
    running = {"status": "running", "finished": None, "shard": FIRST, "evidence": {}, "spent": None}
    folder.write_manifest(folder.read_manifest().model_copy(update=running))
    with closing(sqlite3.connect(folder.journal_path)) as journal, journal:
        journal.execute("DELETE FROM answers WHERE key > '8'")
    assert answer_shard(config, Silent(), FIRST, resume=folder).path == folder.path
    assert answers(folder) == expected
    manifest = folder.read_manifest()
    assert (manifest.status, manifest.spent) == ("partial", None)


def test_a_task_that_cannot_run_is_told_from_one_whose_answers_are_elsewhere(
    sharded_config: RunConfig, tmp_path: Path
) -> None:
    safety = sharded_config.safety.model_copy(update={"tasks": [TaskConfig(name="canaries")]})
    config = sharded_config.model_copy(update={"out": tmp_path, "safety": safety, "data_dirs": []})
    manifest = answer_shard(config, Silent(), FIRST).read_manifest()
    assert [one.task for one in manifest.not_run] == ["canaries"]  # nobody has planted any


@pytest.mark.parametrize("fault", [EngineFault("a kernel failed"), DeviceLost("the card is gone")])
def test_a_shard_has_not_ended_where_the_engine_failed(
    fault: EngineFault,
    sharded_config: RunConfig,
    shards: list[RunFolder],
    whole_run: RunFolder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is finished by going on, and until then it is not merged as if nothing were missing."""
    config = sharded_config.model_copy(update={"out": tmp_path})
    with monkeypatch.context() as failing:

        def fails(*_: object, **__: object) -> None:
            raise fault

        failing.setattr("audit.engine.local.generate.Generator.work", fails)
        folder = answer_shard(config, Silent(), FIRST)
    manifest = folder.read_manifest()
    assert manifest.shard is not None
    assert (manifest.status, manifest.interrupted, manifest.shard.ended) == ("partial", False, False)
    assert [one.task for one in manifest.not_run] == ["personal_data"]
    others = [one for one in shards if one.path != shards[-1].path]
    with pytest.raises(RunFolderError, match="shard 1 of 3 has not ended: finish it"):
        merge(merged_config([folder, *others], tmp_path / "merged"), [folder, *others], Silent())
    answer_shard(config, Silent(), FIRST, resume=folder)
    assert answers(folder) == answers(shards[-1])
    ended = folder.read_manifest()
    assert (ended.shard.ended if ended.shard else None, ended.not_run) == (True, [])
    done = merge(merged_config([folder, *others], tmp_path / "merged"), [folder, *others], Silent())
    assert done.metrics_path.read_bytes() == whole_run.metrics_path.read_bytes()


def test_a_broken_checkpoint_leaves_no_folder(
    sharded_config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RunContext, "broken", lambda _context: CheckpointBroken("it computes NaN"))
    with pytest.raises(CheckpointBroken):
        answer_shard(sharded_config.model_copy(update={"out": tmp_path}), Silent(), FIRST)
    assert list(tmp_path.iterdir()) == []


def test_shards_leave_out_what_depends_on_answers() -> None:
    config = RunConfig()
    config.evals.tasks = [TaskConfig(name=name) for name in ("boolq", "boolq.overlap", "boolq.order")]
    config.evals.robustness.perturbations = ["typos"]
    config.evals.thinking_budgets = [64]
    config.safety.reference = "elsewhere"
    asked = asked_of_shards(config)
    assert asked.evals.thinking_budgets == []
    assert [task.name for task in asked.evals.tasks] == ["boolq", "boolq.order"]
    assert (asked.evals.robustness.perturbations, asked.safety.reference) == ([], None)
    assert (asked.explain.methods, asked.explain.drivers) == ([], 0)
