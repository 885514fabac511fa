"""A run of a tiny checkpoint, whole and in shards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.core.config import load_config
from audit.core.progress import Silent
from audit.core.records import ShardRecord
from audit.pipeline.audit import audit
from audit.pipeline.configuration import choose_tasks
from audit.pipeline.shards.answering import answer_shard

if TYPE_CHECKING:
    from pathlib import Path

    from audit.core.config import RunConfig
    from audit.core.run_folder import RunFolder

SHARDS = 3


@pytest.fixture(scope="session")
def sharded_config(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> RunConfig:
    """A probe that scores and one that generates, both on data that is part of the package."""
    out = tmp_path_factory.mktemp("sharded")
    flags = {"model": str(tiny_model), "out": out, "offline": True, "explain": {"methods": []}, "batch_tokens": 64}
    return choose_tasks(load_config(flags=flags), ["counterfactual", "personal_data"], 6)


@pytest.fixture(scope="session")
def whole_run(sharded_config: RunConfig) -> RunFolder:
    """The run of one process."""
    return audit(sharded_config, Silent())


@pytest.fixture(scope="session")
def shards(sharded_config: RunConfig) -> list[RunFolder]:
    """The same in shards, the last one first."""
    numbers = range(SHARDS, 0, -1)
    return [answer_shard(sharded_config, Silent(), ShardRecord(number=number, of=SHARDS)) for number in numbers]
