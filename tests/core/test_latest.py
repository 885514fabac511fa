"""The latest run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.core.errors import RunFolderError
from audit.core.run_folder import RunFolder
from tests.core.test_run_folder import make_manifest

if TYPE_CHECKING:
    from pathlib import Path


def test_latest_is_no_replay(tmp_path: Path) -> None:
    run, replay, same = "20260131T235959Z-a-000000", "20260201T000000Z-a-000000", "20260131T235959Z-a-111111"
    RunFolder.create(tmp_path, make_manifest(replay, replay_of=run))
    with pytest.raises(RunFolderError, match="only replays here, which 'latest' leaves out: name one"):
        RunFolder.resolve("latest", tmp_path)
    RunFolder.create(tmp_path, make_manifest(same, replay_of=run))
    RunFolder.create(tmp_path, make_manifest(run))
    assert RunFolder.resolve("latest", tmp_path).run_id == run
    assert RunFolder.resolve(replay, tmp_path).run_id == replay
