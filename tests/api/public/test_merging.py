"""``audit.merge``: the shards of a run joined from Python, as the command does it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import audit
from audit.core.config import load_config
from audit.core.progress import Silent
from audit.core.records import ShardRecord
from audit.pipeline.configuration import choose_tasks
from audit.pipeline.shards.answering import answer_shard

if TYPE_CHECKING:
    from pathlib import Path

    from audit.core.run_folder import RunFolder


@pytest.fixture(scope="module")
def shards(tiny_model: Path, pairs: Path, tmp_path_factory: pytest.TempPathFactory) -> list[RunFolder]:
    """What ``made`` is, without explanations, in two shards."""
    out = tmp_path_factory.mktemp("shards")
    flags = {"model": str(tiny_model), "out": out, "offline": True, "data_dirs": [pairs], "explain": {"methods": []}}
    config = choose_tasks(load_config(flags=flags), ["crows_pairs"], None)
    return [answer_shard(config, Silent(), ShardRecord(number=number, of=2)) for number in (2, 1)]


@pytest.mark.slow
def test_merged_shards_have_the_metrics_of_one_process(
    shards: list[RunFolder], tiny_model: Path, pairs: Path, tmp_path: Path
) -> None:
    given: dict[str, Any] = {"data_dirs": pairs, "offline": True, "explain": {"methods": []}}
    whole = audit.run(tiny_model, tasks="crows_pairs", out=tmp_path / "whole", **given)
    paths = [shard.path for shard in shards]
    for number, (names, compute) in enumerate([(paths, True), ([audit.read_run(one) for one in paths[::-1]], False)]):
        run = audit.merge(names, out=tmp_path / str(number), compute=compute, progress=False)
        assert run.path.parent == tmp_path / str(number)
        assert run.manifest.status == "complete"
        assert run.manifest.merged_from == sorted(shard.run_id for shard in shards)
        assert (run.path / "metrics.json").read_bytes() == (whole.path / "metrics.json").read_bytes()
    assert audit.merge((shard.run_id for shard in shards), out=paths[0].parent).metrics.equals(whole.metrics)


@pytest.mark.slow
def test_a_missing_shard_is_named_unless_nothing_is_computed(shards: list[RunFolder], tmp_path: Path) -> None:
    with pytest.raises(audit.UsageError, match="shard 1 of 2 is missing: give its folder"):
        audit.merge(shards[0].path, out=tmp_path)
    listener = Saying()
    run = audit.merge(str(shards[0].path), out=tmp_path, compute=False, progress=listener)
    assert run.manifest.status == "partial"
    assert "shard 1 of 2 is missing: give its folder" in listener.said


class Saying(Silent):
    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, message: str) -> None:
        self.said.append(message)


@pytest.mark.slow
def test_code_that_shards_ran_is_allowed_again_and_a_budget_ends_a_merge(
    shards: list[RunFolder], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from audit.pipeline.shards import merging

    found = merging.merged_config

    def trusting(folders: Any, out: Path) -> Any:
        return found(folders, out).model_copy(update={"trust_remote_code": True})

    paths = [shard.path for shard in shards]
    with monkeypatch.context() as context:
        context.setattr(merging, "merged_config", trusting)
        with pytest.raises(audit.UsageError, match=r"audit\.merge: this run could run .* allow it with trust_remote"):
            audit.merge(paths, out=tmp_path)
    given: list[Any] = []
    monkeypatch.setattr(merging, "merge", lambda config, *_, **options: given.append((config.budget, options)))
    audit.merge(paths, out=tmp_path, budget={"wall_time": "1h"}, database="sqlite:///x", trust_remote_code=True)
    ((budget, options),) = given
    assert (budget.wall_time, options) == ("1h", {"computes": True, "database": "sqlite:///x"})


@pytest.mark.parametrize(
    ("shards", "options", "message"),
    [
        ([], {}, r"audit\.merge: give the folders of all shards"),
        (7, {}, r"audit\.merge: give the folders of all shards"),
        (["a", 7], {}, r"audit\.merge: give the folders of all shards"),
        ("", {}, r"audit\.merge: a shard is empty: is the variable behind it set\?"),
        ("a", {"out": ""}, r"audit\.merge: out is empty"),
        ("a", {"compute": "no"}, r"audit\.merge: compute is True or False, not 'no'"),
        ("a", {"seed": 1}, r"audit\.merge: a merge keeps the configuration of its shards: leave out seed"),
        ("a", {"evals": {"samples": {}}}, r"a merge keeps the configuration of its shards: leave out evals"),
        ("a", {"plugin": "x"}, r"audit\.merge: unknown option 'plugin'\. Did you mean 'plugins'\?"),
        ("a", {"zzzz": 1}, r"audit\.merge: unknown option 'zzzz'\. Known here: trust_remote_code, "),
        ("nowhere", {"evals": {"include_path": ["x"]}}, "nowhere: no such run"),
    ],
)
def test_what_a_user_gets_wrong_is_one_line(shards: Any, options: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(audit.UsageError, match=message) as raised:
        audit.merge(shards, **{"out": tmp_path, **options})
    assert "\n" not in str(raised.value)
