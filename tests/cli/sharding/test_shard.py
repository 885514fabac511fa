"""``--shard I/N`` as it is typed, and what cannot be typed with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.cli.sharding.shard import conclude, recorded_shard, shard
from audit.core.errors import ConfigError
from audit.core.records import NotRun, ShardRecord
from audit.core.run_folder import RunFolder
from tests.reports.conftest import a_manifest

if TYPE_CHECKING:
    from pathlib import Path

Audit = Any
TWO = ShardRecord(number=2, of=4)


def test_shards_count_from_one(audit: Audit) -> None:
    assert (shard(None, {"--replay": "x"}), shard("2/4", {"--replay": None})) == (None, TWO)
    for text in ("0/4", "5/4", "x", "1/0", "", "-1/4", "1/4/5", "1"):
        with pytest.raises(ConfigError, match="give I/N, the shard from 1 to N"):
            shard(text, {})
    with pytest.raises(ConfigError, match="leave out --replay"):
        shard("2/4", {"--extend": None, "--replay": "latest"})
    code, _, error = audit("run", "--shard", "0/4")
    assert (code, error.count("\n")) == (2, 1)


def test_a_shard_that_goes_on_and_its_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = RunFolder.create(tmp_path, a_manifest(run_id="whole"))
    part = RunFolder.create(tmp_path, a_manifest(run_id="part", shard=TWO, status="partial"))
    assert (recorded_shard(None, {}), recorded_shard(whole, {"--extend": "x"})) == (None, None)
    assert recorded_shard(part, {"--extend": None}) == TWO
    with pytest.raises(ConfigError, match=r"shard 2 of 4 measures nothing before .*: leave out --extend"):
        recorded_shard(part, {"--extend": "x"})
    assert conclude(part, as_json=False) == 13
    assert f"next    audit run --resume {part.path}" in capsys.readouterr().out.replace("\n", "")
    ended = TWO.model_copy(update={"ended": True})
    part.write_manifest(part.read_manifest().model_copy(update={"shard": ended}))
    assert conclude(part, as_json=False) == 0
    missing = NotRun(suite="safety", task="bbq", reason="no data")
    part.write_manifest(part.read_manifest().model_copy(update={"not_run": [missing]}))
    assert (conclude(part, as_json=False), conclude(part, as_json=True)) == (13, 13)
    said = capsys.readouterr().out
    assert "shard 2 of 4, answered" in said
    assert "not run: bbq: no data" in said
