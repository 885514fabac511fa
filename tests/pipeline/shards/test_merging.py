"""Shards merged in any order are the run of one process; what is missing is said."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from audit.core.config import RunConfig
from audit.core.errors import RunFolderError, WriteError
from audit.core.progress import Silent
from audit.core.run_folder import RunFolder
from audit.engine.workers.journals import unite
from audit.gate import evidence
from audit.pipeline.shards import merging
from audit.pipeline.shards.merging import merge, merged_config

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

pytestmark = pytest.mark.slow


class Saying(Silent):
    """Remembers warnings and computed tokens."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.tokens = 0

    def say(self, message: str) -> None:
        self.said.append(message)

    def advance(self, requests: int, tokens: int) -> None:
        del requests
        self.tokens += tokens


def merged(shards: Sequence[RunFolder], out: Path, heard: Silent | None = None, *, computes: bool = True) -> RunFolder:
    return merge(merged_config(shards, out), shards, heard or Silent(), computes=computes)


def test_shards_that_divided_otherwise_are_merged_and_it_is_said(shards: list[RunFolder], tmp_path: Path) -> None:
    copies = [RunFolder(shutil.copytree(one.path, tmp_path / one.path.name)) for one in shards]
    manifest = copies[0].read_manifest()
    assert manifest.shard is not None
    other = manifest.shard.model_copy(update={"planning": "of another processor"})
    copies[0].write_manifest(manifest.model_copy(update={"shard": other}))
    said = "its shards divided the requests in different ways"
    warnings = merged(copies, tmp_path / "merged", computes=False).read_manifest().warnings
    assert any(said in line for line in warnings)
    warnings = merged(shards, tmp_path / "alike", computes=False).read_manifest().warnings
    assert not any(said in line for line in warnings)


def test_merged_shards_are_the_run_of_one_process(
    shards: list[RunFolder], whole_run: RunFolder, tmp_path: Path
) -> None:
    """With weights and without, in two orders, and with one of them twice."""
    expected = whole_run.metrics_path.read_bytes()
    orders = [(shards, True), ([shards[1], shards[0], shards[2], shards[1]], False)]
    for number, (order, computes) in enumerate(orders):
        heard = Saying()
        run = merged(order, tmp_path / str(number), heard, computes=computes)
        assert run.metrics_path.read_bytes() == expected
        assert heard.tokens == 0
        manifest = run.read_manifest()
        assert (manifest.status, manifest.shard) == (whole_run.read_manifest().status, None)
        assert manifest.merged_from == sorted(folder.run_id for folder in shards)
        assert manifest.spent is not None
        assert manifest.spent.tokens == sum(one.spent.tokens for f in shards if (one := f.read_manifest()).spent)
        assert run.run_id[:16] >= max(folder.run_id[:16] for folder in shards), "later: ids begin with the time"
        evidence.check(run)


def test_a_missing_or_unfinished_shard_is_named(shards: list[RunFolder], whole_run: RunFolder, tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match=r"shard 3 of 3 is missing: give its folder, or merge .* --no-compute"):
        merged(shards[1:], tmp_path)
    half = RunFolder(shutil.copytree(shards[0].path, tmp_path / "half"))
    manifest = half.read_manifest()
    assert manifest.shard is not None
    evidence.seal(half, manifest.model_copy(update={"shard": manifest.shard.model_copy(update={"ended": False})}))
    with pytest.raises(RunFolderError, match=r"shard 3 of 3 has not ended: finish it with `audit run --resume .*half`"):
        merged([half, *shards[1:]], tmp_path)
    heard = Saying()
    run = merged(shards[1:], tmp_path, heard, computes=False)
    assert heard.said == ["shard 3 of 3 is missing: give its folder"]
    partial = run.read_manifest()
    assert (partial.status, partial.merged_from) == ("partial", sorted(folder.run_id for folder in shards[1:]))
    assert {one.task for one in partial.not_run} <= {"counterfactual", "personal_data"}
    assert all(
        " answers are missing: finish the run with `audit run --resume`" in one.reason for one in partial.not_run
    )
    assert partial.not_run
    complete = merge(merged_config(shards, tmp_path), shards, Silent())  # another run: it has other shards
    assert complete.run_id != run.run_id
    assert complete.metrics_path.read_bytes() == whole_run.metrics_path.read_bytes()


def test_a_merge_that_broke_off_is_repeated(
    shards: list[RunFolder], whole_run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the middle of the union, and after it."""

    def full(parts: Sequence[Path], into: Path) -> int:
        unite(parts[:1], into)
        raise WriteError("disk full")

    def killed(*_arguments: object, **_options: object) -> RunFolder:
        raise SystemExit

    with monkeypatch.context() as context:
        context.setattr(merging, "unite", full)
        with pytest.raises(WriteError):
            merged(shards, tmp_path)
    assert RunFolder.all(tmp_path) == []  # it is no run yet
    with monkeypatch.context() as context:
        context.setattr(merging, "audit", killed)
        with pytest.raises(SystemExit):
            merged(shards, tmp_path)
    (begun,) = RunFolder.all(tmp_path)
    assert begun.read_manifest().status == "partial"
    run = merged(shards, tmp_path)
    assert run.path == begun.path
    assert run.metrics_path.read_bytes() == whole_run.metrics_path.read_bytes()


def test_without_weights_explanations_are_missing(shards: list[RunFolder], tmp_path: Path) -> None:
    config = merged_config(shards, tmp_path)
    config = config.model_copy(update={"explain": config.explain.model_copy(update={"methods": ["occlusion"]})})
    manifest = merge(config, shards, Silent(), computes=False).read_manifest()
    assert manifest.status == "partial"
    assert [one.task for one in manifest.not_run] == ["occlusion"]


def test_what_shards_may_differ_in(shards: list[RunFolder], tmp_path: Path) -> None:
    """Their cards, which a reader is told; and what one of them cost may be unknown."""
    copies = [RunFolder(shutil.copytree(one.path, tmp_path / one.path.name)) for one in shards]
    for number, one in enumerate(copies):
        manifest = one.read_manifest()
        model = manifest.model.model_copy(update={"device": f"cuda:{number} card {number % 2}"})
        config = {**manifest.config, "device": f"cuda:{number}"}
        evidence.seal(one, manifest.model_copy(update={"model": model, "config": config, "spent": None}))
    config = merged_config(copies, tmp_path)
    assert config.device == "cuda"
    manifest = merging._merged(config, copies)
    assert any("ran on card 0 and card 1, which round differently" in line for line in manifest.warnings)
    assert manifest.spent is None
    assert isinstance(config, RunConfig)
